"""Retrieval and citations counted by hand, every metric of the summary met and missed, and the ranges of all of them."""

import math
from dataclasses import replace
from typing import Any

import pytest
from eval_answers import Line, Made, sample_cases, sample_corpus
from hypothesis import given
from hypothesis import strategies as st

from eval import citing
from eval.citing import citations
from eval.corpus import Corpus, Paper, known_scopes
from eval.gate import Gate
from eval.gold import Case
from eval.retrieval import NAMES, retrieval
from eval.score import STAGES, Verdict, measure, score_case
from eval.trace import Hit, Record, Said

TEXTS: Corpus = {
    "a.md": Paper("甲地产值10亿元。乙地产值20亿元。丙地无数据。", ()),
    "b.md": Paper("据统计，甲地产值10亿元。", ()),
    "c.md": Paper("第一页的话。第二页的话。", (), ((1, 0, 6), (2, 6, 12))),
}
CASE = sample_cases()["num-003"]


def case(evidence: list[tuple[str, str]], facts: list[str], **more: Any) -> Case:
    rows = [{"id": text, "vital": True, "type": "text", "any": [text]} for text in facts]
    quotes = [{"source": source, "quote": quote} for source, quote in evidence]
    return Case.model_validate(CASE.model_dump() | {"facts": rows, "evidence": quotes} | more)


TWO = case([("a.md", "甲地产值10亿元。"), ("a.md", "乙地产值20亿元。")], ["10亿", "20亿"])
EITHER = case([("a.md", "甲地产值10亿元。"), ("b.md", "甲地产值10亿元")], ["10亿"])
FIRST, SECOND, BOTH = (
    Hit(source="a.md", start=0, end=9),
    Hit(source="a.md", start=9, end=18),
    Hit(source="a.md", start=0, end=18),
)
NOTHING = Hit(source="a.md", start=18, end=24)


def test_retrieval_by_hand() -> None:
    found = retrieval(TWO, [NOTHING, FIRST, NOTHING, SECOND], TEXTS)
    ideal = 1 + 1 / math.log2(3)
    assert found == pytest.approx({
        "r_at_1": 0.0, "r_at_5": 1.0, "r_at_10": 1.0, "success_at_1": 0.0, "success_at_5": 1.0, "all_evidence_at_5": 1.0,
        "ndcg_at_10": (1 / math.log2(3) + 1 / math.log2(5)) / ideal,
    })  # fmt: skip


def test_a_hit_finds_what_it_holds_and_finds_it_once() -> None:
    found = retrieval(TWO, [BOTH, FIRST, BOTH], TEXTS)
    assert set(found.values()) == {1.0}
    assert retrieval(TWO, [NOTHING] * 5 + [BOTH], TEXTS)["all_evidence_at_5"] == 0.0
    assert retrieval(TWO, [Hit(source="a.md", start=1, end=9)], TEXTS)["r_at_10"] == 0.0  # not the whole quote
    assert retrieval(TWO, [Hit(source="b.md", start=0, end=12)], TEXTS)["r_at_10"] == 0.0  # the same words elsewhere


def test_one_of_two_sources_is_all_that_a_fact_needs() -> None:
    found = retrieval(EITHER, [FIRST], TEXTS)
    assert (found["r_at_5"], found["all_evidence_at_5"]) == (0.5, 1.0)


def test_without_hits_zero_and_without_evidence_none() -> None:
    assert set(retrieval(TWO, [], TEXTS).values()) == {0.0}
    assert set(retrieval(case([], [], answerable=False), [FIRST], TEXTS).values()) == {None}


def said(*spans: tuple[str, int, int]) -> Said:
    rows = [{"id": n, "source": s, "start": a, "end": b, "quote": "x"} for n, (s, a, b) in enumerate(spans, 1)]
    return Said.model_validate({"question": "", "answer": "", "abstained": False, "sentences": [], "citations": rows})


def scores(found: dict[str, float | None], level: str) -> list[float | None]:
    return [found[f"citation_{level}_{name}"] for name in ("precision", "recall", "f1")]


def test_citations_by_hand() -> None:
    found = citations(TWO, said(("a.md", 3, 9), ("a.md", 18, 24), ("b.md", 0, 4)), TEXTS)
    assert scores(found, "sentence") == pytest.approx([1 / 3, 1 / 2, 2 / 5])
    assert scores(found, "page") == pytest.approx([2 / 3, 1.0, 4 / 5])
    assert scores(citations(EITHER, said(("b.md", 0, 12)), TEXTS), "sentence") == [1.0, 1.0, 1.0]
    assert scores(citations(TWO, said(), TEXTS), "sentence") == [None, 0.0, 0.0]
    assert scores(citations(TWO, said(("a.md", 9, 9)), TEXTS), "sentence") == [0.0, 0.0, 0.0]
    assert set(citations(case([], [], answerable=False), said(("a.md", 0, 9)), TEXTS).values()) == {None}


def test_pages_part_a_paged_text() -> None:
    second = case([("c.md", "第二页的话")], ["第二页"])
    assert scores(citations(second, said(("c.md", 0, 6)), TEXTS), "page") == [0.0, 0.0, 0.0]
    assert scores(citations(second, said(("c.md", 6, 9)), TEXTS), "page") == [1.0, 1.0, 1.0]


SCALE = ("01_guizhou.md", "2025年，贵州算力产业的规模突破120亿元，场景化服务在其中的占比达40%。")
RIGHT = Made("num-003", (Line("2025年，贵州算力产业的规模突破120亿元。", (SCALE,)),))
WRONG = Made(
    "num-003", (Line("2025年，湖南算力产业的规模突破130亿元。", (SCALE,)), Line("各地应当尽快出台补贴政策。", (SCALE,)))
)
HELD = {"source": SCALE[0], "start": 0, "end": len(sample_corpus()[SCALE[0]].text)}
USAGE = {"prompt_tokens": 900, "completion_tokens": 90, "cost": 0.5}


def verdict(case_id: str, made: Made | None, hits: list[Any] = [], **more: Any) -> Verdict:  # noqa: B006
    answer = None if made is None else {**made.to_json(), **more}
    record = Record.model_validate({"id": case_id, "answer": answer, "hits": hits, "seconds": 0.2})
    return score_case(sample_cases()[case_id], record, sample_corpus(), known_scopes([sample_cases()[case_id]]))


def _broken_quote(made: Made) -> dict[str, Any]:
    row = made.to_json()["citations"][0]
    return {"citations": [{**row, "quote": row["quote"][:-1]}]}


GOOD = [
    verdict("num-003", RIGHT, [HELD], timings_ms={stage: 5.0 for stage in STAGES}, usage=USAGE),
    replace(verdict("num-003", RIGHT, [HELD]), id="num-003-typo"),
    verdict("una-001", Made("una-001", (), abstained=True, lead="资料未披露江苏的AI产业规模。")),
]
BAD = [
    verdict("num-003", WRONG, timings_ms={stage: 50.0 for stage in STAGES}, usage={**USAGE, "prompt_tokens": 9000}),
    verdict("num-004", RIGHT, answer="见 [7]。", abstained=True),
    verdict("num-008", RIGHT, [], **_broken_quote(RIGHT)),
    verdict("una-001", RIGHT),
    replace(verdict("num-003", None), id="num-003-typo"),
]
LOWER_IS_BETTER = {"over_refusal_rate", "misattribution_rate", "misbinding_rate"}
OPEN = {name for name in measure([], {}) if name.startswith(("latency", "tokens", "cost"))}  # no ideal value


@pytest.mark.parametrize("name", sorted(set(measure([], {})) - OPEN))
def test_no_metric_is_met_or_missed_by_everything(name: str) -> None:
    good, bad = measure(GOOD, sample_cases())[name].value, measure(BAD, sample_cases())[name].value
    if name == "abstention_precision":
        assert (good, bad) == (1.0, 0.0)
    assert good == (0.0 if name in LOWER_IS_BETTER else 1.0)
    assert bad is not None
    assert (bad > 0.0) if name in LOWER_IS_BETTER else (bad < 1.0)


def test_open_metrics_follow_the_answers() -> None:
    good, bad = measure(GOOD, sample_cases()), measure(BAD, sample_cases())
    assert {name for name in OPEN if good[name].value is None} == set()
    for stage in STAGES:
        assert (good[f"latency_{stage}_p95"].value, bad[f"latency_{stage}_p95"].value) == (0.005, 0.05)
    assert (good["tokens_prompt"].value, bad["tokens_prompt"].value, good["tokens_prompt"].n) == (900.0, 9000.0, 1)
    assert (good["tokens_completion"].value, good["cost"].value) == (90.0, 0.5)


def test_every_metric_may_stand_in_a_gate() -> None:
    names = set(measure([], {}))
    assert {*NAMES, *citing.NAMES, "accuracy", "recall_at_5", "misbinding_rate", "latency_retrieve_p95"} <= names
    assert set(Gate(hard={}, floors=dict.fromkeys(names, 0.0)).floors) == names


spans = st.tuples(st.sampled_from(["a.md", "b.md", "c.md", "none.md"]), st.integers(0, 24), st.integers(0, 24))


@given(st.lists(spans, max_size=12))
def test_retrieval_is_within_0_and_1_and_grows_with_depth(drawn: list[tuple[str, int, int]]) -> None:
    hits = [Hit(source=source, start=a, end=b) for source, a, b in drawn]
    found = {name: value for name, value in retrieval(TWO, hits, TEXTS).items() if value is not None}
    assert len(found) == len(NAMES)
    assert all(0.0 <= value <= 1.0 + 1e-9 for value in found.values())
    assert found["r_at_1"] <= found["r_at_5"] <= found["r_at_10"]
    assert found["r_at_5"] <= found["success_at_5"]
    assert found["all_evidence_at_5"] == float(found["r_at_5"] == 1.0)  # each fact has one quote here


@given(st.lists(spans, max_size=8))
def test_citation_scores_are_within_0_and_1_and_pages_are_no_stricter(drawn: list[tuple[str, int, int]]) -> None:
    found = citations(TWO, said(*drawn), TEXTS)
    for level in ("sentence", "page"):
        right, wanted, both = scores(found, level)
        assert (right is None) == (not drawn)
        assert wanted is not None
        assert both is not None
        assert 0.0 <= both <= 1.0
        assert min(right or 0.0, wanted) - 1e-9 <= both <= max(right or 0.0, wanted) + 1e-9
    assert (found["citation_sentence_recall"] or 0.0) <= (found["citation_page_recall"] or 0.0)
