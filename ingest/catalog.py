"""The catalogue of a store: documents, chunks and the word index, in one SQLite file.

The catalogue is the truth of what is indexed. A document becomes visible in one transaction, together with its chunks
and their words (FTS5, BM25 ranking); vectors in Chroma that no chunk here owns are ignored and swept later.
"""

import contextlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

import numpy as np

from ingest.facts.relations import Relation, link
from ingest.fingerprint import fingerprint
from ingest.postings import Postings
from ingest.records import (
    Candidate,
    Entry,
    FileRecord,
    dump,
    dump_chunk,
    load_chunk,
    load_entry,
    load_health,
    load_source,
)
from ingest.seen_views import narrow
from ingest.types import Block, Chunk, Document, Source

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents(
    id TEXT PRIMARY KEY, key TEXT UNIQUE NOT NULL, file TEXT NOT NULL, version TEXT NOT NULL, pipeline INTEGER NOT NULL,
    source TEXT NOT NULL, health TEXT NOT NULL, blocks TEXT NOT NULL, text TEXT NOT NULL, chunks INTEGER NOT NULL,
    added TEXT NOT NULL, same_as TEXT NOT NULL, sketch BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS documents_file ON documents(file);
CREATE TABLE IF NOT EXISTS files(
    file TEXT PRIMARY KEY, version TEXT NOT NULL, pipeline INTEGER NOT NULL, skipped TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chunks(
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, doc_id TEXT NOT NULL REFERENCES documents(id),
    record TEXT NOT NULL, text TEXT NOT NULL, vectors BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS chunks_doc ON chunks(doc_id);
CREATE TABLE IF NOT EXISTS tokens(number INTEGER PRIMARY KEY, packed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS chunk_regions(region TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(region, number))
    WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(body, tokenize="unicode61 remove_diacritics 0 tokenchars '.'");
CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(words, 'row');
"""


_ENTRY = "id, key, file, version, pipeline, source, health, chunks, length(text), added, same_as, sketch"  # load_entry

_HAS_TOKENS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tokens'"
_TITLES = "SELECT CASE same_as WHEN '' THEN id ELSE same_as END, json_extract(source, '$.title') FROM documents"


class Catalog:
    """Documents, chunks and words of one store. All methods raise sqlite3.Error only for a damaged file."""

    def __init__(self, path: Path, writable: bool, seen: Collection[str] | None = None) -> None:
        """Open the file; `seen`: for reading, and what is not in these collections is not there."""
        self._path = path
        if writable:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.executescript(_SCHEMA)
        else:
            # Not mode=ro: after a crash in a transaction the first to open must be able to roll it back.
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, check_same_thread=False)
            if seen is not None:
                narrow(self._db, seen)
            # It makes a table of its own, which the next line would forbid.
            self._postings = Postings(self._db, seen is not None)
            self._db.execute("PRAGMA query_only = ON")
            return
        self._postings = Postings(self._db)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def seen_by(self, collections: Collection[str]) -> "Catalog":
        """A second catalogue on the same file, for reading, that has what is in some collections only."""
        return Catalog(self._path, writable=False, seen=collections)

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
        entry: Entry,
        chunks: Sequence[Chunk] = (),
        words: Sequence[str] = (),
        vectors: Sequence[np.ndarray] = (),
        tokens: Sequence[bytes] = (),
    ) -> list[str]:
        """Replace a document and its chunks in one transaction; return the chunk ids that it had before.

        `words` are the space-joined search words of each chunk, `vectors` its sentences' float16 vectors [k, d],
        `tokens` its packed token vectors (ingest.tokens), where the embedder gives them. A
        document whose text another one holds (`entry.same_as`) is put without chunks.
        """
        with self._transaction():
            moved = "same_as = ? AND coalesce(json_extract(source, '$.collection'), '') <> ?"
            self._unlink(moved, (document.id, document.source.collection))  # no text is shared between collections
            old = self._drop(document.id)
            self._db.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document.id, entry.key, entry.file, entry.version, entry.pipeline, dump(asdict(document.source)),
                    dump(asdict(document.health)), dump([asdict(block) for block in document.blocks]), document.text,
                    len(chunks), entry.added, entry.same_as, entry.sketch.tobytes(),
                ),
            )  # fmt: skip
            for chunk, line, matrix, packed in zip(chunks, words, vectors, tokens or [b""] * len(chunks), strict=True):
                cursor = self._db.execute(
                    "INSERT INTO chunks(id, doc_id, record, text, vectors) VALUES (?, ?, ?, ?, ?)",
                    (chunk.id, chunk.doc_id, dump_chunk(chunk), chunk.text, matrix.tobytes()),
                )
                self._db.execute("INSERT INTO words(rowid, body) VALUES (?, ?)", (cursor.lastrowid, line))
                if packed:
                    self._db.execute("INSERT INTO tokens VALUES (?, ?)", (cursor.lastrowid, packed))
                self._db.executemany(
                    "INSERT INTO chunk_regions VALUES (?, ?)", [(code, cursor.lastrowid) for code in set(chunk.regions)]
                )
        return old

    def remove(self, doc_id: str) -> list[str]:
        """Take a document out; return the ids of its chunks ([] where it is unknown).

        Documents that were linked to it lose their text's holder: they are marked to be read again.
        """
        with self._transaction():
            self._unlink("same_as = ?", (doc_id,))
            return self._drop(doc_id)

    def _unlink(self, which: str, arguments: Sequence[str] = ()) -> None:
        """Mark linked documents to be read again, and with them the files of many documents that they are in."""
        linked = f"SELECT file FROM documents WHERE {which}"
        self._db.execute(f"DELETE FROM files WHERE file IN ({linked})", arguments)
        self._db.execute(f"UPDATE documents SET version = '', same_as = '' WHERE {which}", arguments)

    def set_file(self, file: str, record: FileRecord) -> None:
        """Remember that a file of many documents was read to its end."""
        self._db.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
            (file, record.version, record.pipeline, dump(record.skipped)),
        )

    def files(self) -> dict[str, FileRecord]:
        """Files of many documents by their key."""
        rows = self._db.execute("SELECT file, version, pipeline, skipped FROM files")
        return {
            file: FileRecord(version, pipeline, tuple((member, reason) for member, reason in json.loads(skipped)))
            for file, version, pipeline, skipped in rows
        }

    def forget_file(self, file: str) -> None:
        """Forget a file of many documents, so that it is read again when it is next met."""
        self._db.execute("DELETE FROM files WHERE file = ?", (file,))

    def _drop(self, doc_id: str) -> list[str]:
        self._db.execute("DELETE FROM meta WHERE key = 'relations'")
        rows = self._db.execute("SELECT number, id FROM chunks WHERE doc_id = ?", (doc_id,)).fetchall()
        self._db.executemany("DELETE FROM tokens WHERE number = ?", [(number,) for number, _ in rows])
        self._db.executemany("DELETE FROM words WHERE rowid = ?", [(number,) for number, _ in rows])
        self._db.executemany("DELETE FROM chunk_regions WHERE number = ?", [(number,) for number, _ in rows])
        self._db.execute("DELETE FROM chunks WHERE doc_id = ?", (doc_id,))
        self._db.execute("DELETE FROM documents WHERE id = ?", (doc_id,))
        return [chunk_id for _, chunk_id in rows]

    @property
    def is_held(self) -> bool:
        """Whether a transaction or a reading of one state is under way."""
        return self._db.in_transaction

    @contextlib.contextmanager
    def one_state(self) -> Iterator[None]:
        """Read one state of the file while the block runs, however many reads it makes: a writer's commit waits for its end.

        Inside a transaction of this connection's own it changes nothing.
        """
        if self.is_held:
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)

    def entries(self) -> list[Entry]:
        """All documents in the order in which they were added."""
        rows = self._db.execute(f"SELECT {_ENTRY} FROM documents ORDER BY added, key")
        return [load_entry(row) for row in rows]

    def entry(self, doc_id: str) -> Entry | None:
        """One document without its text, None where it is unknown."""
        row = self._db.execute(f"SELECT {_ENTRY} FROM documents WHERE id = ?", (doc_id,)).fetchone()
        return load_entry(row) if row else None

    def document(self, doc_id: str) -> Document | None:
        """One document with its text and blocks, None where it is unknown."""
        row = self._db.execute("SELECT source, blocks, text, health FROM documents WHERE id = ?", (doc_id,)).fetchone()
        if row is None:
            return None
        blocks = tuple(Block(**{**b, "headings": tuple(b["headings"])}) for b in json.loads(row[1]))
        return Document(doc_id, load_source(row[0]), row[2], blocks, load_health(row[3]))

    def titles(self) -> list[tuple[str, str]]:
        """(document id, title) of every document; of a linked one the id of the document that holds its text."""
        return self._postings.kept("titles", lambda: list(self._db.execute(_TITLES)))

    def hashes(self) -> dict[str, str]:
        """sha256 of the file of every document, by document id."""
        return dict(self._db.execute("SELECT id, json_extract(source, '$.sha256') FROM documents"))

    def chunk_ids(self) -> set[str]:
        """Ids of all chunks."""
        return {row[0] for row in self._db.execute("SELECT id FROM chunks")}

    def held(self, ids: Sequence[str]) -> set[str]:
        """Those of some chunk ids that are in the catalogue."""
        found: set[str] = set()
        for at in range(0, len(ids), 500):
            part = ids[at : at + 500]
            marks = ",".join("?" * len(part))
            found.update(row[0] for row in self._db.execute(f"SELECT id FROM chunks WHERE id IN ({marks})", part))
        return found

    def fingerprint(self) -> str:
        """SHA-256, hex, of all that answers are made from: the same for stores that were filled alike, whenever that was."""
        return fingerprint(self._db)

    def count(self) -> tuple[int, int]:
        """Numbers of documents and of chunks."""
        counted = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM chunks)"
        documents, chunks = self._postings.kept("count", lambda: self._db.execute(counted).fetchone())
        return int(documents), int(chunks)

    def chunks(self, ids: Iterable[str]) -> dict[str, tuple[Chunk, np.ndarray]]:
        """Chunks by id with the float16 vectors of their sentences [k, d]; unknown ids are left out."""
        found = {}
        wanted = list(ids)
        for at in range(0, len(wanted), 500):
            part = wanted[at : at + 500]
            marks = ",".join("?" * len(part))
            rows = self._db.execute(f"SELECT id, doc_id, record, text, vectors FROM chunks WHERE id IN ({marks})", part)
            for chunk_id, doc_id, record, text, blob in rows:
                chunk = load_chunk(chunk_id, doc_id, record, text)
                matrix = np.frombuffer(blob, dtype=np.float16).reshape(len(chunk.sentences), -1)
                found[chunk_id] = (chunk, matrix)
        return found

    def candidates(self, ids: Iterable[str]) -> dict[str, Candidate]:
        """What ranking wants of chunks, by id: a tenth of the cost of the whole chunks. Unknown ids are left out."""
        found = {}
        wanted = list(ids)
        for at in range(0, len(wanted), 500):
            part = wanted[at : at + 500]
            marks = ",".join("?" * len(part))
            rows = self._db.execute(
                f"SELECT id, doc_id, json_extract(record, '$.regions'), text, vectors FROM chunks WHERE id IN ({marks})",
                part,
            )
            for chunk_id, doc_id, regions, text, blob in rows:
                vectors = np.frombuffer(blob, dtype=np.float16)
                found[chunk_id] = Candidate(doc_id, tuple(json.loads(regions)), text, vectors)
        return {chunk_id: found[chunk_id] for chunk_id in wanted if chunk_id in found}

    def tokens(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Packed token vectors of some chunks by id; {} in a store that was made without them."""
        if not self._postings.kept("tokens", lambda: bool(self._db.execute(_HAS_TOKENS).fetchone())):
            return {}
        marks = ",".join("?" * len(ids))
        joined = f"SELECT id, packed FROM chunks JOIN tokens USING (number) WHERE id IN ({marks})"
        return dict(self._db.execute(joined, list(ids)))

    def relations(self) -> tuple[Relation, ...]:
        """What the documents say of one another (ingest.facts.relations), as noted when they were written, else worked out."""
        return self._postings.kept("relations", self._relations)

    def _relations(self) -> tuple[Relation, ...]:
        noted = self.get_meta("relations")
        if noted:
            return tuple(Relation(*row) for row in json.loads(noted))
        rows = self._db.execute("SELECT id, source FROM documents ORDER BY added, key")
        return link([(doc_id, load_source(source)) for doc_id, source in rows])

    def worked_out_relations(self) -> str:
        """What the documents say of one another, to be noted; at thousands of them it takes a second. "" where it is noted already."""
        return "" if self.get_meta("relations") else dump([astuple(relation) for relation in self._relations()])

    def note_relations(self, known: str = "") -> None:
        """Keep what the documents say of one another: `known`, where that was worked out before."""
        if found := known or self.worked_out_relations():
            self.set_meta("relations", found)

    def sources(self, doc_ids: Iterable[str]) -> dict[str, Source]:
        """The sources of some documents by id; unknown ids are left out."""
        wanted = list(dict.fromkeys(doc_ids))
        found = {}
        for at in range(0, len(wanted), 500):
            part = wanted[at : at + 500]
            marks = ",".join("?" * len(part))
            rows = self._db.execute(f"SELECT id, source FROM documents WHERE id IN ({marks})", part)
            found.update({doc_id: load_source(source) for doc_id, source in rows})
        return found

    def lines(self, ids: Sequence[str]) -> dict[str, str]:
        """The search words of some chunks by id, as they were put."""
        marks = ",".join("?" * len(ids))
        joined = f"SELECT id, body FROM chunks JOIN words ON words.rowid = chunks.number WHERE id IN ({marks})"
        return dict(self._db.execute(joined, list(ids)))

    def all_ids(self) -> list[str]:
        """Ids of all chunks, remembered for as long as the file stays as it is."""
        return self._postings.kept("ids", lambda: [row[0] for row in self._db.execute("SELECT id FROM chunks")])

    def neighbours(self, doc_id: str) -> list[str]:
        """Chunk ids of one document in reading order."""
        rows = self._db.execute("SELECT id FROM chunks WHERE doc_id = ? ORDER BY number", (doc_id,))
        return [row[0] for row in rows]

    def search_words(self, words: Sequence[str], k: int, regions: Sequence[str] = ()) -> list[tuple[str, float]]:
        """The k chunks that match any of the words best: (chunk id, BM25 score, higher is better).

        With `regions`, only chunks that speak about one of them.
        """
        found = self._postings.search(words, k, self._postings.about(regions) if regions else None)
        ids = self._ids([number for number, _ in found])
        return [(ids[number], score) for number, score in found]

    def document_frequencies(self, words: Iterable[str]) -> dict[str, int]:
        """Number of chunks that hold each word; words that occur nowhere are left out."""
        return self._postings.frequencies(words)

    def region_counts(self) -> dict[str, int]:
        """Number of chunks that speak about each region."""
        return self._postings.region_counts()

    def among(self, numbers: Mapping[str, int], regions: Sequence[str]) -> set[str]:
        """Those of some chunks, given as `numbers` of their ids, that speak about one of some regions."""
        within = np.isin(np.array(list(numbers.values()), dtype=np.int64), self._postings.about(regions))
        return {chunk_id for chunk_id, inside in zip(numbers, within, strict=True) if inside}

    def count_about(self, regions: Sequence[str]) -> int:
        """Number of chunks that speak about one of some regions."""
        return len(self._postings.about(regions))

    def region_ids(self, regions: Sequence[str]) -> list[str]:
        """Ids of the chunks that speak about one of some regions."""
        return list(self._ids(self._postings.about(regions).tolist()).values())

    def numbers(self, ids: Sequence[str]) -> dict[str, int]:
        """Chunk numbers by id; unknown ids are left out."""
        marks = ",".join("?" * len(ids))
        return dict(self._db.execute(f"SELECT id, number FROM chunks WHERE id IN ({marks})", list(ids)))

    def _ids(self, numbers: Sequence[int]) -> dict[int, str]:
        """Chunk ids by number, in the order given."""
        found: dict[int, str] = {}
        for at in range(0, len(numbers), 5000):
            part = ",".join(map(str, numbers[at : at + 5000]))
            found.update(self._db.execute(f"SELECT number, id FROM chunks WHERE number IN ({part})"))
        return {number: found[number] for number in numbers}


class _Transaction:
    """BEGIN IMMEDIATE ... COMMIT, or ROLLBACK on any error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        if kind is None:
            self._db.execute("COMMIT")
        elif self._db.in_transaction:  # a full disk may have ended it already
            self._db.execute("ROLLBACK")
