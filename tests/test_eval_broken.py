"""A pipeline that is broken on purpose fails the sample suite's gate; the same pipeline, whole, passes it.

One index, that of the other tests, and the whole suite: floors and baseline are of the whole. What a break cannot touch
is not asked again: the citations are shuffled in the answers that were given, and the scope rule finds no passages.
"""

import pytest

from app.build import open_engine
from app.retrieval import matching, retrieve
from app.retrieval.fuse import z_scores
from app.settings import Settings
from eval.asking import ask_case
from eval.gate import check
from eval.gold import find_suite
from eval.load import checked
from eval.outcome import find_judges
from eval.score import score_trace, summarise
from eval.trace import Record


class Bench:
    """The sample suite over one engine: rows are asked for, a whole trace is judged."""

    def __init__(self, engine):
        self.engine, self.suite = engine, find_suite("sample")
        self.cases, self.corpus = checked(self.suite)
        self.judges = find_judges(self.suite, self.cases, gated=True, given=None)
        self.whole = self.ask()

    def ask(self, engine=None):
        return [ask_case(engine or self.engine, case, self.suite.corpus) for case in self.cases]

    def failures(self, rows):
        trace = {row["id"]: Record.model_validate(row) for row in rows}
        verdicts = score_trace(self.cases, trace, self.corpus)
        summary = summarise(verdicts, {case.id: case for case in self.cases})
        assert summary["n"] == len(self.cases) > 100
        assert self.judges.baseline is not None
        return check(summary, self.judges.gate, self.judges.baseline)


class NoSearch:
    """An engine whose passages are not looked at."""

    def __init__(self, engine):
        self.ask = engine.ask

    def search(self, question, k, history):
        return []


@pytest.fixture(scope="module")
def bench(sample_store):
    with open_engine(Settings(store=sample_store)) as engine:
        made = Bench(engine)
        assert made.failures(made.whole) == []
        yield made


def _about(failures, *words):
    return [failure for failure in failures if any(word in failure for word in words)]


def test_without_fusion_the_evidence_sinks(bench, monkeypatch):
    def dense_only(query, plan, found, sources):
        ids = list(found.rows)
        return dict(zip(ids, map(float, z_scores([found.dense[i] for i in ids])), strict=True))

    monkeypatch.setattr(retrieve, "fuse", dense_only)
    assert _about(bench.failures(bench.ask()), "recall_at_5")


def test_without_the_scope_rule_the_nation_answers_for_a_province(bench, monkeypatch):
    fit = matching._fit

    def any_scope(query, figure, evidence):
        found = fit(query, figure, evidence)
        return "own" if found == "whole" else found

    monkeypatch.setattr(matching, "_fit", any_scope)
    hits = {row["id"]: row["hits"] for row in bench.whole}
    failures = bench.failures([{**row, "hits": hits[row["id"]]} for row in bench.ask(NoSearch(bench.engine))])
    assert _about(failures, "比基线少对")
    assert _about(failures, "abstention_recall", "misattribution_rate", "必过题 mis-")


def test_shuffled_citations_are_misattribution(bench):
    def shuffled(row):
        cited = row["answer"]["citations"]
        turned = [{**cited[(i + 1) % len(cited)], "id": own["id"]} for i, own in enumerate(cited)]
        return {**row, "answer": {**row["answer"], "citations": turned}}

    failures = bench.failures([shuffled(row) for row in bench.whole])
    assert _about(failures, "硬性要求 misattribution_rate")
    assert _about(failures, "citation_precision")
    assert _about(failures, "基线中没有张冠李戴")
