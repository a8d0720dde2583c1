"""Quantities in English text: 65%, 12 billion yuan, more than 300,000. Chinese ones are ingest.facts.numbers' business."""

import re

from ingest.types import Figure

_ENGLISH_QUANTITY = re.compile(
    r"(?<![\w.])(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(?P<point>percentage points?|pp\b)?(?P<percent>%|percent\b|per cent\b)?"
    r"[\s-]*(?P<scale>thousand|million|billion|trillion)?[\s-]*(?P<money>yuan|rmb|renminbi)?"
    r"(?P<other>(?:us |u\.s\. )?dollars?\b|usd\b|euros?\b|hong kong dollars?\b|kwh\b|mwh\b|gwh\b|kilowatt-hours?\b|(?:metric )?tons?\b|tonnes?\b"
    r"|years?\b|months?\b|hours?\b|minutes?\b|(?:working|business) days?\b|square met(?:er|re)s?\b|cubic met(?:er|re)s?\b|hectares?\b|mu\b)?",
    re.I,
)
_ENGLISH_COMPARATORS = (  # the first that fits: no more than is not more than
    (r"(?:no|not) more than|not exceeding|not over", "至多"), (r"(?:no|not) (?:less|fewer) than|not below", "至少"),
    (r"nearly|almost", "近"),
    (r"more than|over|above|exceed(?:s|ed)?|exceeding|beyond", "超"), (r"less than|below|under|fewer than", "不足"),
    (r"about|around|roughly|approximately", "约"), (r"at least", "至少"), (r"at most|up to", "至多"),
)  # fmt: skip


# The beginning of an English unit and the canonical one.
_UNITS = (
    ("hong kong", "港元"), ("us ", "美元"), ("u.s.", "美元"), ("dollar", "美元"), ("usd", "美元"), ("euro", "欧元"), ("kwh", "千瓦时"),
    ("kilowatt", "千瓦时"), ("mwh", "兆瓦时"), ("gwh", "吉瓦时"), ("ton", "吨"), ("metric", "吨"), ("year", "年"), ("month", "个月"),
    ("hour", "小时"), ("minute", "分钟"), ("working", "个工作日"), ("business", "个工作日"), ("square", "平方米"), ("cubic", "立方米"),
    ("hectare", "公顷"), ("mu", "亩"),
)  # fmt: skip
_COUNTED = frozenset(("年", "个月"))  # alone they are often no amount: in 5 years' time


def _other(match: re.Match[str]) -> str:
    unit = (match["other"] or "").lower()
    return next((canonical for start, canonical in _UNITS if unit.startswith(start)), "") if unit else ""


def english_comparator(before: str) -> str:
    """The comparator that ends the English words in front of a number, "" where there is none."""
    return next((c for p, c in _ENGLISH_COMPARATORS if re.search(rf"(?<![a-z])(?:{p})\W*$", before, re.I)), "")


def english_figures(text: str) -> tuple[Figure, ...]:
    """Quantities of an English text: 65%, 12 billion yuan, more than 20 percent, 300,000 (but no bare small numbers)."""
    figures = []
    for match in _ENGLISH_QUANTITY.finditer(text):
        scale = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}.get(
            (match["scale"] or "").lower(), 1
        )
        unit = "百分点" if match["point"] else "%" if match["percent"] else "元" if match["money"] else _other(match)
        if (unit and unit not in _COUNTED) or match["scale"] or "," in match["number"]:
            value = float(match["number"].replace(",", "")) * scale
            comparator = english_comparator(text[: match.start()])
            figures.append(Figure(value, unit, match[0].strip(), match.start(), match.end(), comparator))
    return tuple(figures)
