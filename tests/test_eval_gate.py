"""The gate: hard rules, bounds, must-pass ids and the ratchet, each failing alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from eval_answers import SUITE, sample_cases

from eval.baseline import check_baseline, flips, from_summary, load_baseline, write_baseline
from eval.gate import Gate, Ratchet, check, check_must_pass, load_gate
from eval.gold import SUITES, load_suite
from eval.reports.markdown import as_markdown
from eval.score import measure, summarise
from ingest.errors import InputError

CASE = {"group_id": "g", "misattributed": False, "abstained": False, "recall5": 1.0}


def _summary(**correct: bool) -> dict[str, Any]:
    metrics = {name: {"value": 0.9, "n": 10, "interval": None} for name in measure([], {})}
    metrics["misattribution_rate"]["value"] = 0.0
    cases = [{**CASE, "id": name, "correct": value} for name, value in correct.items()]
    return {"metrics": metrics, "cases": cases, "run": {"suite": "s", "rows": {name: f"{name}-1" for name in correct}}}


def _with(summary: dict[str, Any], case: str, **fields: Any) -> dict[str, Any]:
    """The summary with fields of one case set otherwise."""
    cases = [{**row, **fields} if row["id"] == case else row for row in summary["cases"]]
    return {**summary, "cases": cases}


GATE = Gate(
    hard={"misattribution_rate": 0.0}, floors={"accuracy": 0.9}, ceilings={"over_refusal_rate": 0.9}, must_pass=("a",)
)


def test_passes_at_its_bounds() -> None:
    assert check(_summary(a=True, b=False), GATE) == []


@pytest.mark.parametrize(
    ("metric", "value", "failure"),
    [
        ("misattribution_rate", 0.01, "硬性要求 misattribution_rate"),
        ("misattribution_rate", None, "无从计算"),
        ("accuracy", 0.89, "accuracy 应不低于"),
        ("over_refusal_rate", 0.91, "over_refusal_rate 应不高于"),
    ],
)
def test_each_bound_fails_alone(metric: str, value: float | None, failure: str) -> None:
    summary = _summary(a=True)
    summary["metrics"][metric]["value"] = value
    (only,) = check(summary, GATE)
    assert failure in only


@pytest.mark.parametrize(("metric", "word"), [("accuracy", "不低于 0.9"), ("over_refusal_rate", "不高于 0.9")])
def test_a_bound_without_cases_fails_a_whole_run_only(metric: str, word: str) -> None:
    summary = _summary(a=True)
    summary["metrics"][metric]["value"] = None
    assert check(summary, GATE) == []
    assert check(summary, GATE, whole=True) == [f"{metric} 应{word}，无从计算"]


def test_a_case_of_the_baseline_that_is_left_out_fails_a_whole_run_only() -> None:
    held = from_summary(_summary(a=True, b=False, c=True))
    assert check(_summary(a=True), GATE, held) == []
    (only,) = check(_summary(a=True), GATE, held, whole=True)
    assert only.startswith("基线中有 2 题不在本次运行中：b、c")


def test_the_mean_recall_may_fall_by_just_what_the_ratchet_allows() -> None:
    held = from_summary(_summary(**{f"c{i}": True for i in range(100)}))
    gate = Gate(hard={}, ratchet=Ratchet(recall=0.01))
    for recall, failures in ((0.0, 0), (-0.004, 1)):  # of one case in a hundred: 0.01 and 0.01004 less
        now = _with(_summary(**{f"c{i}": True for i in range(100)}), "c7", recall5=recall)
        assert len(check(now, gate, held)) == failures


def test_must_pass_ids_fail_wrong_or_absent() -> None:
    assert check(_summary(a=False), GATE) == ["必过题 a 未通过"]
    assert check(_summary(b=True), GATE) == ["必过题 a 不在本次运行中"]


BEFORE = _summary(a=True, b=True, c=False, old=True)
HELD = from_summary(BEFORE)


@pytest.mark.parametrize(
    ("now", "failure"),
    [
        (_summary(a=True, b=False, c=True, new=False), ""),  # one for one
        (_summary(a=True, b=False, c=False, new=True), "比基线少对 1 题：变错 b；变对 无"),  # a new case pays for none
        (_summary(a=True, b=True), ""),  # a part of the suite
        (_with(_summary(a=True, b=True, c=False), "c", misattributed=True), "基线中没有张冠李戴，现在有：c"),
        (_with(_summary(a=True, b=False, c=True), "b", misattributed=True), "基线中没有张冠李戴，现在有：b"),
        (_with(_summary(a=True, b=True, c=False), "a", recall5=0.5), "recall_at_5 比基线低 0.1667：a"),
        (_with(_summary(a=True, b=True, c=False), "a", recall5=0.98), ""),  # within what rounding may turn
        (_with(_summary(a=True, b=True, c=False), "a", recall5=None), ""),
    ],
)
def test_each_rule_of_the_ratchet_fails_alone(now: dict[str, Any], failure: str) -> None:
    assert check(now, GATE, HELD) == ([failure] if failure else [])


def test_flips_are_listed_both_ways_and_a_gate_may_allow_for_some() -> None:
    now = _summary(a=True, b=False, c=True, new=True)
    found = flips(now, HELD)
    assert (found.lost, found.won, found.misattributed, found.sunk) == (("b",), ("c",), (), ())
    worse = _summary(a=True, b=False, c=False)
    assert check(worse, GATE.model_copy(update={"ratchet": Ratchet(fewer=1)}), HELD) == []


def test_what_was_misattributed_before_may_stay_so() -> None:
    wrong = _with(_summary(a=True, b=False), "b", misattributed=True)
    assert check(wrong, GATE, from_summary(wrong)) == []


def test_baseline_is_one_line_a_case_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    write_baseline(path, HELD)
    assert load_baseline(path) == HELD
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line.split('"')[1] for line in lines if '"correct"' in line] == ["a", "b", "c", "old"]
    (tmp_path / "summary.json").write_text(json.dumps(BEFORE), encoding="utf-8")
    assert load_baseline(tmp_path / "summary.json") == HELD


def test_another_version_of_the_gold_is_told_row_by_row() -> None:
    drift = check_baseline(HELD, Path("b.json"), "s", {"a": "a-1", "b": "b-2", "c": "c-1", "new": "new-1"})
    assert str(drift) == "新增 1 题（new），删去 1 题（old），改动 1 题（b）"
    assert not check_baseline(HELD, Path("b.json"), "s", {name: f"{name}-1" for name in HELD.cases})
    with pytest.raises(InputError, match="套件 s 的基线，不是 other"):
        check_baseline(HELD, Path("b.json"), "other", {"a": "a-1"})
    with pytest.raises(InputError, match="没有共有的题目"):
        check_baseline(HELD, Path("b.json"), "s", {"x": "x-1"})


@pytest.mark.parametrize("suite", ["sample", "official"])
def test_committed_baseline_is_of_its_suite_and_holds_what_its_gate_demands(suite: str) -> None:
    folder = SUITES / suite
    baseline, gate = load_baseline(folder / "baseline.json"), load_gate(folder / "gate.toml")
    cases = load_suite(folder / "gold.jsonl")
    assert baseline.suite == suite
    assert baseline.rows == len(baseline.cases) > 100
    assert baseline.cases.keys() & {case.id for case in cases}
    assert not [name for name, wanted in gate.hard.items() if baseline.metrics[name] != wanted]
    assert not [name for name, floor in gate.floors.items() if (baseline.metrics[name] or 0) < floor]
    assert all(baseline.cases[case].correct for case in gate.must_pass if case in baseline.cases)
    check_must_pass(gate, folder / "gate.toml", {case.id for case in cases})


def test_bundled_gate_loads_and_names_cases_of_its_suite() -> None:
    assert SUITE.gate is not None
    gate = load_gate(SUITE.gate)
    assert gate.hard == {"misattribution_rate": 0.0, "marker_validity": 1.0, "quote_exactness": 1.0}
    assert set(gate.must_pass) <= set(sample_cases())


@pytest.mark.parametrize("text", ["[hard]\nspeed = 1", "[hard", "floors = 3", "[hard]\n[extra]\nx = 1"])
def test_bad_gate_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"gate\.toml"):
        load_gate(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cases": [{"id": "a"}]}'])
def test_bad_baseline_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"old\.json"):
        load_baseline(path)


def test_report_of_an_empty_part_has_blank_cells_and_survives_json() -> None:
    summary = json.loads(json.dumps(summarise([], {})))
    text = as_markdown(summary, "评测")
    assert "| 正确率 `accuracy` |  | 0 |  |  |" in text
    assert "未通过 0 题" in text
