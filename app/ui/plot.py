"""Figures by region and period as an SVG picture: one column a period, one colour a region, one shape a kind.

No plotting library: the picture has to say whose figure it is, lead to its sentence on a click, follow the page's colours
and fonts, and be made without a browser. Everything that comes from documents is escaped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.types import Language
from app.ui.cards import escape
from app.ui.strings import words

WIDTH, HEIGHT = 720, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 34, 58
MAX_POINTS = 80
# Okabe and Ito's colours, told apart also by colour-blind readers; they repeat from the eighth region on.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
_PLANS = {"十二五": 2015, "十三五": 2020, "十四五": 2025, "十五五": 2030, "十六五": 2035}
_MYRIADS = ((1e12, "万亿"), (1e8, "亿"), (1e4, "万"))


@dataclass(frozen=True, slots=True)
class Point:
    """A figure to draw. `label` is its wording in the source, `anchor` the card of the sentence that states it."""

    region: str
    period: str  # 2025, 2025Q1, 2021-2025, 十四五, "" where the source does not say
    value: float
    kind: str  # 目标值, 实际值, 预测
    label: str
    scope: str  # whose it is, as shown
    anchor: str


def plot_svg(points: Sequence[Point], unit: str, title: str, language: Language) -> str:
    """Draw figures of one unit; "" for none. More than MAX_POINTS are cut, and the picture says so."""
    drawn = sorted(points, key=lambda p: (_order(p.period), p.region))[:MAX_POINTS]
    if not drawn:
        return ""
    periods = list(dict.fromkeys(p.period for p in drawn))
    regions = list(dict.fromkeys(p.region for p in drawn))
    low, high = min(0.0, *(p.value for p in drawn)), max(0.0, *(p.value for p in drawn))
    ticks = _ticks(low, high)
    parts = [
        f'<svg class="pq-plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">',
        f"<title>{escape(title)}</title>",
        *_axes(ticks, periods, unit, language),
        *(_mark(p, _x(p, periods, regions), _y(p.value, ticks), _colour(p.region, regions)) for p in drawn),
        *_legend(regions, [p.kind for p in drawn], language),
    ]
    if len(points) > len(drawn):
        note = escape(words(language, "plot_cut", shown=len(drawn), count=len(points)))
        parts.append(f'<text class="pq-axis" x="{WIDTH - _RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{note}</text>')
    return "".join([*parts, "</svg>"])


def _axes(ticks: Sequence[float], periods: Sequence[str], unit: str, language: Language) -> list[str]:
    parts = []
    for tick in ticks:
        y = _y(tick, ticks)
        parts.append(f'<line class="pq-grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="pq-axis" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(tick)}</text>')
    for period in periods:
        x = _column(period, periods) + _step(periods) / 2
        name = escape(period or words(language, "plot_no_period"))
        parts.append(
            f'<text class="pq-axis" x="{x:.1f}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="middle">{name}</text>'
        )
    parts.append(f'<text class="pq-axis" x="{_LEFT - 6}" y="{_TOP - 14}" text-anchor="end">{escape(unit)}</text>')
    return parts


def _mark(point: Point, x: float, y: float, colour: str) -> str:
    """A full circle for what is, an open one for a target, a diamond for a forecast; a click leads to the sentence."""
    shape = {
        "目标值": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="none" stroke="{colour}" stroke-width="2.5"/>',
        "预测": f'<path d="M{x:.1f} {y - 7:.1f}l7 7-7 7-7-7z" fill="none" stroke="{colour}" stroke-width="2"/>',
    }.get(point.kind, f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}"/>')
    told = f"{point.scope} {point.period} {point.label}（{point.kind}）"
    label = f'<text class="pq-value" x="{x + 9:.1f}" y="{y + 4:.1f}">{escape(point.label)}</text>'
    return (
        f'<a href="#{escape(point.anchor)}" aria-label="{escape(told)}"><title>{escape(told)}</title>{shape}{label}</a>'
    )


def _legend(regions: Sequence[str], kinds: Sequence[str], language: Language) -> list[str]:
    parts, x, y = [], _LEFT, HEIGHT - 16
    for region in regions:
        colour = _colour(region, regions)
        parts.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text class="pq-axis" x="{x + 14}" y="{y}">{escape(region)}</text>')
        x += 28 + _width(region)
    told = " · ".join(words(language, f"plot_kind_{kind}") for kind in dict.fromkeys(kinds))
    parts.append(f'<text class="pq-axis" x="{WIDTH - _RIGHT}" y="{_TOP - 14}" text-anchor="end">{escape(told)}</text>')
    return parts


def _x(point: Point, periods: Sequence[str], regions: Sequence[str]) -> float:
    """Regions stand side by side within the column of their period."""
    return _column(point.period, periods) + _step(periods) * (regions.index(point.region) + 1) / (len(regions) + 1)


def _column(period: str, periods: Sequence[str]) -> float:
    return _LEFT + _step(periods) * periods.index(period)


def _step(periods: Sequence[str]) -> float:
    return (WIDTH - _LEFT - _RIGHT) / len(periods)


def _y(value: float, ticks: Sequence[float]) -> float:
    span = ticks[-1] - ticks[0]
    return HEIGHT - _BOTTOM - (value - ticks[0]) / span * (HEIGHT - _TOP - _BOTTOM)


def _ticks(low: float, high: float) -> list[float]:
    """Four to seven round values from at most `low` to at least `high`."""
    span = (high - low) or 1.0
    power = 10.0 ** _exponent(span / 5)
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= span / 5 * 0.999)
    first = int(low / step) - (1 if low < 0 and low % step else 0)
    count = next(n for n in range(1, 50) if (first + n) * step >= high * (1 - 1e-12))
    return [(first + n) * step for n in range(count + 1)]


def _exponent(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])


def _number(value: float) -> str:
    for size, name in _MYRIADS:
        if abs(value) >= size:
            return f"{value / size:g}{name}"
    return f"{value:g}"


def _order(period: str) -> tuple[float, str]:
    """Sort key: years and quarters by time, spans and plans at their end, figures without a period last."""
    if period in _PLANS:
        return (_PLANS[period] + 0.9, period)
    years = re.findall(r"\d{4}", period)
    part = re.search(r"[QH](\d)", period)
    if not years:
        return (9999.0, period)
    return (int(years[-1]) + (int(part[1]) / 10 if part else 0.8), period)


def _colour(region: str, regions: Sequence[str]) -> str:
    return _COLOURS[regions.index(region) % len(_COLOURS)]


def _width(text: str) -> int:
    return sum(13 if ord(char) > 255 else 8 for char in text)
