"""The periods that a question asks about: 2025, 2025Q1, H1, 2023-2025, 十四五, and what 去年, 近三年, 以来 come to.

A year far from ours (3025年, 公元前221年) is a period as well: no source has it, and the answer can say so.
"""

import re
from collections.abc import Callable
from datetime import date

from ingest.facts.numerals import han_to_number
from ingest.facts.period_words import (
    COUNT,
    DASH,
    HALF,
    HAN_YEAR,
    ORDINAL,
    PLAN,
    QUARTER,
    RELATIVE_YEAR,
    SPAN_LEAD,
    YEAR,
    han_year,
    ordinal,
)

_WORDS = re.compile(
    rf"(?:{YEAR}|{HAN_YEAR[:-1]})年?(?:{QUARTER}|Q[1-4]|{HALF})?(?:底|末|初|度)?"
    rf"|{QUARTER}|Q[1-4]|{HALF}|“?{PLAN}”?(?:时期|期间)?|{'|'.join(RELATIVE_YEAR)}"
)
_WITHIN = rf"(?:的?(?:第?(?P<q>{ORDINAL})季度|(?P<h>[上下])半年|Q(?P<qn>[1-4])|H(?P<hn>[12])|[头前](?P<m>[三3])个月))"
_ENGLISH_ORDINAL = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_PLAN_NUMBERS = {
    word: f"十{han}五" for han, words in zip("一二三四五六", (
        "11th eleventh", "12th twelfth", "13th thirteenth", "14th fourteenth", "15th fifteenth", "16th sixteenth",
    ), strict=True) for word in words.split()
}  # fmt: skip
_UNIT = r"(?:[万亿元%％倍个家人名项件台座所亩吨户天页款种次]|小时|平方|公里|美元|分钟)"  # 1970元 is no year
_SHORT_YEAR = rf"(?:^|(?<=[到至在和、，,及从])|(?<=截至))([1-3]\d)年(?![前内后以来间期]|{COUNT})"


def _inside(match: re.Match[str], year: str) -> str:
    """The quarter or half of a year that the match names, else the year."""
    parts = match.groupdict()
    if parts.get("m"):
        return f"{year}Q1"
    if quarter := parts.get("q") or parts.get("qn"):
        return f"{year}Q{ordinal(quarter)}"
    if half := parts.get("h") or parts.get("hn"):
        return f"{year}H{1 if half in '上1' else 2}"
    return year


def _count(text: str) -> int:
    if len(text) > 4:
        return 0
    return int(text) if text.isdigit() else int(han_to_number(text.replace("两", "二")) or 0)


def _span(match: re.Match[str], today: date) -> str:
    count, now = _count(match[2]), today.year
    if not 1 <= count <= 100:
        return ""
    if match[1] in ("未来", "今后"):
        return f"{now + 1}-{now + count}" if count > 1 else str(now + 1)
    first, last = (now - count, now - 1) if match[1] == "过去" else (now - count + 1, now)
    return f"{first}-{last}" if first < last else str(last)


def _since(match: re.Match[str], today: date) -> str:
    return f"{match[1]}-{today.year}" if int(match[1]) < today.year else match[1]


_Reader = Callable[[re.Match[str], date], str]
# What is read by one pattern is gone for those below it.
_READERS: tuple[tuple[re.Pattern[str], _Reader], ...] = tuple(
    (re.compile(pattern, re.I | re.A), reader)
    for pattern, reader in (
        (r"公元前\s?[\d一二三四五六七八九十百千]{1,6}\s?年", lambda m, _: m[0].replace(" ", "")),
        (rf"(?<![\d.,])(?!{YEAR}年)([1-9]\d{{3,4}})年(?!以[上下])", lambda m, _: m[1]),
        (rf"(?<![\d.])({YEAR})年?\s?{DASH}\s?({YEAR})(?!\d)年?", lambda m, _: f"{m[1]}-{m[2]}" if m[1] < m[2] else m[1]),
        (rf"(?:between|from) ({YEAR}) (?:and|to|until|through) ({YEAR})", lambda m, _: f"{m[1]}-{m[2]}"),
        (rf"(最近|{SPAN_LEAD})({COUNT})年", _span),
        (rf"({YEAR})年?(?:以来|以后|之后|至今|起至今)|\bsince ({YEAR})", lambda m, t: _since(m, t) if m[1] else f"{m[2]}-{t.year}"),
        (rf"({'|'.join(RELATIVE_YEAR)}){_WITHIN}?", lambda m, t: _inside(m, str(t.year + RELATIVE_YEAR[m[1]]))),
        (rf"(?:\bQ([1-4])|(first|second|third|fourth) quarter)(?: of| in|,)? ?({YEAR})",
         lambda m, _: f"{m[3]}Q{m[1] or _ENGLISH_ORDINAL[m[2].lower()]}"),
        (rf"(?:\bH([12])|(first|second) half)(?: of| in|,)? ?({YEAR})",
         lambda m, _: f"{m[3]}H{m[1] or _ENGLISH_ORDINAL[m[2].lower()]}"),
        (rf"(?<![\d.])({YEAR})(?:\s?财?年)?{_WITHIN}", lambda m, _: _inside(m, m[1])),
        (rf"(?<![\d.])({YEAR})\s?财?年", lambda m, _: m[1]),
        (rf"({HAN_YEAR}){_WITHIN}?", lambda m, _: _inside(m, han_year(m[1]))),
        (_SHORT_YEAR, lambda m, _: f"20{m[1]}"),
        (PLAN, lambda m, _: m[0]),
        (rf"\b({'|'.join(_PLAN_NUMBERS)})[ -]five[ -]year", lambda m, _: _PLAN_NUMBERS[m[1].lower()]),
        (rf"(?<![A-Za-z\d]){_WITHIN}(?!\d)", lambda m, _: _inside(m, "") if not m["m"] else ""),
        (rf"(?<![\d.〔\[（(【,])({YEAR})(?![\d年.〕\]）)】-]|,\d|\s?{_UNIT})", lambda m, _: m[1]),
    )
)  # fmt: skip


def question_periods(text: str, today: date) -> tuple[tuple[str, ...], str]:
    """The periods that a folded question names, in order, and the question with them blanked out, length kept.

    Relative ones are counted from `today`: 近三年 ends with this year, 过去五年 with the last one, 未来三年 begins with the next.
    """
    found: list[tuple[int, str]] = []
    rest = text
    for pattern, reader in _READERS:
        for match in pattern.finditer(rest):
            if period := reader(match, today):
                found.append((match.start(), period))
                rest = rest[: match.start()] + " " * len(match[0]) + rest[match.end() :]
    return tuple(dict.fromkeys(period for _, period in sorted(found))), rest


def span_years(period: str) -> int:
    """Number of years that a figure's relative period runs for (近五年 is 5); 0 where it is none."""
    match = re.fullmatch(rf"(?:{SPAN_LEAD})({COUNT})年", period)
    return _count(match[1]) if match else 0


def without_periods(text: str) -> str:
    """`text` with its periods blanked out, length kept."""
    return _WORDS.sub(lambda m: " " * len(m[0]), text)
