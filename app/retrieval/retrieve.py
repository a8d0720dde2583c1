"""Hybrid retrieval: dense (Chroma) and lexical (BM25 over jieba words), fused so that each counts as far as it can know.

Lexical evidence counts only as far as the question's words occur in the corpus: an English question on Chinese texts is
left to the dense side (plain rank fusion would ruin it), unless the glossary gives it Chinese words.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.types import Hit, Query
from ingest.embed import Embedder
from ingest.facts.regions import relation
from ingest.lexical import words
from ingest.store import Store
from ingest.types import Chunk

MAX_DOCUMENT_CHUNKS = 2000  # of a document that a question names; a longer one is read from its start
POOL = 50  # candidates from each side
DENSE_WEIGHT = 0.7
REGION_BONUS = 0.6  # in units of the fused z-score; calibrated on the sample suite's dev part
REGION_BONUS_CROSS = 1.2  # across languages cosines are flat and words few, so the region says more


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Hits best first, and what later steps need of the question: its vector and its words' weights."""

    hits: tuple[Hit, ...]
    vector: np.ndarray
    weights: dict[str, float]  # content word -> rarity weight; words unknown to the corpus weigh most
    unknown: frozenset[str]  # content words of the question that stand nowhere in the corpus


def retrieve(query: Query, store: Store, embedder: Embedder, k: int) -> Retrieved:
    """Return the k best chunks. For every region asked about, its own chunks are looked for as well, so that none starves."""
    pool = max(POOL, k)
    vector, dense = _nearest(query, store, embedder, pool)
    search_words = _search_words(query)
    frequencies = store.catalog.document_frequencies(search_words)
    rarity = {term: _frequency(term, frequencies) for term in query.terms}
    total = max(1, store.catalog.count()[1])
    lexical: dict[str, float] = dict(store.catalog.search_words(search_words, pool))
    if query.documents:  # a document that is named answers for itself
        own = {i for doc_id in query.documents for i in store.catalog.neighbours(doc_id)[:MAX_DOCUMENT_CHUNKS]}
        dense = {chunk_id: score for chunk_id, score in dense.items() if chunk_id in own} | dict.fromkeys(own, -1.0)
        lexical = {i: s for i, s in store.catalog.search_words(search_words, 20 * pool) if i in dense}
    for codes in _plans(query, store) if not query.documents else []:
        dense.update(store.nearest(vector, POOL // 2, codes))
        lexical.update(store.catalog.search_words(search_words, POOL // 2, codes))
    known = sum(word in frequencies for word in search_words) / len(search_words) if search_words else 0.0
    rows = store.catalog.chunks({*dense, *lexical})
    _complete(dense, rows, vector)
    ranked = sorted(
        ((fused, chunk_id) for chunk_id, fused in _fuse(rows, dense, lexical, known, query).items()), reverse=True
    )
    sources = {}
    hits = []
    for score, chunk_id in ranked[:k]:
        chunk, matrix = rows[chunk_id]
        if chunk.doc_id not in sources:
            entry = store.catalog.entry(chunk.doc_id)
            if entry is None:
                continue
            sources[chunk.doc_id] = entry.source
        hits.append(
            Hit(chunk, matrix, sources[chunk.doc_id], score, dense.get(chunk_id, 0.0), lexical.get(chunk_id, 0.0))
        )
    weights = {term: math.log(1 + total / max(0.5, count)) for term, count in rarity.items()}
    return Retrieved(tuple(hits), vector, weights, frozenset(term for term, count in rarity.items() if not count))


def _nearest(query: Query, store: Store, embedder: Embedder, pool: int) -> tuple[np.ndarray, dict[str, float]]:
    """The question's vector and its nearest chunks.

    A traditional question is tried in both scripts: the one in which the texts are written comes nearer to them. An English
    one stands between itself and its Chinese words: alone it is nearest to whatever is in English.
    """
    if query.translated:
        both = embedder.embed_queries([query.text, query.translated]).sum(axis=0)
        middle = both / max(float(np.linalg.norm(both)), 1e-9)
        return middle, dict(store.nearest(middle, pool))
    forms = [query.text] + ([query.as_typed] if query.as_typed else [])
    found = [(vector, dict(store.nearest(vector, pool))) for vector in embedder.embed_queries(forms)]
    return max(found, key=lambda pair: max(pair[1].values(), default=0.0))


def _search_words(query: Query) -> list[str]:
    """Words for the lexical side: those of the question, and the glossary's Chinese words for an English one."""
    own = words(query.text)
    return list(dict.fromkeys((*own, *(word for term in query.terms for word in words(term.replace("|", " "), True)))))


def _frequency(term: str, frequencies: dict[str, int]) -> int:
    """Number of chunks that can hold a term: that of its rarest word, for the commonest of its translations."""
    forms = [words(form, True) for form in term.split("|")]
    return max((min((frequencies.get(word, 0) for word in form), default=0) for form in forms), default=0)


def _plans(query: Query, store: Store) -> list[list[str]]:
    """One list of region codes per region asked about, with the codes of its parts that the store knows."""
    if not query.regions:
        return []
    present = store.catalog.region_counts()
    plans = []
    for asked in query.regions:
        codes = [code for code in present if relation(asked, code) in {"same", "part"}]
        if codes:
            plans.append(codes)
    return plans


def _complete(dense: dict[str, float], rows: dict[str, tuple[Chunk, np.ndarray]], vector: np.ndarray) -> None:
    """Give chunks that only the lexical side found a dense score: that of their best sentence, a little lower."""
    for chunk_id, (_, matrix) in rows.items():
        if dense.get(chunk_id, -1.0) < 0:
            dense[chunk_id] = float(np.max(matrix.astype(np.float32) @ vector, initial=0.0)) - 0.01


def _fuse(
    rows: dict[str, tuple[Chunk, np.ndarray]],
    dense: dict[str, float],
    lexical: dict[str, float],
    known: float,
    query: Query,
) -> dict[str, float]:
    """Weighted sum of z-scores (over the candidates), plus a bonus for chunks about a region that was asked about."""
    ids = list(rows)
    d = _z([dense[i] for i in ids])
    x = _z([lexical.get(i, 0.0) for i in ids])
    fused = DENSE_WEIGHT * d + (1 - DENSE_WEIGHT) * known * x
    return {i: float(f) + _region_bonus(rows[i][0].regions, query) for i, f in zip(ids, fused, strict=True)}


def _region_bonus(regions: Sequence[str], query: Query) -> float:
    if not any(relation(a, r) in {"same", "part"} for a in query.regions for r in regions):
        return 0.0
    return REGION_BONUS_CROSS if query.text.isascii() else REGION_BONUS


def _z(values: Sequence[float]) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    spread = float(array.std()) if array.size else 0.0
    return (array - array.mean()) / spread if spread > 1e-9 else np.zeros_like(array)
