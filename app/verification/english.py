"""English sentences on Chinese sources: direction and kind are compared by rule, other words cannot be. Amounts: see numbers."""

import re
from collections.abc import Sequence

from app.types import Evidence, Query
from app.verification.numbers import figures_of, same_amount
from ingest.types import Figure

_PLANNED = re.compile(
    r"\b(?:plan(?:s|ned|ning)?|aim(?:s|ed|ing)?|target(?:s|ed)?|goals?|will|expect(?:s|ed)|forecast|project(?:s|ed)(?= to)|strive|intend(?:s|ed)?|propos(?:es|ed)"
    r"|should|must|shall|is to|are to|to be|by (?:the end of )?20\d\d)\b",
    re.I,
)
_ON_PURPOSE = re.compile(
    r"\b(?:plan(?:s|ned)?|aims?|targets?|goals?|will|expected|forecast|projected|strives?|intends?|is to|are to)\b",
    re.I,
)
_REACHED = re.compile(
    r"\b(?:already|has (?:built|reached|achieved|exceeded)|have (?:built|reached|achieved)|achieved|actual)\b", re.I
)
_UP = re.compile(r"\b(?:rose|grew|grow(?:th|s|ing)?|increas\w+|rais\w+|up(?! to)|higher|climb\w+)\b", re.I)
_DOWN = re.compile(r"\b(?:fell|declin\w+|decreas\w+|drop\w*|down|lower(?:ed)?|reduc\w+|cut|shr[aiu]nk)\b", re.I)
_HAN_UP = re.compile(r"增长|增加|提高|提升|上升|上涨|升至|高于|高出|高(?=\d)|扩大")
_HAN_DOWN = re.compile(r"下降|减少|降低|下跌|降至|低于|缩短|缩小|节约|减免")
_DENIED = re.compile(r"\b(?:not|no|never|without|fail(?:s|ed)?|cannot|nor|lacks?|lacking)\b|n't\b", re.I)
_QUARTERS = (
    (r"first quarter|\bQ1\b", "第?[一1]季度|Q1"), (r"second quarter|\bQ2\b", "第?[二2]季度|Q2"), (r"third quarter|\bQ3\b", "第?[三3]季度|Q3"),
    (r"fourth quarter|\bQ4\b", "第?[四4]季度|Q4"), ("first half", "上半年|H1"), ("second half", "下半年|H2"),
)  # fmt: skip
_BOUND = re.compile(r"\b(?:no|not) (?:more|less|fewer|later|exceeding|over|below)\b", re.I)
_HAN_DENIED = re.compile(r"不|没有?|未(?![来成])|无|非(?!常)|缺|禁止|难以")


def english_stands(claim: str, cited: Sequence[Evidence], query: Query) -> bool:
    """Whether an English claim tells its figures in the direction and of the kind that they are stated in, and denies no more."""
    said = " ".join(e.text for e in cited)
    if _DENIED.search(_BOUND.sub("", claim)) and not _HAN_DENIED.search(said):
        return False
    if _is_opposed(claim, said) or not _quarters_stand(claim, said):
        return False
    stated = [f for c in figures_of(claim, query) for e in cited for f in e.sentence.figures if same_amount(c, f)]
    aims = [f for f in stated if f.kind != "实际值"]
    return all(_same_kind(claim, f) for f in aims or stated)


def _quarters_stand(claim: str, said: str) -> bool:
    return all(re.search(han, said) for word, han in _QUARTERS if re.search(word, claim, re.I))


def _is_opposed(claim: str, said: str) -> bool:
    up, down = bool(_UP.search(claim)), bool(_DOWN.search(claim))
    return (up and not down and bool(_HAN_DOWN.search(said)) and not _HAN_UP.search(said)) or (
        down and not up and bool(_HAN_UP.search(said)) and not _HAN_DOWN.search(said)
    )


def _same_kind(claim: str, stated: Figure) -> bool:
    if stated.kind == "实际值":
        return not _ON_PURPOSE.search(claim)
    return bool(_PLANNED.search(claim)) and not _REACHED.search(claim)
