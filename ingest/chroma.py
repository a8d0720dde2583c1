"""The chunks' vectors in Chroma: what is the same for a folder inside this process and for a server.

Facts about Chroma 1.5 that are used here: at most 5,461 rows a call; `upsert` replaces vector and text but merges
metadata; empty lists are refused as metadata; a filter costs time in proportion to the rows that match.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ingest.types import Chunk

CHUNKS = "policyqa_chunks"  # the collection's name
BATCH = 1000  # rows a call; small batches let queries through
INDEX = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 100}}


def write_vectors(
    collection: Any, chunks: Sequence[Chunk], vectors: np.ndarray, note: Mapping[str, Any] | None = None
) -> None:
    """Write the chunks' vectors, float32 [n, d], with their texts; `note` is added to each one's metadata."""
    for at in range(0, len(chunks), BATCH):
        part = chunks[at : at + BATCH]
        collection.upsert(
            ids=[chunk.id for chunk in part],
            embeddings=vectors[at : at + BATCH],
            documents=[chunk.text for chunk in part],
            metadatas=[{**_metadata(chunk), **(note or {})} for chunk in part],
        )


def delete_rows(collection: Any, ids: Sequence[str], where: Mapping[str, Any] | None = None) -> None:
    """Delete rows by id; with `where`, only those of them that meet it."""
    for at in range(0, len(ids), BATCH):
        collection.delete(ids=list(ids[at : at + BATCH]), where=where)


def nearest_rows(collection: Any, vector: np.ndarray, k: int, regions: Sequence[str] = ()) -> list[tuple[str, float]]:
    """The k rows nearest to a query vector [d]: (id, cosine), best first; with `regions`, only those about one of them."""
    where: dict[str, Any] | None = None
    if regions:
        parts = [{"regions": {"$contains": code}} for code in regions]
        where = parts[0] if len(parts) == 1 else {"$or": parts}
    found = collection.query(query_embeddings=[vector], n_results=k, where=where, include=["distances"])
    return [
        (row_id, 1.0 - float(distance)) for row_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
    ]


def _metadata(chunk: Chunk) -> dict[str, Any]:
    fields: dict[str, Any] = {"doc_id": chunk.doc_id, "start": chunk.start, "end": chunk.end}
    if chunk.regions:
        fields["regions"] = list(chunk.regions)
    if chunk.page is not None:
        fields["page"] = chunk.page
    return fields
