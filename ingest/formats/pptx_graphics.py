"""What charts and SmartArt of a slide say, from their own XML parts: charts as table rows, SmartArt as lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from ingest.formats.docx_package import attribute, child_of, tag_of, whole
from ingest.formats.pptx_text import body_lines, inside

_MAX_POINTS, _MAX_SERIES = 1_000, 50
_MAX_DAYS = 2_000_000  # some 5,000 years
_MAX_LEVELS = 20
_PERCENT = re.compile(r"(?:\.(0+))?0?%")


@dataclass(frozen=True, slots=True)
class _Series:
    name: str
    categories: dict[int, str]
    values: dict[int, str]


def chart_lines(root: Any) -> list[str] | None:
    """Return a chart's caption and its data as "| a | b |" rows, a row per category; None if it cannot be told so.

    Values are the exact ones that the file keeps, per cent where the chart shows per cent. Not told: charts of points
    (x and y), charts without kept values, over 1,000 categories or 50 series, and the kinds of Office 2016 and later.
    """
    chart = child_of(root, "chart")
    plots = [plot for plot in inside(child_of(chart, "plotArea")) if tag_of(plot).endswith("Chart")]
    series = [_series(item, at) for at, item in enumerate(item for plot in plots for item in _named(plot, "ser"))]
    if not series or len(series) > _MAX_SERIES or any(item is None for item in series):
        return None
    tables: dict[tuple[tuple[int, str], ...], list[_Series]] = {}
    for item in series:
        if item is not None:
            tables.setdefault(tuple(item.categories.items()), []).append(item)
    caption = _caption(chart)
    return [*([f"图表：{caption}"] if caption else []), *(row for same in tables.values() for row in _rows(same))]


def smart_art_lines(root: Any) -> list[str]:
    """Return the texts of a SmartArt's data part, each followed by those under it."""
    points = {attribute(point, "modelId"): point for point in inside(child_of(root, "ptLst"))}
    under: dict[str, list[tuple[int, str]]] = {}
    for link in inside(child_of(root, "cxnLst")):
        if attribute(link, "type") in {"", "parOf"}:
            order = whole(attribute(link, "srcOrd"))
            under.setdefault(attribute(link, "srcId"), []).append((order, attribute(link, "destId")))
    tops = [name for name, point in points.items() if attribute(point, "type") == "doc"]
    lines: list[str] = []
    seen: set[str] = set()
    waiting = list(reversed([*tops, *(name for name in points if name not in tops)]))
    while waiting:
        name = waiting.pop()
        if name in seen or name not in points:
            continue
        seen.add(name)
        if attribute(points[name], "type") not in {"pres", "parTrans", "sibTrans"}:
            lines += body_lines(child_of(points[name], "t"))
        waiting += [inner for _, inner in sorted(under.get(name, ()), reverse=True)]
    return lines


def _named(parent: Any, name: str) -> Iterator[Any]:
    return (child for child in parent if tag_of(child) == name)


def _caption(chart: Any) -> str:
    """Return the chart's title, and the titles of its value axes: they often state the unit."""
    axes = [axis for axis in inside(child_of(chart, "plotArea")) if tag_of(axis) == "valAx"]
    title = _title(chart)
    units = [text for text in dict.fromkeys(_title(axis) for axis in axes) if text and text != title]
    return title + (f"（{'；'.join(units)}）" if title and units else "；".join(units))


def _title(element: Any) -> str:
    title = child_of(element, "title")
    rich = " ".join(body_lines(child_of(title, "tx", "rich")))
    return rich or " ".join(_cache(child_of(title, "tx", "strRef", "strCache")).values())


def _series(item: Any, at: int) -> _Series | None:
    if child_of(item, "xVal") is not None:
        return None
    name = " ".join(_cache(child_of(item, "tx", "strRef", "strCache")).values()) or _text(child_of(item, "tx", "v"))
    values = _cache(_one_of(child_of(item, "val"), "numCache", "numLit"))
    categories = child_of(item, "cat")
    levels = child_of(categories, "multiLvlStrRef", "multiLvlStrCache")
    if levels is not None:
        labels = _multi_level(levels)
    else:
        labels = _cache(_one_of(categories, "strCache", "strLit", "numCache", "numLit"))
    if not values or len(values) > _MAX_POINTS or len(labels) > _MAX_POINTS:
        return None
    return _Series(name or f"系列{at + 1}", labels, values)


def _one_of(parent: Any, *names: str) -> Any:
    """Return the first element of one of the names, right under the parent or under a reference in it."""
    for holder in [parent, *inside(parent)]:
        for child in inside(holder):
            if tag_of(child) in names:
                return child
    return None


def _cache(cache: Any) -> dict[int, str]:
    """Return the kept values by their places, written as the chart shows them."""
    if cache is None:
        return {}
    code = _text(child_of(cache, "formatCode"))
    found: dict[int, str] = {}
    for point in _named(cache, "pt"):
        value = _text(child_of(point, "v"))
        if value:
            place = whole(attribute(point, "idx"), len(found))
            number = tag_of(cache).startswith("num")
            found[place] = _shown(value, attribute(point, "formatCode") or code) if number else value
    return found


def _multi_level(cache: Any) -> dict[int, str]:
    """Return labels such as "2025 一季度": an outer label is kept once, where its group begins."""
    levels = [_cache(level) for level in _named(cache, "lvl")][:_MAX_LEVELS]
    labels: dict[int, str] = {}
    outer = [""] * len(levels)
    for place in sorted({place for level in levels for place in level}):
        outer = [level.get(place, before) for level, before in zip(levels, outer, strict=True)]
        if place in levels[0]:
            labels[place] = " ".join(name for name in reversed(outer) if name)
    return labels


def _shown(value: str, code: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    if not number.is_finite() or not -30 < number.adjusted() < 30:
        return value
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", code.lower())
    if "yy" in bare:
        return _day(number, value)
    percent = _PERCENT.search(bare)
    if percent:
        return f"{_plain(round(number * 100, max(2, len(percent[1] or ''))))}%"
    return _plain(number)


def _plain(number: Decimal) -> str:
    """Write a number with at most 12 digits, so that 12.300000000000001 is 12.3 again."""
    text = f"{Decimal(f'{number:.12g}'):f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _day(number: Decimal, value: str) -> str:
    if not 0 < number < _MAX_DAYS:
        return value
    return (date(1899, 12, 30) + timedelta(days=int(number))).isoformat()


def _rows(series: list[_Series]) -> Iterator[str]:
    yield _row(["类别", *(item.name for item in series)])
    places = sorted({place for item in series for place in (*item.categories, *item.values)})
    for place in places:
        label = series[0].categories.get(place, str(place + 1))
        yield _row([label, *(item.values.get(place, "") for item in series)])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(' '.join(cell.replace('|', '｜').split()) for cell in cells)} |"


def _text(element: Any) -> str:
    return " ".join((element.text or "").split()) if element is not None else ""
