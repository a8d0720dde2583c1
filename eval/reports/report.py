"""All that the reports of a run are made from, and writing them into its folder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.corpus import Corpus
from eval.gold import Case
from eval.trace import Record


@dataclass(frozen=True, slots=True)
class Report:
    """A scored run: `cases` in the order of `summary["cases"]`, `records` by case id."""

    suite: str
    cases: Sequence[Case]
    records: Mapping[str, Record]
    corpus: Corpus
    summary: Mapping[str, Any]


def write_reports(folder: Path, report: Report) -> str:
    """Write summary.json, summary.md, junit.xml and summary.html into `folder`; return the Markdown."""
    from eval.reports.junit import as_junit
    from eval.reports.markdown import as_markdown
    from eval.reports.page import as_page

    title = f"评测 {report.suite}"
    markdown = as_markdown(report.summary, title, {case.id: case.question for case in report.cases})
    files = {
        "summary.json": json.dumps(report.summary, ensure_ascii=False, indent=1) + "\n",
        "summary.md": markdown,
        "junit.xml": as_junit(report),
        "summary.html": as_page(report, title),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return markdown
