"""What is known of a document before its sentences: number, dates, issuer, tier, regions."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.facts.fields import DOC_TYPES, LEVELS, PLACES
from ingest.facts.metadata import make_source
from ingest.facts.relations import link, status


def source(title="通知", text="", meta=None, notes=(), where=None):
    return make_source("files/a.txt", "0" * 64, text, title, meta or {}, notes, where)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("某意见\n国发〔2025〕11号\n各省：", "国发〔2025〕11号"), ("某办法\n国发（2015） 50 号\n", "国发（2015）50号"), ("京政发〔2025〕第 7 号", "京政发〔2025〕第7号"),
        ("发文字号：粤府办〔2025〕3号", "粤府办〔2025〕3号"), ("某方案 穗科信规字〔2023〕1号 各区：", "穗科信规字〔2023〕1号"), ("貴府發〔2025〕3號\n", "貴府發〔2025〕3號"),
        ("为落实国发〔2017〕35号文件精神", ""), ("根据国发〔2017〕35号，制定本办法", ""), ("《通知》（国办发〔2015〕50号）规定", ""), ("（2025）京01民终123号", ""), ("本刊〔2025〕第3期", ""),
        ("正文。" * 600 + "\n国发〔2025〕11号\n", ""), ("工信厅联科函〔2025〕7号\n各省：", "工信厅联科函〔2025〕7号"), ("某公告\n（国发〔2025〕11号）\n", "国发〔2025〕11号"),
        ("国发〔２０２５〕１１号\n", "国发〔2025〕11号"), ("国发[2025]11号\n", "国发[2025]11号"), ("国家税务总局公告2025年第3号\n", "国家税务总局公告2025年第3号"), ("GB/T 35273—2020\n", "GB/T35273—2020"),
        ("某某关于办理的通知甲府办发〔2019〕3号各县：", "甲府办发〔2019〕3号"), ("正文。" * 600 + "\n发文字号： 国办发〔2026〕4号 来源", "国办发〔2026〕4号"), ("关于甲府〔2019〕3号的说明", ""), ("中华人民共和国主席令\n第八十四号\n", "中华人民共和国主席令第八十四号"),
        ("中華民國一百十年四月二十一日某委員會發產字第 1101000338A號令訂定發布", "發產字第1101000338A號"),
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


def test_news_of_a_rule_is_not_the_rule():
    page = {"url": "https://www.cac.gov.cn/a.htm"}
    assert source("某部等八部门发布《甲办法》", meta=page).tier == "官方解读"
    assert source("某部等八部门发布《甲办法》").tier == "媒体"
    assert source("关于发布《甲办法》的公告").tier == source("关于印发《甲办法》").tier == "政策原文"
    assert [source(t, meta=page).doc_type for t in ("某部发布《甲办法》", "《甲办法》答记者问", "甲省数据白皮书")] == [
        "新闻",
        "解读",
        "报告",
    ]


def test_notes_and_compilations_are_not_the_official_text():
    title = "甲省关于印发规划的通知"
    assert source(title, "第一条 为了发展。").tier == "政策原文"
    assert source(title, "正文。", notes=("digest",)).tier == "未知"
    assert source(title, "第一章 总则\n本规划根据中国政府网公开发布内容整理").tier == "未知"


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


GW = "国家互联网信息办公室"
NPC = "全国人民代表大会常务委员会"
MIIT = "工业和信息化部办公厅"
# What an attentive reader of the official texts notes: file, title, 文号, issued, effective, level, region, tier, type, issuer, repealed.
OFFICIAL = [
    ("05_", "互联网信息服务深度合成管理规定", f"{GW}、中华人民共和国工业和信息化部、中华人民共和国公安部令第12号", "2022-11-25", "2023-01-10", "国家", "CN", "政策原文", "规章", f"{GW}、中华人民共和国工业和信息化部、中华人民共和国公安部"),
    ("06_", "中华人民共和国国民经济和社会发展第十五个五年规划纲要", "", "2026-03-13", "", "", "CN", "未知", "", ""),  # an outline that somebody compiled
    ("07_", "国务院办公厅关于完善全国统一电力市场体系的实施意见", "国办发〔2026〕4号", "2026-02-08", "", "国家", "CN", "政策原文", "意见", "国务院办公厅"),
    ("08_", "国务院办公厅印发《关于建立企业信用状况综合评价体系的实施方案》的通知", "国办发〔2026〕8号", "2026-03-29", "", "国家", "CN", "政策原文", "方案", "国务院办公厅"),
    ("09_", "国务院关于印发《全民健身计划（2026—2030年）》的通知", "国发〔2026〕26号", "2026-07-19", "", "国家", "CN", "政策原文", "规划", "国务院"),
    ("22_", "广东省人工智能赋能制造业高质量发展行动方案（2025—2027年）", "", "", "", "省级", "440000", "政策原文", "方案", ""),
    ("31_", "深圳经济特区数据条例", "", "2021-06-29", "2022-01-01", "市级", "440300", "政策原文", "地方性法规", "深圳市人民代表大会常务委员会"),
    ("32_", "上海市数据条例", "", "2021-11-25", "2022-01-01", "省级", "310000", "政策原文", "地方性法规", "上海市人民代表大会常务委员会"),
    ("33_", "北京市数字经济促进条例", "", "2022-11-25", "2023-01-01", "省级", "110000", "政策原文", "地方性法规", "北京市人民代表大会常务委员会"),
    ("34_", "浙江省数字经济促进条例", "", "2020-12-24", "2021-03-01", "省级", "330000", "政策原文", "地方性法规", "浙江省人民代表大会常务委员会"),
    ("35_", "山东省大数据发展促进条例", "", "2021-09-30", "", "省级", "370000", "政策原文", "地方性法规", "山东省人民代表大会常务委员会"),
    ("36_", "中华人民共和国个人信息保护法", "", "2021-08-20", "2021-11-01", "国家", "CN", "政策原文", "法律", NPC),
    ("37_", "中华人民共和国数据安全法", "", "2021-06-10", "2021-09-01", "国家", "CN", "政策原文", "法律", NPC),
    ("38_", "中华人民共和国网络安全法", "", "2016-11-07", "2017-06-01", "国家", "CN", "政策原文", "法律", NPC),
    ("39_", "互联网信息服务算法推荐管理规定", "", "2021-11-16", "2022-03-01", "国家", "CN", "政策原文", "规章", GW),
    ("40_", "网络数据安全管理条例", "", "", "2025-01-01", "国家", "CN", "政策原文", "行政法规", ""),
    ("41_", "政务数据共享条例", "", "", "2025-08-01", "国家", "CN", "政策原文", "行政法规", ""),
    ("42_", "广东省公共数据管理办法", "广东省人民政府令第290号", "2021-10-18", "2021-11-25", "省级", "440000", "政策原文", "规章", "广东省人民政府"),
    ("43_", "中山市政务数据管理办法", "中山市人民政府令第16号", "2020-05-15", "2020-06-15", "市级", "442000", "政策原文", "规章", "中山市人民政府"),
    ("44_", "国务院办公厅关于印发“十四五”现代物流发展规划的通知", "国办发〔2022〕17号", "2022-05-17", "", "国家", "CN", "政策原文", "规划", "国务院办公厅"),
    ("45_", "2024年政府工作报告", "", "2024-03-05", "", "国家", "CN", "政策原文", "报告", "国务院"),
    ("46_", "国务院关于印发新一代人工智能发展规划的通知(20170708)", "", "2017-07-08", "", "", "CN", "未知", "", ""),  # a digest
    ("50_", "政务领域人工智能大模型部署应用指引", "", "2025-10-10", "", "国家", "CN", "政策原文", "规范性文件", ""),
    ("52_", "人工智能气象应用服务办法", f"中国气象局、{GW}令第45号", "2025-04-23", "2025-06-01", "国家", "CN", "政策原文", "规章", f"中国气象局、{GW}"),
    ("53_", "关于印发《人工智能生成合成内容标识办法》的通知", "国信办通字〔2025〕2号", "2025-03-07", "2025-09-01", "国家", "CN", "政策原文", "规范性文件", f"{GW}、工业和信息化部、公安部、国家广播电视总局"),
    ("53b_", "《人工智能生成合成内容标识办法》答记者问", "", "2025-03-14", "", "国家", "CN", "官方解读", "解读", ""),
    ("54_", "数字化绿色化协同转型发展报告（2024）", "", "2024-11-30", "", "国家", "CN", "智库", "报告", ""),
    ("55_", "人脸识别技术应用安全管理办法", f"{GW}、中华人民共和国公安部令第19号", "2025-03-13", "2025-06-01", "国家", "CN", "政策原文", "规章", f"{GW}、中华人民共和国公安部"),
    ("56_", "个人信息保护合规审计管理办法", f"{GW}令第18号", "2025-02-12", "2025-05-01", "国家", "CN", "政策原文", "规章", GW),
    ("57_", f"{MIIT}关于开展2025年人工智能产业及赋能新型工业化创新任务揭榜挂帅工作的通知", "工信厅科函〔2025〕427号", "2025-11-05", "", "国家", "CN", "政策原文", "通知", MIIT),
    ("58_", f"{MIIT}关于组织开展人工智能赋能新型工业化典型应用案例征集工作的通知", "工信厅科函〔2024〕301号", "2024-07-29", "", "国家", "CN", "政策原文", "通知", MIIT),
    ("59_", "全球数据跨境流动合作倡议", "", "2024-11-20", "", "国家", "CN", "政策原文", "倡议", ""),
    ("89_", "中华人民共和国增值税法", "", "2024-12-25", "2026-01-01", "国家", "CN", "政策原文", "法律", NPC),
    ("90_", "中华人民共和国国家安全法", "", "2015-07-01", "2015-07-01", "国家", "CN", "政策原文", "法律", NPC),
    ("91_", "中华人民共和国国家安全法", "", "2015-07-01", "2015-07-01", "国家", "CN", "政策原文", "法律", NPC),
    ("92_", "广州市天河区深化支持港澳青年创新创业高质量发展实施办法", "穗天科工信规字〔2023〕1号", "2023-08-09", "2023-09-08", "县级", "440100", "政策原文", "规范性文件", "广州市天河区科技工业和信息化局、广州市天河区人力资源和社会保障局、中共广州市天河区委统战部"),
]  # fmt: skip
REPLACED = {
    "34_": ("浙江省信息化促进条例",), "43_": ("中山市政务信息资源共享管理办法（试行）（中府办〔2012〕92号）",), "89_": ("中华人民共和国增值税暂行条例",),
}  # fmt: skip


@pytest.mark.corpus
def test_official_texts(corpus_dir):
    from ingest.prepare import prepare_document

    stored = []
    for name, *expected in OFFICIAL:
        (path,) = corpus_dir.glob(f"{name}*")
        s = prepare_document(path, path.name)[0].source
        facts = [
            s.title,
            s.doc_number,
            s.issued,
            s.effective,
            s.level,
            ",".join(s.regions),
            s.tier,
            s.doc_type,
            s.issuer,
        ]
        assert facts == expected, name
        assert (s.replaces, s.amends, s.validity) == (REPLACED.get(name, ()), (), ""), name
        assert s.repealed == ("2026-09-07" if name == "92_" else ""), name
        assert {field for field, _ in s.found} >= {"title", "tier"}
        assert all(where in PLACES for _, where in s.found)
        stored.append((name, s))
    relations = link(stored)
    assert [(r.from_id, r.to_id, r.kind) for r in relations if r.to_id] == [
        ("53b_", "53_", "interprets"),
        ("91_", "90_", "same-text"),
    ]
    # No document of the corpus says that 38 was amended in 2025, so nothing here knows; 92 ends by its own words.
    today = {name: status(name, s, relations, "2026-06-01") for name, s in stored}
    assert {name: state for name, state in today.items() if state} == {"92_": "现行有效"}
    assert status("92_", dict(stored)["92_"], relations, "2026-10-01") == "已废止"
    assert status("89_", dict(stored)["89_"], relations, "2025-06-01") == "尚未施行"


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
        ("令\n第12号\n现予公布。", "令第12号", ""),
        (
            "中华人民共和国海关总署公告2025年第3号\n现予公布。",
            "中华人民共和国海关总署公告2025年第3号",
            "中华人民共和国海关总署",
        ),
    ],
)
def test_orders_have_a_number_and_an_issuer(head, number, issuer):
    source = make_source("a.txt", "0" * 64, f"{head}\n\n第一条 为了规范，制定本办法。", "甲省数据办法", {}, ())
    assert (source.doc_number, source.issuer) == (number, issuer)


def test_questions_and_answers_on_a_rule_have_no_date_of_effect_of_their_own():
    text = "《甲省数据办法》自2025年9月1日起施行。"
    assert make_source("a.txt", "0" * 64, text, "《甲省数据办法》答记者问", {}, ()).effective == ""
    assert make_source("a.txt", "0" * 64, text, "甲省数据办法", {}, ()).effective == "2025-09-01"


@pytest.mark.parametrize(
    ("title", "text", "meta", "level"),
    [
        ("国务院关于某事的意见", "", {}, "国家"), ("中华人民共和国甲法", "", {}, "国家"), ("贵州省人民政府关于某事的意见", "", {}, "省级"), ("北京市数据条例", "", {}, "省级"), ("贵阳市数据条例", "", {}, "市级"),
        ("贵州省贵阳市数据办法", "", {}, "市级"), ("广西壮族自治区人民政府关于某事的意见", "", {}, "省级"), ("北京市海淀区人民政府关于某事的意见", "", {}, "县级"), ("上海市浦东新区数据规定", "", {}, "县级"),
        ("苏州工业园区某办法", "", {}, "市级"), ("某办法", "", {"issuer": "昆山市人民政府"}, "县级"), ("某办法", "", {"issuer": "贵州省大数据局、国家某局"}, "省级"), ("某办法", "", {"issuer": "甲县人民政府"}, "县级"),
        ("某指引", "", {"url": "https://www.cac.gov.cn/a.htm"}, "国家"), ("某办法", "", {"url": "https://www.guang-an.gov.cn/a"}, "市级"), ("某办法", "", {"url": "https://a.example/"}, ""),
        ("貴州省數據條例", "", {}, "省级"), ("贵州的路", "", {}, ""), ("國家發展委員會補助辦法", "", {"url": "https://law.moj.gov.tw/a"}, "省级"),
    ],
)  # fmt: skip
def test_level_by_the_body_that_issued_it(title, text, meta, level):
    assert source(title, text, meta).level == level


@pytest.mark.parametrize(
    ("title", "text", "kind"),
    [
        ("中华人民共和国甲法", "", "法律"), ("甲省数据条例", "（2024年1月1日甲省第十四届人民代表大会常务委员会第九次会议通过）", "地方性法规"), ("贵州省数据条例", "", "地方性法规"), ("数据条例", "根据《中华人民共和国甲法》", "行政法规"),
        ("某办法", "甲乙部令\n第12号\n", "规章"), ("某规定", "2021年11月16日 某部2021年第20次部务会议审议通过\n第一条", "规章"), ("某管理办法", "", "规范性文件"), ("城市规划区地下空间管理办法", "", "规范性文件"),
        ("关于印发某发展规划的通知", "", "规划"), ("关于印发《某行动方案》的通知", "", "方案"), ("关于开展专项行动的通知", "", "通知"), ("关于某事的实施意见", "", "意见"), ("关于某事的公告", "", "公告"), ("某倡议", "", "倡议"),
        ("2024年政府工作报告", "", "报告"), ("从算力到服务", "", ""),
    ],
)  # fmt: skip
def test_type_by_the_last_word_of_the_name(title, text, kind):
    assert source(title, text).doc_type == kind
    assert kind in (*DOC_TYPES, "")


NOTICE = (
    "某市关于印发《甲办法》的通知\n现印发给你们，请遵照执行。\n贵阳市人民政府\n2025年3月7日\n甲办法\n第一条 为了发展。"
)


def test_a_pages_date_and_department_yield_to_the_text_and_a_stated_one_does_not():
    page = {"published": "2025-03-14", "issuer": "信息中心", "date": "2025-03-15"}
    weak = {"issuer": "网页信息", "date": "网页信息"}
    found = source("关于印发《甲办法》的通知", NOTICE, page, where=weak)
    assert (found.issued, found.issuer) == ("2025-03-07", "贵阳市人民政府")
    assert {"issued": "落款", "issuer": "落款"}.items() <= dict(found.found).items()
    silent = source("甲办法", "第一条 为了发展。", page, where=weak)
    assert (silent.issued, silent.issuer, dict(silent.found)["issued"]) == ("2025-03-15", "信息中心", "网页信息")
    stated = source("关于印发《甲办法》的通知", NOTICE, {"date": "2024-01-01"}, where={"date": "旁置文件"})
    assert (stated.issued, dict(stated.found)["issued"]) == ("2024-01-01", "旁置文件")


def test_every_known_field_says_where_it_was_found():
    text = "甲省人民政府令\n第9号\n现予公布。\n省长 张三\n2025年1月1日\n第一条 为了发展。\n第九条 本办法自2025年3月1日起施行，有效期5年。《旧办法》同时废止。"
    found = source("贵州省数据办法", text, {"url": "https://a.example/", "validity": "有效"}, where={"url": "网页信息"})
    assert dict(found.found) == {
        "title": "文件属性", "url": "网页信息", "doc_number": "正文首部", "tier": "标题", "issuer": "正文首部", "regions": "标题", "level": "推断", "issued": "落款",
        "effective": "条文", "repealed": "条文", "doc_type": "推断", "validity": "前置信息", "replaces": "条文",
    }  # fmt: skip
    assert (found.validity, found.repealed, found.replaces) == ("现行有效", "2030-02-28", ("旧办法",))


def test_a_draft_is_marked():
    assert (
        source("甲办法（征求意见稿）").validity == source("关于《甲办法》公开征求意见的公告").validity == "征求意见稿"
    )


def test_the_premiers_report_is_the_state_councils_and_a_governors_is_the_provinces():
    head = "政府工作报告——2024年3月5日在第十四届全国人民代表大会第二次会议上国务院总理\n各位代表："
    assert (source("2024年政府工作报告", head).issuer, source("2024年政府工作报告", head).issued) == (
        "国务院",
        "2024-03-05",
    )
    local = "政府工作报告——2024年1月23日在贵州省第十四届人民代表大会第二次会议上\n各位代表："
    assert source("2024年贵州省政府工作报告", local).issuer == "贵州省人民政府"


def test_closed_lists_are_closed():
    assert source(meta={"level": "村级", "doc_type": "诗", "validity": "也许"}).doc_type in DOC_TYPES
    assert source("随笔", meta={"level": "村级"}).level == ""
    assert all(source("随笔", meta={"level": level}).level == level for level in LEVELS)


def test_an_enacted_text_without_a_title_is_official_all_the_same():
    text = "2024年12月25日第十四届全国人民代表大会常务委员会第十三次会议通过 自2026年1月1日起施行\n第一条 为了发展，制定本法。\n第九条 本法自2026年1月1日起施行。"
    found = source("88_law", text)
    assert (found.tier, found.doc_type, found.issued, found.effective) == (
        "政策原文",
        "法律",
        "2024-12-25",
        "2026-01-01",
    )
    assert found.issuer == "全国人民代表大会常务委员会"
    assert source("随笔", "第十四届全国人民代表大会常务委员会第十三次会议通过了一部法律。").tier == "未知"
