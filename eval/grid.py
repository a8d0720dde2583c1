"""Running suites over a grid of pipelines: one run folder a cell, one row a cell, the first cell to compare with."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.cells import Cell
from eval.corpus import Corpus
from eval.gold import Case, Suite
from eval.outcome import Judges, conclude
from eval.run import Way, run_suite
from eval.statistics import discordant_groups, mcnemar
from eval.trace import read_trace
from ingest.errors import PolicyQAError

_RATES = (
    ("accuracy", "正确率"), ("recall_at_5", "召回@5"), ("key_fact_recall", "关键事实"), ("misattribution_rate", "张冠李戴"),
    ("abstention_recall", "拒答召回"), ("over_refusal_rate", "误拒率"),
)  # fmt: skip


def part_of(cases: Sequence[Case], limit: int | None) -> list[Case]:
    """At most `limit` of the cases, evenly spread over the file, so that every kind has its share."""
    if limit is None or limit >= len(cases):
        return list(cases)
    return [cases[at * len(cases) // limit] for at in range(limit)]


def run_cell(
    cell: Cell,
    suite: Suite,
    cases: Sequence[Case],
    every: Sequence[Case],
    corpus: Corpus,
    folder: Path,
    on_case: Callable[[], object],
    on_note: Callable[[str], None] | None,
) -> dict[str, Any]:
    """Run one cell into `folder` and return its row; one that cannot run has "error" and no metrics."""
    row: dict[str, Any] = {"cell": cell.name, "choices": dict(cell.choices), "suite": suite.name, "run": str(folder)}
    try:
        run_suite(suite, cases, cell.settings, folder, on_case, on_note, Way(1, fresh=True, pipeline=cell.pipeline))
    except PolicyQAError as error:
        return row | {"error": str(error)}
    errors = {record.error for record in read_trace(folder / "trace.jsonl").values()}
    if len(errors) == 1 and (reason := errors.pop()):  # a model that loads with the first question, and cannot
        return row | {"error": reason}
    summary = conclude(suite, cases, every, corpus, folder, Judges(None, None))
    described = {name: summary["run"][name] for name in ("model", "llm", "chunks", "index_bytes")}
    return row | described | {"n": summary["n"], "metrics": summary["metrics"], "cases": summary["cases"]}


def compare_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to each row how it differs from the first: ids lost and won, exact two-sided McNemar p over questions, and the same over groups.

    Neither is corrected for the number of rows. Rows leave their cases behind, which lie in their run folders.
    """
    first = rows[0]
    before = {case["id"]: bool(case["correct"]) for case in first.get("cases", ())}
    groups = {case["id"]: case["group_id"] for case in first.get("cases", ())}
    found = []
    for row in rows:
        kept = {name: value for name, value in row.items() if name != "cases"}
        if "error" not in row and before and row is not first:
            now = {case["id"]: bool(case["correct"]) for case in row["cases"]}
            lost = [identifier for identifier in before if before[identifier] and not now[identifier]]
            won = [identifier for identifier in before if now[identifier] and not before[identifier]]
            p, by_group = mcnemar(len(lost), len(won)), mcnemar(*discordant_groups(before, now, groups))
            kept["against_first"] = {"lost": lost, "won": won, "p": p, "p_groups": by_group}
        found.append(kept)
    return found


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return one suite's rows as a Markdown table; rates with their 95 % intervals."""
    head = [
        "配置",
        "题数",
        *(label for _, label in _RATES),
        "比首行失/得",
        "p（题）",
        "p（组）",
        "p50 / p95 毫秒",
        "片段",
        "索引 MB",
    ]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for row in rows:
        if "error" in row:
            cells = [_plain(row["cell"]), f"未运行：{_plain(row['error'])}", *[""] * (len(head) - 2)]
        else:
            metrics = row["metrics"]
            times = " / ".join(_milliseconds(metrics[name]) for name in ("latency_p50", "latency_p95"))
            cells = [
                _plain(row["cell"]), str(row["n"]), *(_rate(metrics[name]) for name, _ in _RATES), *_against(row), times,
                str(row["chunks"]), f"{row['index_bytes'] / 1e6:.1f}",
            ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _against(row: Mapping[str, Any]) -> tuple[str, str, str]:
    if "against_first" not in row:
        return "", "", ""
    found = row["against_first"]
    return f"{len(found['lost'])} / {len(found['won'])}", f"{found['p']:.3f}", f"{found['p_groups']:.3f}"


def _rate(cell: Mapping[str, Any]) -> str:
    """A rate with its interval by whole groups, or Wilson's where there is none or it has no width (all alike)."""
    if cell["value"] is None:
        return ""
    clustered = cell.get("clustered")
    interval = clustered if clustered and clustered[0] < clustered[1] else cell["interval"]
    shown = " [{:.3f}, {:.3f}]".format(*interval) if interval else ""
    return f"{cell['value']:.3f}{shown}"


def _milliseconds(cell: Mapping[str, Any]) -> str:
    return "" if cell["value"] is None else f"{cell['value'] * 1000:.0f}"


def _plain(text: str) -> str:
    """Text that cannot break out of its cell."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
