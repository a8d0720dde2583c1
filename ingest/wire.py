"""A document as it travels to a server and back: one JSON record, compressed, cut into pieces of plain text."""

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from ingest.records import Entry, dump, dump_chunk, load_chunk, load_health, load_source
from ingest.types import Block, Chunk, Document

PIECE = 250_000  # characters: what one row of a server's table is asked to hold


@dataclass(frozen=True, slots=True)
class Published:
    """All that a catalogue keeps of a document, as `Catalog.put` takes it."""

    document: Document
    entry: Entry
    chunks: Sequence[Chunk] = ()
    words: Sequence[str] = ()
    vectors: Sequence[np.ndarray] = ()  # float16 [k, d] per chunk
    tokens: Sequence[bytes] = ()  # packed token vectors per chunk, or none at all


def pack(published: Published) -> list[str]:
    """Return a document's record in pieces of at most PIECE ASCII characters.

    The vectors of sentences are nearly all of it, and do not compress: they follow the record as they are.
    """
    document, entry = published.document, published.entry
    record = {
        "id": document.id, "source": dump(asdict(document.source)), "health": dump(asdict(document.health)),
        "blocks": [asdict(block) for block in document.blocks], "text": document.text,
        "key": entry.key, "file": entry.file, "version": entry.version, "pipeline": entry.pipeline,
        "added": entry.added, "same_as": entry.same_as, "sketch": entry.sketch.tolist(),
        "chunks": [[chunk.id, dump_chunk(chunk)] for chunk in published.chunks], "words": list(published.words),
        "shapes": [matrix.shape for matrix in published.vectors], "tokens": [len(each) for each in published.tokens],
    }  # fmt: skip
    head = zlib.compress(dump(record).encode("utf-8", "surrogatepass"))
    vectors = b"".join(matrix.astype("<f2").tobytes() for matrix in published.vectors)
    # base64 and not base85: six hundredths longer, and a hundred times as fast in Python.
    data = len(head).to_bytes(4, "big") + head + vectors + b"".join(published.tokens)
    text = base64.b64encode(data).decode("ascii")
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def unpack(pieces: Sequence[str]) -> Published:
    """Return the document of a record's pieces. Raises ValueError where they are no whole record."""
    try:
        data = base64.b64decode("".join(pieces), validate=True)
        size = int.from_bytes(data[:4], "big")
        record: dict[str, Any] = json.loads(zlib.decompress(data[4 : 4 + size]).decode("utf-8", "surrogatepass"))
        return _published(record, data[4 + size :])
    except (KeyError, TypeError, zlib.error) as error:
        raise ValueError(f"no record of a document: {error}") from error


def _published(record: dict[str, Any], vectors: bytes) -> Published:
    text, blocks = record["text"], record["blocks"]
    document = Document(
        record["id"],
        load_source(record["source"]),
        text,
        tuple(Block(**{**block, "headings": tuple(block["headings"])}) for block in blocks),
        load_health(record["health"]),
    )
    bare = (load_chunk(chunk_id, document.id, fields, "") for chunk_id, fields in record["chunks"])
    chunks = tuple(replace(chunk, text=text[chunk.start : chunk.end]) for chunk in bare)
    entry = Entry(
        document.id, record["key"], record["file"], record["version"], record["pipeline"], document.source,
        document.health, len(chunks), len(text), record["added"], record["same_as"],
        np.array(record["sketch"], dtype=np.uint64),
    )  # fmt: skip
    sizes = record.get("tokens", [])  # a record of an earlier release has none
    at = len(vectors) - sum(sizes)
    matrices = list(_matrices(vectors[:at], record["shapes"]))
    ends = list(accumulate(sizes, initial=at))
    tokens = [vectors[start:end] for start, end in pairwise(ends)]
    return Published(document, entry, chunks, record["words"], matrices, tokens)


def _matrices(data: bytes, shapes: Sequence[Sequence[int]]) -> Iterator[np.ndarray]:
    flat, at = np.frombuffer(data, dtype="<f2"), 0
    for rows, columns in shapes:
        yield flat[at : at + rows * columns].reshape(rows, columns)
        at += rows * columns
