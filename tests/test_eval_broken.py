"""A pipeline that is broken on purpose fails the sample suite's gate; the same pipeline, whole, passes it.

One index and the whole suite, whose floors and baseline they are. What a break cannot better is not asked again: without
fusion only the passages are looked up anew, without the scope rule only what has no answer, and the citations are
shuffled in the answers that were given.
"""

import pytest

from app.build import open_engine
from app.retrieval import matching, retrieve
from app.retrieval.fuse import z_scores
from app.settings import Settings
from eval.asking import ask_case, ask_in_processes
from eval.gate import check
from eval.gold import find_suite
from eval.load import checked
from eval.outcome import find_judges
from eval.score import score_trace, summarise
from eval.trace import Record


class Bench:
    """The sample suite over one store: rows are asked for, a whole trace is judged."""

    def __init__(self, store):
        self.settings, self.suite = Settings(store=store), find_suite("sample")
        self.folders = self.suite.folders
        self.cases, self.corpus = checked(self.suite)
        self.judges = find_judges(self.suite, self.cases, gated=True, given=None)
        with open_engine(self.settings, writable=True) as engine:
            assert engine.ingest([str(folder) for folder in self.folders]).skipped == []
        self.whole = list(ask_in_processes(self.cases, self.settings, self.folders, 2))

    def failures(self, rows):
        trace = {row["id"]: Record.model_validate(row) for row in rows}
        summary = summarise(score_trace(self.cases, trace, self.corpus), {case.id: case for case in self.cases})
        assert summary["n"] == len(self.cases) > 100
        assert self.judges.baseline is not None
        return check(summary, self.judges.gate, self.judges.baseline)


class NoAnswers:
    """An engine of which only the passages are wanted: its answers are a given one."""

    def __init__(self, engine, answer):
        self.search, self.answer = engine.search, answer

    def ask(self, question, history):
        return self.answer


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    made = Bench(tmp_path_factory.mktemp("broken") / "store")
    assert made.failures(made.whole) == []
    return made


def _about(failures, *words):
    return [failure for failure in failures if any(word in failure for word in words)]


def test_without_fusion_the_evidence_sinks(bench, monkeypatch):
    def dense_only(query, plan, found, sources, fusion):
        ids = list(found.rows)
        return dict(zip(ids, map(float, z_scores([found.dense[i] for i in ids])), strict=True))

    monkeypatch.setattr(retrieve, "fuse", dense_only)
    with open_engine(bench.settings) as engine:
        seen = NoAnswers(engine, engine.ask("贵州算力利用率如何"))
        asked = {case.id: ask_case(seen, case, bench.folders)["hits"] for case in bench.cases if case.evidence}
    failures = bench.failures([{**row, "hits": asked.get(row["id"], row["hits"])} for row in bench.whole])
    assert _about(failures, "recall_at_5")


def test_without_the_scope_rule_the_nation_answers_for_a_province(bench, monkeypatch):
    fit = matching._fit

    def any_scope(query, figure, evidence):
        found = fit(query, figure, evidence)
        return "own" if found == "whole" else found

    monkeypatch.setattr(matching, "_fit", any_scope)
    open_ended = {case.id: case for case in bench.cases if not case.answerable}
    with open_engine(bench.settings) as engine:
        engine.search = lambda *_: []
        asked = {name: ask_case(engine, case, bench.folders) for name, case in open_ended.items()}
    failures = bench.failures([asked.get(row["id"], row) for row in bench.whole])
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
