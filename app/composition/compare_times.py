"""Comparisons by time: what is said of each of two years, and since when the texts of two regions are in force."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.composition.draft import Claim, Draft
from app.composition.excerpt import excerpt
from app.composition.lookup import asks_force, in_force, is_statement, select
from app.composition.passages import Passages
from app.composition.wording import period_text
from app.retrieval.evidence import about, relevant
from app.types import Evidence, Query
from ingest.facts.figures import find_periods
from ingest.facts.regions import display
from prompts import phrase

PER_CELL = 3
_BAND = 0.1  # how far below the best of its year another sentence may score
_SIDE_BY_SIDE = re.compile(
    r"不同|区别|差异|差别|对比|比较|相比|异同|各(?:自|是|为|有)|分别|\bcompar|\bdiffer|\bversus\b|\bvs\b|\bboth\b", re.I
)


def years_compared(query: Query) -> tuple[str, ...]:
    """The years that a question sets beside each other, () where it does not."""
    years = tuple(p for p in query.periods if re.fullmatch(r"\d{4}", p))
    beside = query.kind == "compare" or bool(_SIDE_BY_SIDE.search(query.text))
    return years if len(years) == 2 and len(query.regions) < 2 and beside else ()


def compare_years(query: Query, ranked: Sequence[Evidence]) -> Draft | None:
    """A column for each year with the best sentences that are of it; None unless each has some.

    A sentence is of the year that it names, else of that which its document's title or date names.
    """
    years = years_compared(query)
    fitting = [e for e in ranked if about(query, e) and relevant(query, e) and is_statement(e)]
    fitting += [
        e for e in ranked if query.kind == "number" and e.sentence.figures and about(query, e) and e not in fitting
    ]
    sides = [_best_of([e for e in fitting if _year_of(e, years) == year]) for year in years]
    if not years or not all(sides):
        return None
    draft = Draft(corner=phrase(query.language, "aspect"))
    for year, side in zip(years, sides, strict=True):
        column = period_text(year) if query.language == "zh" else year
        draft.claims += [_cell(query, e, (phrase(query.language, "aspect_said"), column)) for e in side]
    return draft


def _best_of(mine: Sequence[Evidence]) -> list[Evidence]:
    best = max((e.score for e in mine), default=0.0)
    kept: dict[str, Evidence] = {}
    for e in sorted(mine, key=lambda e: -e.score):
        if e.score >= best - _BAND:
            kept.setdefault(e.text, e)
    return list(kept.values())[:PER_CELL]


def _year_of(evidence: Evidence, years: Sequence[str]) -> str:
    """Which of the years compared a sentence is of, "" where of neither or both."""
    source = evidence.hit.source
    named = {p[:4] for p in find_periods(evidence.text)} & set(years)
    named = named or {y for y in years if y in source.title} or {y for y in years if source.issued.startswith(y)}
    return next(iter(named)) if len(named) == 1 else ""


def compare_force(query: Query, ranked: Sequence[Evidence], passages: Passages) -> Draft | None:
    """Since when the texts of the regions compared are in force; None where that is not asked or one does not say."""
    if not asks_force(query) or len(query.regions) < 2:
        return None
    draft = Draft(corner=phrase(query.language, "aspect"))
    for code in query.regions:
        found = in_force(replace(query, regions=(code,), documents=()), ranked, passages)
        if found is None:
            return None
        draft.claims.append(
            _cell(query, found, (phrase(query.language, "aspect_force"), display(code, query.language)))
        )
    return draft


def compare_contrast(query: Query, ranked: Sequence[Evidence]) -> Draft | None:
    """What is said of the one region named, and of those that it is set against without a name (跟风的省份, 其他地区)."""
    if len(query.regions) != 1 or not _CONTRAST.search(query.text):
        return None
    own = select(query, ranked)
    others = [e for e in select(replace(query, regions=()), ranked) if not about(query, e)]
    if not own or not others:
        return None
    draft = Draft()
    for side in (own, others):
        best = side[0].score
        draft.claims += [
            Claim(phrase(query.language, "quoted", quote=e.text), (e,), bullet=True)
            for e in sorted(side[:2], key=lambda e: -e.score)
            if e.score >= best - _CONTRAST_BAND
        ]
    return draft


_CONTRAST = re.compile(
    r"反差|相反|对照|对比|反例|(?:跟|和|与|同)(?:其他|别的|一般|跟风|多数|大多数)\S{0,8}(?:比|不同|区别|差异|差别)"
)
_CONTRAST_BAND = 1.0


def _cell(query: Query, evidence: Evidence, cell: tuple[str, str]) -> Claim:
    span = excerpt(evidence)
    return Claim(phrase(query.language, "quoted", quote=span), (evidence,), cell=cell, span=span)
