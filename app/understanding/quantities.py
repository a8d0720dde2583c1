"""Quantities in English text: 65 percent, 12 billion yuan, more than 300,000. Chinese ones are ingest.facts.numbers' business."""

import re

from ingest.types import Figure

_SCALES = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "k": 1e3,
    "bn": 1e9,
    "tn": 1e12,
}
_WORDS = {
    word: float(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen".split()
    )
} | {word: 10.0 * value for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}  # fmt: skip
# The longest that fits is meant: no more than is not more than.
_COMPARATORS = {
    words: comparator
    for comparator, listed in {
        "至多": "no more than|not more than|not exceeding|not over|at most|up to|no higher than|not exceed|a maximum of|within|capped at|≤|<=",
        "至少": "no less than|not less than|no fewer than|not fewer than|not below|at least|no lower than|a minimum of|≥|>=",
        "近": "nearly|almost|close to|approaching|just under",
        "超": "more than|over|above|exceeding|exceeded|exceeds|exceed|beyond|upwards of|in excess of|greater than|higher than|surpassing|surpassed|topped|>",
        "不足": "less than|fewer than|below|under|lower than|short of|<",
        "约": "about|around|roughly|approximately|some|approx.|circa|~|≈",
    }.items()
    for words in listed.split("|")
}
_AFTER = {
    "or more": "以上",
    "and above": "以上",
    "or above": "以上",
    "plus": "以上",
    "or less": "以下",
    "or below": "以下",
    "or fewer": "以下",
}
_UNITS = {
    "%": "%", "percent": "%", "per cent": "%", "percentage points": "百分点", "percentage point": "百分点", "pct": "%",
    "yuan": "元", "rmb": "元", "renminbi": "元", "cny": "元", "us dollars": "美元", "u.s. dollars": "美元", "usd": "美元", "dollars": "美元",
    "dollar": "美元", "hong kong dollars": "港元", "euros": "欧元", "euro": "欧元", "kwh": "千瓦时", "kilowatt-hours": "千瓦时",
    "mwh": "兆瓦时", "gwh": "吉瓦时", "tons": "吨", "tonnes": "吨", "metric tons": "吨", "years": "年", "year": "年", "months": "个月",
    "month": "个月", "hours": "小时", "hour": "小时", "minutes": "分钟", "working days": "个工作日", "business days": "个工作日",
    "square meters": "平方米", "square metres": "平方米", "cubic meters": "立方米", "cubic metres": "立方米", "hectares": "公顷", "mu": "亩",
}  # fmt: skip
_CURRENCIES = {"rmb": "元", "cny": "元", "¥": "元", "￥": "元", "us$": "美元", "usd": "美元", "$": "美元"}


def _either(words: dict[str, str] | dict[str, float]) -> str:
    """Pattern of any of some words, the longest first; those of letters end where a word ends."""
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(
        re.escape(word).replace(r"\ ", r"\s+") + ("(?![a-z])" if word[-1].isalpha() else "") for word in ordered
    )


_TENS, _ONES = "|".join(w for w, v in _WORDS.items() if v >= 20), "|".join(w for w, v in _WORDS.items() if v < 10)
_NUMBER = rf"\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|(?:{_TENS})(?:[ -](?:{_ONES}))?(?![a-z])|(?:{'|'.join(_WORDS)})(?![a-z])"
_QUANTITY = re.compile(
    rf"(?:(?<![a-z])(?P<between>between)\s+)?(?:(?<![a-z])(?P<comparator>{_either(_COMPARATORS)})\s*)?(?P<currency>{_either(_CURRENCIES)})?\s?"
    rf"(?P<change>(?<=from )(?<!ranging from )(?<!range from )(?<!ranges from ))?(?<![a-z0-9.,/-])(?P<number>{_NUMBER})(?![\d,]*[\d.]*\d)"
    rf"(?(change)|(?:\s?%?\s?(?(between)and|(?:-|–|—|to))\s?(?P<high>{_NUMBER})(?=\s?(?:%|per|pct|hundred|thousand|million|billion|trillion|bn|tn|yuan|rmb)))?)"
    rf"(?:[\s-]*(?P<scale>{_either(_SCALES)}))?(?:[\s-]*(?P<unit>{_either(_UNITS)}))?(?:\s(?P<after>{_either(_AFTER)}))?",
    re.I | re.A,  # ſ is no s, and ٣ no number of an English text
)


_COUNTED = frozenset(("年", "个月"))  # alone they are often no amount: in 5 years' time
_ENDS_IN_COMPARATOR = re.compile(rf"(?<![a-z])({_either(_COMPARATORS)})\W*$", re.I | re.A)


def english_comparator(before: str) -> str:
    """The comparator that ends the English words in front of a number, "" where there is none."""
    match = _ENDS_IN_COMPARATOR.search(before[-40:])
    return _COMPARATORS[" ".join(match[1].lower().split())] if match else ""


def english_figures(text: str) -> tuple[Figure, ...]:
    """Quantities of an English text: 65%, 12 billion yuan, more than 20 percent, 300,000 (but no bare small numbers).

    A number counts with a unit, a scale, a comma, or a comparator before what is no year. 30 to 50 percent is one, with both
    ends. `text` and offsets include the comparator.
    """
    figures = []
    for match in _QUANTITY.finditer(text):
        scale = _SCALES.get((match["scale"] or "").lower(), 1.0)
        unit = _UNITS.get(" ".join((match["unit"] or "").lower().split()), "")
        unit = unit or _CURRENCIES.get((match["currency"] or "").lower(), "")
        comparator = _COMPARATORS.get(" ".join((match["comparator"] or "").lower().split()), "")
        comparator = comparator or _AFTER.get((match["after"] or "").lower(), "")
        year = re.fullmatch(r"(?:19|20)\d{2}", match["number"])
        if (
            (unit and unit not in _COUNTED)
            or match["scale"]
            or "," in match["number"]
            or (comparator and not year and match["number"][0].isdigit())
        ):
            value = _value(match["number"]) * scale
            high = _value(match["high"]) * scale if match["high"] else None
            written = match[0].strip()
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            figures.append(Figure(value, unit, written, start, start + len(written), comparator, high))
    return tuple(figures)


def _value(written: str) -> float:
    bare = written.lower().replace(",", "")
    return float(bare) if bare[0].isdigit() else sum(_WORDS[word] for word in re.split("[ -]", bare))
