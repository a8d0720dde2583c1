"""Candidates for a question: the nearest chunks, those with its words, and for each region asked about its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.retrieval.plan import Plan
from app.retrieval.sources import admitted
from app.types import Query
from ingest.embed import Embedder
from ingest.records import Candidate
from ingest.store import Store

POOL = 50  # candidates from each side
OVERFETCH = 200  # nearest chunks among which a region's own are looked for: costs 1 ms more than 50
WIDE = 1000  # and among which they are looked for then; 10 ms
ENOUGH = 10  # of a region's own; its chunks with the question's words come beside them
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
        _add_regions(plan, store, near, Found({}, dense, lexical, vector))
        if query.demands:
            _add_admitted(query, plan, store, Found({}, dense, lexical, vector))
    rows = store.catalog.candidates(dict.fromkeys((*dense, *lexical)))
    if query.demands:
        sources = store.catalog.sources(row.doc_id for row in rows.values())
        rows = {i: row for i, row in rows.items() if admitted(query.demands, sources[row.doc_id], row.regions)}
    for chunk_id, row in rows.items():  # found by its words alone: its best sentence's cosine, a little lower
        if dense.get(chunk_id, -1.0) < 0:
            cosines = row.vectors.astype(np.float32).reshape(-1, len(vector)) @ vector
            dense[chunk_id] = float(np.max(cosines, initial=0.0)) - 0.01
    return Found(rows, dense, lexical, vector)


def _nearest(query: Query, store: Store, embedder: Embedder, wanted: int) -> tuple[np.ndarray, list[tuple[str, float]]]:
    """The question's vector and its nearest chunks, best first.

    A traditional question is tried in both scripts: the one in which the texts are written comes nearer to them. An English
    one stands between itself and its Chinese words: alone it is nearest to whatever is in English.
    """
    if query.translated:
        both = embedder.embed_queries([query.text, query.translated]).sum(axis=0)
        middle = both / max(float(np.linalg.norm(both)), 1e-9)
        return middle, store.nearest(middle, wanted)
    forms = [query.text] + ([query.as_typed] if query.as_typed else [])
    found = [(vector, store.nearest(vector, wanted)) for vector in embedder.embed_queries(forms)]
    return max(found, key=lambda pair: pair[1][0][1] if pair[1] else 0.0)


def _add_regions(plan: Plan, store: Store, near: list[tuple[str, float]], found: Found) -> None:
    """Add to what is found, for each region asked about, its own nearest chunks and those of them with the words.

    What is near already usually holds enough of them. Where it does not, more is looked through, once for all regions;
    and only a region of which even that and its words give next to nothing is searched by itself.
    """
    looked = [near]  # what lies further off is looked for once, where a region needs it
    numbers = [store.catalog.numbers([i for i, _ in near])] if plan.regions else []
    for codes in plan.regions:
        enough = min(ENOUGH, store.catalog.count_about(codes))
        spoken = store.catalog.search_words(plan.words, POOL // 2, codes)
        own = _inside(near, numbers[0], codes, store)
        if len(own) < enough:
            if len(looked) == 1:
                looked.append(store.nearest(found.vector, WIDE))
                numbers.append(store.catalog.numbers([i for i, _ in looked[1]]))
            own = _inside(looked[1], numbers[1], codes, store)
        if len(own) + len(spoken) < enough:
            own = store.nearest(found.vector, ENOUGH, codes)
        found.dense.update(own[: POOL // 2])
        found.lexical.update(spoken)


def _add_admitted(query: Query, plan: Plan, store: Store, found: Found) -> None:
    """Add what lies further off: of the sources that a question admits there may be few among the nearest."""
    found.dense.update(store.nearest(found.vector, WIDE, query.demands.regions))
    found.lexical.update(store.catalog.search_words(plan.words, WIDE))


def _inside(
    near: Sequence[tuple[str, float]], numbers: Mapping[str, int], codes: Sequence[str], store: Store
) -> list[tuple[str, float]]:
    inside = store.catalog.among(numbers, codes)
    return [pair for pair in near if pair[0] in inside]
