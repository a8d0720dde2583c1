"""Candidates for a question: the nearest chunks, those with its words, and for each region asked about its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.retrieval.plan import Plan
from app.types import Query
from ingest.embed import Embedder
from ingest.records import Candidate
from ingest.store import Store

POOL = 50  # candidates from each side
OVERFETCH = 200  # nearest chunks among which a region's own are looked for: costs 1 ms more than 50
WIDE = 1000  # and for a region of which most of the corpus speaks; 10 ms
MOST_IDS = 5000  # chunks of a region that are searched by themselves; 13 ms
MAX_DOCUMENT_CHUNKS = 2000  # of a document that a question names; a longer one is read from its start


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Candidates by chunk id with their cosines to the question's vector and their BM25 scores (0 where unmatched)."""

    rows: dict[str, Candidate]
    dense: dict[str, float]
    lexical: dict[str, float]
    vector: np.ndarray  # float32 [d]


def find(query: Query, plan: Plan, store: Store, embedder: Embedder, k: int) -> Found:
    """Look a question up on both sides; a document that is named answers for itself."""
    pool = max(POOL, k)
    vector, near = _nearest(query, store, embedder, max(OVERFETCH, pool))
    dense = dict(near[:pool])
    if query.documents:
        own = {i for doc_id in query.documents for i in store.catalog.neighbours(doc_id)[:MAX_DOCUMENT_CHUNKS]}
        dense = dict.fromkeys(own, -1.0) | {chunk_id: score for chunk_id, score in dense.items() if chunk_id in own}
        lexical = {i: s for i, s in store.catalog.search_words(plan.words, 20 * pool) if i in own}
    else:
        lexical = dict(store.catalog.search_words(plan.words, pool))
        for codes in plan.regions:
            dense.update(_of_regions(codes, vector, near, store))
            lexical.update(store.catalog.search_words(plan.words, POOL // 2, codes))
    rows = store.catalog.candidates(dict.fromkeys((*dense, *lexical)))
    for chunk_id, row in rows.items():  # found by its words alone: its best sentence's cosine, a little lower
        if dense.get(chunk_id, -1.0) < 0:
            cosines = row.vectors.astype(np.float32).reshape(-1, len(vector)) @ vector
            dense[chunk_id] = float(np.max(cosines, initial=0.0)) - 0.01
    return Found(rows, dense, lexical, vector)


def _nearest(query: Query, store: Store, embedder: Embedder, wanted: int) -> tuple[np.ndarray, list[tuple[str, float]]]:
    """The question's vector and its nearest chunks, best first.

    A traditional question is tried in both scripts: the one in which the texts are written comes nearer to them.
    """
    forms = [query.text] + ([query.as_typed] if query.as_typed else [])
    found = [(vector, store.nearest(vector, wanted)) for vector in embedder.embed_queries(forms)]
    return max(found, key=lambda pair: pair[1][0][1] if pair[1] else 0.0)


def _of_regions(
    codes: Sequence[str], vector: np.ndarray, near: Sequence[tuple[str, float]], store: Store
) -> list[tuple[str, float]]:
    """The nearest chunks about some regions: from what is near already if that is enough, else looked for."""
    wanted, held = POOL // 2, store.catalog.count_about(codes)
    inside = store.catalog.among([chunk_id for chunk_id, _ in near], codes)
    own = [pair for pair in near if pair[0] in inside]
    if len(own) < min(wanted, held):
        if held <= MOST_IDS:
            return store.nearest(vector, wanted, codes)
        near = store.nearest(vector, WIDE)
        inside = store.catalog.among([chunk_id for chunk_id, _ in near], codes)
        own = [pair for pair in near if pair[0] in inside]
    return own[:wanted]
