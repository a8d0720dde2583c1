"""Reading order of boxes on a slide: from top to bottom, then from left to right, cards kept whole. Pure geometry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")
_SLACK = 64_000  # boxes may overlap by so much (EMU, 914,400 to an inch): text keeps a margin inside its box
_TIGHT = 230_000  # a caption stands at most so far above or below what it belongs to
_ROW_SHARE = 0.5  # boxes that overlap in height by half the lower one stand side by side


@dataclass(frozen=True, slots=True)
class Box:
    """A place on a slide in EMU; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float


def in_reading_order(items: Sequence[tuple[Box, T]]) -> list[T]:
    """Return the items by the places of their boxes.

    The slide is cut at its wide horizontal gaps; what is left at its vertical gaps where these are wider than any
    horizontal one (cards side by side, each a number and its caption), else at the narrow horizontal ones.
    """
    return [item for _, item in _ordered(list(items))]


def _ordered(items: list[tuple[Box, T]]) -> list[tuple[Box, T]]:
    if len(items) < 2:
        return items
    rows, row_gaps = _cut(items, lambda box: (box.top, box.bottom))
    columns, column_gaps = _cut(items, lambda box: (box.left, box.right))
    if len(rows) > 1 and max(row_gaps) > _TIGHT:
        parts = _joined(rows, row_gaps)
    elif len(columns) > 1 and max(row_gaps, default=0.0) < min(column_gaps):
        parts = columns
    elif len(rows) > 1:
        parts = rows
    elif len(columns) > 1:
        parts = columns
    else:
        return _by_rows(items)
    return [item for part in parts for item in _ordered(part)]


def _cut(
    items: list[tuple[Box, T]], extent: Callable[[Box], tuple[float, float]]
) -> tuple[list[list[tuple[Box, T]]], list[float]]:
    """Return (the parts between which a line can be drawn across all, the widths of the gaps between them)."""
    parts: list[list[tuple[Box, T]]] = []
    gaps: list[float] = []
    reach = 0.0
    for item in sorted(items, key=lambda item: extent(item[0])):
        start, end = extent(item[0])
        if parts and start < reach - min(_SLACK, (end - start) / 3):
            parts[-1].append(item)
        else:
            gaps += [start - reach] if parts else []
            parts.append([item])
            reach = end
        reach = max(reach, end)
    return parts, gaps


def _joined(rows: list[list[tuple[Box, T]]], gaps: list[float]) -> list[list[tuple[Box, T]]]:
    """Return the rows with those a narrow gap apart put together."""
    joined = [list(rows[0])]
    for gap, row in zip(gaps, rows[1:], strict=True):
        if gap > _TIGHT:
            joined.append(list(row))
        else:
            joined[-1] += row
    return joined


def _by_rows(items: list[tuple[Box, T]]) -> list[tuple[Box, T]]:
    """Boxes that overlap in every way: those about as high as each other are a row."""
    down = sorted(items, key=lambda item: (item[0].top, item[0].left))
    rows = [[down[0]]]
    for (before, _), item in pairwise(down):
        box = item[0]
        shared = min(before.bottom, box.bottom) - max(before.top, box.top)
        if shared >= _ROW_SHARE * min(before.bottom - before.top, box.bottom - box.top):
            rows[-1].append(item)
        else:
            rows.append([item])
    return [item for row in rows for item in sorted(row, key=lambda item: item[0].left)]
