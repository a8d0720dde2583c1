"""Refusals that help: what is not disclosed, what comes closest to it and whose, of when and of what kind that is."""

from collections.abc import Sequence

from app.composition.draft import Claim, Draft, quote
from app.composition.wording import asked, period_text, region_names, related_heading, scope_name
from app.retrieval.evidence import about, distinct, reading_order, relevant
from app.retrieval.matching import FigureMatch
from app.retrieval.thresholds import thresholds
from app.types import AbstainReason, Evidence, Query
from prompts import phrase

RELATED = 4  # sentences beside an abstention


def closest(query: Query, ranked: Sequence[Evidence], match: FigureMatch) -> Draft:
    """Not disclosed, and the closest figure with the scope, the period and the kind that it really has."""
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
