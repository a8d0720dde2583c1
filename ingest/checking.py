"""Whether a store is whole: catalogue and vectors name the same chunks, every chunk has its words and vectors, texts are what they were.

Reads only. What is broken is a problem; what an operator should know and may be right (a source file that has changed
since) is a note.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ingest.errors import UnreadableFileError
from ingest.location import is_server
from ingest.prepare import file_version
from ingest.records import Entry, FileRecord
from ingest.store import Store
from ingest.walk import Found, is_address, path_of

MAX_TOLD = 20  # problems that are told one by one
_BATCH = 500
_ROWS = "SELECT number, id, doc_id, text, json_extract(record, '$.start'), json_extract(record, '$.end'), json_array_length(record, '$.sentences'), length(vectors) FROM chunks ORDER BY number"


@dataclass(slots=True)
class Checked:
    """What checking found. `originals`: source files by their state: same, changed, gone, web."""

    documents: int = 0
    chunks: int = 0
    vectors: int = 0
    format: str = ""
    model: str = ""
    fingerprint: str = ""
    originals: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    more: int = 0  # problems beyond MAX_TOLD

    @property
    def whole(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def problem(self, text: str) -> None:
        """Note what is broken."""
        if len(self.problems) < MAX_TOLD:
            self.problems.append(text)
        else:
            self.more += 1

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "whole": self.whole, "format": self.format, "model": self.model, "documents": self.documents,
            "chunks": self.chunks, "vectors": self.vectors, "originals": dict(self.originals),
            "fingerprint": self.fingerprint, "problems": self.problems, "more_problems": self.more,
        }  # fmt: skip


def check_store(store: Store, originals: bool = True) -> Checked:
    """Look at all of a store. `originals`: at the source files too. Raises StoreError where it cannot be read at all."""
    catalog, found = store.catalog, Checked()
    with catalog.one_state(), contextlib.closing(reading(store.catalog_file)) as db:
        found.documents, found.chunks = catalog.count()
        found.format, found.model = catalog.get_meta("format"), catalog.get_meta("model")
        for (line,) in db.execute("PRAGMA quick_check(5)"):
            if line != "ok":
                found.problem(f"目录文件损坏：{line}")
        if found.whole:
            with contextlib.suppress(
                sqlite3.OperationalError
            ):  # a store from before token vectors has no table of them
                found.fingerprint = catalog.fingerprint()
            _check_documents(db, found)
            _check_chunks(db, store, found)
            if originals:
                found.originals = state_of_originals(catalog.entries(), catalog.files())
    return found


def reading(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    db.execute("PRAGMA query_only = ON")
    return db


def _check_documents(db: sqlite3.Connection, found: Checked) -> None:
    counted = dict(db.execute("SELECT doc_id, count(*) FROM chunks GROUP BY doc_id"))
    ids = {row[0] for row in db.execute("SELECT id FROM documents")}
    for doc_id, chunks, same_as in db.execute("SELECT id, chunks, same_as FROM documents"):
        if counted.pop(doc_id, 0) != chunks:
            found.problem(f"文档 {doc_id} 的段数不对")
        if same_as and same_as not in ids:
            found.problem(f"文档 {doc_id} 链接到不存在的 {same_as}")
    for doc_id in counted:
        found.problem(f"有 {counted[doc_id]} 段不属于任何文档（{doc_id}）")


def _check_chunks(db: sqlite3.Connection, store: Store, found: Checked) -> None:
    """Each chunk against its document's text, the word index and the vectors."""
    dimension = int(store.catalog.get_meta("dimension") or 0)
    held = store.vector_ids()
    found.vectors = len(held)
    known: set[str] = set()
    text: tuple[str, str] = ("", "")
    for rows in _batches(db):
        vectors = store.vectors([row[1] for row in rows])
        for number, chunk_id, doc_id, own, start, end, sentences, size in rows:
            known.add(chunk_id)
            if text[0] != doc_id:
                row = db.execute("SELECT text FROM documents WHERE id = ?", (doc_id,)).fetchone()
                text = doc_id, row[0] if row else ""
            if text[1][start:end] != own:
                found.problem(f"段 {chunk_id} 与文档原文不符")
            if dimension and size != sentences * dimension * 2:
                found.problem(f"段 {chunk_id} 的句向量不完整")
            if not _has_words(db, number):
                found.problem(f"段 {chunk_id} 不在词索引中")
            vector = vectors.get(chunk_id)
            if vector is None:
                found.problem(f"段 {chunk_id} 没有向量")
            elif (dimension and len(vector[0]) != dimension) or not np.isfinite(vector[0]).all() or not vector[0].any():
                found.problem(f"段 {chunk_id} 的向量无效")
            elif vector[1] != own:
                found.problem(f"段 {chunk_id} 的向量属于另一段文字")
    strays = held - known
    # The next writer sweeps them where one did not finish; on a server, where others write, once they are old.
    if strays and not store.catalog.get_meta("pending") and not is_server(store.name):
        found.problem(f"向量库中有 {len(strays)} 条不属于任何段")


def _batches(db: sqlite3.Connection) -> Iterator[list[tuple[Any, ...]]]:
    cursor = db.execute(_ROWS)
    while rows := cursor.fetchmany(_BATCH):
        yield rows


def _has_words(db: sqlite3.Connection, number: int) -> bool:
    """Whether a chunk is in the word index, by a word of its own; a chunk without any (a line of signs) needs none."""
    row = db.execute("SELECT body FROM words WHERE rowid = ?", (number,)).fetchone()
    if row is None:
        return False
    words = [word for word in row[0].split() if word.isalnum()]
    if not words:
        return True
    match = "SELECT 1 FROM words WHERE words MATCH ? AND rowid = ?"
    return db.execute(match, (f'"{words[0]}"', number)).fetchone() is not None


def state_of_originals(entries: list[Entry], files: dict[str, FileRecord]) -> Counter[str]:
    """Count the source files by whether they are still what was read: same, changed, gone, web."""
    states: Counter[str] = Counter()
    seen: set[str] = set()
    for entry in entries:
        if entry.file not in seen:
            seen.add(entry.file)
            states[state_of(entry, files)] += 1
    return states


def state_of(entry: Entry, files: dict[str, FileRecord]) -> str:
    """Return whether a document's file is still what was read: same, changed, gone, web."""
    if is_address(entry.file):
        return "web"
    path = path_of(entry.file)
    try:
        if not path.is_file():
            return "gone"
        if entry.file == entry.key:
            return "same" if sha256_of(path) == entry.source.sha256 else "changed"
        record = files.get(entry.file)
        return "same" if record and file_version(Found(path, path.name)) == record.version else "changed"
    except (OSError, UnreadableFileError):
        return "gone"


def sha256_of(path: Path) -> str:
    """Return the hash of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def dump_manifest(value: Any) -> bytes:
    """Return a manifest as it is written."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
