"""Calibration: questions end in one of five ways, and thresholds change only within their block."""

from pathlib import Path

import pytest

from app.build import open_engine
from app.retrieval.thresholds import Thresholds, thresholds, using
from app.settings import load_settings
from eval.calibrate import count, line, outcome, prepare, score
from eval.gold import SUITES, load_suite

QUESTIONS = Path(__file__).parent / "data" / "number_questions.jsonl"


@pytest.fixture(scope="module")
def prepared(sample_store):
    cases = [
        c for c in load_suite(SUITES / "sample" / "gold.jsonl") if c.id in {"num-001", "num-002", "una-001", "mis-001"}
    ]
    with open_engine(load_settings({}, store=str(sample_store))) as engine:
        return prepare(engine, cases)


def test_how_questions_end(prepared):
    ends = {one.case.id: outcome(one)[0] for one in prepared}
    assert ends == {"num-001": "right", "num-002": "right", "una-001": "refused", "mis-001": "right"}


def test_a_threshold_that_nothing_passes_refuses_what_has_an_answer(prepared):
    counts = count(prepared, Thresholds(min_match=1.1, full_match=1.1, min_coverage=9.0, other_words=9.0))
    assert counts["over_refused"] > 0 and counts["refused"] == 1
    assert thresholds() == Thresholds()
    assert score(counts) < score(count(prepared, Thresholds()))
    assert line("min_match", 0.3, counts, True).startswith("| min_match | 0.3 * |")


def test_other_thresholds_end_with_their_block():
    with pytest.raises(ValueError, match="stop"), using(Thresholds(full_match=0.9)):
        assert thresholds().full_match == 0.9
        raise ValueError("stop")
    assert thresholds() == Thresholds()


def test_each_split_has_as_many_questions_without_an_answer_as_with_one():
    cases = load_suite(QUESTIONS)
    for split, least in (("dev", 50), ("test", 25)):
        answerable = [case.answerable for case in cases if case.split == split]
        assert sum(answerable) >= least and abs(2 * sum(answerable) - len(answerable)) <= 2
    assert len({case.question for case in cases}) == len(cases)
