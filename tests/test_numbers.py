"""Quantities in Chinese text: the traps that an analyst would laugh at, and properties that hold for any text."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.facts.numbers import find_quantities, han_to_number


def read(text):
    """(words, value, unit, comparator), with the upper end as a fifth where there is one."""
    found = []
    for q in find_quantities(text):
        row = (text[q.start : q.end], q.value, q.unit, q.comparator)
        found.append(row if q.value_high is None else (*row, q.value_high))
    return found


@pytest.mark.parametrize(
    "text",
    """四川和三亚|一体化发展|“十四五”时期|第二批|一个平台|2025年|二〇二五年|2025年3月15日|2024/5/1|2024-05-01|2025—2027年|2025 年|20世纪90年代|25年一季度
    |国发〔2025〕11号|国发[2015]50 号|上午10:30|9：00至17：00|第三条第二款|第三、四条|第三十六条|第十至十二条|第3—5名|前三名|附件1部门分工|GB/T 22239-2019
    |电话010-68731234转5|13800138000|邮编100000|5G基站|3D打印|A4纸|CO2|H100|PM2.5|GPT-4|V2.0|1080P视频|比分3:2|0:0|2025人工智能大会|10场景|分为三部分
    |十分重要|千方百计|百年大计|千家万户|万元|单位：万元|千亿级产业集群|百千万工程|万物互联|千兆宽带|数百家|几十家|十几家|三五家|三五年|一万五|两位数增长
    |三位一体|“三支一扶”|五五成|成立|三成都|7×24小时|近五年|最近三年|未来五年|五年规划|三年行动计划|十一届三次全会|第37次会议|二次创业|千万不要
    |350 000元|1,00,000元|1.2.3个|1..2%|.5%|民国一百十一年|十五届四中全会""".replace("\n    ", "").split("|"),
)  # fmt: skip
def test_what_is_no_quantity(text):
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "words", "value", "unit", "comparator"),
    [
        ("100多万", "100多万", 1e6, "", "超"), ("1.5万亿元", "1.5万亿元", 1.5e12, "元", ""), ("17.4万亿美元", "17.4万亿美元", 1.74e13, "美元", ""),
        ("６５％", "６５％", 65, "%", ""), ("１，２３４家", "１，２３４家", 1234, "家", ""), ("65 %", "65 %", 65, "%", ""),
        ("百分之六十五", "百分之六十五", 65, "%", ""), ("百分之零点五", "百分之零点五", 0.5, "%", ""), ("六成五的企业", "六成五", 65, "%", ""),
        ("三成半", "三成半", 35, "%", ""), ("近百家", "近百家", 100, "家", "近"), ("上亿元", "上亿元", 1e8, "元", "超"), ("百亿元", "百亿元", 1e10, "元", ""),
        ("上亿资金", "上亿", 1e8, "", "超"), ("百万年薪", "百万", 1e6, "", ""), ("500亿", "500亿", 5e10, "", ""), ("两千万", "两千万", 2e7, "", ""),
        ("二十万", "二十万", 2e5, "", ""), ("十余家", "十余家", 10, "家", "超"), ("100+家", "100+家", 100, "家", "超"), ("12万余家", "12万余家", 1.2e5, "家", "超"),
        ("两个平台", "两个", 2, "个", ""), ("三家电信企业", "三家", 3, "家", ""), ("1万5千元", "1万5千元", 15000, "元", ""),
        ("3亿5000万元", "3亿5000万元", 3.5e8, "元", ""), ("一万二千三百四十五元", "一万二千三百四十五元", 12345, "元", ""),
        ("1/8", "1/8", 0.125, "分数", ""), ("三分之二以上", "三分之二以上", 2 / 3, "分数", "以上"), ("万分之五", "万分之五", 0.0005, "分数", ""),
        ("供求比例1:10", "1:10", 0.1, "比", ""), ("1：1.5", "1：1.5", 1 / 1.5, "比", ""), ("-3.2%", "-3.2%", -3.2, "%", ""), ("−3.2%", "−3.2%", -3.2, "%", ""),
        ("负3.2%", "负3.2%", -3.2, "%", ""), ("同比增长12.3%", "12.3%", 12.3, "%", ""), ("300EFLOPS", "300EFLOPS", 300, "EFLOPS", ""),
        ("300 EFLOPS", "300 EFLOPS", 300, "EFLOPS", ""), ("5000P", "5000P", 5000, "P", ""), ("12.5个百分点", "12.5个百分点", 12.5, "百分点", ""),
        ("500千瓦", "500千瓦", 500, "千瓦", ""), ("10GW", "10GW", 10, "吉瓦", ""), ("320兆瓦时", "320兆瓦时", 320, "兆瓦时", ""), ("4.5万标准机架", "4.5万标准机架", 45000, "机架", ""),
        ("数据中心30万架", "30万架", 3e5, "机架", ""), ("无人机100架", "100架", 100, "架", ""), ("用电超900万度", "超900万度", 9e6, "千瓦时", "超"),
        ("3年", "3年", 3, "年", ""), ("3年半", "3年半", 3.5, "年", ""), ("15日内", "15日", 15, "日", ""), ("不少于三十日", "不少于三十日", 30, "日", "至少"),
        ("十五个工作日", "十五个工作日", 15, "个工作日", ""), ("24小时", "24小时", 24, "小时", ""), ("60周岁", "60周岁", 60, "岁", ""),
        ("八部门", "八部门", 8, "个", ""), ("55分贝", "55分贝", 55, "分贝", ""), ("30分钟", "30分钟", 30, "分钟", ""), ("PUE降至1.2以下", "1.2以下", 1.2, "", "以下"),
        ("一倍以上", "一倍以上", 1, "倍", "以上"), ("五日以下拘留", "五日以下", 5, "日", "以下"), ("1亿元（含）以上", "1亿元（含）以上", 1e8, "元", "以上"),
        ("500万元及以下", "500万元及以下", 5e6, "元", "以下"), ("≥85%", "≥85%", 85, "%", "至少"), ("约占65%", "约占65%", 65, "%", "约"),
        ("超过60%以上", "超过60%以上", 60, "%", "超"), ("节约30%", "30%", 30, "%", ""), ("签约10个", "10个", 10, "个", ""), ("规模以上500家", "500家", 500, "家", ""),
        ("未满十四周岁", "未满十四周岁", 14, "岁", "不足"), ("占比10%到2025年", "10%", 10, "%", ""), ("总数三十家", "三十家", 30, "家", ""),
    ],
)  # fmt: skip
def test_one_quantity(text, words, value, unit, comparator):
    ((found, number, of, how),) = read(text)
    assert (found, of, how) == (words, unit, comparator)
    assert number == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "words", "low", "high", "unit"),
    [
        ("高30%至50%", "30%至50%", 30, 50, "%"), ("30—50家", "30—50家", 30, 50, "家"), ("20%-30%", "20%-30%", 20, 30, "%"), ("10 ~ 15 个", "10 ~ 15 个", 10, 15, "个"),
        ("10—20万元", "10—20万元", 1e5, 2e5, "元"), ("10万元—20万元", "10万元—20万元", 1e5, 2e5, "元"), ("五至十家", "五至十家", 5, 10, "家"),
        ("三至五万元", "三至五万元", 3e4, 5e4, "元"), ("5000—1万元", "5000—1万元", 5000, 10000, "元"), ("三到五成", "三到五成", 30, 50, "%"),
        ("3-5年", "3-5年", 3, 5, "年"), ("百分之二十至三十", "百分之二十至三十", 20, 30, "%"), ("百分之三到百分之五", "百分之三到百分之五", 3, 5, "%"),
    ],
)  # fmt: skip
def test_a_range_is_one_quantity_with_two_ends(text, words, low, high, unit):
    assert [(*row[:3], row[4]) for row in read(text)] == [(words, low, unit, high)]


def test_several_in_one_sentence_keep_their_own_bounds():
    assert read("处五万元以上五十万元以下罚款") == [
        ("五万元以上", 5e4, "元", "以上"),
        ("五十万元以下", 5e5, "元", "以下"),
    ]
    assert read("误检率由3%降至0.1%，节省超200万元") == [
        ("3%", 3, "%", ""),
        ("0.1%", 0.1, "%", ""),
        ("超200万元", 2e6, "元", "超"),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十", 10),
        ("一百零五", 105),
        ("两万", 2e4),
        ("三点五", 3.5),
        ("二〇二五", 2025),
        ("一亿二千万", 1.2e8),
        ("零", 0),
        ("一千零一", 1001),
    ],
)
def test_han_numerals(text, value):
    assert han_to_number(text) == value


@pytest.mark.parametrize("text", ["", "四川", "三五", "一万五", "百千万", "十四五", "点五", "一点十", "三亿亿万"])
def test_what_is_no_han_numeral(text):
    assert han_to_number(text) is None


PIECES = (
    "贵州 全国 约 超 近 上 不足 节约 以上 （含）以上 左右 余 多 + 0 1 5 12 300 2025 ９ 1.2 十 百 千 万 亿 两 〇 点 半 分之 百分之 成 % ％ ‰ 个 家 人工 元 "
    "万元 年 月 日 内 小时 EFLOPS P E GB 机架 倍 个百分点 - — ～ 至 到 / : ： , ， . 。 、 ( ) （ ） 第 条 前 〔 〕 号 ² ٣ Ⅳ 萬 🙂 \u200b \u00a0 \ud7ff × 负"
).split(" ")


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=60))
def test_any_text_gives_exact_spans_without_overlap_and_finite_values(text):
    end = 0
    for q in find_quantities(text):
        assert end <= q.start <= q.number_start < q.end <= len(text)
        assert math.isfinite(q.value)
        assert q.value_high is None or q.value < q.value_high < math.inf
        end = q.end


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 9_999_999), st.sampled_from(["家", "个", "元", "%", "EFLOPS"]), st.sampled_from(["", "万", "亿"]))
def test_a_written_amount_is_read_back_in_half_and_full_width(number, unit, multiplier):
    scale = {"": 1, "万": 1e4, "亿": 1e8}[multiplier]
    wide = str(number).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    for digits in (str(number), f"{number:,}", wide):
        (found,) = find_quantities(f"该省共有{digits}{multiplier}{unit}。")
        assert (found.value, found.unit) == (pytest.approx(number * scale), unit)


@pytest.mark.corpus
def test_clause_numbers_of_real_laws_are_no_counts(corpus_dir):
    text = (corpus_dir / "36_pipl_2021.md").read_text(encoding="utf-8")
    articles = [q for q in find_quantities(text) if q.unit in {"条", "款", "项"}]
    assert text.count("条") > 80
    assert articles == []


@given(st.integers(2, 900), st.integers(2, 900), st.sampled_from(["处", "达", "并处", ""]))
def test_fines_from_n_to_m_keep_both_numbers(low, high, before):
    found = list(find_quantities(f"{before}{low}万元以上{high}万元以下罚款"))
    assert [(q.value, q.unit) for q in found] == [(low * 1e4, "元"), (high * 1e4, "元")]
