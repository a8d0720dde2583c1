"""The rest of a question that asks for several amounts (多久评一次，最多评几个): an answer to one leaves the others open."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.composition.draft import Draft, quote
from app.composition.lookup import is_statement
from app.retrieval.asking import asking
from app.retrieval.evidence import about
from app.retrieval.matching import asks_amount, contradicts, fit_of
from app.types import Evidence, Query

MAX_LOOKED_AT = 20  # sentences
_CLAUSE = re.compile(r"[，,。；;？?]")


def add_parts(query: Query, ranked: Sequence[Evidence], draft: Draft) -> Draft:
    """Quote, for every amount asked for in a unit that nothing cited has, the best sentence of the documents cited that has it."""
    if draft.abstained or not draft.claims or query.kind != "number":
        return draft
    asked = [asking(replace(query, text=clause)).units for clause in _CLAUSE.split(query.text) if asks_amount(clause)]
    cited = {e.key: e for claim in draft.claims for e in claim.evidence}
    documents = {e.hit.chunk.doc_id for e in cited.values()}
    near = [
        e for e in ranked[:MAX_LOOKED_AT] if e.hit.chunk.doc_id in documents and is_statement(e) and about(query, e)
    ]
    for units in asked if len(asked) > 1 else []:
        if not units or any(figure.unit in units for e in cited.values() for figure in e.sentence.figures):
            continue
        found = next((e for e in near if _has(query, e, units)), None)
        if found is not None:
            cited[found.key] = found
            draft.claims.append(quote(query, found))
    return draft


def _has(query: Query, evidence: Evidence, units: frozenset[str]) -> bool:
    return any(
        f.unit in units and fit_of(query, f, evidence) in {"own", "part"} and not contradicts(query, evidence, f)
        for f in evidence.sentence.figures
    )
