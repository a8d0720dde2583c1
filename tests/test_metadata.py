"""What is known of a document before its sentences: number, dates, issuer, tier, regions."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.metadata import make_source


def source(title="通知", text="", meta=None, notes=()):
    return make_source("files/a.txt", "0" * 64, text, title, meta or {}, notes)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("某意见\n国发〔2025〕11号\n各省：", "国发〔2025〕11号"), ("某办法\n国发（2015） 50 号\n", "国发（2015）50号"), ("京政发〔2025〕第 7 号", "京政发〔2025〕第7号"),
        ("发文字号：粤府办〔2025〕3号", "粤府办〔2025〕3号"), ("某方案 穗科信规字〔2023〕1号 各区：", "穗科信规字〔2023〕1号"), ("貴府發〔2025〕3號\n", "貴府發〔2025〕3號"),
        ("为落实国发〔2017〕35号文件精神", ""), ("根据国发〔2017〕35号，制定本办法", ""), ("《通知》（国办发〔2015〕50号）规定", ""), ("（2025）京01民终123号", ""), ("本刊〔2025〕第3期", ""),
        ("正文。" * 600 + "\n国发〔2025〕11号\n", ""),
    ],
)  # fmt: skip
def test_a_document_has_its_own_number_not_a_cited_one(text, number):
    assert source(text=text).doc_number == number


def test_a_stated_number_wins_over_the_text():
    assert source(text="国发〔2025〕11号\n", meta={"doc_number": "黔府发〔2024〕2号"}).doc_number == "黔府发〔2024〕2号"


@pytest.mark.parametrize(
    ("stated", "iso"),
    [
        ("2025-03-01", "2025-03-01"), ("2025年3月1日", "2025-03-01"), ("2025/3/1 10:00", "2025-03-01"), ("20250301", "2025-03-01"), ("2025年3月", "2025-03"),
        ("2025", "2025"), (2025, "2025"), ("２０２５年３月１日", "2025-03-01"), ("二〇二五年十二月三十一日", "2025-12-31"), (datetime.date(2025, 3, 1), "2025-03-01"),
        (datetime.datetime(2025, 3, 1, 9), "2025-03-01"), ("2025-13-40", ""), ("2025年2月30日", ""), ("2025-2030年规划，2025年3月1日发布", "2025-03-01"), ("今天", ""), (None, ""),
    ],
)  # fmt: skip
def test_dates_are_iso_and_valid(stated, iso):
    assert source(meta={"date": stated}).issued == iso


@pytest.mark.parametrize(
    ("text", "issued"),
    [
        ("（2021年6月10日某会议通过）第一条", "2021-06-10"), ("印发方案（2025—2027年）。\n国务院\n2025年8月21日\n", "2025-08-21"), ("自2021年9月1日起已施行的规定，见附件。", ""),
        ("正文。" * 600 + "\n某办公厅\n2025年8月21日\n附件", "2025-08-21"), ("正文没有日期。", ""),
    ],
)  # fmt: skip
def test_a_policy_is_dated_by_its_head_or_its_signature(text, issued):
    assert source("某省算力管理办法", text).issued == issued
    assert source("一篇随笔", text).issued == ""  # a date in anyone's text is no date of issue


@pytest.mark.parametrize(
    ("text", "effective"),
    [
        ("本办法自2025年3月1日起施行，有效期5年。", "2025-03-01"), ("自二〇二五年三月一日起实施", "2025-03-01"), ("自２０２５年３月１日起试行", "2025-03-01"),
        ("现予公布，自2025年1月1日起施行。第一条……本条例自2025年1月1日起施行。2019年5月1日起施行的《旧条例》同时废止。", "2025-01-01"),
        ("本办法自2025年1月1日起施行，自2020年1月1日起施行的旧办法废止。", "2025-01-01"), ("自发布之日起施行", ""), ("自公布之日起30日后施行", ""), ("自2025年2月30日起施行", ""),
    ],
)  # fmt: skip
def test_effective_date(text, effective):
    assert source(text=text).effective == effective


@pytest.mark.parametrize(
    ("title", "tier"),
    [
        ("贵州省算力促进条例", "政策原文"), ("关于印发某方案的通知", "政策原文"), ("中华人民共和国数据安全法", "政策原文"), ("某办法（试行）", "政策原文"), ("2024年政府工作报告", "政策原文"),
        ("解读《贵州省算力方案》", "官方解读"), ("《标识办法》答记者问", "官方解读"), ("2024年贵州省统计公报", "统计"), ("中国算力发展白皮书（2024年）", "智库"), ("贵州算力产业发展报告", "智库"),
        ("一个好方法", "未知"), ("企业的做法", "未知"), ("推荐算法", "未知"), ("从算力到服务：贵州的路", "未知"), ("貴州省人工智慧條例", "政策原文"),
    ],
)  # fmt: skip
def test_tier_by_title(title, tier):
    assert source(title).tier == tier


def test_tier_by_front_matter_disclaimer_and_number():
    assert source("某条例", meta={"tier": "媒体"}).tier == "媒体"
    assert source("某条例", meta={"tier": "瞎写"}).tier == "政策原文"
    assert source("某条例", notes=("self-media-disclaimer",)).tier == "自媒体"
    assert source("贵州的路", "贵州的路\n黔府发〔2024〕2号\n").tier == "政策原文"
    assert source("贵州的路", "文章引用（国发〔2017〕35号）。").tier == "未知"


@pytest.mark.parametrize(
    ("title", "text", "meta", "regions"),
    [
        ("随笔", "", {"region": "贵州"}, ("520000",)), ("随笔", "", {"region": ["贵州省", "全国"]}, ("520000", "CN")), ("广东条例", "", {"region": "贵州、浙江"}, ("520000", "330000")),
        ("浙江与广东：两条路线", "", {}, ("330000", "440000")), ("《浙江省公共数据条例》解读", "", {}, ("330000",)), ("長三角一體化規劃", "", {}, ("YRD",)),
        ("贵州省关于建设全国一体化算力网络枢纽的意见", "", {}, ("520000",)), ("广州市支持港澳青年创业办法", "", {}, ("440100",)), ("随笔", "", {"issuer": "贵州省大数据局"}, ("520000",)),
        ("随笔", "", {"issuer": "国家发展改革委"}, ("CN",)), ("中华人民共和国数据安全法", "", {}, ("CN",)), ("国务院关于某事的意见", "", {}, ("CN",)),
        ("网络数据安全管理条例", "中华人民共和国国务院令\n第790号", {}, ("CN",)), ("某办法", "各省、自治区、直辖市人民政府：", {}, ("CN",)),
        ("数据管理办法", "根据《中华人民共和国数据安全法》，结合本市实际，制定本办法。", {}, ()), ("随笔", "贵州。" * 5 + "广东。", {}, ("520000",)),
        ("随笔", "贵州。" * 4 + "广东。" * 4, {}, ()), ("随笔", "什么也没说。", {}, ()),
    ],
)  # fmt: skip
def test_regions_by_front_matter_title_issuer_and_majority(title, text, meta, regions):
    assert source(title, text, meta).regions == regions


def test_issuer_by_statement_title_or_assembly():
    assert source("广东省人民政府办公厅关于印发某措施的通知").issuer == "广东省人民政府办公厅"
    passed = "（2021年6月29日深圳市第七届人民代表大会常务委员会第二次会议通过）"
    assert source("某条例", passed).issuer == "深圳市人民代表大会常务委员会"
    assert (
        source("某法", "2021年6月10日第十三届全国人民代表大会常务委员会第二十九次会议通过").issuer
        == "全国人民代表大会常务委员会"
    )
    assert source("某条例", passed, {"issuer": "某局"}).issuer == "某局"
    assert source("随笔", passed).issuer == ""


ODD = (
    st.none()
    | st.text(max_size=30)
    | st.integers()
    | st.booleans()
    | st.lists(st.text(max_size=8), max_size=3)
    | st.dates()
)


@settings(max_examples=400, deadline=None)
@given(
    st.text(max_size=200) | st.sampled_from(["国发〔2025〕11号\n自2025年1月1日起施行", "二〇二五年十三月四十日", "贵州" * 9]),
    st.text(max_size=30),
    st.dictionaries(st.sampled_from(["title", "date", "issued", "region", "issuer", "publisher", "doc_number", "effective", "repealed", "tier"]), ODD),
)  # fmt: skip
def test_odd_front_matter_never_breaks_a_file(text, title, meta):
    found = make_source("p", "0", text, title, meta, ())
    assert "\n" not in found.title + found.issuer + found.doc_number or found.title == title
    assert all(len(date) in {0, 4, 7, 10} for date in (found.issued, found.effective, found.repealed))


@pytest.mark.corpus
def test_official_texts(corpus_dir):
    from ingest.pipeline import prepare_document

    def known(name):
        (path,) = corpus_dir.glob(f"{name}*")
        s = prepare_document(path, path.name)[0].source
        return s.regions, s.doc_number, s.issued, s.effective, s.tier

    assert known("37_data") == (("CN",), "", "2021-06-10", "2021-09-01", "政策原文")
    assert known("31_shenzhen") == (("440300",), "", "2021-06-29", "2022-01-01", "政策原文")
    assert known("40_network") == (("CN",), "", "", "2025-01-01", "政策原文")
    assert known("44_logistics") == (("CN",), "国办发〔2022〕17号", "2022-05-17", "", "政策原文")
    assert known("57_miit") == (("CN",), "工信厅科函〔2025〕427号", "2025-11-05", "", "政策原文")
    assert known("53b_ai")[4] == "官方解读"


@pytest.mark.parametrize(
    ("head", "number", "issuer"),
    [
        ("甲省人民政府令\n\n（第290号）\n\n《甲省数据办法》已经审议通过。", "甲省人民政府令第290号", "甲省人民政府"),
        (
            "国家互联网信息办公室 中华人民共和国公安部 令 第19号\n\n现予公布。",
            "国家互联网信息办公室、中华人民共和国公安部令第19号",
            "国家互联网信息办公室、中华人民共和国公安部",
        ),
        ("根据甲省人民政府令第290号，制定本办法。", "", ""),
    ],
)
def test_orders_have_a_number_and_an_issuer(head, number, issuer):
    source = make_source("a.txt", "0" * 64, f"{head}\n\n第一条 为了规范，制定本办法。", "甲省数据办法", {}, ())
    assert (source.doc_number, source.issuer) == (number, issuer)


def test_questions_and_answers_on_a_rule_have_no_date_of_effect_of_their_own():
    text = "《甲省数据办法》自2025年9月1日起施行。"
    assert make_source("a.txt", "0" * 64, text, "《甲省数据办法》答记者问", {}, ()).effective == ""
    assert make_source("a.txt", "0" * 64, text, "甲省数据办法", {}, ()).effective == "2025-09-01"
