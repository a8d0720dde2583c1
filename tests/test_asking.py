"""What amount a question asks for, read without any text at hand."""

import pytest

from app.retrieval.asking import asking, base_of, other_date
from app.understanding.understand import understand


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("几个工作日内答复", "个工作日"), ("署長幾人", "人"), ("日志要留存多久", "个月"), ("拘留几日", "日"), ("每年最高多少钱", "元"),
        ("参与单位最多几家", "家"), ("备案了多少款服务", "款"), ("占了几成", "%"),
    ],
)  # fmt: skip
def test_the_unit_of_the_answer(question, unit):
    assert unit in asking(understand(question)).units


@pytest.mark.parametrize(
    "question", ["每年省下多少人力成本", "涉及多少个人信息", "利用率是多少", "罚款多少", "押在哪几个产业上"]
)
def test_a_counter_that_begins_a_word_is_none(question):
    assert not asking(understand(question)).units


@pytest.mark.parametrize(
    ("question", "noun"),
    [
        ("备案要收费多少", "收费"), ("贷款额度是多少", "贷款"), ("到2025年建多少个物流枢纽", "枢纽"), ("署長幾人", "署长"),
        ("算力产业规模是多少", ""), ("准入门槛是多少", "准入"),
    ],
)  # fmt: skip
def test_the_thing_asked_about(question, noun):
    assert asking(understand(question)).noun == noun


def test_per_what():
    assert asking(understand("月最低工资标准是多少")).base == "月"
    assert base_of("调整后全市月最低工资标准每月", "（每日91元）") == {"月"}
    assert base_of("（每日", "）") == {"日"} and base_of("按", "/户/年给予奖励") == {"户", "年"}
    assert base_of("给予每人每月", "实习补贴") == {"人", "月"} and not base_of("产业规模突破", "")


def test_a_date_to_the_day_tells_sentences_of_one_year_apart():
    asked = asking(understand("截至2025年8月31日备案了多少款服务")).dates
    assert other_date(asked, "截至2025年3月31日，共有346款") and not other_date(asked, "截至2025年8月31日，累计538款")
    assert not other_date(asked, "全年新增446款") and not other_date((), "截至2025年3月31日")


def test_what_narrows_a_measure_down_and_where_it_is_asked_for():
    found = asking(understand("天河区港澳青年购车补贴多少钱"))
    assert found.modifiers == ("购车",) and found.places == ("天河区",)
