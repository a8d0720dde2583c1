"""Figures that differ: a later text supersedes an earlier one, two that hold stand side by side. Nothing is chosen in silence.

Two figures are rivals if they measure the same thing for the same scope, period, kind and base and cannot both be true. A
repost states the same value and is no rival; other periods, kinds or scopes are other figures; what a rule grants or fines
depends on the case and is never set against another rule's.
"""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.composition.draft import Claim, Draft
from app.composition.wording import asked, figure_lead
from app.retrieval.asking import base_of, dates_in
from app.retrieval.matching import FigureMatch, clause_of
from app.types import Evidence, Query
from ingest.facts.relations import Relation, link
from ingest.lexical import normalise
from ingest.types import TIERS, Figure, Source
from prompts import phrase

MAX_RIVALS = 4
_BAND = 0.25  # how far below the best figure's score a rival may lie
_CASES = frozenset(("罚款", "补贴", "期限"))  # depend on the case
_MODIFIERS = re.compile(r"平均|总体|整体|累计|全[省市县国区]|我[国省市]|约|的|达到?|已|共|年")
_APPROXIMATE, _OPEN = 0.03, 1.5  # 约: share either way; 超 and 不足: how far the value may lie beyond


@dataclass(slots=True)
class SortedOut:
    """Figures that answer: those that hold, those that another text has overtaken, and those that contradict one another."""

    standing: list[FigureMatch] = field(default_factory=list)
    overtaken: list[FigureMatch] = field(default_factory=list)
    rivals: list[FigureMatch] = field(
        default_factory=list
    )  # one a value, best source first; empty where nothing differs
    notes: list[Claim] = field(default_factory=list)  # what a superseded text said


def sort_out(query: Query, own: Sequence[FigureMatch], ranked: Sequence[Evidence], today: str = "") -> SortedOut:
    """Part the figures that answer a question by whether they hold, as the texts found (`ranked`) say of one another.

    `today` is an ISO day, the current one unless given.
    """
    sources = {e.hit.chunk.doc_id: e.hit.source for e in ranked}
    relations = link(list(sources.items()))
    day = today or datetime.date.today().isoformat()
    found = SortedOut()
    for match in own:
        overtaken = not _asked_for(query, match) and _is_overtaken(match.evidence.hit.chunk.doc_id, relations, day)
        (found.overtaken if overtaken else found.standing).append(match)
    if not found.standing:
        return found
    found.rivals = _rivals(query, found.standing)
    best = found.standing[0]
    older = [
        m for m in found.overtaken if same_measure(m, best, any_period=True) and not compatible(m.figure, best.figure)
    ]
    found.notes = [_note(query, m) for m in older[:1]]
    return found


def _asked_for(query: Query, match: FigureMatch) -> bool:
    """Whether the question names the text or its year, and so means it whatever came after."""
    source = match.evidence.hit.source
    return match.evidence.hit.chunk.doc_id in query.documents or any(p == source.issued[:4] for p in query.periods)


def _is_overtaken(doc_id: str, relations: Sequence[Relation], today: str) -> bool:
    """Whether another text of those found repeals or amends this one, and is in force."""
    return any(
        r.to_id == doc_id
        and r.from_id != doc_id
        and r.kind in {"replaces", "amends"}
        and (not r.since or r.since <= today)
        for r in relations
    )


def _rivals(query: Query, standing: Sequence[FigureMatch]) -> list[FigureMatch]:
    """The best figure and those that contradict it, one a value, official texts first; empty where nothing does."""
    best = standing[0]
    if _CASES.intersection(query.heads) or best.figure.role == "条件":
        return []
    groups: list[list[FigureMatch]] = []
    for match in standing:
        if match.score < best.score - _BAND or not same_measure(match, best):
            continue
        agreeing = next((g for g in groups if all(compatible(match.figure, m.figure) for m in g)), None)
        if agreeing is None:
            groups.append([match])
        else:
            agreeing.append(match)
    voices = [min(group, key=_rank) for group in groups]  # of reposts the text that they repeat
    documents = {m.evidence.hit.chunk.doc_id for m in voices}
    return sorted(voices, key=_rank)[:MAX_RIVALS] if len(voices) > 1 and len(documents) > 1 else []


def _rank(match: FigureMatch) -> tuple[int, str]:
    """Official texts before others, earlier ones before those that may repeat them."""
    source = match.evidence.hit.source
    return TIERS.index(source.tier), source.issued or "9999"


def same_measure(one: FigureMatch, other: FigureMatch, any_period: bool = False) -> bool:
    """Whether two figures say how much the same thing is: indicator, unit, role, kind, scope, base and period."""
    a, b = one.figure, other.figure
    return (
        (a.unit, a.role, a.kind) == (b.unit, b.role, b.kind)
        and set(a.scopes) == set(b.scopes)
        and (any_period or time_of(one) == time_of(other))
        and _base(one) == _base(other)
        and (any_period or set(dates_in(one.evidence.text)) == set(dates_in(other.evidence.text)))
        and _same_indicator(a.indicator, b.indicator)
    )


def time_of(match: FigureMatch) -> str:
    """What a figure is of: its period, else the year of its text."""
    return match.figure.period or match.evidence.hit.source.issued[:4]


def _base(match: FigureMatch) -> frozenset[str]:
    clause = clause_of(match.evidence, match.figure)
    at = clause.find(match.figure.text)
    return base_of(clause[:at], clause[at + len(match.figure.text) :]) if at >= 0 else frozenset()


def _same_indicator(a: str, b: str) -> bool:
    one, other = (_MODIFIERS.sub("", normalise(text)) for text in (a, b))
    if len(one) < 3 or len(other) < 3:
        return False
    return one == other


def compatible(a: Figure, b: Figure) -> bool:
    """Whether both can be true: 超120亿元 and 125亿元, 约65% and 65.3%, 65% and 65.3% (rounded), but not 65% and 58%."""
    (low, high), (least, most) = _interval(a), _interval(b)
    return low <= most and least <= high


def _interval(figure: Figure) -> tuple[float, float]:
    value, step = figure.value, _last_digit(figure)
    if figure.value_high is not None:
        return value - step / 2, figure.value_high + step / 2
    if figure.comparator in {"超", "以上", "至少"}:
        return value, value * _OPEN
    if figure.comparator in {"不足", "以下", "至多"}:
        return value / _OPEN, value
    spread = max(step / 2, _APPROXIMATE * abs(value) if figure.comparator in {"约", "近"} else 0.0)
    return value - spread, value + spread


def _last_digit(figure: Figure) -> float:
    """What the last written digit is worth: 0.1 for 65.3%, 1e8 for 120亿元."""
    digits = f"{abs(figure.value):.9e}".split("e")
    significant = digits[0].rstrip("0").rstrip(".")
    written = re.search(r"\d+(?:\.(\d+))?", figure.text)
    decimals = len(significant.partition(".")[2])
    step = 10.0 ** (int(digits[1]) - decimals) if figure.value else 1.0
    if written and not written[1] and figure.value:  # 120亿元 is exact to its 亿, not to its tens
        number = float(re.sub(r"\D", "", written[0]) or 1)
        step = abs(figure.value) / number if number else step
    return step


def show_conflict(query: Query, found: SortedOut) -> Draft:
    """The rivals side by side, each under its source's tier, date and title; which is right is not decided."""
    draft = Draft(lead=phrase(query.language, "conflicting", asked=asked(query)), reason="conflicting")
    for match in found.rivals:
        draft.claims.append(_item(query, match, _heading(query, match.evidence.hit.source)))
        draft.figures.append((match.figure, match.evidence))
    draft.claims += found.notes
    return draft


def show_superseded(query: Query, found: SortedOut) -> Draft:
    """Only a text that another has overtaken gives the figure: say so, and what it said."""
    match = found.overtaken[0]
    draft = Draft(lead=phrase(query.language, "superseded", asked=asked(query)), reason="superseded")
    draft.claims.append(_item(query, match, _heading(query, match.evidence.hit.source)))
    draft.figures.append((match.figure, match.evidence))
    return draft


def _note(query: Query, match: FigureMatch) -> Claim:
    """What an overtaken text said, under a heading that says that it is overtaken."""
    heading = phrase(query.language, "superseded_heading", source=_heading(query, match.evidence.hit.source))
    return _item(query, match, heading)


def _item(query: Query, match: FigureMatch, heading: str) -> Claim:
    lead = figure_lead(
        match.figure, query, match.evidence.hit.source, period=match.figure.period in match.evidence.text
    )
    text = phrase(query.language, "figure_with_quote", lead=lead, quote=match.evidence.text)
    return Claim(text, (match.evidence,), heading, bullet=True)


def _heading(query: Query, source: Source) -> str:
    tier = phrase(query.language, "tier_names").split("|")[TIERS.index(source.tier)]
    date = source.issued or phrase(query.language, "date_unknown")
    return phrase(query.language, "source_heading", tier=tier, date=date, title=source.title)
