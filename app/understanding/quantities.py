"""Quantities in English text: 65%, 12 billion yuan, more than 300,000. Chinese ones are ingest.facts.numbers' business."""

import re

from ingest.types import Figure

_ENGLISH_QUANTITY = re.compile(
    r"(?<![\w.])(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(?P<percent>%|percent\b|per cent\b)?"
    r"[\s-]*(?P<scale>thousand|million|billion|trillion)?[\s-]*(?P<money>yuan|rmb|renminbi)?",
    re.I,
)
_ENGLISH_COMPARATORS = (  # the first that fits: no more than is not more than
    (r"(?:no|not) more than|not exceeding|not over", "至多"), (r"(?:no|not) (?:less|fewer) than|not below", "至少"),
    (r"nearly|almost", "近"),
    (r"more than|over|above|exceed(?:s|ed)?|exceeding|beyond", "超"), (r"less than|below|under|fewer than", "不足"),
    (r"about|around|roughly|approximately", "约"), (r"at least", "至少"), (r"at most|up to", "至多"),
)  # fmt: skip


def english_figures(text: str) -> tuple[Figure, ...]:
    """Quantities of an English text: 65%, 12 billion yuan, more than 20 percent, 300,000 (but no bare small numbers)."""
    figures = []
    for match in _ENGLISH_QUANTITY.finditer(text):
        scale = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}.get(
            (match["scale"] or "").lower(), 1
        )
        unit = "%" if match["percent"] else "元" if match["money"] else ""
        if unit or match["scale"] or "," in match["number"]:
            value = float(match["number"].replace(",", "")) * scale
            comparator = next(
                (c for p, c in _ENGLISH_COMPARATORS if re.search(p + r"\W*$", text[: match.start()], re.I)), ""
            )
            figures.append(Figure(value, unit, match[0].strip(), match.start(), match.end(), comparator))
    return tuple(figures)
