"""The summary for people: Markdown tables of the metrics and every failing case with its reasons."""

from collections.abc import Mapping, Sequence
from typing import Any

_COLUMNS = (
    ("accuracy", "正确率"), ("recall_at_5", "召回@5"), ("key_fact_recall", "关键事实"),
    ("citation_precision", "引用精度"), ("abstention_precision", "拒答精度"), ("abstention_recall", "拒答召回"),
    ("over_refusal_rate", "误拒率"), ("misattribution_rate", "张冠李戴"), ("robustness", "题组稳健"),
)  # fmt: skip
_HEADLINE = (*_COLUMNS, ("marker_validity", "引注有效"), ("quote_exactness", "引文逐字"))
_HEAD, _RULE = "| 指标 | 值 | n | 95% 区间 | 按题组 |", "| --- | ---: | ---: | --- | --- |"
_PARTS = (("by_kind", "题型"), ("by_variant", "问法"), ("by_split", "分组"))


def as_markdown(summary: Mapping[str, Any], title: str) -> str:
    """Return a summary (see eval.score.summarise) as Markdown: all metrics, tables by part, failing cases."""
    metrics = summary["metrics"]
    lines = [f"# {title}", "", f"{summary['n']} 题", "", *_notes(summary.get("run", {})), _HEAD, _RULE]
    for name, label in _HEADLINE:
        cell = metrics[name]
        intervals = " | ".join(_interval(cell.get(key)) for key in ("interval", "clustered"))
        lines.append(f"| {label} `{name}` | {_number(cell)} | {cell['n']} | {intervals} |")
    for name, label in (("latency_p50", "时延中位数"), ("latency_p95", "时延 95 分位")):
        cell = metrics[name]
        shown = "" if cell["value"] is None else f"{cell['value'] * 1000:.0f} ms"
        lines.append(f"| {label} `{name}` | {shown} | {cell['n']} | | |")
    for part, label in _PARTS:
        lines += ["", *_table(summary[part], label)]
    failing = [case for case in summary["cases"] if not case["correct"]]
    lines += ["", f"## 未通过 {len(failing)} 题", ""]
    lines += [f"- `{case['id']}` {'；'.join(case['reasons'])}" for case in failing]
    return "\n".join(lines) + "\n"


def _notes(run: Mapping[str, Any]) -> list[str]:
    """What must be known of the latencies to read them."""
    notes = []
    if run.get("disturbed"):
        notes.append(f"{run['disturbed']} 题的时延是多个进程同时提问时测得的，互有干扰，不宜与单进程的相比。")
    if run.get("cached"):
        notes.append(f"{run['cached']} 题取自记录下的回答，时延是当时测得的。")
    return [*notes, ""] if notes else []


def _interval(ends: Sequence[float] | None) -> str:
    return f"{ends[0]:.3f} 至 {ends[1]:.3f}" if ends else ""


def _table(groups: Mapping[str, Any], label: str) -> list[str]:
    head = " | ".join(name for _, name in _COLUMNS)
    rows = [f"| {label} | n | {head} |", "| --- | ---: |" + " ---: |" * len(_COLUMNS)]
    for group in sorted(groups):
        cells = " | ".join(_number(groups[group]["metrics"][name]) for name, _ in _COLUMNS)
        rows.append(f"| {group} | {groups[group]['n']} | {cells} |")
    return rows


def _number(cell: Mapping[str, Any]) -> str:
    return "" if cell["value"] is None else f"{cell['value']:.3f}"
