"""Figures: whose number, for when, of what kind. Sixty labelled sentences give measured floors; the traps stand apart."""

import json
from collections import Counter
from math import isclose
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.facts.describe import describe_chunks
from ingest.facts.figures import Context, find_figures, find_periods
from ingest.text.split import split_blocks, split_chunks

LABELLED = Path(__file__).parent / "data" / "figures.jsonl"


def measure():
    """Precision and recall of (value, unit), then of each other field among the figures matched by value and unit."""
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    counts, wrong = Counter(), []
    for row in rows:
        found = list(find_figures(row["text"], 0, Context(tuple(row["region"]), home=tuple(row["region"]))))
        counts["expected"] += len(row["figures"])
        counts["found"] += len(found)
        for label in row["figures"]:
            match = next((f for f in found if is_same_amount(f, label)), None)
            if match is None:
                wrong.append((row["text"], "missing", label["value"], [(f.value, f.unit) for f in found]))
                continue
            found.remove(match)
            counts["matched"] += 1
            for field, got in (
                ("comparator", match.comparator), ("scope", list(match.scopes)), ("period", match.period), ("kind", match.kind),
            ):  # fmt: skip
                same = got == label[field] if field != "scope" else set(got) == set(label[field])
                counts[field] += same
                if not same:
                    wrong.append((row["text"], field, label["value"], label[field], got))
        wrong += [(row["text"], "extra", f.value, f.unit) for f in found]
    return counts, wrong


def is_same_amount(figure, label):
    high = label.get("high")
    same_high = figure.value_high is None if high is None else figure.value_high == high
    return isclose(figure.value, label["value"], rel_tol=1e-9) and figure.unit == label["unit"] and same_high


def test_labelled_sentences_keep_their_floors():
    """60 sentences, 116 figures. Measured: precision 0.99, recall 1.00; comparator, scope, period 1.00; kind 0.99.

    The rules were mended on these sentences; 20 unseen ones gave 1.00, 1.00, 1.00, 1.00, 0.95, 0.95.
    """
    counts, wrong = measure()
    report = "\n".join(map(str, wrong))
    assert counts["expected"] == 116
    assert counts["matched"] / counts["found"] >= 0.97, report
    assert counts["matched"] / counts["expected"] >= 0.98, report
    floors = {"comparator": 0.98, "scope": 0.97, "period": 0.97, "kind": 0.96}
    assert {
        f: round(counts[f] / counts["matched"], 3) for f, low in floors.items() if counts[f] / counts["matched"] < low
    } == {}, report


def owners(text, topic=(), home=()):
    return [(f.text, f.scopes) for f in find_figures(text, 0, Context(tuple(topic), home=tuple(home)))]


GUIZHOU, GUANGDONG, ZHEJIANG, NATION = ("520000",), ("440000",), ("330000",), ("CN",)


@pytest.mark.parametrize(
    ("text", "topic", "expected"),
    [
        ("贵州规划机架超30万个，2025年国内数据中心平均利用率约65%。", GUIZHOU, [("超30万个", GUIZHOU), ("约65%", NATION)]),
        ("当地AI企业数量不足广东的1/8。", ("某北方省份",), [("不足广东的1/8", ("某北方省份",))]),
        ("广东、浙江的AI技术岗平均薪资比中西部高30%至50%。", (), [("30%至50%", (*GUANGDONG, *ZHEJIANG))]),
        ("该省利用率不足35%，远低于国内65%的平均水平。", ("某北方省份",), [("不足35%", ("某北方省份",)), ("65%", NATION)]),
        ("利用率低于全国平均水平（65%）。", GUIZHOU, [("65%", NATION)]),
        ("全国平均水平为65%，贵州仅为40%。", (), [("65%", NATION), ("40%", GUIZHOU)]),
        ("贵州仅为广东的60%。", (), [("60%", GUIZHOU)]),
        ("广东占全国的比重约为15%，居全国第一。", (), [("约为15%", GUANGDONG)]),
        ("贵州在全国占比达12%。", (), [("12%", GUIZHOU)]),
        ("在全国率先出台办法，服务企业1200家。", ZHEJIANG, [("1200家", ZHEJIANG)]),
        ("建设全国一体化算力网络枢纽节点，投资50亿元。", GUIZHOU, [("50亿元", GUIZHOU)]),
        ("针对东部医疗需求，建成平台3个。", GUIZHOU, [("3个", GUIZHOU)]),
        ("与北京、上海相比，电价低0.2元。", GUIZHOU, [("0.2元", GUIZHOU)]),
        ("比北京、上海低20%。", GUIZHOU, [("20%", GUIZHOU)]),
        ("向广东输送电量100亿千瓦时。", GUIZHOU, [("100亿千瓦时", GUIZHOU)]),
        ("获得广东省科学技术奖的企业，奖励50万元。", ("440100",), [("50万元", ("440100",))]),
        ("依照《浙江省数字经济促进条例》，处五万元以上罚款。", GUIZHOU, [("五万元以上", GUIZHOU)]),
        ("湖北、湖南两省的企业数分别为1200家和900家。", (), [("1200家", ("420000",)), ("900家", ("430000",))]),
        ("湖北、湖南、江西的企业数分别为1200家和900家。", (), [("1200家", ("420000", "430000", "360000")), ("900家", ("420000", "430000", "360000"))]),
        ("共23家企业，其中深圳15家、广州8家。", GUANGDONG, [("23家", GUANGDONG), ("15家", ("440300",)), ("8家", ("440100",))]),
        ("某家电企业节省成本超200万元。", GUANGDONG, [("超200万元", ("某家电企业",))]),
        ("美国2024年投资超过1000亿美元。", GUIZHOU, [("超过1000亿美元", ("美国",))]),
        ("行业平均利用率为60%。", GUIZHOU, [("60%", ("行业",))]),
    ],
)  # fmt: skip
def test_whose_number(text, topic, expected):
    assert owners(text, topic) == expected


def test_whole_province_and_whole_city_point_to_the_document():
    text = "四川印发方案，全市建成床位3万张，全省建成30万张。"
    assert owners(text, ("511600",), ("511600",)) == [("3万张", ("511600",)), ("30万张", ("510000",))]


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("2025年一季度营收10.1亿元", ["2025Q1"]), ("2025年Q1营收10.1亿元", ["2025Q1"]), ("2025年上半年营收10亿元", ["2025H1"]),
        ("2025—2027年投入30亿元", ["2025-2027"]), ("到2027年建成10个", ["2027"]), ("“十四五”期间投资800亿元", ["十四五"]),
        ("近五年新增超过200EFLOPS", ["近五年"]), ("2026年达150万家，比2025年增长50%", ["2026", "2026"]), ("从2020年的5亿元增至2024年的9亿元", ["2020", "2024"]),
        ("2022年和2023年分别投入12亿元、15亿元", ["2022", "2023"]), ("二〇二四年投入3亿元", ["2024"]), ("利用率65%", [""]),
        ("2024年上半年营收6亿元，全年有望突破15亿元", ["2024H1", "2024"]),
    ],
)  # fmt: skip
def test_for_when(text, periods):
    assert [f.period for f in find_figures(text)] == periods


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("规划机架超30万个", ["目标值"]), ("到2027年，打造园区10个，培育企业50家", ["目标值", "目标值"]), ("已建成8个，计划再建5个", ["实际值", "目标值"]),
        ("截至2024年底，已建成10座", ["实际值"]), ("从2020年的5亿元增长到2024年的9亿元", ["实际值", "实际值"]), ("预计2026年达到150亿元，增长50%", ["预测", "预测"]),
        ("目标到2030年下降18%，2025年实际下降9%", ["目标值", "实际值"]), ("力争到2025年，算力规模达到50EFLOPS", ["目标值"]),
        ("贵州规划建设机架30万个，国内平均利用率约65%", ["目标值", "实际值"]), ("将企业条件由失业1年以上放宽", ["实际值"]), ("有望突破15亿元", ["预测"]),
    ],
)  # fmt: skip
def test_target_fact_or_forecast(text, kinds):
    assert [f.kind for f in find_figures(text)] == kinds


@pytest.mark.parametrize(
    ("text", "indicators"),
    [
        ("2025年国内数据中心平均利用率约65%", ["数据中心平均利用率"]), ("误检率由3%降至0.1%", ["误检率", "误检率"]),
        ("产业规模从2020年的500亿元增长到2024年的1200亿元", ["产业规模", "产业规模"]), ("培育100家以上智能工厂", ["培育智能工厂"]),
        ("给予最高500万元补助", ["给予补助"]), ("处五万元以上五十万元以下罚款", ["处罚款"]), ("东部电价为0.6元，西部为0.3元", ["电价", "电价"]),
        ("一等奖奖励8000元、二等奖奖励5000元", ["一等奖奖励", "二等奖奖励"]), ("全市60岁及以上常住人口81万人", ["常住人口", "60岁及以上常住人口"]),
        ("（一）单笔融资5亿元", ["单笔融资"]), ("截至目前，共有23家企业获得认定", ["企业"]), ("比2025年增长50%", ["比2025年增长"]),
        ("第三条 机架上架率不低于75%", ["机架上架率"]), ("总投资（含土地）35亿元", ["总投资（含土地）"]),
        ("每个赛道限报3个参赛作品", ["参赛作品"]), ("各县至少开办2家托育机构", ["托育机构"]), ("每人每月3000元实习补贴", ["实习补贴"]),
        ("按每人1500元标准发放扩岗补助", ["扩岗补助"]), ("对新办企业分别给予10万元、20万元奖励", ["对新办企业分别给予奖励"] * 2), ("给予补贴，最高不超过20万元", ["补贴"]),
        ("利润达到5亿元，比上年增长8%", ["利润", "利润比上年增长"]), ("人均工资，比西部高20%", ["人均工资比西部高"]),
        ("交易金额不足一万元的，处二十万元罚款", ["交易金额", "处罚款"]), ("90%以上街道和80%以上社区", ["街道", "社区"]),
        ("补助比率，不得超过总经费之50%", ["补助比率"]), ("按不超过设备投资额10%的比例", ["设备投资额"]), ("建成100个应用场景", ["建成应用场景"]),
    ],
)  # fmt: skip
def test_what_is_measured(text, indicators):
    assert [f.indicator for f in find_figures(text)] == indicators


def test_bare_amounts_are_money_only_beside_money_words():
    assert [(f.value, f.unit) for f in find_figures("投入500亿，缺口500万。")] == [(5e10, "元"), (5e6, "")]


def test_periods_are_found_in_order():
    assert find_periods("“十四五”以来，2023年二季度到2024—2026年，二〇二七年") == (
        "十四五",
        "2023Q2",
        "2024-2026",
        "2027",
    )


def describe(text, regions=()):
    chunks = describe_chunks(text, split_chunks("d", text, split_blocks(text)), tuple(regions))
    return {f.text: (f.scopes, f.period, f.kind) for c in chunks for s in c.sentences for f in s.figures}


def test_a_paragraph_keeps_its_topic_and_the_next_one_does_not():
    text = "广东发布方案。核心产业规模超5000亿元。全国平均为65%。\n\n本节未提地区，共有30家企业。"
    found = describe(text, GUIZHOU)
    assert found["超5000亿元"][0] == GUANGDONG
    assert found["65%"][0] == NATION
    assert found["30家"][0] == GUIZHOU


def test_headings_give_the_owner_unless_they_only_rank_or_compare():
    text = "# 各地做法\n\n## 贵州：算力先行\n\n机架达到30万个。\n\n## 走在全国前列\n\n企业达到500家。\n\n## 与江苏相比\n\n园区有7座。"
    found = describe(text, ZHEJIANG)
    assert (found["30万个"][0], found["500家"][0], found["7座"][0]) == (GUIZHOU, ZHEJIANG, ZHEJIANG)


def test_an_enumeration_keeps_the_period_and_the_target_of_its_head():
    text = "到2027年，建成智算中心10座；\n培育企业50家。".replace("\n", "") + "2024年已建成3座。"
    found = describe(text, GUIZHOU)
    assert found["10座"][1:] == found["50家"][1:] == ("2027", "目标值")
    assert found["3座"][1:] == ("2024", "实际值")


def test_a_document_of_another_region_does_not_lend_its_name_to_a_numbered_part():
    text = "一、背景 全国数据中心平均利用率为65%。二、措施 建设智算中心10座。"
    found = describe(text, ("511600",))
    assert (found["65%"][0], found["10座"][0]) == (NATION, ("511600",))


def test_traditional_text_is_described_and_quoted_as_it_stands():
    text = "廣東規劃機架超過30萬個，國內資料中心平均利用率約65%。"
    found = describe(text)
    assert {words: scope for words, (scope, _, _) in found.items()} == {"超過30萬個": GUANGDONG, "約65%": NATION}


PIECES = "贵州 全国 国内 某北方省份 全省 分别为 、 和 ， 。 ； ： （ ） 10亿元 12亿元 65% 不足 的 1/8 2025年 到2027年 比 占 与 相比 规划 已 预计 企业 利用率 个 \n 萬".split(" ")  # fmt: skip


@settings(max_examples=800, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=60))
def test_any_text_gives_figures_that_quote_it_exactly(text):
    for figure in find_figures(text, 7, Context(GUIZHOU, home=GUIZHOU)):
        assert text[figure.start - 7 : figure.end - 7] == figure.text != ""
        assert figure.scopes
    chunks = describe_chunks(text, split_chunks("d", text, split_blocks(text)), ())
    for chunk in chunks:
        for sentence in chunk.sentences:
            for figure in sentence.figures:
                assert sentence.start <= figure.start < figure.end <= sentence.end
                assert text[figure.start : figure.end] == figure.text


def test_the_year_of_the_level_before_is_not_that_of_the_level_reached():
    before, after = find_figures("平均利用率由2018年的15%提升到50%以上。")
    assert (before.period, before.role) == ("2018", "原值") and after.period == ""
    dated = find_figures("到2025年，占比由2020年的15%提高到30%。")
    assert [f.period for f in dated] == ["2020", "2025"]


@pytest.mark.parametrize(
    ("sentence", "indicator"),
    [
        ("城镇调查失业率平均为5.2%。", "城镇调查失业率平均"),
        ("● 城镇调查失业率低于5.5%。", "城镇调查失业率"),
        ("孵化载体在建设和运营期间按照有关规定实际发生的办公用房场地租金总额的50%。", "办公用房场地租金总额"),
    ],
)
def test_an_indicator_is_never_cut_inside_a_word(sentence, indicator):
    assert find_figures(sentence)[0].indicator == indicator


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("处五万元以上五十万元以下罚款", [(5e4, 5e5, "元", "")]),
        ("处违法所得一倍以上十倍以下罚款", [(1, 10, "倍", "")]),
        ("涉及10万人以上、不满100万人个人信息的", [(1e5, 1e6, "人", "")]),
        ("到位资金在500万美元及以上1000万美元以下的", [(5e6, 1e7, "美元", "")]),
        ("收入1000万元以上（含）2000万元以下的", [(1e7, 2e7, "元", "")]),
        ("50万元以下罚款，情节严重的100万元以上", [(5e5, None, "元", "以下"), (1e6, None, "元", "以上")]),
        ("60分以上80%以下", [(60, None, "分", "以上"), (80, None, "%", "以下")]),
        ("奖励3万至5万元", [(3e4, 5e4, "元", "")]),
        ("按投资额的20%给予补助", [(20, None, "%", "")]),
        ("按不超过设备投资额的10%给予奖补", [(10, None, "%", "至多")]),
        ("面积不得少于总任务的1/3", [(1 / 3, None, "分数", "至少")]),
        ("至少建有2个站点，最多申报3项", [(2, None, "个", "至少"), (3, None, "项", "至多")]),
        ("期限不得逾一个月，一年内不得再申请", [(1, None, "个月", "至多"), (1, None, "年", "")]),
        ("落实中央八项规定，实施千亿斤粮食产能提升行动", []),
    ],
)
def test_bounds_are_read_as_they_are_meant(sentence, expected):
    assert [(f.value, f.value_high, f.unit, f.comparator) for f in find_figures(sentence)] == expected


def test_fines_in_traditional_characters_are_the_same_range():
    chunks = describe_chunks(
        *(lambda t: (t, split_chunks("d", t, split_blocks(t)), ()))(
            "處五萬元以上五百萬元以下罰鍰，並得按百分之三十加徵。"
        )
    )
    found = [f for c in chunks for s in c.sentences for f in s.figures]
    assert [(f.value, f.value_high, f.unit) for f in found] == [(5e4, 5e6, "元"), (30, None, "%")]
