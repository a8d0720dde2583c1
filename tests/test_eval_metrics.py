"""Each metric on cases small enough to count by hand, and the text reduction under all of them."""

import pytest
from eval_answers import Line, Made, judge, sample_cases, sample_corpus

from eval import metrics
from eval.answers import read_answer
from eval.metrics import Rate
from eval.quantities import same_quantity, stated_quantities
from eval.score import measure
from eval.text import contains, squash
from eval.trace import Hit, Said

SALARY = ("11_talent_factor.md", "在广东和浙江，AI技术岗的平均薪资要比中西部地区高30%至50%")
NATION = ("09_computing_overview.md", "2025年国内数据中心的平均利用率约65%。")


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("缺口已突破５００万。", "500万"), ("“卡脖子”難題依然存在", "卡脖子难题依然存在"), ("约 1,200 家", "1200家"),
        ("供给与需求之比为1：10，", "1:10"), ("高30%–50%", "30%-50%"), ("Guizhou's Rate", "guizhou s rate"),
    ],
)  # fmt: skip
def test_contains_across_width_script_and_punctuation(text: str, needle: str) -> None:
    assert contains(text, needle)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("缺口1500万", "500万"), ("缺口500万亿", "500万"), ("1:100", "1:10"), ("不足11/8", "1/8"),
        ("1.5 million", "5 million"),
        ("到2025，10家", "202510家"), ("AI种业", "AI+种业"), ("65‰", "65%"), ("10.12", "10.1"),
    ],
)  # fmt: skip
def test_contains_keeps_numbers_apart(text: str, needle: str) -> None:
    assert not contains(text, needle)


def test_squash_positions_point_into_the_original() -> None:
    text = "“２０２５年”，约 65％。"
    reduced = squash(text)
    span = reduced.find(squash("65%").text)
    assert span is not None
    assert text[reduced.at[span[0]] : reduced.at[span[1] - 1] + 1] == "65％"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("超30万个", "超过300,000个", True), ("over 300,000 racks", "超30万个", True),
        ("about 65 percent", "约65%", True),
        ("超过十五个省份", "超15个", True), ("1.2 billion yuan", "12亿元", True), ("投入500亿", "投入500亿元", True),
        ("约65%", "65%", False), ("65个百分点", "65%", False), ("超400所", "超400家", False),
        ("120亿元", "120亿美元", False),
        ("30%至50%", "30%", False), ("近500万元", "约500万元", False),
    ],
)  # fmt: skip
def test_same_quantity(a: str, b: str, same: bool) -> None:
    assert same_quantity(stated_quantities(a)[0], stated_quantities(b)[0]) is same


def test_wilson_and_percentile() -> None:
    assert metrics.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert metrics.wilson(0, 0) is None
    low, high = metrics.wilson(0, 20) or (1, 0)
    assert (low, round(high, 3)) == (0.0, 0.161)
    assert metrics.percentile([3.0, 1.0, 2.0, 4.0], 0.5) == 2.0
    assert metrics.percentile([3.0, 1.0, 2.0, 4.0], 0.95) == 4.0
    assert metrics.percentile([], 0.5) is None
    assert metrics.mean([1.0, None, 0.0]) == 0.5
    assert metrics.mean([None]) is None
    assert Rate(0, 0).value is None


def _hit(source: str, quote: str) -> Hit:
    start = sample_corpus()[source].text.index(quote)
    return Hit(source=source, start=start, end=start + len(quote))


def test_retrieval_recall_counts_a_fact_once_from_any_brief() -> None:
    case, corpus = sample_cases()["cmp-004"], sample_corpus()
    north = _hit("08_northern_province.md", "该省算力中心的利用率不足35%。")
    other = _hit("07_hefei.md", "把量子计算的龙头企业引进来。")
    assert metrics.retrieval_recall(case, [north], corpus) == 0.5
    assert metrics.retrieval_recall(case, [north, _hit(*NATION)], corpus) == 1.0
    assert metrics.retrieval_recall(case, [other] * 5 + [north], corpus) == 0.0
    either = sample_cases()["num-002"]
    second = _hit("01_guizhou.md", "国内数据中心在2025年的平均利用率约65%")
    assert metrics.retrieval_recall(either, [second], corpus) == 1.0
    assert metrics.retrieval_recall(sample_cases()["una-006"], [north], corpus) is None


def test_abstention_rates_leave_out_traps_that_may_do_either() -> None:
    cases = sample_cases()
    pairs = [(cases["una-001"], True), (cases["una-002"], False), (cases["num-001"], True), (cases["num-002"], False)]
    precision, recall, over = metrics.abstention([*pairs, (cases["mis-001"], True), (cases["mis-002"], False)])
    assert (precision, recall, over) == (Rate(1, 2), Rate(1, 2), Rate(1, 2))
    assert metrics.abstention([]) == (Rate(0, 0), Rate(0, 0), Rate(0, 0))


def test_robustness_needs_all_variants_of_a_group() -> None:
    cases = sample_cases()
    right = [(cases[name], True) for name in ("look-005", "look-005-en", "look-005-trad", "look-001", "look-002")]
    assert metrics.robustness([*right, (cases["look-002-trad"], False)]) == Rate(1, 2)


def test_citation_precision_counts_sentences_that_their_quotes_bear_out() -> None:
    made = Made(
        "num-019",
        (
            Line("广东和浙江AI技术岗的平均薪资比中西部地区高30%至50%。", (SALARY,)),
            Line("各地应当尽快出台更有力的人才引进补贴政策，并扩大高校招生规模。", (SALARY,)),
            Line("AI技术岗的平均薪资要比中西部地区高70%。", (SALARY,)),
        ),
    )
    assert judge(made).supported == Rate(1, 3)


def test_must_not_is_the_answers_own_claim_only() -> None:
    case = sample_cases()["mis-006"]

    def hits(text: str) -> list[str]:
        said = Said(question=case.question, answer=text, abstained=False, sentences=(), citations=())
        return metrics.must_not_hits(case, read_answer(said))

    assert hits("贵州的利用率\n不足３５％。") == ["贵州的利用率不足35%"]
    assert hits("没有资料，但贵州的利用率不足35%") == ["贵州的利用率不足35%"]
    assert hits("没有资料说贵州的利用率不足35%。") == []
    assert hits("“贵州算力中心的利用率不足35%吗”问的是贵州。") == []


def test_measures_over_nothing_are_none_not_zero() -> None:
    found = measure([], {})
    assert {name for name, cell in found.items() if cell.value is not None} == set()
    assert all(cell.n == 0 for cell in found.values())
