"""The chunks' vectors in Chroma: what is the same for a folder inside this process and for a server.

Facts about Chroma 1.5 that are used here: at most 5,461 rows a call; `upsert` replaces vector and text but merges
metadata; empty lists are refused as metadata; a filter by metadata costs time in proportion to the rows that match.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ingest.types import Chunk

CHUNKS = "policyqa_chunks"  # the collection's name
BATCH = 1000  # rows a call; small batches let queries through
INDEX = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 100}}

# Chroma's settings, stated here so that neither the environment nor a .env file can have it send anything.
SILENT: Mapping[str, Any] = {"anonymized_telemetry": False, "chroma_otel_collection_endpoint": ""}


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


def nearest_rows(
    collection: Any, vector: np.ndarray, k: int, ids: Sequence[str] | None = None
) -> list[tuple[str, float]]:
    """The k rows nearest to a query vector [d]: (id, cosine), best first; with `ids`, only those among them.

    Ids and not a metadata filter: at 100,000 rows a list field's filter took 50 to 150 ms, 4,000 ids 13 ms.
    """
    if ids is not None and not ids:
        return []
    within = None if ids is None else list(ids)
    found = collection.query(query_embeddings=[vector], n_results=k, ids=within, include=["distances"])
    return [
        (row_id, 1.0 - float(distance)) for row_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
    ]


def read_rows(collection: Any, ids: Sequence[str]) -> dict[str, tuple[np.ndarray, str]]:
    """Vector, float32 [d], and text of some rows by id; unknown ids are left out."""
    found = {}
    for at in range(0, len(ids), BATCH):
        rows = collection.get(ids=list(ids[at : at + BATCH]), include=["embeddings", "documents"])
        for row_id, vector, text in zip(rows["ids"], rows["embeddings"], rows["documents"], strict=True):
            found[row_id] = (np.asarray(vector, dtype=np.float32), text or "")
    return found


def _metadata(chunk: Chunk) -> dict[str, Any]:
    fields: dict[str, Any] = {"doc_id": chunk.doc_id, "start": chunk.start, "end": chunk.end}
    if chunk.regions:
        fields["regions"] = list(chunk.regions)
    if chunk.page is not None:
        fields["page"] = chunk.page
    return fields
