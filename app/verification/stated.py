"""Whether what a sentence denies is stated after all: a denial stands only if none of the sources shown states it.

What is denied is read as a question and put to the figures (app.retrieval.matching): one of the same measure, owner, time and
kind answers it, so the denial is false. What is denied as a whole statement is false where a source supports that statement.
A source that itself says that something was not given (未提供) is not looked at.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.retrieval.evidence import names_loosely
from app.retrieval.matching import match_figures, measures_asked, period_fits
from app.types import Evidence, Query
from app.understanding.measures import head_spans
from app.understanding.understand import understand
from app.verification.clauses import HAN, whole_of
from app.verification.denials import SOURCES_OWN, Denial, find_denials
from app.verification.numbers import figures_of, same_amount
from ingest.errors import InputError
from ingest.facts.numbers import find_quantities
from ingest.facts.regions import find_regions, relation
from ingest.lexical import cut, normalise
from ingest.types import Figure

_OWN = re.compile(r"不是(?P<whose>[^，,。；;\d]{0,12}?)(?:自身|本身|自己)的(?:数字|数据|情况)")
# 贵州的机架的目标值: the kind that is asked for.
_KIND = re.compile(
    r"的?(?:(?P<aim>(?:规划|计划|预期|发展)?目标|计划|规划|预期|预测|预计)|(?P<fact>实际(?:完成|达到)?|完成))(?:值|数|量|情况)?$"
)
_ENGLISH_POINTER = re.compile(r"\b(?:the|this|that) (?:province|city|region|company)(?:'s)?", re.I)
_THIS = re.compile(
    r"^(?:this|that|it|these|the|such an?)(?: (?:figure|number|rate|value|data|information|answer)s?)?(?= for| of| in|$)",
    re.I,
)
_POINTER = re.compile(r"该[省市县区地]|当地|本[省市县地]")
# A finer split than a total gives, or how it was made.
_FINER = re.compile(
    r"各(?:地区?|省|市|州|县|区|行业|领域|企业|项|类|部分|年度?|季度|月)|分(?:行业|地区|市|省|年度?|季度|项|类|部门|企业|领域)|按[^的]{1,6}(?:划分|分)|逐[年月]"
    r"|每(?:家|个|年|月)|细分|明细|构成|结构|分布|名单|(?:计算|统计|测算|核算)(?:方法|口径|方式)|(?:统计|计算|核算)口径|\b(?:by (?:city|province|region|industry|sector|year|quarter)|breakdown|broken down|each|per|how it (?:is|was))\b|(?:具体|个别|单个)(?:省|市|地区|企业)|变化(?:趋势|情况)?|趋势|排名|依据|来源"
)
_NAMED = 0.6  # share of a statement's own words, by length, that must stand in the source


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is denied, read as a question."""

    text: str
    denied: Query
    named: bool  # whether it names its owner itself
    query: Query  # the question that was asked
    kind: str  # aim, fact, "" where none is asked for
    exact: bool
    statement: bool  # whether the claim itself says what is denied, and not only that it has no number


def denials_stand(
    claim: str, shown: Sequence[Evidence], query: Query, supports: Callable[[str, Evidence], bool]
) -> bool:
    """Whether nothing that a claim denies is stated by a source shown; `supports` checks a statement against one."""
    if not all(_owner_stands(claim, m, shown, query) for m in _OWN.finditer(claim)):
        return False
    for denial in find_denials(claim):
        if _tells_itself(denial, claim):
            return False
        asked = _read(denial, claim, query)
        sources = [e for e in shown if not SOURCES_OWN.search(e.text)]
        if asked and any(_is_stated(asked, e, supports) for e in sources):
            return False
    return True


def _tells_itself(denial: Denial, claim: str) -> bool:
    """Whether an English claim goes on with a number in the words that it denies: no source discloses X; X was 5%."""
    if HAN.search(claim) or not denial.asked:
        return False
    words = re.findall(r"[a-z]{4,}|\d+", denial.asked.lower())
    rest = claim[denial.start :].lower().partition(denial.asked.lower())[2]
    return bool(words) and bool(re.search(r"\d", rest)) and all(word in rest for word in words)


def denies_question(claim: str, query: Query) -> bool:
    """Whether what a claim denies is what the question asks for, not a part of it or more than it."""
    for denial in find_denials(claim):
        asked = _read(denial, claim, query)
        if not denial.asked:
            return True
        if asked is None or asked.exact or _FINER.search(asked.text):
            continue
        denied, question = asked.denied, normalise(f"{query.text} {query.translated}")
        same_time = not denied.periods or denied.periods == query.periods
        same = set(denied.regions) == set(query.regions) and same_time and set(denied.heads) == set(query.heads)
        words = normalise(f"{asked.text} {denied.translated}")
        if same and all(_named(words, t) for t in query.terms) and all(_named(question, t) for t in denied.terms):
            return True
    return False


def _named(text: str, term: str) -> bool:
    return any(names_loosely(text, word) for word in term.split("|"))


def _owner_stands(claim: str, match: re.Match[str], shown: Sequence[Evidence], query: Query) -> bool:
    """不是贵州自身的数字: the figure told before it must not be stated for that owner."""
    told = [f for f in figures_of(claim, query) if f.end <= match.start()]
    named = [m.code for m in find_regions(match["whose"])] or list(query.regions)
    stated = [f for e in shown for f in e.sentence.figures if told and same_amount(told[-1], f)]
    return not any(relation(code, scope) == "same" for code in named for f in stated for scope in f.scopes)


def _read(denial: Denial, claim: str, query: Query) -> _Asked | None:
    """What is denied as a question; owner and time are taken from what stands before it and from the question if unsaid."""
    text = denial.asked or query.text
    kind = _KIND.search(text)
    plain = _ENGLISH_POINTER.sub("", re.sub("幅度$", "多少", text[: kind.start()] if kind else text))
    try:
        denied = understand(plain, language=query.language)
    except InputError:  # nothing but marks
        return None
    if _THIS.search(plain) or (HAN.search(plain) and not denied.heads and not denied.terms):
        denied = replace(query, regions=denied.regions, periods=denied.periods)  # 贵州的数字: the question's measure
    pointer = bool(_POINTER.search(text))  # 该省 is not the nation that was spoken of before
    before = (m.code for m in find_regions(claim[: denial.start]))
    earlier = tuple(dict.fromkeys(code for code in before if not (pointer and code == "CN")))
    return _Asked(
        text, replace(denied, regions=denied.regions or earlier or query.regions), bool(denied.regions), query,
        kind.lastgroup or "" if kind else "", denial.exact, bool(denial.asked) and not denial.number,
    )  # fmt: skip


def _is_stated(asked: _Asked, source: Evidence, supports: Callable[[str, Evidence], bool]) -> bool:
    if any(m[0] not in source.text for m in _FINER.finditer(asked.text)):
        return False
    amount = any(True for _ in find_quantities(asked.text))
    if (not amount or not asked.statement) and any(_answers(f, asked, source) for f in source.sentence.figures):
        return True
    if not HAN.search(asked.text) or not asked.statement or (not amount and _asks_number(asked, source)):
        return False
    return _of_pointed(asked, source) and _names_all(asked.text, source) and supports(f"{asked.text}。", source)


def _of_pointed(asked: _Asked, source: Evidence) -> bool:
    """Whether a source speaks of the place that 该省 points to: a local one, that of the question if it names one."""
    if not _POINTER.search(asked.text):
        return True
    spoken = [code for code in source.sentence.regions if code != "CN"]
    regions = asked.denied.regions
    return any(not regions or any(relation(code, own) == "same" for code in regions) for own in spoken)


def _asks_number(asked: _Asked, source: Evidence) -> bool:
    """Whether only a figure could state what is denied: it ends with a measure, or names one that the source has of others."""
    measured = [f for f in source.sentence.figures if measures_asked(asked.denied, source, f)]
    return (
        bool(asked.kind)
        or len(asked.text) in {end for _, end, _ in head_spans(asked.text)}
        or (asked.named and any(not _is_owner(f, asked.denied.regions) for f in measured))
    )


def _is_owner(figure: Figure, regions: Sequence[str]) -> bool:
    return any(relation(code, scope) == "same" for code in regions for scope in figure.scopes)


def _answers(figure: Figure, asked: _Asked, source: Evidence) -> bool:
    """Whether a figure is what is denied: of the same measure, owner, time and kind."""
    if asked.exact and figure.comparator:
        return False  # no exact number is given
    if asked.kind and (asked.kind == "fact") != (figure.kind == "实际值"):
        return False
    regions = asked.denied.regions
    if not _is_owner(figure, regions):
        if asked.named or (not regions and figure.scopes == ("CN",) and _POINTER.search(asked.text)):
            return False
        hidden = any(not s.isascii() for s in figure.scopes) and set(regions) & set(source.sentence.regions)
        regions = () if hidden else regions  # 某家电企业 in a text on the place asked about
    years = [period[:4] for period in asked.query.periods]
    titled = bool(years) and all(year in source.hit.source.title for year in years)  # 2024年政府工作报告 tells of 2023
    if not asked.denied.periods and figure.period and not titled and not period_fits(asked.query, figure.period):
        return False
    denied = replace(asked.denied, regions=regions)
    if not HAN.search(asked.text):
        return _may_answer(figure, denied, source)
    matches = match_figures(denied, [source], frozenset(denied.qualifiers))
    return any(m.fit == "own" and m.figure.start == figure.start for m in matches)


def _may_answer(figure: Figure, denied: Query, source: Evidence) -> bool:
    """Whether a figure may be what English words deny: where the glossary knows too few of them, they are taken for its own."""
    if denied.periods and not (figure.period and period_fits(denied, figure.period)):
        return False
    if denied.heads:
        return measures_asked(denied, source, figure)
    return not denied.terms or any(_named(normalise(source.text), term) for term in denied.terms)


def _names_all(asked: str, source: Evidence) -> bool:
    """Whether the words of a denied statement are the source's by far, and what it ends with (…的原因) is named."""
    around = normalise(f"{source.text} {source.hit.source.title} {' '.join(source.hit.chunk.headings)}")
    around += " ".join(f"{' '.join(f.scopes)} {f.scope_text}" for f in source.sentence.figures)
    words = [w for w in cut(whole_of(asked).words) if len(w) > 1]
    if not words:
        return False  # 贵州的数字: nothing but an owner
    named = sum(len(w) for w in words if names_loosely(around, w))
    last = normalise(asked).rpartition("的")[2]
    tail = [] if any(True for _ in find_quantities(last)) else [w for w in cut(last) if len(w) > 1]
    return named >= _NAMED * sum(map(len, words)) and (not tail or any(names_loosely(around, w) for w in tail))
