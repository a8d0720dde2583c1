"""Figures by region and period as an SVG picture: a column for each period, in it a place for each owner, one shape a kind.

No plotting library: the picture has to say whose figure it is, lead to its sentence on a click, follow the page's colours
and fonts, and be made without a browser. Everything that comes from documents is escaped.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.types import Language
from app.ui.cards import escape
from app.ui.strings import words

HEIGHT = 300  # of the picture without its lines of sources
MAX_POINTS = 60
MAX_SOURCES = 6  # lines below the picture
_WIDTH = 440  # at least: a phone shows it nearly as it is
_LEFT, _RIGHT, _TOP, _BOTTOM, _LINE = 70, 14, 64, 54, 17
_SLOT = 92  # of one owner in one period: the room of a label
_SIZE = 12  # of the letters
_COLOURS = 7  # of owners, in style.css; owners are named below their place as well
_KINDS = ("实际值", "目标值", "预测")
_PLANS = {"十二五": 2015, "十三五": 2020, "十四五": 2025, "十五五": 2030, "十六五": 2035}
_LARGE = {"zh": ((1e12, "万亿"), (1e8, "亿"), (1e4, "万")), "en": ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))}


@dataclass(frozen=True, slots=True)
class Point:
    """A figure to draw. `label` is its wording in the source, `anchor` the card of the sentence that states it."""

    scope: str  # whose it is, as shown
    period: str  # 2025, 2025Q1, 2021-2025, 十四五, "" where the source does not say
    value: float
    kind: str  # 目标值, 实际值, 预测
    label: str
    anchor: str
    mark: str = ""  # [3], beside the label
    high: float | None = None  # upper end of a range


@dataclass(frozen=True, slots=True)
class _Box:
    """The room that something drawn takes."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "_Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


class _Frame:
    """Where things stand: periods from left to right, in each the owners that have a figure, values upwards."""

    def __init__(self, points: Sequence[Point]) -> None:
        values = [v for p in points for v in (p.value, p.high) if v is not None]
        self.ticks = _ticks(min(0.0, *values), max(0.0, *values))
        self.periods = list(dict.fromkeys(p.period for p in points))
        self.owners = {
            period: list(dict.fromkeys(p.scope for p in points if p.period == period)) for period in self.periods
        }
        slots = sum(map(len, self.owners.values()))
        self.slot = max(float(_SLOT), (_WIDTH - _LEFT - _RIGHT) / slots)
        self.width = _LEFT + _RIGHT + round(self.slot * slots)

    def column(self, period: str) -> tuple[float, float]:
        """Left and right of a period."""
        before = sum(len(self.owners[p]) for p in self.periods[: self.periods.index(period)])
        left = _LEFT + self.slot * before
        return left, left + self.slot * len(self.owners[period])

    def x(self, scope: str, period: str) -> float:
        """Middle of an owner's place in a period."""
        return self.column(period)[0] + self.slot * (self.owners[period].index(scope) + 0.5)

    def y(self, value: float) -> float:
        """Height of a value."""
        low, high = self.ticks[0], self.ticks[-1]
        return HEIGHT - _BOTTOM - (value - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)


def plot_svg(points: Sequence[Point], unit: str, title: str, language: Language, sources: Sequence[str] = ()) -> str:
    """Draw figures of one measure and unit; "" for none. More than MAX_POINTS are cut, and the picture says so.

    `sources` are lines that stand below it, so that the picture can leave the page.
    """
    drawn = sorted(points, key=lambda p: _order(p.period))[:MAX_POINTS]
    if not drawn:
        return ""
    frame = _Frame(drawn)
    named = words(language, "plot_title", measure=title, unit=unit) if unit else title
    foot = list(sources[:MAX_SOURCES])
    if len(sources) > MAX_SOURCES:
        foot.append(words(language, "plot_sources_more", count=len(sources) - MAX_SOURCES))
    if len(points) > len(drawn):
        foot.insert(0, words(language, "plot_cut", shown=len(drawn), count=len(points)))
    height = HEIGHT + (len(foot) * _LINE + 6 if foot else 0)
    parts = [
        f'<svg class="pq-plot" viewBox="0 0 {frame.width} {height}" width="{frame.width}" height="{height}" role="group"'
        f' aria-label="{escape(named)}" xmlns="http://www.w3.org/2000/svg">',
        _text(8, 20, _cut(named, frame.width - 16, 15), "pq-plot-title"),
        *_kinds([p.kind for p in drawn], language),
        *_axes(frame, language),
        *_marks(frame, drawn, language),
        *(
            _text(8, HEIGHT + 12 + n * _LINE, _cut(line, frame.width - 16, 11), "pq-plot-source")
            for n, line in enumerate(foot)
        ),
    ]
    return "".join([*parts, "</svg>"])


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _kinds(kinds: Sequence[str], language: Language) -> Iterator[str]:
    """The shapes that stand in the picture, with their names."""
    x = 14.0
    for kind in (k for k in _KINDS if k in kinds):
        yield _shape(kind, x, 38)
        name = words(language, f"plot_kind_{kind}")
        yield _text(x + 11, 42, name, "pq-axis")
        x += 32 + _wide(name)


def _axes(frame: _Frame, language: Language) -> Iterator[str]:
    right = frame.width - _RIGHT
    for tick in frame.ticks:
        y = frame.y(tick)
        yield f'<line class="pq-grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _text(_LEFT - 6, y + 4, _number(tick, language), "pq-axis", "end")
    for period in frame.periods:
        left, end = frame.column(period)
        if period != frame.periods[0]:
            yield f'<line class="pq-grid" x1="{left:.1f}" x2="{left:.1f}" y1="{_TOP}" y2="{HEIGHT - 6}"/>'
        name = _cut(period or words(language, "plot_no_period"), end - left)
        yield _text((left + end) / 2, HEIGHT - _BOTTOM + 38, name, "pq-axis pq-plot-period", "middle")
        for scope in frame.owners[period]:
            owner = _cut(scope, frame.slot - 4)
            yield _text(frame.x(scope, period), HEIGHT - _BOTTOM + 18, owner, "pq-axis", "middle")


def _marks(frame: _Frame, points: Sequence[Point], language: Language) -> Iterator[str]:
    """Each point as a link to its sentence. Its label stands where it hides nothing, or not at all: a click tells it."""
    places = [_place(frame, point, points) for point in points]
    taken = [box for boxes in places for box in _boxes(frame, *boxes)]
    owners = list(dict.fromkeys(p.scope for p in points))
    for point, (x, _, _) in zip(points, places, strict=True):
        ends = [frame.y(v) for v in (point.value, point.high) if v is not None]
        shapes = "".join(_shape(point.kind, x, y) for y in ends)
        if len(ends) == 2:
            shapes = f'<path d="M{x:.1f} {ends[0]:.1f}V{ends[1]:.1f}" stroke="currentColor" stroke-width="2"/>{shapes}'
        period = point.period or words(language, "plot_no_period")
        kind = words(language, f"plot_kind_{point.kind}") if point.kind in _KINDS else point.kind
        told = escape(" · ".join((point.scope, period, kind, f"{point.label} {point.mark}".strip())))
        label = _label(frame, f"{point.label} {point.mark}".strip(), x, min(ends), max(ends), taken)
        yield (
            f'<a href="#{escape(point.anchor)}" class="pq-point pq-owner-{owners.index(point.scope) % _COLOURS}" aria-label="{told}"><title>{told}</title>'
            f"{shapes}{label}</a>"
        )


def _place(frame: _Frame, point: Point, points: Sequence[Point]) -> tuple[float, float, float]:
    """x, and the heights between which a point is drawn; kinds stand beside each other where one owner has several."""
    beside = [p.kind for p in points if (p.scope, p.period) == (point.scope, point.period)]
    shift = (_KINDS.index(point.kind) - 1) * 16.0 if len(set(beside)) > 1 and point.kind in _KINDS else 0.0
    low, high = frame.y(point.value), frame.y(point.value if point.high is None else point.high)
    return frame.x(point.scope, point.period) + shift, min(low, high), max(low, high)


def _boxes(frame: _Frame, x: float, top: float, bottom: float) -> list[_Box]:
    return [_Box(x - 8, top - 8, x + 8, bottom + 8)]


def _label(frame: _Frame, text: str, x: float, top: float, bottom: float, taken: list[_Box]) -> str:
    text = _cut(text, 1.9 * frame.slot)
    half = _wide(text) / 2
    for middle, base in ((x, top - 11), (x, bottom + 20), (x + half + 11, top + 4), (x - half - 11, top + 4)):
        box = _Box(middle - half, base - _SIZE, middle + half, base + 3)
        inside = (
            box.left >= _LEFT
            and box.right <= frame.width
            and box.top >= _TOP - 22
            and box.bottom <= HEIGHT - _BOTTOM + 6
        )
        if inside and not any(box.meets(other) for other in taken):
            taken.append(box)
            return _text(middle, base, text, "pq-value", "middle")
    return ""


def _shape(kind: str, x: float, y: float) -> str:
    """A full circle for what is, an open square for a target, an open diamond for a forecast."""
    if kind == "目标值":
        place = f'x="{x - 5.5:.1f}" y="{y - 5.5:.1f}" width="11" height="11"'
        return f'<rect {place} fill="none" stroke="currentColor" stroke-width="2.5" pointer-events="all"/>'
    if kind == "预测":
        path = f"M{x:.1f} {y - 7.5:.1f}l7.5 7.5-7.5 7.5-7.5-7.5z"
        return f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="2" pointer-events="all"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="currentColor"/>'


def _ticks(low: float, high: float) -> list[float]:
    """Four to seven round values from at most `low` to at least `high`."""
    span = (high - low) or 1.0
    power = 10.0 ** int(f"{span / 5:e}".partition("e")[2])
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= span / 5 * 0.999)
    first = int(low / step) - (1 if low < 0 and low % step else 0)
    count = next(n for n in range(1, 50) if (first + n) * step >= high * (1 - 1e-12))
    return [(first + n) * step for n in range(count + 1)]


def _number(value: float, language: Language) -> str:
    for size, name in _LARGE[language]:
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


def _wide(text: str, size: int = _SIZE) -> float:
    """About how wide a text is drawn."""
    return sum(size if ord(char) > 255 else 0.58 * size for char in text)


def _cut(text: str, room: float, size: int = _SIZE) -> str:
    """The text as far as it has room, with an ellipsis where it has not."""
    if _wide(text, size) <= room:
        return text
    kept = ""
    for char in text:
        if _wide(kept + char, size) > room - size:
            break
        kept += char
    return f"{kept}…"
