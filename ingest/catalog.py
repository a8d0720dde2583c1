"""The catalogue of a store: documents, chunks and the word index, in one SQLite file.

The catalogue is the truth of what is indexed. A document becomes visible in one transaction, together with its chunks
and their words (FTS5, BM25 ranking); vectors in Chroma that no chunk here owns are ignored and swept later.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ingest.types import Block, Chunk, Document, Figure, Sentence, Source

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents(
    id TEXT PRIMARY KEY, key TEXT UNIQUE NOT NULL, sha256 TEXT NOT NULL, pipeline INTEGER NOT NULL,
    source TEXT NOT NULL, blocks TEXT NOT NULL, text TEXT NOT NULL, chunks INTEGER NOT NULL, added TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS documents_sha256 ON documents(sha256);
CREATE TABLE IF NOT EXISTS chunks(
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, doc_id TEXT NOT NULL REFERENCES documents(id),
    record TEXT NOT NULL, text TEXT NOT NULL, vectors BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS chunks_doc ON chunks(doc_id);
CREATE TABLE IF NOT EXISTS chunk_regions(region TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(region, number))
    WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(body, tokenize="unicode61 remove_diacritics 0 tokenchars '.'");
CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(words, 'row');
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One catalogued document without its text."""

    id: str
    key: str
    sha256: str
    pipeline: int
    source: Source
    chunks: int
    chars: int
    added: str


class Catalog:
    """Documents, chunks and words of one store. All methods raise sqlite3.Error only for a damaged file."""

    def __init__(self, path: Path, writable: bool) -> None:
        if writable:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.executescript(_SCHEMA)
        else:
            # Not mode=ro: after a crash in a transaction the first to open must be able to roll it back.
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, check_same_thread=False)
            self._db.execute("PRAGMA query_only = ON")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def get_meta(self, key: str) -> str:
        """Return a stored setting, "" where it was never set."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else ""

    def set_meta(self, key: str, value: str) -> None:
        """Store a setting of this store."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def put(
        self,
        document: Document,
        key: str,
        pipeline: int,
        added: str,
        chunks: Sequence[Chunk],
        words: Sequence[str],
        vectors: Sequence[np.ndarray],
    ) -> list[str]:
        """Replace a document and its chunks in one transaction; return the chunk ids that it had before.

        `words` are the space-joined search words of each chunk, `vectors` its sentences' float16 vectors [k, d].
        """
        with self._transaction():
            old = self._drop(document.id)
            self._db.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document.id, key, document.source.sha256, pipeline, _dump(asdict(document.source)),
                    _dump([asdict(block) for block in document.blocks]), document.text, len(chunks), added,
                ),
            )  # fmt: skip
            for chunk, line, matrix in zip(chunks, words, vectors, strict=True):
                cursor = self._db.execute(
                    "INSERT INTO chunks(id, doc_id, record, text, vectors) VALUES (?, ?, ?, ?, ?)",
                    (chunk.id, chunk.doc_id, _dump_chunk(chunk), chunk.text, matrix.tobytes()),
                )
                self._db.execute("INSERT INTO words(rowid, body) VALUES (?, ?)", (cursor.lastrowid, line))
                self._db.executemany(
                    "INSERT INTO chunk_regions VALUES (?, ?)", [(code, cursor.lastrowid) for code in set(chunk.regions)]
                )
        return old

    def remove(self, doc_id: str) -> list[str]:
        """Take a document out; return the ids of its chunks ([] where it is unknown)."""
        with self._transaction():
            return self._drop(doc_id)

    def _drop(self, doc_id: str) -> list[str]:
        rows = self._db.execute("SELECT number, id FROM chunks WHERE doc_id = ?", (doc_id,)).fetchall()
        self._db.executemany("DELETE FROM words WHERE rowid = ?", [(number,) for number, _ in rows])
        self._db.executemany("DELETE FROM chunk_regions WHERE number = ?", [(number,) for number, _ in rows])
        self._db.execute("DELETE FROM chunks WHERE doc_id = ?", (doc_id,))
        self._db.execute("DELETE FROM documents WHERE id = ?", (doc_id,))
        return [chunk_id for _, chunk_id in rows]

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)

    def entries(self) -> list[Entry]:
        """All documents in the order in which they were added."""
        rows = self._db.execute(
            "SELECT id, key, sha256, pipeline, source, chunks, length(text), added FROM documents ORDER BY added, key"
        )
        return [_entry(row) for row in rows]

    def entry(self, doc_id: str) -> Entry | None:
        """One document without its text, None where it is unknown."""
        row = self._db.execute(
            "SELECT id, key, sha256, pipeline, source, chunks, length(text), added FROM documents WHERE id = ?",
            (doc_id,),
        ).fetchone()
        return _entry(row) if row else None

    def document(self, doc_id: str) -> Document | None:
        """One document with its text and blocks, None where it is unknown."""
        row = self._db.execute("SELECT source, blocks, text FROM documents WHERE id = ?", (doc_id,)).fetchone()
        if row is None:
            return None
        blocks = tuple(Block(**{**b, "headings": tuple(b["headings"])}) for b in json.loads(row[1]))
        return Document(doc_id, _source(row[0]), row[2], blocks)

    def titles(self) -> list[tuple[str, str]]:
        """(document id, title) of every document."""
        return list(self._db.execute("SELECT id, json_extract(source, '$.title') FROM documents"))

    def chunk_ids(self) -> set[str]:
        """Ids of all chunks."""
        return {row[0] for row in self._db.execute("SELECT id FROM chunks")}

    def count(self) -> tuple[int, int]:
        """Numbers of documents and of chunks."""
        row = self._db.execute("SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM chunks)").fetchone()
        return row[0], row[1]

    def chunks(self, ids: Iterable[str]) -> dict[str, tuple[Chunk, np.ndarray]]:
        """Chunks by id with the float16 vectors of their sentences [k, d]; unknown ids are left out."""
        found = {}
        wanted = list(ids)
        for at in range(0, len(wanted), 500):
            part = wanted[at : at + 500]
            marks = ",".join("?" * len(part))
            rows = self._db.execute(f"SELECT id, doc_id, record, text, vectors FROM chunks WHERE id IN ({marks})", part)
            for chunk_id, doc_id, record, text, blob in rows:
                chunk = _load_chunk(chunk_id, doc_id, record, text)
                matrix = np.frombuffer(blob, dtype=np.float16).reshape(len(chunk.sentences), -1)
                found[chunk_id] = (chunk, matrix)
        return found

    def neighbours(self, doc_id: str) -> list[str]:
        """Chunk ids of one document in reading order."""
        rows = self._db.execute("SELECT id FROM chunks WHERE doc_id = ? ORDER BY number", (doc_id,))
        return [row[0] for row in rows]

    def search_words(self, words: Sequence[str], k: int, regions: Sequence[str] = ()) -> list[tuple[str, float]]:
        """The k chunks that match any of the words best: (chunk id, BM25 score, higher is better).

        With `regions`, only chunks that speak about one of them.
        """
        if not words:
            return []
        query = " OR ".join('"' + word.replace('"', '""') + '"' for word in dict.fromkeys(words))
        within, arguments = "", [query]
        if regions:
            marks = ",".join("?" * len(regions))
            within = f"AND words.rowid IN (SELECT number FROM chunk_regions WHERE region IN ({marks}))"
            arguments += list(regions)
        rows = self._db.execute(
            f"SELECT chunks.id, -bm25(words) AS score FROM words JOIN chunks ON chunks.number = words.rowid "
            f"WHERE words MATCH ? {within} ORDER BY score DESC LIMIT ?",
            [*arguments, k],
        )
        return [(chunk_id, float(score)) for chunk_id, score in rows]

    def document_frequencies(self, words: Iterable[str]) -> dict[str, int]:
        """Number of chunks that hold each word; words that occur nowhere are left out."""
        found = {}
        for word in dict.fromkeys(words):
            row = self._db.execute("SELECT doc FROM vocabulary WHERE term = ?", (word,)).fetchone()
            if row:
                found[word] = int(row[0])
        return found

    def region_counts(self) -> dict[str, int]:
        """Number of chunks that speak about each region."""
        return dict(self._db.execute("SELECT region, count(*) FROM chunk_regions GROUP BY region"))


class _Transaction:
    """BEGIN IMMEDIATE ... COMMIT, or ROLLBACK on any error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        self._db.execute("ROLLBACK" if kind else "COMMIT")


def _entry(row: Sequence[Any]) -> Entry:
    doc_id, key, sha256, pipeline, source, chunks, chars, added = row
    return Entry(doc_id, key, sha256, pipeline, _source(source), chunks, chars, added)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _source(text: str) -> Source:
    fields = json.loads(text)
    return Source(**{**fields, "regions": tuple(fields["regions"]), "repairs": tuple(fields["repairs"])})


def _dump_chunk(chunk: Chunk) -> str:
    record = asdict(chunk)
    for known in ("id", "doc_id", "text"):
        del record[known]
    return _dump(record)


def _load_chunk(chunk_id: str, doc_id: str, record: str, text: str) -> Chunk:
    fields = json.loads(record)
    sentences = tuple(
        Sentence(
            s["start"],
            s["end"],
            tuple(s["regions"]),
            tuple(Figure(**{**f, "scopes": tuple(f["scopes"])}) for f in s["figures"]),
        )
        for s in fields.pop("sentences")
    )
    fields["headings"], fields["regions"] = tuple(fields["headings"]), tuple(fields["regions"])
    return Chunk(id=chunk_id, doc_id=doc_id, text=text, sentences=sentences, **fields)
