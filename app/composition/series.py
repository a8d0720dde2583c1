"""Which figures of a comparison may share an axis: those of one measure, in one unit, of one sort. Others never do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.types import CitedFigure, Comparison
from app.understanding.measures import find_heads
from app.understanding.periods import without_periods
from ingest.facts.regions import NATION, find_regions
from ingest.text.repair import to_simplified
from ingest.types import Figure

_PLOTTED = frozenset(("水平", "变化"))  # a difference, a former value and a condition say nothing of a level
_NO_UNIT = frozenset(("分数", "倍", "比"))  # of something else that the axis would not name
_MEASURE = re.compile(r"(?:数|量|率|值|额|面积|人口|产能)$")
# Amounts that a rule grants or takes: each stands under conditions of its own.
_GRANTED = re.compile(r"奖|补|罚|资助|支持|给予|支付|缴|不超过|期限|每项|一次性")
# What says how a figure was come by, and nothing of what is measured.
_MANNER = re.compile(
    r"规划|计划|预计|预期|力争|争取|达到|突破|实现|建成|目前|现有|已经|[已将约达近]|^(?:本|该|全|我)?[省市区县国]|(?:目标|实际)$|^(?:与|对|为|这一|不过|以及|处|自|在)|的"
)
_DWARFS = 4  # times the regions' largest figure
_LEAST = 2  # characters beside the measured noun: 规模 of what


@dataclass(frozen=True, slots=True)
class Series:
    """Figures of one measure; what they measure and their unit, as shown."""

    measure: str
    unit: str
    figures: tuple[CitedFigure, ...]


def make_series(comparison: Comparison) -> list[Series]:
    """The measures of which a comparison has several figures, or for which it was asked; those with most figures first.

    Figures that do not say what they measure, for whom, or under which conditions stand in no series. Nor do those of
    which one owner has two for one time: their words leave out what tells them apart (综合产值 of one trade and of another).
    """
    asked = {
        figure
        for aspect, row in zip(comparison.aspects, comparison.cells, strict=True)
        for cell in row
        for figure in cell.figures
        if aspect in comparison.measured
    }
    groups: dict[tuple[str, str, str], list[CitedFigure]] = {}
    for cited in all_figures(comparison):
        if name := measure_of(cited.figure):
            groups.setdefault((name, cited.figure.unit, cited.figure.role), []).append(cited)
    kept = [
        Series(name, unit, tuple(_once(part)))
        for (name, unit, _), figures in groups.items()
        for part in _of_one_size(figures)
        if _is_clear(part) and (len(_once(part)) > 1 or asked.intersection(part))
    ]
    return sorted(kept, key=lambda series: -len(series.figures))


def all_figures(comparison: Comparison) -> list[CitedFigure]:
    """Every figure that a comparison states, once, in order of its cells, those of its notes last."""
    cells = [cell for row in comparison.cells for cell in row] + [cell for _, cell in comparison.notes]
    return list(dict.fromkeys(figure for cell in cells for figure in cell.figures))


def measure_of(figure: Figure) -> str:
    """What a figure measures, without whose and when it is; "" where that cannot be told well enough to compare it."""
    unclear = figure.role not in _PLOTTED or figure.unit in _NO_UNIT or not figure.scopes
    if unclear or _GRANTED.search(figure.indicator):
        return ""
    text = without_periods(to_simplified(figure.indicator))
    for mention in reversed(find_regions(text)):
        text = text[: mention.start] + text[mention.end :]
    name = _MANNER.sub("", text.strip(" ，、")).strip(" ，、“”")
    heads = find_heads(name)
    named = bool(heads) or bool(_MEASURE.search(name))
    return name if named and len(name) >= _LEAST + 2 else ""


def _of_one_size(figures: Sequence[CitedFigure]) -> list[list[CitedFigure]]:
    """The figures; the nation's apart where beside them the regions' could not be told from zero."""
    nation = [cited for cited in figures if cited.figure.scopes == (NATION,)]
    regions = [cited for cited in figures if cited not in nation]
    if not nation or not regions:
        return [list(figures)]
    largest, other = (max(abs(cited.figure.value) for cited in part) for part in (nation, regions))
    return [regions, nation] if largest > _DWARFS * other else [list(figures)]


def _once(figures: Sequence[CitedFigure]) -> list[CitedFigure]:
    """Figures without those that several sentences repeat."""
    said: dict[tuple[object, ...], CitedFigure] = {}
    for cited in figures:
        said.setdefault((*_whose(cited), cited.figure.value, cited.figure.value_high), cited)
    return list(said.values())


def _is_clear(figures: Sequence[CitedFigure]) -> bool:
    kept = _once(figures)
    return len({_whose(cited) for cited in kept}) == len(kept)


def _whose(cited: CitedFigure) -> tuple[str, str, str]:
    return cited.scope, cited.figure.period, cited.figure.kind
