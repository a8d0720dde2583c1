"""From a trace to what a run comes to: scored, set beside its baseline, judged by its gate, written down and told."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from eval.baseline import BASELINE, Baseline, check_baseline, flips, from_summary, load_baseline, write_baseline
from eval.corpus import Corpus
from eval.gate import Gate, check, check_must_pass, load_gate
from eval.gold import Case, Suite
from eval.load import unreviewed_ids
from eval.reports.report import Report, write_reports
from eval.run import read_settings
from eval.score import score_trace, summarise
from eval.statistics import FIELDS, cluster_interval, pair
from eval.trace import check_complete, read_trace
from eval.versions import Drift, digests
from ingest.errors import InputError

EXIT_GATE = 3
_CHANGES = {"lost": "变错", "won": "变对", "misattributed": "新的张冠李戴", "sunk": "前五条中少了依据"}


@dataclass(frozen=True, slots=True)
class Judges:
    """What a run is held against; None for what is not asked for."""

    gate: Gate | None
    baseline: Baseline | None
    drift: Drift | None = None  # of the gold since the baseline

    def for_part(self, cases: Sequence[Case]) -> "Judges":
        """Return the judges of a part of the suite: must-pass cases outside it are not asked for."""
        if self.gate is None:
            return self
        ids = {case.id for case in cases}
        kept = tuple(case for case in self.gate.must_pass if case in ids)
        return replace(self, gate=self.gate.model_copy(update={"must_pass": kept}))


def find_judges(suite: Suite, every: Sequence[Case], gated: bool, given: Path | None) -> Judges:
    """Read gate and baseline: the one that is given, else with the gate the suite's own where it has one.

    Raises InputError for a suite without a gate, a gate or baseline that cannot be used, a must-pass id without a row.
    """
    gate = None
    if gated:
        if suite.gate is None:
            raise InputError(f"套件 {suite.name} 没有 gate.toml", "在 gold 文件旁写一个")
        gate = load_gate(suite.gate)
        check_must_pass(gate, suite.gate, {case.id for case in every})
    own = suite.gold.parent / BASELINE
    path = given or (own if gated and own.exists() else None)
    if path is None:
        return Judges(gate, None)
    baseline = load_baseline(path)
    return Judges(gate, baseline, check_baseline(baseline, path, suite.name, digests(every)))


def conclude(
    suite: Suite, cases: Sequence[Case], every: Sequence[Case], corpus: Corpus, folder: Path, judges: Judges
) -> dict[str, Any]:
    """Score the trace in `folder`, write the reports there and return the summary.

    `every` is the whole suite, whose figure facts fix owners. Raises InputError for a trace that is not of the cases.
    """
    path = folder / "trace.jsonl"
    trace = read_trace(path)
    check_complete(trace, (case.id for case in cases), path)
    summary = summarise(score_trace(cases, trace, corpus, every), {case.id: case for case in cases})
    for name in FIELDS.keys() & summary["metrics"].keys():
        pairs = [pair(verdict, name) for verdict in summary["cases"]]
        found = cluster_interval(pairs, [verdict["group_id"] for verdict in summary["cases"]])
        summary["metrics"][name]["clustered"] = found and [round(end, 4) for end in found]
    summary["run"] = read_settings(folder)
    counted = {case.id for case in cases}
    summary["unreviewed"] = [identifier for identifier in unreviewed_ids(suite) if identifier not in counted]
    if judges.drift:
        summary["drift"] = asdict(judges.drift)
    if judges.baseline is not None:
        changed = flips(summary, judges.baseline)
        summary |= {name: list(getattr(changed, name)) for name in _CHANGES}
    if judges.gate is not None:
        summary["gate"] = check(summary, judges.gate, judges.baseline, whole=len(cases) == len(every))
    write_reports(folder, Report(suite.name, cases, trace, corpus, summary))
    return summary


def keep_as_baseline(suite: Suite, summary: dict[str, Any]) -> Path:
    """Write a summary of the whole suite as its baseline; return where. Raises InputError where that cannot be written."""
    try:
        by = version("policyqa")
    except PackageNotFoundError:  # run from a checkout that is not installed
        by = ""
    path = suite.gold.parent / BASELINE
    write_baseline(path, from_summary(summary, by))
    return path


def print_summary(summary: dict[str, Any], folder: Path, as_json: bool) -> None:
    """Print the summary to stdout, as JSON or as the run's Markdown, and on stderr where it is kept."""
    if as_json:
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write((folder / "summary.md").read_text(encoding="utf-8"))
    note(f"运行记录：{folder}")


def tell(summary: dict[str, Any], judges: Judges) -> int:
    """Say on stderr what changed and whether the gate is passed; return the exit code."""
    if judges.drift:
        note(f"基线是按另一版题目写的，只比共有的题：{judges.drift}")
    for name, label in _CHANGES.items():
        if summary.get(name):
            note(f"{label} {len(summary[name])} 题：{'、'.join(summary[name])}")
    if left_out := summary["unreviewed"]:
        more = " 等" if len(left_out) > 10 else ""
        note(f"{len(left_out)} 题未经审核，没有计入（--unreviewed 可计入）：{'、'.join(left_out[:10])}{more}")
    failures = summary.get("gate", [])
    for failure in failures:
        note(f"门槛未过：{failure}")
    if "gate" in summary and not failures:
        note("门槛已过")
    return EXIT_GATE if failures else 0


def note(text: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(text + "\n")
