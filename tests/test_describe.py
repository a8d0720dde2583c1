"""What a sentence takes from above it: regions, and the year that 今年 or a heading means."""

import pytest

from ingest.facts.describe import describe_chunks
from ingest.text.split import split_blocks, split_chunks


def figures(text, issued="", regions=("CN",)):
    chunks = describe_chunks(text, split_chunks("d", text, split_blocks(text)), regions, issued)
    return {f.text: f for chunk in chunks for s in chunk.sentences for f in s.figures}


@pytest.mark.parametrize(
    ("sentence", "year"),
    [
        ("今年城镇新增就业1200万人以上。", "2024"),
        ("过去一年，新能源汽车产销量占全球比重超过60%。", "2023"),
        ("去年粮食产量1.39万亿斤。", "2023"),
        ("赤字率拟按3%安排，比上年增加1800亿元。", ""),  # 上年 is only compared with
        ("2022年产值为50亿元，今年再增加。", "2022"),  # its own year wins
    ],
)
def test_relative_years_count_from_the_date_of_issue(sentence, year):
    assert next(iter(figures(sentence, "2024-03-05").values())).period == year
    if year not in {"2022", ""}:
        assert next(iter(figures(sentence).values())).period in {"", "过去一年"}  # without a date no year is guessed


def test_a_heading_with_one_year_dates_the_figures_under_it():
    text = "一、2023年工作回顾\n\n国内生产总值增长5.2%。\n\n二、2024年总体要求\n\n赤字率拟按3%安排。\n\n三、2025—2027年展望\n\n增长率为4%。\n"
    assert {t: f.period for t, f in figures(text).items()} == {"5.2%": "2023", "3%": "2024", "4%": ""}


@pytest.mark.parametrize(
    ("sentence", "unit"),
    [
        ("助学贷款惠及1100多万学生。", ""),
        ("减税惠及6600多万纳税人。", ""),
        ("产业规模突破120亿。", "元"),
        ("投入500亿建算力中心。", "元"),
        ("脱贫人口务工规模超过3300万。", ""),
    ],
)
def test_only_money_is_money(sentence, unit):
    assert next(iter(figures(sentence).values())).unit == unit


def test_a_target_year_governs_its_paragraph_and_not_the_next():
    text = "到2030年，服务体系日益完善。人均面积达到4平方米左右。目前已有2万个场地。\n\n现有场馆500个。\n"
    found = figures(text)
    assert (found["4平方米左右"].period, found["4平方米左右"].kind) == ("2030", "目标值")
    assert found["2万个"].period == found["500个"].period == "" and found["500个"].kind == "实际值"


def test_a_section_of_aims_and_the_items_under_a_year_are_for_that_year():
    section = (
        "（三）主要目标。\n到2025年，体系基本建成。\n——能力增强。\n建设枢纽120个。\n——结构优化。\n占比提高2个百分点。\n"
        "展望2035年，体系更加完善，园区300个。\n（四）基本原则。\n现有园区50个。\n"
    )
    found = figures(section)
    assert (found["120个"].kind, found["2个百分点"].kind, found["50个"].kind) == ("目标值", "目标值", "实际值")
    assert [f.period for f in found.values()] == ["2025", "2025", "2035", ""]


def test_nested_items_take_the_year_of_the_item_above():
    text = "1. 到**2025**年取得进展\n\t* 产业规模超过400亿元\n2. 到**2030**年达到领先\n\t* 产业规模超过900亿元\n3. 保障\n\t* 设立机构7家\n"
    assert [(f.period, f.kind) for f in figures(text).values()] == [
        ("2025", "目标值"),
        ("2030", "目标值"),
        ("", "实际值"),
    ]


def test_what_a_rule_grants_is_no_target():
    found = figures("到2025年，建成园区10个。对新建园区给予50万元奖励。机构达到40家。\n")
    assert [(f.period, f.kind) for f in found.values()] == [("2025", "目标值"), ("", "实际值"), ("2025", "目标值")]


def test_a_year_after_the_date_of_issue_is_a_target():
    found = figures("2025年，建设基地100个。2021年建成60个。\n", issued="2022-05-17")
    assert [f.kind for f in found.values()] == ["目标值", "实际值"]
    rule = figures("2025年1月1日起施行，有效期5年。\n", issued="2024-12-01")
    assert [f.kind for f in rule.values()] == ["实际值"]


def test_an_aim_after_a_colon_governs_its_paragraph():
    found = figures("《要点》明确了2027年工作目标：到2027年末，体系基本建成。用户数达到3亿户。\n")
    assert [(f.period, f.kind) for f in found.values()] == [("2027", "目标值")]
