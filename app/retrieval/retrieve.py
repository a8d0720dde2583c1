"""Hybrid retrieval, step by step: plan, find, fuse, rerank, choose."""

from dataclasses import dataclass

import numpy as np

from app.retrieval.find import MAX_DOCUMENT_CHUNKS as MAX_DOCUMENT_CHUNKS
from app.retrieval.find import find
from app.retrieval.fuse import fuse
from app.retrieval.plan import make_plan
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


def retrieve(query: Query, store: Store, embedder: Embedder, k: int) -> Retrieved:
    """Return the k best chunks. For every region asked about, its own chunks are looked for as well, so that none starves."""
    plan = make_plan(query, store.catalog)
    found = find(query, plan, store, embedder, k)
    scores = fuse(query, plan, found)
    chosen = sorted(((score, chunk_id) for chunk_id, score in scores.items()), reverse=True)[:k]
    chunks = store.catalog.chunks([chunk_id for _, chunk_id in chosen])
    sources = store.catalog.sources(chunk.doc_id for chunk, _ in chunks.values())
    hits = [
        Hit(
            chunk,
            matrix,
            sources[chunk.doc_id],
            score,
            found.dense.get(chunk_id, 0.0),
            found.lexical.get(chunk_id, 0.0),
        )
        for score, chunk_id in chosen
        for chunk, matrix in [chunks[chunk_id]]
    ]
    return Retrieved(tuple(hits), found.vector, plan.weights, plan.unknown)
