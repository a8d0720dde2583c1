"""Answers to questions for a figure: the figure with its scope, or that it is not disclosed and what comes closest."""

from collections.abc import Sequence

from app.composition.draft import Claim, Draft, quote
from app.composition.wording import asked, figure_note, period_text, region_names, related_heading, scope_name
from app.retrieval.evidence import about, distinct, reading_order, relevant
from app.retrieval.matching import FigureMatch, match_figures
from app.retrieval.thresholds import thresholds
from app.types import AbstainReason, Evidence, Query
from ingest.types import Figure
from prompts import phrase

MAX_FIGURES = 4
RELATED = 4  # sentences beside an abstention
_BELOW, _ABOVE = {"不足", "以下", "至多"}, {"超", "以上", "至少"}


def answer_amount(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> Draft | None:
    """The figure asked for, or the closest one and that it is not what was asked; None where no figure comes near."""
    matches = match_figures(query, ranked, unknown)
    own = [m for m in matches if m.fit == "own"]
    if own:
        return state_figures(query, own)
    if query.kind == "claim" and not query.figures and not query.regions:
        return None  # 缺口能在短期内补上吗: a measure is named, but no amount is asked for
    # A claim with a number in it is best answered by whose number that is.
    claimed = {(f.value, f.unit) for f in query.figures}
    close = [m for m in matches if (m.figure.value, m.figure.unit) in claimed]
    close = close or [m for m in matches if m.fit != "other"] or [m for m in matches if about(query, m.evidence)]
    return _closest(query, ranked, close[0]) if close else None


def state_figures(query: Query, matches: Sequence[FigureMatch]) -> Draft:
    """State the figure first, then the sentence that it stands in."""
    best = matches[0].score
    chosen: dict[tuple[float, str, tuple[str, ...], str], FigureMatch] = {}
    for match in matches:
        figure = match.figure
        if match.score >= best - 0.2 and figure.role != "原值":
            chosen.setdefault((figure.value, figure.unit, figure.scopes, figure.period), match)
    kept = list(chosen.values()) or [matches[0]]
    if query.kind == "claim" and query.figures:  # the verdict is on the figures that it speaks of, where there are any
        said = {(f.value, f.unit) for f in query.figures}
        kept = [m for m in kept if (m.figure.value, m.figure.unit) in said] or kept
    draft = Draft()
    by_sentence: dict[tuple[str, int, int], list[FigureMatch]] = {}
    for match in kept[:MAX_FIGURES]:
        by_sentence.setdefault(match.evidence.key, []).append(match)
        draft.figures.append((match.figure, match.evidence))
    draft.claims = [_statement(query, together, bullet=len(by_sentence) > 1) for together in by_sentence.values()]
    if query.kind == "claim" and query.figures:
        draft.lead = _verdict(query, [figure for figure, _ in draft.figures])
        draft.verdict = True
    return draft


def _statement(query: Query, matches: Sequence[FigureMatch], bullet: bool) -> Claim:
    """The figures of one sentence, each with its owner, and the sentence once. A penalty is the sentence: its terms count."""
    evidence = matches[0].evidence
    if "罚款" in query.heads:
        return quote(query, evidence)
    leads = [
        phrase(
            query.language, "figure_lead", scope=scope_name(m.figure, query), indicator=m.figure.indicator,
            figure=m.figure.text, note=figure_note(m.figure, query),
        )
        for m in matches
    ]  # fmt: skip
    lead = phrase(query.language, "lead_join").join(leads)
    return Claim(
        phrase(query.language, "figure_with_quote", lead=lead, quote=evidence.text), (evidence,), bullet=bullet
    )


def _verdict(query: Query, stated: Sequence[Figure]) -> str:
    """What the sources say to a number in the question: the same, implied, contradicted, or not to be told."""
    outcomes = [(_compare(claim, figure), figure) for claim in query.figures for figure in stated]
    for outcome in ("claim_same", "claim_close", "claim_implied", "claim_open", "claim_differs"):
        for found, figure in outcomes:
            if found == outcome:
                return phrase(query.language, outcome, figure=figure.text)
    return phrase(query.language, "claim_differs", figure="")


def _compare(claim: Figure, stated: Figure) -> str:
    """Compare a claimed figure with a stated one as intervals: 超过10亿 follows from 10.1亿, 超过30% does not from 超20%."""
    if claim.unit != stated.unit or (
        claim.role in {"变化", "水平"} and stated.role in {"变化", "水平"} and claim.role != stated.role
    ):
        return "claim_differs"
    if claim.value == stated.value:
        both = {claim.comparator, stated.comparator}
        if both & _BELOW and both & _ABOVE:
            return "claim_differs"
        return "claim_same" if claim.comparator == stated.comparator else "claim_close"
    if _digits(claim) == _digits(stated):  # 120万 for 120亿: a slip of the unit, whatever follows from it
        return "claim_differs"
    low, high = _interval(claim)
    at_least, at_most = _interval(stated)
    if low <= at_least and at_most <= high:
        return "claim_implied"
    return "claim_differs" if at_most < low or high < at_least else "claim_open"


def _digits(figure: Figure) -> str:
    """The significant digits of a value: 12 for 1.2e10 and for 120."""
    return f"{figure.value:.9e}".split("e")[0].rstrip("0.")


def _interval(figure: Figure) -> tuple[float, float]:
    if figure.comparator in _BELOW:
        return (float("-inf"), figure.value)
    if figure.comparator in _ABOVE:
        return (figure.value, float("inf"))
    return (figure.value, figure.value if figure.value_high is None else figure.value_high)


def _closest(query: Query, ranked: Sequence[Evidence], match: FigureMatch) -> Draft:
    """Not disclosed, and the closest figure with the scope that it really has."""
    values = {"asked": asked(query), "region": region_names(query), "quote": match.evidence.text}
    values["scope"] = scope_name(match.figure, query)
    key = {"whole": "national_closest", "part": "part_closest"}.get(match.fit, "other_closest")
    if match.fit == "other" and match.figure.scopes[0].startswith("某") and not about(query, match.evidence):
        key = "unnamed_closest"
    if match.fit == "near" or not values["scope"]:
        key = "near_closest"
    if match.fit == "wrong_period":
        key, found = "period_closest", match.figure.period or phrase(query.language, "found_period_unknown")
        values["found"] = period_text(found) if query.language == "zh" else found
    reasons: dict[str, AbstainReason] = {"wrong_period": "wrong_period", "near": "not_disclosed"}
    draft = Draft(reason=reasons.get(match.fit, "wrong_scope"))
    draft.claims.append(Claim(phrase(query.language, key, **values), (match.evidence,)))
    draft.figures.append((match.figure, match.evidence))
    draft.claims += also(query, ranked, {match.evidence.key})
    return draft


def undisclosed(query: Query, ranked: Sequence[Evidence]) -> Draft:
    """Nothing comes near: say so, and give what is said of the region."""
    key = "no_date" if query.kind == "date" else "not_disclosed"
    draft = Draft(lead=phrase(query.language, key, asked=asked(query)), reason="not_disclosed")
    draft.claims = also(query, ranked, set())
    return draft


def also(query: Query, ranked: Sequence[Evidence], used: set[tuple[str, int, int]]) -> list[Claim]:
    """Sentences about the region that touch what was asked; where no region was, those that are evidence by themselves."""
    touching = [e for e in ranked if about(query, e) and e.key not in used and _touches(query, e)]
    touching.sort(key=lambda e: -(e.score + (0.4 if query.kind in {"number", "claim"} and e.sentence.figures else 0.0)))
    heading = related_heading(query)
    return [quote(query, e, heading) for e in reading_order(distinct(touching)[:RELATED])]


def _touches(query: Query, evidence: Evidence) -> bool:
    if not query.regions:
        return relevant(query, evidence)
    return evidence.coverage > 0 or evidence.cosine >= thresholds().meaning_floor + 0.01
