"""Plots of the page as inline SVG and HTML: intervals of rates, a histogram of seconds, percentiles by stage.

Geometry is in per cent of the width, so that the text keeps its size on a phone; colours are classes of page.css.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from eval.metrics import percentile
from eval.reports import words
from eval.trace import Record

_BINS = 24
_FLOOR, _TALL = 128, 98  # pixels: where the bars of the histogram stand, and the highest; the labels are above


def rate_rows(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Return a line for each (label, metric in 0..1): a bar, its 95 % interval, value and n. Without a value: nothing."""
    lines = []
    for label, cell in rows:
        if cell.get("value") is None:
            continue
        value, ends = float(cell["value"]), words.interval(cell)
        between = f"，95% 区间 {ends[0]:.3f} 至 {ends[1]:.3f}" if ends else ""
        told = f"{value:.3f}{between}，n = {cell['n']}"
        lines.append(
            f'<div class="rate"><span class="name">{escape(label)}</span>'
            f'<svg role="img" aria-label="{escape(told)}"><title>{escape(told)}</title>{_bar(value, ends)}</svg>'
            f'<span class="value">{value:.3f}</span><span class="n">{cell["n"]}</span></div>'
        )
    return "".join(lines)


def _bar(value: float, ends: tuple[float, float] | None) -> str:
    drawn = '<rect class="track" y="7" width="100%" height="10" rx="2"/>'
    drawn += f'<rect class="bar" y="7" width="{_percent(value)}" height="10" rx="2"/>'
    if ends:
        low, high = map(_percent, ends)
        drawn += f'<line class="range" x1="{low}" x2="{high}" y1="12" y2="12"/>'
        drawn += "".join(f'<line class="range" x1="{x}" x2="{x}" y1="8" y2="16"/>' for x in (low, high))
    return drawn


def _percent(share: float) -> str:
    return f"{100 * min(1.0, max(0.0, share)):.2f}%"


def histogram(seconds: Sequence[float]) -> str:
    """Return the distribution of seconds over questions: equal bins from 0 to the 99th percentile, the rest in the last."""
    top = percentile(seconds, 0.99) or 0.0
    if top <= 0:
        return ""
    width = top / _BINS
    counts = [0] * (_BINS + 1)
    for value in seconds:
        counts[min(_BINS, int(value / width))] += 1
    most = max(counts)
    drawn = []
    for place, count in enumerate(counts):
        height = _TALL * count / most
        upto = f"{(place + 1) * width * 1000:.0f} ms 以内" if place < _BINS else "更慢"
        drawn.append(
            f'<rect class="bar" x="{100 * place / (_BINS + 1):.2f}%" width="{92 / (_BINS + 1):.2f}%" '
            f'y="{_FLOOR - height:.1f}" height="{height:.1f}"><title>{place * width * 1000:.0f} 至 {upto}：{count} 题</title></rect>'
        )
    for share, label, y in ((0.5, "P50", 10), (0.95, "P95", 24)):
        value = percentile(seconds, share) or 0.0
        at = min(value / width, _BINS + 0.5) / (_BINS + 1)
        anchor, aside = ("end", -4) if at > 0.6 else ("start", 4)
        drawn.append(
            f'<line class="range" x1="{_percent(at)}" x2="{_percent(at)}" y1="{y - 9}" y2="{_FLOOR}"/>'
            f'<text x="{_percent(at)}" dx="{aside}" y="{y}" text-anchor="{anchor}">{label} {value * 1000:.0f} ms</text>'
        )
    axis = f'<text y="{_FLOOR + 16}">0</text><text x="100%" y="{_FLOOR + 16}" text-anchor="end">{top * 1000:.0f} ms 以上</text>'
    told = f"{len(seconds)} 题用时的分布，最高一柱 {most} 题"
    return f'<svg class="histogram" role="img" aria-label="{told}">{"".join(drawn)}{axis}</svg>'


def stage_table(records: Iterable[Record]) -> str:
    """Return percentiles of milliseconds by stage over the answers, as a table with bars at the scale of the slowest."""
    stages: dict[str, list[float]] = {}
    for record in records:
        for stage, spent in (record.answer.timings_ms if record.answer else {}).items():
            stages.setdefault(stage, []).append(spent)
    ordered = [*(s for s in words.STAGES if s in stages), *(s for s in stages if s not in words.STAGES)]
    top = max((percentile(spent, 0.95) or 0.0 for spent in stages.values()), default=0.0)
    if top <= 0:
        return ""
    rows = []
    for stage in ordered:
        p50, p95 = (percentile(stages[stage], share) or 0.0 for share in (0.5, 0.95))
        bars = (
            f'<rect class="soft" y="6" width="{_percent(p95 / top)}" height="10" rx="2"/>'
            f'<rect class="bar" y="6" width="{_percent(p50 / top)}" height="10" rx="2"/>'
        )
        rows.append(
            f"<tr><th scope=row>{escape(words.visible(words.STAGES.get(stage, stage)))}</th><td class=strip><svg aria-hidden=true>{bars}</svg>"
            f"</td><td>{p50:.1f}</td><td>{p95:.1f}</td><td>{max(stages[stage]):.1f}</td></tr>"
        )
    head = "<tr><th>环节</th><th></th><th>P50</th><th>P95</th><th>最慢</th></tr>"
    return f"<table class=stages><caption>各环节用时（毫秒）</caption><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
