"""Quantities compared: what a text states, in Chinese or English, and when two statements say the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose
from typing import Protocol

from ingest.facts.figures import find_figures
from ingest.text.repair import to_simplified

_COUNT_UNITS = frozenset(
    ("", "个", "家", "所", "座", "项", "机架", "户", "名", "位", "台", "套", "辆", "件", "条", "款", "种", "类", "处")
)
# Comparators that say the same of a number; everything else differs (超 is not 至少, 近 is not 约, none is not 约).
_SAME_COMPARATOR = (frozenset(("超", "以上")), frozenset(("以上", "至少")), frozenset(("以下", "至多")))
_ENGLISH_SCALE = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_ENGLISH_UNIT = {"percent": "%", "per cent": "%", "%": "%", "yuan": "元", "rmb": "元"}
_ENGLISH_COMPARATOR = {
    "about": "约", "around": "约", "roughly": "约", "approximately": "约", "some": "约", "over": "超",
    "more than": "超", "above": "超", "exceeding": "超", "exceeded": "超", "exceeds": "超", "less than": "不足",
    "under": "不足", "below": "不足", "fewer than": "不足", "nearly": "近", "almost": "近", "at least": "至少",
    "at most": "至多", "up to": "至多", "no more than": "至多", "not more than": "至多", "not exceeding": "至多",
    "no less than": "至少", "not less than": "至少", "no fewer than": "至少",
}  # fmt: skip
_ENGLISH = re.compile(
    rf"(?:(?P<comparator>{'|'.join(sorted(_ENGLISH_COMPARATOR, key=len, reverse=True))})\s+)?"
    r"(?:(?:RMB|CNY|¥)\s*)?(?<![\d.,])(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\d,]*[\d.]*\d)"
    rf"(?:[\s-]*(?P<scale>{'|'.join(_ENGLISH_SCALE)}))?(?:[\s-]*(?P<unit>percent|per cent|%|yuan|RMB))?",
    re.IGNORECASE,
)
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


def stated_quantities(text: str) -> tuple[Stated, ...]:
    """Quantities of a text in order: Chinese ones as ingestion reads them, English ones where Latin words stand."""
    plain = to_simplified(text)
    # Figures rather than bare quantities: they know that 500亿 after 投入 is money and that 不足广东的1/8 has a 不足.
    chinese = [Stated(f.value, f.unit, f.comparator, f.start, f.end, f.value_high) for f in find_figures(plain)]
    if not _LATIN.search(plain):
        return tuple(chinese)
    english = list(_english(plain))
    # "over 65%": ingestion's reader sees the 65 % but not the English word before it.
    kept = [q for q in chinese if not any(e.start <= q.start and q.end <= e.end for e in english)]
    return tuple(sorted((*kept, *english), key=lambda q: q.start))


def _english(text: str) -> Iterator[Stated]:
    for match in _ENGLISH.finditer(text):
        scale, unit = (match["scale"] or "").lower(), (match["unit"] or "").lower()
        comparator = _ENGLISH_COMPARATOR.get((match["comparator"] or "").lower(), "")
        year = re.fullmatch(r"(?:19|20)\d{2}", match["number"]) and not scale and not unit
        if not year and (scale or comparator or "," in match["number"] or (unit and unit != "%")):
            value = float(match["number"].replace(",", "")) * _ENGLISH_SCALE.get(scale, 1.0)
            yield Stated(value, _ENGLISH_UNIT.get(unit, ""), comparator, match.start(), match.end())


def same_value(a: Quantified, b: Quantified) -> bool:
    """Whether two quantities have the same value, or the same two ends where both are ranges."""
    high_a, high_b = getattr(a, "value_high", None), getattr(b, "value_high", None)
    if high_a is None or high_b is None:
        return high_a is high_b and isclose(a.value, b.value, rel_tol=1e-9)
    return isclose(a.value, b.value, rel_tol=1e-9) and isclose(high_a, high_b, rel_tol=1e-9)


def same_unit(a: str, b: str) -> bool:
    """Whether two units may stand for each other: equal, 个 or none beside another count, or 元 left unsaid."""
    if a == b:
        return True
    general = {"", "个"}
    return (a in general and b in _COUNT_UNITS) or (b in general and a in _COUNT_UNITS) or {a, b} == {"", "元"}


def same_comparator(a: str, b: str) -> bool:
    """Whether two comparators say the same: equal, or 超/以上, 以上/至少, 以下/至多."""
    return a == b or any({a, b} <= same for same in _SAME_COMPARATOR)


def same_quantity(a: Quantified, b: Quantified) -> bool:
    """Whether value, unit and comparator agree."""
    return same_value(a, b) and same_unit(a.unit, b.unit) and same_comparator(a.comparator, b.comparator)
