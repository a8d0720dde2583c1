"""The summary as Markdown, for the summary page of a CI service: the gate first, details folded."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.render import escape
from eval.reports import words
from eval.reports.words import visible

MOST = 200  # failing cases listed; GitHub refuses a step summary above 1 MiB


def as_markdown(summary: Mapping[str, Any], title: str, questions: Mapping[str, str] | None = None) -> str:
    """Return a summary (see eval.score.summarise) as Markdown: gate, flips, headline, then tables and failures folded.

    `questions`: question by case id, shown beside the reasons of a failing case.
    """
    failing = [case for case in summary["cases"] if not case["correct"]]
    n = summary["n"]
    lines = [f"# {_escaped(title)}：{words.verdict_line(summary)}", ""]
    lines += [f"{n} 题，{n - len(failing)} 题正确，{len(failing)} 题未通过。", ""]
    if left_out := summary.get("unreviewed"):
        lines += [f"另有 {len(left_out)} 题未经审核，没有计入。", ""]
    lines += [f"- ❌ {_escaped(failure)}" for failure in summary.get("gate", ())]
    lines += _flipped(summary)
    lines += ["", *words.notes(summary.get("run", {}))]
    told = [name for name in words.HEADLINE if name in summary["metrics"]]
    lines += ["", *_metrics(summary["metrics"], told)]
    if rest := [name for name in summary["metrics"] if name not in told]:
        lines += ["", "<details><summary>其余指标</summary>", "", *_metrics(summary["metrics"], rest), "", "</details>"]
    lines += ["", "<details><summary>按题型、问法、分组</summary>"]
    for part, (label, names) in words.PARTS.items():
        lines += ["", *_table(summary.get(part, {}), label, names)]
    lines += ["", "</details>", "", f"<details><summary>未通过 {len(failing)} 题</summary>", ""]
    lines += _failures(failing, questions or {})
    return "\n".join([*lines, "", "</details>"]) + "\n"


def _flipped(summary: Mapping[str, Any]) -> list[str]:
    named = ((label, summary[key]) for key, label in words.FLIPS.items() if summary.get(key))
    drifted = ((label, ids) for key, label in words.DRIFT.items() if (ids := summary.get("drift", {}).get(key)))
    told = [("与基线相比", *each) for each in named] + [("题目与写基线时相比", *each) for each in drifted]
    return [f"- {when}{label} {len(ids)} 题：{'、'.join(f'`{_code(i)}`' for i in ids)}" for when, label, ids in told]


def _metrics(metrics: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    lines = ["| 指标 | 值 | n | 95% 区间 | 按题组 |", "| --- | ---: | ---: | --- | --- |"]
    for name in names:
        cell, label = metrics[name], words.label(name)
        shown = f"`{_code(name)}`" if label == name else f"{_escaped(label)} `{_code(name)}`"
        ends = " | ".join(_between(cell.get(key)) for key in ("interval", "clustered"))
        lines.append(f"| {shown} | {words.number(name, cell)} | {cell['n']} | {ends} |")
    return lines


def _between(ends: Sequence[float] | None) -> str:
    return f"{ends[0]:.3f} 至 {ends[1]:.3f}" if ends else ""


def _table(groups: Mapping[str, Any], label: str, names: Mapping[str, str]) -> list[str]:
    head = " | ".join(words.METRICS[name] for name in words.COLUMNS)
    rows = [f"| {label} | n | {head} |", "| --- | ---: |" + " ---: |" * len(words.COLUMNS)]
    for group in words.in_order(groups, names):
        measured = groups[group]["metrics"]
        cells = " | ".join(words.number(name, measured.get(name, {})) for name in words.COLUMNS)
        rows.append(f"| {_escaped(names.get(group, group))} | {groups[group]['n']} | {cells} |")
    return rows


def _failures(failing: Sequence[Mapping[str, Any]], questions: Mapping[str, str]) -> list[str]:
    if not failing:
        return []
    rows = ["| 题号 | 问题 | 原因 |", "| --- | --- | --- |"]
    for case in failing[:MOST]:
        question = _escaped(questions.get(case["id"], ""))
        rows.append(f"| `{_code(case['id'])}` | {question} | {_escaped('；'.join(case['reasons']))} |")
    if len(failing) > MOST:
        rows += ["", f"另有 {len(failing) - MOST} 题，见 summary.html。"]
    return rows


def _escaped(text: str) -> str:
    return escape(visible(text))


def _code(text: str) -> str:
    """Text between backticks in a table cell."""
    return visible(text).translate(str.maketrans("`|<>\n", "'¦‹› "))
