"""The gate: what a summary must reach, and what it must not lose against a baseline."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from eval.score import measure
from ingest.errors import InputError

_METRICS = frozenset(measure([], {}))


class Gate(BaseModel):
    """A gate file: `hard` values are met exactly, `floors` and `ceilings` bound metrics, `must_pass` lists case ids."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hard: dict[str, float]
    floors: dict[str, float] = {}
    ceilings: dict[str, float] = {}
    must_pass: tuple[str, ...] = ()

    @field_validator("hard", "floors", "ceilings")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(value) - _METRICS)
        if unknown:
            raise ValueError(f"没有指标 {unknown[0]}")
        return value


def load_gate(path: Path) -> Gate:
    """Read a gate file. Raises InputError naming the file and what is wrong with it."""
    try:
        return Gate.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise InputError(f"门槛文件有误：{path}：{reason}", "按自带的 gate.toml 修改") from error


def load_baseline(path: Path) -> dict[str, Any]:
    """Read the summary.json of an earlier run. Raises InputError if it is none."""
    try:
        baseline: Any = json.loads(path.read_text(encoding="utf-8"))
        verdicts(baseline)
    except FileNotFoundError as error:
        raise InputError(f"没有基线文件：{path}", "给出以前一次运行的 summary.json") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"不是评测结果：{path}", "给出以前一次运行的 summary.json") from error
    return dict(baseline)


def verdicts(summary: Mapping[str, Any]) -> dict[str, bool]:
    """Return whether each case of a summary is correct, by id."""
    return {str(case["id"]): bool(case["correct"]) for case in summary["cases"]}


def flips(summary: Mapping[str, Any], baseline: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Ids that were correct in the baseline and are not now, and the other way round; only ids in both count."""
    now, before = verdicts(summary), verdicts(baseline)
    shared = [case for case in now if case in before]
    lost = [case for case in shared if before[case] and not now[case]]
    return lost, [case for case in shared if now[case] and not before[case]]


def check(summary: Mapping[str, Any], gate: Gate, baseline: Mapping[str, Any] | None = None) -> list[str]:
    """Return what fails the gate, one line each; [] if it is passed.

    Fails: a hard value not met, or with nothing to take it from; a metric below its floor or above its ceiling (not one
    without cases, as in a part of a suite); a must-pass case that is not correct or not in the run; against a baseline,
    fewer correct cases than it had among the shared ones.
    """
    metrics = {name: cell["value"] for name, cell in summary["metrics"].items()}
    failures = []
    for name, wanted in gate.hard.items():
        if metrics[name] != wanted:
            found = "无从计算" if metrics[name] is None else f"实为 {metrics[name]:.4f}"
            failures.append(f"硬性要求 {name} 应为 {wanted:g}，{found}")
    for name, floor in gate.floors.items():
        if metrics[name] is not None and metrics[name] < floor:
            failures.append(f"{name} 应不低于 {floor:g}，实为 {metrics[name]:.4f}")
    for name, ceiling in gate.ceilings.items():
        if metrics[name] is not None and metrics[name] > ceiling:
            failures.append(f"{name} 应不高于 {ceiling:g}，实为 {metrics[name]:.4f}")
    now = verdicts(summary)
    for case in gate.must_pass:
        if not now.get(case):
            failures.append(f"必过题 {case} {'未通过' if case in now else '不在本次运行中'}")
    if baseline is not None:
        lost, won = flips(summary, baseline)
        if len(lost) > len(won):
            fewer, changed = len(lost) - len(won), f"变错 {'、'.join(lost)}；变对 {'、'.join(won) or '无'}"
            failures.append(f"比基线少对 {fewer} 题：{changed}")
    return failures
