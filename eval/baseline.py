"""A suite's committed baseline: what was right when it was written, one line a case, so that a diff of it can be read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.versions import Drift, drift
from ingest.errors import InputError

BASELINE = "baseline.json"
_HINT = "给出 eval SUITE --write-baseline 写下的 baseline.json，或以前一次运行的 summary.json"


class Held(BaseModel):
    """What a baseline holds of a case. `gold` is the digest of its row (eval.versions), "" where it was not recorded."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    group: str = ""
    gold: str = ""
    correct: bool
    misattributed: bool = False
    abstained: bool = False
    recall5: float | None = None


class Baseline(BaseModel):
    """What a suite reached: every case and the headline metrics. `suite` is "" where the file does not say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str = ""
    version: str = ""  # of policyqa
    model: str = ""  # the embedding model, and the LLM where there is one
    gold_sha256: str = ""
    rows: int = Field(default=0, ge=0)
    metrics: dict[str, float | None] = {}
    cases: dict[str, Held]


@dataclass(frozen=True, slots=True)
class Flips:
    """What changed among the cases that a run and its baseline share, in ids."""

    lost: tuple[str, ...]  # right before, wrong now
    won: tuple[str, ...]
    misattributed: tuple[str, ...]  # now, and not before
    sunk: tuple[str, ...]  # whose evidence is found less often among the first five hits
    recall: float  # change of the mean recall@5 over the cases for which both have one; 0 where there are none


def from_summary(summary: Mapping[str, Any], version: str = "") -> Baseline:
    """Return what a run's summary says, as a baseline. Latencies are left out: they are of the machine.

    Raises KeyError, TypeError or ValueError where it is no summary.
    """
    described = summary.get("run", {})
    rows = described.get("rows", {})
    cases = {
        str(case["id"]): Held.model_validate(
            {**case, "group": case.get("group_id", ""), "gold": rows.get(case["id"], "")}
        )
        for case in summary["cases"]
    }
    if len(cases) != len(summary["cases"]):
        raise ValueError("an id stands there twice")
    metrics = {name: cell["value"] for name, cell in summary["metrics"].items() if not name.startswith("latency")}
    return Baseline(
        suite=described.get("suite", ""), version=version, gold_sha256=described.get("gold_sha256", ""),
        model=" + ".join(name for key in ("model", "llm") if (name := described.get(key, "none")) != "none"),
        rows=len(cases), metrics=metrics, cases=cases,
    )  # fmt: skip


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline with one case a line. Raises InputError where the file cannot be written."""
    dumped = baseline.model_dump()
    cases = dumped.pop("cases")
    head = json.dumps(dumped, ensure_ascii=False, indent=1).removesuffix("\n}")
    lines = (f"  {_json(name)}: {_json(case)}" for name, case in cases.items())
    try:
        path.write_text(head + ',\n "cases": {\n' + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"写不了基线：{path}：{error.strerror}") from error


def load_baseline(path: Path) -> Baseline:
    """Read a baseline, or the summary.json of a run. Raises InputError naming the file, and the line where there is one."""
    try:
        read: Any = json.loads(path.read_text(encoding="utf-8-sig"))
        return from_summary(read) if isinstance(read["cases"], list) else Baseline.model_validate(read)
    except FileNotFoundError as error:
        raise InputError(f"没有基线文件：{path}", _HINT) from error
    except OSError as error:
        raise InputError(f"读不了基线：{path}：{error.strerror}", _HINT) from error
    except json.JSONDecodeError as error:
        raise InputError(f"不是评测结果：{path} 第 {error.lineno} 行：{error.msg}", _HINT) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"不是评测结果：{path}：{where}：{first['msg']}", _HINT) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"不是评测结果：{path}", _HINT) from error


def check_baseline(baseline: Baseline, path: Path, suite: str, ids: Mapping[str, str]) -> Drift:
    """Return how the suite's gold (id -> digest) differs from the baseline's.

    Raises InputError for the baseline of another suite, and for one that shares no case with the gold.
    """
    if baseline.suite not in ("", suite):
        raise InputError(f"{path} 是套件 {baseline.suite} 的基线，不是 {suite} 的", _HINT)
    if not ids.keys() & baseline.cases.keys():
        raise InputError(f"{path} 与套件 {suite} 没有共有的题目", _HINT)
    return drift(ids, {name: case.gold for name, case in baseline.cases.items()})


def flips(summary: Mapping[str, Any], baseline: Baseline) -> Flips:
    """Return what changed since the baseline; only cases in both count, one whose row was changed too."""
    shared = [(case, baseline.cases[case["id"]]) for case in summary["cases"] if case["id"] in baseline.cases]
    found = [(case["id"], change) for case, before in shared if (change := _recall_change(case, before)) is not None]
    return Flips(
        tuple(now["id"] for now, before in shared if before.correct and not now["correct"]),
        tuple(now["id"] for now, before in shared if now["correct"] and not before.correct),
        tuple(now["id"] for now, before in shared if now["misattributed"] and not before.misattributed),
        tuple(name for name, change in found if change < 0),
        sum(change for _, change in found) / len(found) if found else 0.0,
    )


def _recall_change(now: Mapping[str, Any], before: Held) -> float | None:
    return None if before.recall5 is None or now.get("recall5") is None else now["recall5"] - before.recall5


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
