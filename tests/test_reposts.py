"""The same text twice: reposts and other formats are found, revisions and other editions are not taken for one."""

import random

import pytest

from ingest.text.reposts import SketchIndex, is_same_text, resemblance, sketch

SECTORS = "算力 数据 人才 场景 制造 农业 医疗 教育 交通 金融 文旅 能源 环保 政务 物流 安防 养老 气象 海洋 航天".split()
BODY = "\n".join(
    f"第{number}条 支持{sector}领域应用人工智能，到2027年建成{number * 3}个示范项目，由市{sector}主管部门负责；具体办法另行制定。"
    for number, sector in enumerate(SECTORS, 1)
)
HEAD, FOOT = "某市人工智能发展办法\n2025年3月1日\n", "\n第二十一条 本办法自发布之日起施行。"
TEXT = HEAD + BODY + FOOT


@pytest.mark.parametrize(
    "other",
    [
        TEXT,
        "转载自某报 2025-03-05\n责任编辑：某某\n" + BODY + FOOT,
        TEXT.replace("，", ",").replace("；", ";").replace("领域", "领 域"),
        TEXT.replace("。\n", "。\n\n"),
        TEXT.replace("示范项目，由", "示范项目，\n由"),  # lines broken elsewhere
        TEXT.replace("2027", "２０２７"),
        TEXT.replace("应用", "應用").replace("发展", "發展"),
    ],
)
def test_a_repost_is_the_same_text(other):
    assert resemblance(sketch(TEXT), sketch(other)) > 0.7
    assert is_same_text(TEXT, other) and is_same_text(other, TEXT)


@pytest.mark.parametrize(
    "other",
    [
        TEXT.replace("27个", "28个"),  # one number in the middle
        TEXT.replace("由市医疗主管部门负责", "由市医疗主管部门会同有关部门负责"),  # one article amended
        TEXT.replace("第10条", "第10条之一 新增一条，另有规定。\n第10条"),
        "\n".join(line for line in TEXT.split("\n") if "教育" not in line),
        TEXT.replace("2027", "2026"),
    ],
)
def test_a_revision_is_another_text(other):
    assert not is_same_text(TEXT, other) and not is_same_text(other, TEXT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("第一条 算力券的抵扣比例为24%。", "第一条 算力券的抵扣比例为15%。"),
        ("第一条 每户最高补助五百万元即500万元。", "第一条 每户最高补助三百万元即300万元。"),
        ("第一条 到年底建成50万个机架，培养8万人。", "第一条 到年底建成30万个机架，培养3万人。"),
        ("第一条 提高5个百分点。", "第一条 提高9个百分点。"),
        ("第一条 为了支持湖南省发展算力，制定本办法。", "第一条 为了支持云南省发展算力，制定本办法。"),
        ("第一條 為了支持湖南省發展算力，制定本辦法。", "第一条 为了支持云南省发展算力，制定本办法。"),
    ],
)
@pytest.mark.parametrize("place", ["head", "foot"])
def test_rules_worded_alike_that_differ_in_their_first_or_last_article_are_two(one, other, place):
    first, second = ((said + BODY if place == "head" else BODY + said) for said in (one, other))
    assert resemblance(sketch(first), sketch(second)) > 0.7
    assert not is_same_text(first, second) and not is_same_text(second, first)


@pytest.mark.parametrize(
    "head", ["来源：贵州省大数据局 2025年3月1日 阅读1024次 文号3号\n", "首页>政策>正文 字号：大 中 小\n"]
)
def test_where_a_text_stood_and_when_tells_nothing_apart(head):
    other = "来源：浙江省经济和信息化厅 2025年3月2日\n"
    assert is_same_text(other + TEXT, head + TEXT) and is_same_text(head + TEXT, other + TEXT)
    assert is_same_text(TEXT, head + TEXT) and is_same_text(head + TEXT + "\n打印 关闭 京ICP备05070218号", TEXT)


def test_short_texts_must_be_equal():
    assert is_same_text("贵州机架30万个。", "贵州机架 30 万个！")
    assert not is_same_text("贵州机架30万个。", "贵州机架31万个。")
    assert not is_same_text("", "") and resemblance(sketch("短"), sketch("短")) == 0.0


def test_the_index_finds_the_like_among_many():
    index = SketchIndex()
    for number in range(300):
        index.add(
            f"d{number}", sketch(f"第{number}号文件。" + "".join(f"事项{number * 7 + n}须办理。" for n in range(60)))
        )
    index.add("text", sketch(TEXT))
    assert index.like(sketch("转载：\n" + TEXT)) == ["text"]
    index.discard("text")
    index.discard("unknown")
    assert index.like(sketch(TEXT)) == []


def test_what_all_documents_have_in_common_makes_no_candidates(monkeypatch):
    """Every notice opens and closes alike: comparing each with all others would make ingestion quadratic."""
    dice, compared = random.Random(5), []
    opening = "各省、自治区、直辖市人民政府：为贯彻落实党中央、国务院决策部署，现将有关事项通知如下。" * 3
    index, texts = SketchIndex(), []
    monkeypatch.setattr(
        "ingest.text.reposts.resemblance", lambda one, other: compared.append(1) or resemblance(one, other)
    )
    for number in range(300):
        body = "".join(chr(dice.randrange(0x4E00, 0x5E00)) for _ in range(900))
        texts.append(opening + body + "本办法自印发之日起施行。")
        assert index.like(sketch(texts[-1])) == []
        index.add(str(number), sketch(texts[-1]))
    assert len(compared) < 300
    for number in range(0, 300, 10):
        assert index.like(sketch("某网转载：" + texts[number] + "责任编辑：某某")) == [str(number)]
