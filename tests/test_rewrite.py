"""Follow-up questions made to stand alone."""

import pytest

from app.types import Turn
from app.understanding.rewrite import stand_alone
from app.understanding.understand import understand


def follow(question, *earlier):
    history = [turn for text in earlier for turn in (Turn("user", text), Turn("assistant", "上海的利用率是99%。"))]
    return understand(question, history)


def test_without_history_a_question_is_as_typed():
    assert stand_alone("那浙江呢?", ()) == "那浙江呢?"
    assert stand_alone("那浙江呢?", [Turn("user", "  "), Turn("assistant", "广东")]) == "那浙江呢?"


@pytest.mark.parametrize(
    ("question", "earlier", "regions", "term"),
    [
        ("那浙江呢？", ["广东的路线是什么"], ("330000",), "路线"),
        ("浙江", ["广东的路线是什么"], ("330000",), "路线"),
        ("换成贵州", ["全国数据中心平均利用率是多少"], ("520000",), "利用率"),
        ("全国呢", ["贵州算力利用率是多少"], ("CN",), "利用率"),
        ("how about Zhejiang?", ["What is Guangdong's strategy?"], ("330000",), "路线"),
        ("它的风险是什么", ["浙江的口号是什么"], ("330000",), "风险"),
        ("该省的短板", ["湖北的方向是什么"], ("420000",), "短板"),
        ("利用率呢", ["贵州机架有多少"], ("520000",), "利用率"),
        ("原因是什么", ["某北方省份投入500亿结果如何"], ("某北方省份",), "原因"),
        ("那深圳呢", ["贵州的做法是什么", "那合肥呢"], ("440300",), "做法"),  # through a follow-up before it
        ("它的风险呢", ["贵州的做法是什么", "那合肥呢"], ("340100",), "风险"),
    ],
)
def test_what_is_left_out_comes_from_the_question_before(question, earlier, regions, term):
    query = follow(question, *earlier)
    assert query.regions == regions and any(term in known.split("|") for known in query.terms)


@pytest.mark.parametrize(
    ("question", "earlier", "period", "head"),
    [
        ("2024年呢？", "贵州算力产业规模是多少", "2024", "规模"),
        ("那2025年二季度呢", "合肥2025年一季度量子科技营收", "2025Q2", "营收"),
        ("What about 2024?", "What was Hefei's quantum revenue in 2025?", "2024", "营收"),
    ],
)
def test_a_year_alone_keeps_the_measure_and_replaces_the_year(question, earlier, period, head):
    query = follow(question, earlier)
    assert query.periods == (period,) and query.heads == (head,) and query.kind == "number" and query.regions


def test_a_question_that_stands_alone_takes_nothing():
    query = follow("湖北的核心算法从哪里来", "浙江的口号是什么")
    assert query.regions == ("420000",) and query.text == "湖北的核心算法从哪里来"


def test_answers_of_the_assistant_are_never_a_source():
    assert follow("利用率呢", "贵州机架有多少").regions == ("520000",)  # the scripted answer speaks of 上海


@pytest.mark.parametrize(
    ("question", "earlier"), [("它比广东如何", "浙江的路线是什么"), ("和广东比呢", "浙江的路线是什么")]
)
def test_a_comparison_with_the_region_before(question, earlier):
    assert set(follow(question, earlier).regions) == {"440000", "330000"}


def test_thanks_are_no_follow_up():
    assert not follow("好的", "浙江的口号是什么").regions
