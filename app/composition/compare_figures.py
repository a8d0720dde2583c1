"""Comparisons by a figure: a row for each measure, in each cell the region's own."""

from collections.abc import Sequence
from dataclasses import replace

from app.composition.amounts import MAX_FIGURES, also, answer_amount, state_figures
from app.composition.closest import period_stated
from app.composition.draft import Claim, Draft
from app.composition.lookup import is_statement
from app.composition.series import measure_of
from app.composition.sides import OTHER, cell_excerpt, region_side
from app.composition.wording import figure_note, measure_name, scope_name
from app.retrieval.matching import FigureMatch, match_figures
from app.types import Evidence, Query
from ingest.facts.regions import display, relation
from ingest.types import Figure
from prompts import phrase

RELATED = 2  # sentences on a region without the figure asked for
_TOLD = 0.6  # share of the question's words that a sentence names whose figure is told as it stands


def compare_figures(
    query: Query, ranked: Sequence[Evidence], unknown: frozenset[str], most: int = MAX_FIGURES
) -> Draft | None:
    """A row for each measure, in each cell the region's own figures; the nation's stands below, as the nation's.

    With room for more than an answer has (`most`), each measure found is told for every period.
    """
    draft = Draft(corner=phrase(query.language, "measure"))
    missing: dict[str, set[tuple[str, int, int]]] = {}
    national: dict[str, FigureMatch] = {}
    for head in query.heads:
        for code in query.regions:
            part = replace(query, regions=(code,), heads=(head,))
            matches = match_figures(part, ranked, unknown)
            own = [m for m in matches if m.fit == "own"]
            cell = (measure_name(replace(query, heads=(head,))), display(code, query.language))
            draft.claims += _figure_cell(part, own, cell, draft, most)
            if not own:
                missing.setdefault(code, set()).update(m.evidence.key for m in matches if m.fit in {"whole", "other"})
                whole = [m for m in matches if m.fit == "whole" and "CN" in m.figure.scopes]
                if whole:
                    national[head] = whole[0]
    if not draft.figures and (told := _told_figures(query, ranked)) is not None:
        return told
    if not draft.figures:  # for none of them: the closest is said once
        closest = answer_amount(query, ranked, unknown)
        if closest is not None:
            return closest
        draft.reason = "not_disclosed"
    for match in national.values():
        if match.evidence.key not in {e.key for _, e in draft.figures}:
            draft.claims.append(_note(query, match))
    for code, foreign in missing.items():
        mine = region_side(query, code, ranked).evidence
        draft.claims += also(replace(query, regions=(code,)), mine, foreign)[:RELATED]
    return draft if any(claim.evidence for claim in draft.claims) else None


def _told_figures(query: Query, ranked: Sequence[Evidence]) -> Draft | None:
    """A row with the sentence of each region that names most of what is asked and holds a figure of the region's own.

    For figures that are not read as the measure asked for (应当在五个工作日内予以答复); None unless every region has one.
    """
    draft = Draft(corner=phrase(query.language, "measure"))
    for code in query.regions:
        own = [
            e
            for e in region_side(query, code, ranked).evidence
            if e.coverage >= _TOLD and is_statement(e) and any(_is_own(code, f.scopes) for f in e.sentence.figures)
        ]
        if not own:
            return None
        best = max(own, key=lambda e: (e.coverage, e.score))
        span = cell_excerpt(best, OTHER, code) or best.text
        cell = (measure_name(query), display(code, query.language))
        draft.claims.append(Claim(phrase(query.language, "quoted", quote=span), (best,), cell=cell, span=span))
    return draft


def _is_own(code: str, scopes: Sequence[str]) -> bool:
    return not scopes or any(relation(code, scope) in {"same", "part"} for scope in scopes)


def _figure_cell(
    query: Query, own: Sequence[FigureMatch], cell: tuple[str, str], draft: Draft, most: int
) -> list[Claim]:
    if not own:
        return [Claim(phrase(query.language, "nothing_for_region"), (), cell=cell)]
    stated = state_figures(query, own).figures
    if most > MAX_FIGURES:
        stated = _every_period(stated, own)[:most]
    draft.figures += stated
    return [_figure_claim(query, figure, evidence, cell) for figure, evidence in stated]


def _every_period(
    stated: Sequence[tuple[Figure, Evidence]], own: Sequence[FigureMatch]
) -> list[tuple[Figure, Evidence]]:
    """The figures stated and those of the very same measures at other times, the earliest first, those without one last."""
    measures = {(measure_of(f), f.unit, f.role) for f, _ in stated if measure_of(f)}
    found: dict[tuple[object, ...], tuple[Figure, Evidence]] = {}
    same = [(m.figure, m.evidence) for m in own if (measure_of(m.figure), m.figure.unit, m.figure.role) in measures]
    for f, evidence in (*stated, *same):
        found.setdefault((f.value, f.unit, f.scopes, f.period, f.kind), (f, evidence))
    return sorted(found.values(), key=lambda pair: (not pair[0].period, pair[0].period))


def _figure_claim(query: Query, figure: Figure, evidence: Evidence, cell: tuple[str, str]) -> Claim:
    """One figure of a cell; the sentence before it that says of when it is, is cited with it."""
    _, source = period_stated(FigureMatch(figure, evidence, "own", evidence.score))
    text = phrase(
        query.language, "figure_lead", scope=scope_name(figure, query), indicator=figure.indicator, figure=figure.text,
        note=figure_note(figure, query),
    )  # fmt: skip
    return Claim(text, (evidence,) if source is None else (evidence, source), cell=cell)


def _note(query: Query, match: FigureMatch) -> Claim:
    return Claim(phrase(query.language, "national_note", quote=match.evidence.text), (match.evidence,))
