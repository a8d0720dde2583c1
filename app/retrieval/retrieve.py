"""Hybrid retrieval, step by step: plan, find, fuse, rerank, choose."""

import datetime
from dataclasses import dataclass

import numpy as np

from app.retrieval.find import MAX_DOCUMENT_CHUNKS as MAX_DOCUMENT_CHUNKS
from app.retrieval.find import find
from app.retrieval.fuse import Fusion, adaptive, fuse, z_scores
from app.retrieval.plan import make_plan
from app.retrieval.rerank import DEPTH, Reranker
from app.retrieval.validity import behind, validities
from app.types import Hit, Query
from ingest.embed import Embedder
from ingest.store import Store


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Hits best first, and what later steps need of the question: its vector and its words' weights."""

    hits: tuple[Hit, ...]
    vector: np.ndarray
    weights: dict[str, float]  # content word -> rarity weight; words unknown to the corpus weigh most
    unknown: frozenset[str]  # content words of the question that stand nowhere in the corpus


def retrieve(
    query: Query,
    store: Store,
    embedder: Embedder,
    k: int,
    reranker: Reranker | None = None,
    fusion: Fusion = adaptive,
) -> Retrieved:
    """Return the k best chunks. For every region asked about, its own chunks are looked for as well, so that none starves."""
    plan = make_plan(query, store.catalog)
    found = find(query, plan, store, embedder, k)
    sources = store.catalog.sources(row.doc_id for row in found.rows.values())
    scores = rerank_best(query, fuse(query, plan, found, sources, fusion), reranker)
    validity = validities(store.catalog, sources, datetime.date.today())
    if not query.documents:  # a text that is asked for by name is what is wanted, in force or not
        scores = {i: score - behind(validity.get(found.rows[i].doc_id, "")) for i, score in scores.items()}
    chosen = sorted(((score, chunk_id) for chunk_id, score in scores.items()), reverse=True)[:k]
    chunks = store.catalog.chunks([chunk_id for _, chunk_id in chosen])
    hits = [
        Hit(
            chunk,
            matrix,
            sources[chunk.doc_id],
            score,
            found.dense.get(chunk_id, 0.0),
            found.lexical.get(chunk_id, 0.0),
            validity[chunk.doc_id],
        )
        for score, chunk_id in chosen
        for chunk, matrix in [chunks[chunk_id]]
    ]
    return Retrieved(tuple(hits), found.vector, plan.weights, plan.unknown)


def rerank_best(query: Query, scores: dict[str, float], reranker: Reranker | None) -> dict[str, float]:
    """The scores with the reranker's word on the best of them added."""
    best = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))[:DEPTH]
    seen = reranker.scores(query, best) if reranker and best else None
    if reranker is None or seen is None:
        return scores
    added = zip(best, z_scores(seen), strict=True)
    reranked = {chunk_id: scores[chunk_id] + reranker.weight * float(z) for chunk_id, z in added}
    # What was not looked at stays behind what was.
    below = min(reranked.values())
    floor = max((score for chunk_id, score in scores.items() if chunk_id not in reranked), default=below)
    return {i: reranked.get(i, score + min(0.0, below - floor - 1e-6)) for i, score in scores.items()}
