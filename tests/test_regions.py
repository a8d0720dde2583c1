"""The gazetteer: what is a region in running text, what only looks like one, and how regions relate."""

import csv
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.facts import regions as module
from ingest.facts.regions import by_name, display, find_regions, province_of, region, relation

with module._TABLE.open(encoding="utf-8") as _file:
    ROWS = list(csv.DictReader(_file, delimiter="\t", quoting=csv.QUOTE_NONE))
NAMES = [(name, row) for row in ROWS for name in {row["name"], row["short"], *filter(None, row["aliases"].split("|"))}]
ENGLISH = [(name, row) for row in ROWS for name in row["english"].split("|")]


def codes(text: str) -> list[str]:
    return [mention.code for mention in find_regions(text)]


def texts(text: str) -> list[str]:
    return [mention.text for mention in find_regions(text)]


def test_table_is_complete_and_consistent() -> None:
    known = [row["code"] for row in ROWS]
    assert len(set(known)) == len(known)
    levels = Counter(row["level"] for row in ROWS)
    assert (levels["nation"], levels["province"]) == (1, 34)
    assert sum(row["level"] == "city" and row["code"].endswith("00") for row in ROWS) == 333
    for row in ROWS:
        assert row["parent"] in known or (row["parent"] == "" and row["level"] in ("nation", "group"))
        assert all(member in known for member in row["members"].split("|") if member)
        assert bool(row["members"]) == (row["level"] == "group")
        if row["level"] == "city" and row["code"].isdigit() and row["parent"].endswith("0000"):
            assert row["parent"][:2] == row["code"][:2]
    four = [set(region(code).members) for code in ("EAST", "CENTRAL", "WEST", "NORTHEAST")]
    assert [len(members) for members in four] == [10, 6, 12, 3]
    assert len(set.union(*four)) == 31  # disjoint, and every province-level unit of the mainland


def test_every_chinese_name_is_found_without_spaces() -> None:
    missed = []
    for name, row in NAMES:
        soft = name in row["needs_suffix"].split("|")
        carrier = region(row["parent"]).short if soft and row["parent"] else ""
        text = f"据悉{carrier}{name}{'地区' if soft and not row['parent'] else ''}提出发展算力产业"
        if not any(m.code == row["code"] and m.text.startswith(name) for m in find_regions(text)):
            missed.append(name)
    # The long form of the nation is a scope only where the land is meant, not the state or one of its laws.
    assert [name for name in missed if name != "中华人民共和国"] == []


def test_every_english_name_is_found_beside_han_characters() -> None:
    missed = []
    for name, row in ENGLISH:
        soft = name in row["needs_suffix"].split("|")
        text = f"比较{name}, {region(row['parent']).english[0]}的路线" if soft else f"比较{name.upper()}的路线"
        if not any(m.code == row["code"] and m.text.lower() == name.lower() for m in find_regions(text)):
            missed.append(name)
    assert missed == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("贵州规划机架超30万个，2025年国内数据中心平均利用率约65%", ["520000", "CN"]),
        ("安徽合肥的精准卡位", ["340000", "340100"]),
        ("中国数据中心规模", ["CN"]),
        ("江浙沪与粤浙", ["JIANGZHEHU", "YUEZHE"]),
        ("京津冀、长三角、粤港澳大湾区、成渝", ["BTH", "YRD", "GBA", "CHENGYU"]),
        ("东部沿海省份、中部省份、西部省份、中西部", ["EAST", "CENTRAL", "WEST", "CENTRAL_WEST"]),
        ("我国西部", ["CN", "WEST"]),
        ("青海省海南州与海南省", ["630000", "632500", "460000"]),
        ("吉林省吉林市", ["220000", "220200"]),
        ("北京大学生在广州大学城，上海市场", ["110000", "440100", "310000"]),
        ("苏州工业园区、上海浦东新区", ["SIP", "310000", "310115"]),
        ("中国移动互联网用户与中国银行业", ["CN", "CN"]),
        ("在中华人民共和国境内收集数据", ["CN"]),
        ("推广东莞经验", ["441900"]),
        ("中国移动广东公司", ["440000"]),
    ],
)
def test_regions_in_running_text(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


LOOKALIKES = """
长治久安 大同小异 国泰安数据库 文山会海 中国移动 中国信通院 中国科学院 中国人工智能产业发展联盟
全国人民代表大会 全国政协委员 其中国有企业 健全国家标准 安全国际合作 发展中国家 国内生产总值 国内外
韩国内战 上海合作组织 以上海洋产业 吉林大学 贵州财经大学 江苏银行 贵州茅台股份 黄河南岸 中山东路
沿海南部 长江西岸 太湖南岸 渤海南部 推广东数西算 隆重庆祝 大连接 医保定点 确保定期 平衡水资源
经济南北 创新乡村 巩固原有 集中卫星 出海口 长江门户 美丽江南 东营商 京东营收 孙中山 大理石
重大理论 阿里巴巴 白银价格 朝阳产业 北大来宾 三明治 三亚洲 日照时数 安康幸福 太平洋西部 欧洲中部
其中部分 集中部署 西部战区 东北方向 中华人民共和国网络安全法 中华人民共和国国家互联网信息办公室
信用中国 中国境外 北京时间 哈密瓜 非常熟悉 峨眉山 佛罗里达州 某些地区 某市场 第一家上市公司
"""


@pytest.mark.parametrize("text", LOOKALIKES.split())
def test_what_only_looks_like_a_region(text: str) -> None:
    assert texts(f"关于{text}的说法") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("贵州西部和湖南中部", ["贵州", "湖南"]),
        ("贵州省的西部", ["贵州省"]),
        ("辽宁朝阳与北京朝阳区", ["辽宁", "朝阳", "北京"]),
        ("合肥、黄山、三明", ["合肥", "黄山", "三明"]),
        ("中山、东莞", ["中山", "东莞"]),
        ("中山市的数据，中山提出", ["中山市", "中山"]),
        ("中山", ["中山"]),
        ("Dali, Yunnan", ["Dali", "Yunnan"]),
    ],
)
def test_context_decides_on_ambiguous_names(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How does Guizhou's rate compare with zhejiang?", ["520000", "330000"]),
        ("Ｇｕｉｚｈｏｕ的算力", ["520000"]),
        ("Shanxi, Shaanxi; Suzhou, Anhui; Suzhou", ["140000", "610000", "341300", "320500"]),
        ("Tibet Xizang Macao Macau Hong Kong", ["540000", "540000", "820000", "820000", "810000"]),
        ("Xi’an and Harbin, Hohhot, Ürümqi, Ordos", ["610100", "230100", "150100", "650100", "150600"]),
        ("eastern provinces, the central and western provinces, Yangtze River Delta", ["EAST", "CENTRAL_WEST", "YRD"]),
        ("China's national average", ["CN", "CN"]),
        ("China Mobile; Bank of China; National Bureau of Statistics; South China Sea; Peking", []),
        ("Guizhou University, University of Hong Kong, multi-national, Guizhouland", []),
    ],
)
def test_english_names(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("某北方省份提出打造AI创新高地", "某北方省份"),
        ("北方省份的500亿为什么失败", "某北方省份"),
        ("该北方省份后来如何", "某北方省份"),
        ("北方某省", "某北方省份"),
        ("an unnamed northern province", "某北方省份"),
        ("Why did the northern province fail?", "某北方省份"),
        ("某家电企业通过AI视觉检测", "某家电企业"),
        ("那家家电企业的误检率", "某家电企业"),
        ("某汽车零部件企业利用AI", "某汽车零部件企业"),
        ("某西部省份", "某西部省份"),
        ("某ＡＩ企业", "某AI企业"),
        ("某人工智能企业", "某人工智能企业"),
        ("某省会城市", "某省会城市"),
        ("某地", "某地"),
    ],
)
def test_unnamed_entities(text: str, expected: str) -> None:
    assert [(m.code, m.kind) for m in find_regions(text)] == [(expected, "unnamed")]


@pytest.mark.parametrize(
    "text", ["多个北方省份", "northern provinces", "西部省份", "东北方省份", "某种程度", "某项任务"]
)
def test_plurals_and_kinds_are_not_unnamed_entities(text: str) -> None:
    assert [m for m in find_regions(text) if m.kind == "unnamed"] == []


def test_relation_of_scope_to_asked() -> None:
    pairs = {
        ("520000", "520000"): "same", ("340000", "340100"): "part", ("340100", "340000"): "whole",
        ("WEST", "520000"): "part", ("520000", "WEST"): "whole", ("WEST", "520100"): "part",
        ("CENTRAL_WEST", "WEST"): "part", ("440000", "PRD"): "part", ("440000", "GBA"): "other",
        ("520000", "CN"): "national", ("WEST", "CN"): "national", ("CN", "CN"): "same", ("CN", "520000"): "part",
        ("520000", "440000"): "sibling", ("440100", "440300"): "sibling", ("340100", "440100"): "other",
        ("520000", "某北方省份"): "unnamed", ("某北方省份", "某北方省份"): "same", ("某北方省份", "520000"): "other",
        ("某北方省份", "CN"): "national", ("310000", "310115"): "part", ("320000", "SIP"): "part",
    }  # fmt: skip
    assert {pair: relation(*pair) for pair in pairs} == pairs


def test_names_for_people_and_back() -> None:
    assert (display("520000"), display("520000", "en")) == ("贵州", "Guizhou")
    assert (display("CN"), display("CN", "en")) == ("全国", "national (China)")
    assert (display("341300", "en"), display("某北方省份", "en")) == ("Suzhou", "某北方省份")
    for name in ("贵州", "贵州省", "黔", "guizhou", "Guizhou Province", "520000"):
        found = by_name(name)
        assert found and found.code == "520000"
    assert by_name("某北方省份") is None
    assert (province_of("SIP"), province_of("520000"), province_of("WEST"), province_of("某省")) == (
        "320000", "520000", None, None,
    )  # fmt: skip
    with pytest.raises(KeyError):
        region("某省")


PIECES = st.sampled_from(
    [name for name, _ in NAMES + ENGLISH] + [*"的、某省市区企业家北方部西大学 ,.a1\nＧ", "提出", "一家", "ＡＩ"]
)


@settings(deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=12).map("".join))
def test_mentions_are_sorted_disjoint_slices(text: str) -> None:
    end = 0
    for mention in find_regions(text):
        assert end <= mention.start < mention.end <= len(text)
        assert mention.text == text[mention.start : mention.end]
        assert (mention.kind == "region") == (by_name(mention.code) is not None)
        end = mention.end


@pytest.mark.corpus
def test_official_texts_name_no_state_organ_as_a_scope(corpus_dir) -> None:
    report = (corpus_dir / "45_government_work_report_2024.txt").read_text(encoding="utf-8")
    found = Counter(codes(report))
    assert found["BTH"] and found["YRD"] and found["GBA"] and found["CENTRAL_WEST"]
    for mention in find_regions(report):
        assert not report.startswith(("人民代表大会", "政协", "特色社会主义", "生产总值"), mention.end)
