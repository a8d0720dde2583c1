"""The gate: hard rules, bounds, must-pass ids and the ratchet, each failing alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from eval_answers import SUITE, sample_cases

from eval.gate import Gate, check, flips, load_baseline, load_gate
from eval.reports.markdown import as_markdown
from eval.score import measure, summarise
from ingest.errors import InputError


def _summary(**correct: bool) -> dict[str, Any]:
    metrics = {name: {"value": 0.9, "n": 10, "interval": None} for name in measure([], {})}
    metrics["misattribution_rate"]["value"] = 0.0
    return {"metrics": metrics, "cases": [{"id": name, "correct": value} for name, value in correct.items()]}


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


def test_must_pass_ids_fail_wrong_or_absent() -> None:
    assert check(_summary(a=False), GATE) == ["必过题 a 未通过"]
    assert check(_summary(b=True), GATE) == ["必过题 a 不在本次运行中"]


def test_ratchet_lists_flips_and_fails_on_a_loss() -> None:
    before = _summary(a=True, b=True, c=False, old=True)
    assert flips(_summary(a=True, b=False, c=True, new=True), before) == (["b"], ["c"])
    assert check(_summary(a=True, b=False, c=True), GATE, before) == []
    (only,) = check(_summary(a=True, b=False, c=False), GATE, before)
    assert "b" in only


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
    assert "| 正确率 `accuracy` |  | 0 |  |" in text
    assert "未通过 0 题" in text
