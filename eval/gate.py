"""The gate: what a summary must reach, and what it must not lose against a baseline.

The ratchet, in the cases that run and baseline share. A case that turned wrong is tolerated only if as many others turned
right (or the gate file's [ratchet] allows for `fewer`: an LLM does not say the same twice), if it is none of `must_pass`,
and if no figure in it went to another owner: that fails alone. The mean recall@5 may fall by `recall`, for a rank may turn
with the rounding of another processor. Whatever turned is listed, tolerated or not.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, field_validator

from eval.baseline import Baseline, flips
from ingest.errors import InputError

_HINT = "按自带的 gate.toml 修改"


class Ratchet(BaseModel):
    """What may be lost against the baseline: so many right cases net, and so much of the mean recall@5."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fewer: int = Field(default=0, ge=0)
    recall: FiniteFloat = Field(default=0.01, ge=0)


class Gate(BaseModel):
    """A gate file: `hard` values are met exactly, `floors` and `ceilings` bound metrics, `must_pass` lists case ids."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hard: dict[str, FiniteFloat]
    floors: dict[str, FiniteFloat] = {}
    ceilings: dict[str, FiniteFloat] = {}
    must_pass: tuple[str, ...] = ()
    ratchet: Ratchet = Ratchet()

    @field_validator("hard", "floors", "ceilings")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        from eval.score import measure  # with ir_measures, which a gate file alone does not need

        unknown = sorted(set(value) - set(measure([], {})))
        if unknown:
            raise ValueError(f"没有指标 {unknown[0]}")
        return value


def load_gate(path: Path) -> Gate:
    """Read a gate file. Raises InputError naming the file, the line where one can be told, and what is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return Gate.model_validate(tomllib.loads(text))
    except OSError as error:
        raise InputError(f"读不了门槛文件：{path}：{error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"门槛文件不是 UTF-8：{path}", "另存为 UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise InputError(f"门槛文件有误：{path}{f' 第 {line[1]} 行' if line else ''}：{error}", _HINT) from error
    except ValidationError as error:
        first = error.errors()[0]
        reason, where = first["msg"].removeprefix("Value error, "), ".".join(str(part) for part in first["loc"])
        named = reason.rpartition(" ")[2] if first["type"] == "value_error" else where.rpartition(".")[2]
        raise InputError(f"门槛文件有误：{path}{_line_of(named, text)}：{where}：{reason}", _HINT) from error


def check_must_pass(gate: Gate, path: Path, ids: Collection[str]) -> None:
    """Raise InputError for a must-pass id that no row of the suite has: a gate that asks for nothing would pass."""
    unknown = [case for case in gate.must_pass if case not in ids]
    if unknown:
        line = _line_of(unknown[0], path.read_text(encoding="utf-8-sig"))
        raise InputError(f"{path}{line}：必过题不在题目中：{'、'.join(unknown)}", "改正编号，或从 must_pass 中删去")


def _line_of(word: str, text: str) -> str:
    """Say on which line of a file a word stands first."""
    found = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) if word else None
    return f" 第 {text.count(chr(10), 0, found.start()) + 1} 行" if found else ""


def verdicts(summary: Mapping[str, Any]) -> dict[str, bool]:
    """Return whether each case of a summary is correct, by id."""
    return {str(case["id"]): bool(case["correct"]) for case in summary["cases"]}


def check(
    summary: Mapping[str, Any], gate: Gate, baseline: Baseline | None = None, *, whole: bool = False
) -> list[str]:
    """Return what fails the gate, one line each; [] if it is passed.

    Fails: a hard value not met, or with nothing to take it from; a metric below its floor or above its ceiling, and in a
    run of the `whole` suite one without cases; a must-pass case that is not correct or not in the run; against a baseline,
    fewer correct cases among the shared ones than it had, evidence found less often, a case misattributed that was not,
    and in a run of the whole suite a case of the baseline that is not in it: to leave out what is wrong is no way to pass.
    """
    metrics = {name: cell["value"] for name, cell in summary["metrics"].items()}
    failures = []
    for name, wanted in gate.hard.items():
        if metrics[name] != wanted:
            found = "无从计算" if metrics[name] is None else f"实为 {metrics[name]:.4f}"
            failures.append(f"硬性要求 {name} 应为 {wanted:g}，{found}")
    failures += _bounds(metrics, gate, whole)
    now = verdicts(summary)
    for case in gate.must_pass:
        if not now.get(case):
            failures.append(f"必过题 {case} {'未通过' if case in now else '不在本次运行中'}")
    if baseline is None:
        return failures
    if whole and (absent := [case for case in baseline.cases if case not in now]):
        failures.append(f"基线中有 {len(absent)} 题不在本次运行中：{'、'.join(absent)}；删题或改编号时，同时重写基线")
    return failures + _ratchet(summary, gate, baseline)


def _bounds(metrics: Mapping[str, float | None], gate: Gate, whole: bool) -> list[str]:
    bounds = [(name, "不低于", bound, 1) for name, bound in gate.floors.items()]
    bounds += [(name, "不高于", bound, -1) for name, bound in gate.ceilings.items()]
    failures = []
    for name, word, bound, sign in bounds:
        value = metrics[name]
        if value is None:
            failures += [f"{name} 应{word} {bound:g}，无从计算"] if whole else []
        elif sign * value < sign * bound:
            failures.append(f"{name} 应{word} {bound:g}，实为 {value:.4f}")
    return failures


def _ratchet(summary: Mapping[str, Any], gate: Gate, baseline: Baseline) -> list[str]:
    found, failures = flips(summary, baseline), []
    fewer = len(found.lost) - len(found.won)
    if fewer > gate.ratchet.fewer:
        changed = f"变错 {'、'.join(found.lost)}；变对 {'、'.join(found.won) or '无'}"
        failures.append(f"比基线少对 {fewer} 题：{changed}")
    if found.misattributed:
        failures.append(f"基线中没有张冠李戴，现在有：{'、'.join(found.misattributed)}")
    if -found.recall > gate.ratchet.recall + 1e-9:  # of sums of fractions
        failures.append(f"recall_at_5 比基线低 {-found.recall:.4f}：{'、'.join(found.sunk)}")
    return failures
