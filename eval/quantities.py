"""Quantities compared: what a text states, in Chinese or English, and when two statements say the same."""

import functools
import re
from dataclasses import dataclass
from math import isclose
from typing import Protocol

from app.understanding.quantities import english_figures
from ingest.facts.figures import find_figures
from ingest.text.repair import to_simplified

_COUNT_UNITS = frozenset(
    ("", "个", "家", "所", "座", "项", "机架", "户", "名", "位", "台", "套", "辆", "件", "条", "款", "种", "类", "处")
)
# Comparators that say the same of a number; everything else differs (超 is not 至少, 近 is not 约, none is not 约).
_SAME_COMPARATOR = (frozenset(("超", "以上")), frozenset(("以上", "至少")), frozenset(("以下", "至多")))
_LATIN = re.compile(r"[A-Za-z]{3,}")


class Quantified(Protocol):
    """Whatever states a quantity: a gold fact, an ingest figure, a Stated."""

    @property
    def value(self) -> float: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def comparator(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Stated:
    """A quantity as a text states it at [start, end); per cent are 0..100, 万 and 亿 are folded into the value."""

    value: float
    unit: str
    comparator: str
    start: int
    end: int
    value_high: float | None = None


@functools.lru_cache(maxsize=8192)  # the quotes of a run are read for every fact and every claim
def stated_quantities(text: str) -> tuple[Stated, ...]:
    """Quantities of a text in order: Chinese ones as ingestion reads them, English ones where Latin words stand."""
    plain = to_simplified(text)
    # Figures rather than bare quantities: they know that 500亿 after 投入 is money and that 不足广东的1/8 has a 不足.
    chinese = [Stated(f.value, f.unit, f.comparator, f.start, f.end, f.value_high) for f in find_figures(plain)]
    if not _LATIN.search(plain):
        return tuple(chinese)
    english = [Stated(f.value, f.unit, f.comparator, f.start, f.end, f.value_high) for f in english_figures(plain)]
    # "over 65%": ingestion's reader sees the 65 % but not the English word before it; of 65%以上 it sees all.
    wider = [e for e in english if not any(q.start <= e.start and e.end <= q.end for q in chinese)]
    kept = [q for q in chinese if not any(e.start < q.end and q.start < e.end for e in wider)]
    return tuple(sorted((*kept, *wider), key=lambda q: q.start))


def same_value(a: Quantified, b: Quantified) -> bool:
    """Whether two quantities have the same value, or the same two ends where both are ranges."""
    if not isclose(a.value, b.value, rel_tol=1e-9):
        return False
    high_a, high_b = getattr(a, "value_high", None), getattr(b, "value_high", None)
    return high_a is high_b if high_a is None or high_b is None else isclose(high_a, high_b, rel_tol=1e-9)


def same_unit(a: str, b: str) -> bool:
    """Whether two units may stand for each other: equal, 个 or none beside another count, or 元 left unsaid."""
    if a == b:
        return True
    general = {"", "个"}
    return (a in general and b in _COUNT_UNITS) or (b in general and a in _COUNT_UNITS) or {a, b} == {"", "元"}


def is_count(unit: str) -> bool:
    """Whether a unit counts things, and is said."""
    return unit != "" and unit in _COUNT_UNITS


def same_comparator(a: str, b: str) -> bool:
    """Whether two comparators say the same: equal, or 超/以上, 以上/至少, 以下/至多."""
    return a == b or any({a, b} <= same for same in _SAME_COMPARATOR)


def same_quantity(a: Quantified, b: Quantified) -> bool:
    """Whether value, unit and comparator agree."""
    return same_value(a, b) and same_unit(a.unit, b.unit) and same_comparator(a.comparator, b.comparator)
