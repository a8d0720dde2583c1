"""One self-contained HTML page of a run: nothing is fetched, only its own script and style may run."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from eval.reports import words
from eval.reports.plots import histogram, rate_rows, stage_table
from eval.reports.report import Report
from eval.reports.rows import page_data
from eval.reports.words import visible

_HERE = Path(__file__).parent


def as_page(report: Report, title: str) -> str:
    """Return the page: gate, flips, plots of quality and latency, and every question with its evidence.

    The run's texts are in a JSON block that the page's script writes as text nodes; the policy allows that script and
    the style by their hashes and nothing else, from a file as from a server.
    """
    css, js = (_own(name) for name in ("page.css", "page.js"))
    summary = report.summary
    names = {"kinds": words.KINDS, "variants": words.VARIANTS, "splits": words.SPLITS}
    seconds = [report.records[case.id].seconds for case in report.cases]
    verdict = words.verdict_line(summary)
    state = "" if "gate" not in summary else "failed" if summary["gate"] else "passed"
    return Template(_own("page.html")).substitute(
        policy=f"default-src 'none'; style-src '{_hash(css)}'; script-src '{_hash(js)}'; base-uri 'none'; form-action 'none'",
        title=_text(title), css=css, js=js, verdict=_text(verdict), state=state, about=_text(_about(summary)),
        gate=_gate(summary), metrics=_overall(summary["metrics"]), parts=_parts(summary),
        pace=_text("".join(words.notes(summary.get("run", {})))), histogram=histogram(seconds), stages=stage_table(report.records[case.id] for case in report.cases),
        data=_json(page_data(report) | {"names": names}),
    )  # fmt: skip


def _own(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(data: Any) -> str:
    """JSON that ends no script block and opens no comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _text(text: str) -> str:
    return escape(visible(text))


def _about(summary: Mapping[str, Any]) -> str:
    run = summary.get("run", {})
    right = sum(case["correct"] for case in summary["cases"])
    parts = [f"{summary['n']} 题，{right} 题正确，{summary['n'] - right} 题未通过"]
    parts += [f"{len(summary['unreviewed'])} 题未经审核，没有计入"] if summary.get("unreviewed") else []
    parts += [f"{label} {run[key]}" for key, label in _ABOUT if run.get(key) and run[key] != "none"]
    if started := str(run.get("started", "")):
        parts.append(f"开始于 {started[:16].replace('T', ' ')}")
    return " · ".join(parts)


_ABOUT = (("documents", "资料"), ("model", "向量模型"), ("llm", "大模型"), ("cores", "CPU 核数"))


def _gate(summary: Mapping[str, Any]) -> str:
    """Return what fails the gate and what changed since the baseline; "" if there is nothing to say."""
    lines = [f"<li>{_text(failure)}</li>" for failure in summary.get("gate", ())]
    made = f"<section class=failed><h2>门槛未过</h2><ul>{''.join(lines)}</ul></section>" if lines else ""
    flips = ""
    for key, label in words.FLIPS.items():
        if ids := summary.get(key):
            links = "".join(f'<a href="#q-{escape(quote(visible(i), safe=""))}">{_text(i)}</a>' for i in ids)
            flips += f"<h3>{label} {len(ids)} 题</h3><p class=ids>{links}</p>"
    return made + (f"<section><h2>与基线相比</h2>{flips}</section>" if flips else "")


def _overall(metrics: Mapping[str, Any]) -> str:
    """The headline as bars and numbers, the rest of the metrics folded."""
    told = [name for name in words.HEADLINE if name in metrics]
    rest = [name for name in metrics if name not in told]
    made = f"<div class=rates>{_measured(metrics, told)}</div>"
    if rest and (folded := _measured(metrics, rest)):
        made += f"<details class=more><summary>其余指标</summary><div class=rates>{folded}</div></details>"
    return made


def _measured(metrics: Mapping[str, Any], names: Sequence[str]) -> str:
    """Shares of 1 as bars with intervals; what is none (latencies, tokens) as plain numbers below them."""
    rates, plain = [], []
    for name in names:
        cell, label = metrics[name], words.label(name) + ("↓" if name in words.LOWER_IS_BETTER else "")
        if _is_rate(name, cell):
            rates.append((visible(label), cell))
        elif shown := words.number(name, cell):
            plain.append(f"{label} {shown}")
    return rate_rows(rates) + (f"<p class=note>{_text('　'.join(plain))}</p>" if plain else "")


def _is_rate(name: str, cell: Mapping[str, Any]) -> bool:
    value = cell.get("value")
    return value is not None and not name.startswith(("latency", "tokens", "cost")) and 0 <= value <= 1


def _parts(summary: Mapping[str, Any]) -> str:
    """Accuracy by kind, variant and split, with intervals."""
    made = []
    for part, (label, names) in words.PARTS.items():
        groups = summary.get(part, {})
        rows = rate_rows(
            (visible(names.get(g, g)), groups[g]["metrics"]["accuracy"]) for g in words.in_order(groups, names)
        )
        if rows:
            made.append(f"<section><h2>正确率，按{label}</h2>{rows}</section>")
    return "".join(made)
