"""From the trace in a run's folder to its reports there: read, scored, judged by the gate, written."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.corpus import Corpus
from eval.gate import Gate, check, flips
from eval.gold import Case
from eval.reports.report import Report, write_reports
from eval.score import score_trace, summarise
from eval.trace import check_complete, read_trace


def judge(
    folder: Path, suite: str, cases: Sequence[Case], every: Sequence[Case], corpus: Corpus,
    gate: Gate | None = None, baseline: dict[str, Any] | None = None,
) -> tuple[dict[str, Any], str]:  # fmt: skip
    """Return summary and Markdown of a run, and write all reports into its folder.

    `cases` are those of the suite (`every`) that were asked. Raises InputError if the trace is not theirs.
    """
    trace = read_trace(folder / "trace.jsonl")
    check_complete(trace, (case.id for case in cases), folder / "trace.jsonl")
    summary = summarise(score_trace(cases, trace, corpus, every), {case.id: case for case in cases})
    summary["run"] = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    if baseline is not None:
        summary["lost"], summary["won"] = flips(summary, baseline)
    if gate is not None:
        skipped = {case.id for case in every} - {case.id for case in cases}
        asked = gate.model_copy(update={"must_pass": tuple(i for i in gate.must_pass if i not in skipped)})
        summary["gate"] = check(summary, asked, baseline)
    return summary, write_reports(folder, Report(suite, cases, trace, corpus, summary))
