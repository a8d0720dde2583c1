"""Comparisons: each region or document under its own heading with its own evidence, and what is missing said."""

from collections.abc import Sequence
from dataclasses import replace

from app.composition.amounts import also, answer_amount, state_figures
from app.composition.draft import Claim, Draft, quote
from app.composition.wording import asked
from app.retrieval.evidence import distinct, reading_order, relevant
from app.retrieval.matching import FigureMatch, clause_of, match_figures
from app.types import Evidence, Query
from ingest.facts.figures import is_object
from ingest.facts.regions import display, find_regions, relation
from prompts import phrase

PER_REGION = 4  # sentences for each region or document
MAX_JOINT = 2  # sentences that name several of the regions compared


def compare_regions(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> Draft | None:
    """Several regions: one figure that covers all of them, or each under its own heading with what is missing said.

    None where no region has any evidence.
    """
    if query.heads:
        joint = [m for m in match_figures(query, ranked, unknown) if m.fit == "own" and _covers_all(query, m)]
        if joint:
            return state_figures(query, joint)
    draft = Draft()
    shared = distinct([e for e in ranked if len(_named(query, e)) > 1])
    alone = [e for e in ranked if len(_named(query, e)) <= 1]
    for code in query.regions:
        draft.claims += _side(replace(query, regions=(code,)), code, alone, unknown, draft)
    draft.claims += [quote(query, e, phrase(query.language, "both")) for e in shared[:MAX_JOINT] if not query.heads]
    if query.heads and not draft.figures:  # for none of them: the closest is said once
        closest = answer_amount(query, ranked, unknown)
        if closest is not None:
            return closest
        draft.reason = "not_disclosed"
    return draft if any(claim.evidence for claim in draft.claims) else None


def _named(query: Query, evidence: Evidence) -> set[str]:
    return {m.code for m in find_regions(evidence.text)} & set(query.regions)


def _covers_all(query: Query, match: FigureMatch) -> bool:
    """Whether one figure speaks of every region asked about, as owner or as what it is compared with."""
    spoken = {*match.figure.scopes, *(m.code for m in find_regions(clause_of(match.evidence, match.figure)))}
    return all(any(relation(code, other) == "same" for other in spoken) for code in query.regions)


def _side(query: Query, code: str, ranked: Sequence[Evidence], unknown: frozenset[str], draft: Draft) -> list[Claim]:
    """One region's part of a comparison. A figure of somebody else's never stands under its heading."""
    heading = display(code, query.language)
    mine = [e for e in ranked if any(relation(code, r) in {"same", "part"} for r in e.sentence.regions)]
    mine.sort(key=lambda e: -e.score - (0.2 if e.sentence.figures else 0.0) + 0.3 * _distance(code, e))
    if not query.heads:
        chosen = distinct(mine)[:PER_REGION]
        if not chosen:
            return [Claim(phrase(query.language, "nothing_for_region"), (), heading, bullet=True)]
        return [quote(query, e, heading) for e in reading_order(chosen)]
    matches = match_figures(query, ranked, unknown)
    own = [m for m in matches if m.fit == "own"]
    if own:
        stated = state_figures(query, own)
        draft.figures += stated.figures
        return [replace(claim, heading=heading, bullet=True) for claim in stated.claims]
    foreign = {m.evidence.key for m in matches if m.fit in {"whole", "other"}}
    claims = [Claim(phrase(query.language, "not_disclosed", asked=asked(query)), (), heading, bullet=True)]
    return claims + [replace(c, heading=heading) for c in also(query, mine, foreign)[: PER_REGION - 1]]


def _distance(code: str, evidence: Evidence) -> int:
    """0: speaks about the region; 1: said under its heading; 2: names it only beside another, or is about a part of it."""
    mentions = [m for m in find_regions(evidence.text) if m.code == code]
    if any(not is_object(evidence.text, m) for m in mentions):
        return 0
    return 1 if code in evidence.sentence.regions and not mentions else 2


def compare_documents(query: Query, ranked: Sequence[Evidence]) -> Draft:
    """Several documents named: each under its own title with its own sentences; what is missing is said."""
    draft = Draft()
    for doc_id in query.documents:
        mine = [e for e in ranked if e.hit.chunk.doc_id == doc_id]
        heading = mine[0].hit.source.title if mine else ""
        chosen = reading_order(distinct([e for e in mine if relevant(query, e)])[:PER_REGION])
        if not chosen:
            draft.claims.append(Claim(phrase(query.language, "nothing_for_region"), (), heading, bullet=True))
        draft.claims += [quote(query, e, heading) for e in chosen]
    if not any(claim.evidence for claim in draft.claims):
        draft.reason = "no_evidence"
    return draft
