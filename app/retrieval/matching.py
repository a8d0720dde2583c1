"""Which figures answer the question: the same measure first, then whose it is, for when, and of what kind."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.retrieval.evidence import names
from app.retrieval.thresholds import thresholds
from app.types import Evidence, Query
from app.understanding.measures import find_heads, names_head
from ingest.facts.figures import clause_spans
from ingest.facts.regions import find_regions, relation
from ingest.lexical import normalise
from ingest.types import Figure

# own: what was asked. part: of a part of the region. near: the region's, but another measure, role, kind or base.
Fit = Literal["own", "part", "near", "wrong_period", "whole", "other"]
_ORDER: dict[Fit, int] = {"own": 0, "part": 1, "wrong_period": 2, "near": 3, "whole": 4, "other": 5}
_CHANGE = re.compile(
    r"提升|提高|下降|降低|减少|缩短|增长|增加|上升|上涨|下跌|节省|节约|变化|增速|增幅|降了|省下|\bcut|\breduc|\bincreas|\bgr[eo]w|\bsav|\bfell|\brose|\bdecreas",
    re.I,
)
_DIFFERENCE = re.compile(r"比|相差|差距|高于|低于|高多少|低多少|高出|几分之|几倍|than|compar|gap|differ", re.I)
_TARGET = re.compile(r"目标|规划|计划|预计|力争|打算|要达到|将|\btarget|\bplan|\bgoal", re.I)
_ACTUAL = re.compile(r"实际|已经|已建|目前|现有|现在|\bactual|\bcurrent|\bnow\b", re.I)
_COUNTED = frozenset(("家", "所", "个", "人", "座", "项", "户", "台", "套", "名"))
_RATES = frozenset(("占比", "增速"))


@dataclass(frozen=True, slots=True)
class FigureMatch:
    """A figure that measures what was asked, and how its scope and period fit the question."""

    figure: Figure
    evidence: Evidence
    fit: Fit
    score: float


def match_figures(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> tuple[FigureMatch, ...]:
    """Figures that measure what was asked, best first: own scope before a part's, before the nation's, before others'.

    A qualifier that the corpus does not know (`unknown`: 比亚迪) can be answered by no figure: what is left is near at best.
    """
    matches = []
    for evidence in ranked:
        for figure in evidence.sentence.figures:
            relevance = _relevance(query, evidence, figure)
            full = relevance >= thresholds().full_match and not unknown.intersection(query.qualifiers)
            if relevance <= 0 or (not query.heads and not full):
                continue  # without a measured noun in common, half a match is none
            fit = _fit(query, figure)
            exact = full and _same_sort(query, figure) and _same_bases(query, evidence, figure)
            if (fit in {"own", "part"} and not exact) or (fit == "wrong_period" and not full):
                fit = "near"
            matches.append(FigureMatch(figure, evidence, fit, relevance + 0.1 * evidence.score))
    return tuple(sorted(matches, key=lambda m: (_ORDER[m.fit], -m.score)))


def asks_amount(question: str) -> bool:
    """Whether only a figure can answer: how many, how much, by how much."""
    return bool(
        re.search(r"多少|几分之|几(?:个|家|所|年|倍|成|项|人|座)|\bhow (?:many|much|large|big)\b", question, re.I)
    )


def clause_of(evidence: Evidence, figure: Figure) -> str:
    """The clause of the sentence in which the figure stands."""
    text, at = evidence.text, figure.end - evidence.sentence.start - 1
    return next((text[start:end] for start, end in clause_spans(text) if start <= at < end), text)


def _relevance(query: Query, evidence: Evidence, figure: Figure) -> float:
    """How well a figure measures what was asked, 0 where it does not: the noun must be the same, its qualifiers should."""
    around = normalise(clause_of(evidence, figure))
    if query.heads:
        if not any(_measures(head, figure, around) for head in query.heads):
            return 0.0
    elif not _unit_fits(query.text, figure):
        return 0.0
    if not query.qualifiers:
        return 1.0
    heading = normalise(" ".join((evidence.hit.source.title, *evidence.hit.chunk.headings)))
    named = [
        sum(names(text, term) for term in query.qualifiers) / len(query.qualifiers)
        for text in (around, normalise(evidence.text), heading)
    ]
    score = max(named[0], 0.9 * named[1], 0.6 * named[2])
    return score if score >= thresholds().min_match else 0.0


def _measures(head: str, figure: Figure, around: str) -> bool:
    """Whether the figure's own words name the measure; shares and rates must also have the unit of one."""
    if head == "增速":
        return figure.unit in {"%", "百分点"} and (figure.role == "变化" or names_head(around, head))
    if head == "数量" and figure.unit in _COUNTED:
        return True  # 高校超400所: the unit says that it is a number of them; of what, the qualifiers decide
    if not (names_head(normalise(figure.indicator), head) or names_head(around, head)):
        return False
    if head.endswith("率") or head in _RATES:
        fits = figure.unit in {"%", "‰", "百分点", "分数", "比", ""}
    elif head == "数量":
        fits = figure.unit not in {"%", "百分点", "元", "年"}
    elif figure.unit in {"年", "个月", "天"}:
        fits = "周期" in head or "期限" in head
    else:  # 规模…其中占比达40%: the share names its own measure, so it is not the size that was asked for
        own = find_heads(normalise(figure.indicator))
        fits = not own or head in own or figure.unit == "元"
    return fits


def _unit_fits(question: str, figure: Figure) -> bool:
    if "几分之" in question:
        return figure.unit in {"分数", "比", "%"}
    asked = re.search(
        r"多少(个|家|所|人|元|钱|倍|年|项|台|座|亿|万|资金)|几(个|家|所|年|倍|成)|多(久|长时间)", question
    )
    if not asked:
        return True
    word = asked[1] or asked[2] or asked[3]
    wanted = {
        "钱": {"元", "美元", "港元"}, "元": {"元"}, "资金": {"元"}, "家": {"家", "个", "户", "分数"}, "个": {"个", "家", "机架", "项", "座", "所"},
        "人": {"人", ""}, "年": {"年"}, "久": {"年", "个月", "天"}, "长时间": {"年", "个月", "天"}, "倍": {"倍", "分数"},
        "成": {"%"}, "所": {"所", "个"},
    }  # fmt: skip
    return figure.unit in wanted.get(word, {figure.unit})


_CONDITION = re.compile(
    r"条件|门槛|要求|资格|标准|什么情况|达到|符合|超过|不足|以上|以下|threshold|eligib|qualif|condition"
)


def _same_sort(query: Query, figure: Figure) -> bool:
    """Whether level, change, difference, target and actual are what the question asks for."""
    text = query.text
    if figure.role == "变化" and not (_CHANGE.search(text) or "增速" in query.heads):
        return False
    relative = (
        bool(query.bases) or any(f.unit in {"分数", "倍"} for f in query.figures) or bool(_DIFFERENCE.search(text))
    )
    if figure.unit in {"分数", "倍"} and not relative:
        return False  # 不足广东的1/8 says how many only beside another number
    if figure.role == "条件" and not _CONDITION.search(text):
        return False
    if figure.role == "差值" and not _DIFFERENCE.search(text):
        return False
    if _TARGET.search(text):
        return figure.kind != "实际值" or not re.search(r"目标|target|goal", text)
    return not (_ACTUAL.search(text) and figure.kind == "目标值")


def _same_bases(query: Query, evidence: Evidence, figure: Figure) -> bool:
    """Whether what the question compares with is what the sentence compares with (不足广东的1/8 is not 不足浙江的1/8)."""
    named = {m.code for m in find_regions(evidence.text)} - set(figure.scopes) if query.bases else set()
    return all(any(relation(base, code) == "same" for code in named) for base in query.bases)


def _fit(query: Query, figure: Figure) -> Fit:
    scope: Fit = "own"
    if query.regions:
        kinds = {relation(asked, code) for asked in query.regions for code in figure.scopes}
        if "same" in kinds:
            scope = "own"
        elif "part" in kinds:
            scope = "part"
        elif "whole" in kinds or "national" in kinds:
            scope = "whole"
        else:
            scope = "other"
    if scope in {"own", "part"} and not period_fits(query, figure.period):
        return "wrong_period"
    return scope


def period_fits(query: Query, period: str) -> bool:
    """Whether a figure's period is the one asked for: the same, or a span of years around the year asked.

    A figure without a period does not answer a question for a year, nor a quarter's one for the whole year.
    """
    for asked in query.periods:
        if asked == period or (asked.startswith("Q") and period.endswith(asked)):
            return True
        years = re.fullmatch(r"(\d{4})-(\d{4})", period)
        if years and asked.isdigit() and int(years[1]) <= int(asked) <= int(years[2]):
            return True
    return not query.periods
