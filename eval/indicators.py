"""Is a figure of an answer told of the thing that its source tells it of? Only what is certain counts against an answer.

A source's indicator may be told shorter or longer, and in other words, of which no rule can say that they are wrong.
"""

import re
from collections.abc import Collection, Sequence

from eval.quantities import Quantified, is_count, same_unit, same_value
from eval.trace import SaidCitation
from ingest.facts.figures import find_figures
from ingest.lexical import normalise
from ingest.text.repair import to_simplified

_MODIFIERS = re.compile(r"平均|总体|整体|累计|全[省市县国区]|我[国省市]|[约的达到已共年之为其在]|规划|建成")
_LEAST = 2  # characters that an indicator has to have left
# What a count's indicator may leave out at its end: 企业数量超100家 is 企业超100家.
_MERE = re.compile(r"(?:总?数量?|总量|规模|个数|家数)$")


def is_told_of_another(quantity: Quantified, indicators: Collection[str], cited: Sequence[SaidCitation]) -> bool:
    """Whether a figure is told of what the cited quotes tell another figure of, or of a part of what they count.

    `indicators` are those that the answer's words give it. True: they are word for word those of a figure of another
    value or unit (two figures changed about), or in a count they end where the source's goes on to another thing
    (数据中心 for 数据中心机架). False where either side names none, or one holds the other.
    """
    said = [reduced for name in indicators if len(reduced := _reduced(name)) >= _LEAST]
    figures = [f for citation in cited for f in find_figures(to_simplified(citation.quote))]
    same = [same_value(f, quantity) and same_unit(f.unit, quantity.unit) for f in figures]
    true = [_reduced(f.indicator) for f, is_same in zip(figures, same, strict=True) if is_same]
    others = {_reduced(f.indicator) for f, is_same in zip(figures, same, strict=True) if not is_same}
    if not said or not true or min(map(len, true)) < _LEAST:
        return False
    counted = is_count(quantity.unit)
    if any(b in a or (a in b and not (counted and _cut(a, b))) for a in said for b in true):
        return False
    return any(a in others for a in said) or (counted and all(_cut(a, b) for a in said for b in true))


def _cut(said: str, true: str) -> bool:
    """Whether an indicator ends within the other one, before the thing that is counted."""
    whole = _MERE.sub("", true)
    return any(said.endswith(whole[:end]) for end in range(3, len(whole) - 1))


def _reduced(indicator: str) -> str:
    return _MODIFIERS.sub("", normalise(to_simplified(indicator)))
