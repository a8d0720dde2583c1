"""What stands side by side: regions, years, dates of force; and English questions about Chinese rules. Texts of our own."""

import pytest

from app.build import open_engine
from app.settings import load_settings
from app.understanding.glossary import left_out, translate_terms
from app.understanding.naming import find_translated

TEXTS = {
    "甘肃省数据条例": "第一条 为了规范数据处理，制定本条例。\n\n第二条 甘肃省人民政府统筹全省数据发展布局。\n\n第三条 甘肃省工业主管部门负责算力发展。\n\n第六条 数据经营者不得向用户收取查询费用。\n\n第九条 本条例自2024年3月1日起施行。",
    "青海省数据条例": "第一条 为了规范数据处理，制定本条例。\n\n第二条 青海省人民政府统筹全省数据发展布局。\n\n第三条 青海省工业主管部门负责算力发展。\n\n第七条 数据经营者应当留存网络日志。\n\n第八条 本条例自2025年5月1日起施行。",
    "甘肃省人工智能布局": "甘肃省的竞争集中在场景上，各市彼此追赶。\n\n它以绿色算力为重心，把风电用于数据中心。",
    "青海省人工智能布局": "青海省围绕清洁能源展开布局，支持建设智算中心。\n\n青海省缺乏专业人才，这是一块短板。",
    "宁夏2023年防火通知": "2023年宁夏草原防火期为1月5日至4月30日。",
    "宁夏2024年防火通知": "2024年宁夏草原防火期为2月9日至4月30日。",
}


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    folder = tmp_path_factory.mktemp("beside")
    for title, text in TEXTS.items():
        (folder / f"{title}.md").write_text(f"# {title}\n\n{text}\n", encoding="utf-8")
    with open_engine(load_settings({}, store=str(folder / "store")), writable=True) as engine:
        engine.ingest([str(folder / f"{title}.md") for title in TEXTS])
        yield engine.ask


def table(answer):
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in answer.text.splitlines() if line.startswith("|")]
    return rows[0], rows[2:]


def test_a_table_keeps_what_a_side_says_of_itself(ask):
    head, rows = table(ask("甘肃和青海的人工智能布局各有什么特点"))
    assert head[1:] == ["甘肃", "青海"]
    assert any("集中在场景上" in row[1] for row in rows) and any("清洁能源" in row[2] for row in rows)


def test_two_years_have_a_column_each_though_their_sentences_are_alike(ask):
    head, rows = table(ask("宁夏2023年和2024年的草原防火期有什么不同"))
    assert head[1:] == ["2023年", "2024年"]
    assert "1月5日" in rows[0][1] and "2月9日" in rows[0][2] and "2月9日" not in rows[0][1]


@pytest.mark.parametrize(
    "question", ["比较甘肃和青海数据条例的施行日期", "Compare when the Gansu and Qinghai data regulations took effect."]
)
def test_dates_of_force_stand_beside_each_other(ask, question):
    _, rows = table(ask(question))
    assert len(rows) == 1 and "2024年3月1日" in rows[0][1] and "2025年5月1日" in rows[0][2]


def test_an_english_rule_gets_a_verdict_only_if_every_word_of_it_is_known(ask):
    known = ask("Must data operators in Qinghai retain network logs?")
    unknown = ask("Must data operators in Qinghai frobnicate network logs?")
    assert "网络日志" in known.citations[0].quote
    assert not unknown.text.startswith(("Yes", "No,"))
    assert left_out("Must data operators frobnicate network logs?") == ("frobnicate",)


def test_a_term_as_it_was_typed_goes_before_one_of_the_same_stem():
    assert translate_terms("the share of exports")[0] == "占比" and "共享" in translate_terms("data for sharing")


def test_a_regional_law_is_known_by_its_english_name():
    titles = [("a", "甘肃省数据条例"), ("b", "青海省数据条例"), ("c", "甘肃省数据中心管理办法")]
    words = translate_terms("the Gansu Data Regulations")
    assert find_translated("What do the Gansu Data Regulations say?", words, titles) == ("a",)
    assert find_translated("What data does Gansu have?", words, titles) == ()


def test_an_approach_is_told_by_what_is_done_and_not_by_articles_of_law(ask):
    _, rows = table(ask("比较甘肃和青海的路线"))
    assert rows[0][0] == "做法" and "绿色算力" in rows[0][1] and "清洁能源" in rows[0][2]
    assert not any("负责" in cell or "统筹" in cell for row in rows for cell in row)


def test_a_body_without_a_name_stands_in_no_regions_column(sample_store):
    """某家电企业 in a text on 广东 is not said to be of 广东: what it reached is none of the region's results."""
    with open_engine(load_settings({}, store=str(sample_store))) as engine:
        answer = engine.ask("比较广东和浙江的路线")
    table = [line for line in answer.text.splitlines() if line.startswith("|")]
    assert len(table) > 3 and not any("某" in line for line in table)
