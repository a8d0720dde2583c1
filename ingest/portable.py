"""A store in a form that needs neither Chroma nor this program to be read: JSON Lines, NumPy arrays, the source files.

documents.jsonl   a document a line: source, text, blocks, health, and what the catalogue notes of it
chunks.jsonl      a passage a line: its sentences with their words, offsets, regions and figures
files.jsonl       files of many documents that were read to their end
chunk_vectors.npy float32 [n, d], in the order of chunks.jsonl; sentence_vectors.npy float16 [m, d], in theirs
token_vectors.bin packed token vectors (ingest.tokens); `tokens` in chunks.jsonl says how many bytes each has
originals.jsonl   the source files that are still what was read, and where they lie under originals/
"""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from ingest.checking import reading, state_of
from ingest.errors import StoreError
from ingest.facts.sidecar import sidecar_of
from ingest.parcel import beside, manifest_of, seal, unseal
from ingest.records import Entry, FileRecord, dump, dump_chunk, load_chunk, load_health, load_source
from ingest.store import Store, is_newer, way_out
from ingest.types import Block, Chunk, Document
from ingest.walk import path_of
from ingest.wire import Published

KIND = "policyqa-export"
ORIGINALS = "originals"
_META = ("format", "model", "dimension", "chunk_size")


def export(store: Store, to: Path, originals: bool = True, program: str = "") -> dict[str, Any]:
    """Write a store to a tar file or a folder; return the manifest. Raises StoreError."""
    catalog = store.catalog
    with beside(to) as fresh:
        content = fresh / "content"
        content.mkdir()
        with catalog.one_state(), contextlib.closing(reading(store.catalog_file)) as db:
            entries, files = catalog.entries(), catalog.files()
            ordered = _in_order(db, entries)
            with _Writer(content, db, int(catalog.get_meta("dimension") or 0)) as writer:
                for entry in ordered:
                    writer.write(store, entry)
            _lines(content / "files.jsonl", ([key, *_of_record(record)] for key, record in files.items()))
            found = _copy_originals(ordered, files, content) if originals else []
            _lines(content / "originals.jsonl", found)
            meta = {key: catalog.get_meta(key) for key in _META}
            documents, chunks = catalog.count()
        facts = {"kind": KIND, "version": 1, "program": program, **meta, "documents": documents, "chunks": chunks,
                 "originals": len(found)}  # fmt: skip
        return seal(content, to, facts)


def _in_order(db: sqlite3.Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Documents as their chunks lie in the catalogue, which decides between equals; those without chunks last."""
    first = dict(db.execute("SELECT doc_id, min(number) FROM chunks GROUP BY doc_id"))
    return sorted(entries, key=lambda entry: first.get(entry.id, float("inf")))


class _Writer:
    """The files of an export, while they are written."""

    def __init__(self, content: Path, db: sqlite3.Connection, dimension: int) -> None:
        count, size = db.execute("SELECT count(*), coalesce(sum(length(vectors)), 0) FROM chunks").fetchone()
        self._db, self._dimension = db, max(1, dimension)
        shapes = {"chunk_vectors": (count, np.float32), "sentence_vectors": (size // 2 // self._dimension, np.float16)}
        self._vectors = {
            name: np.lib.format.open_memmap(content / f"{name}.npy", "w+", kind, (rows, self._dimension))
            for name, (rows, kind) in shapes.items()
            if rows  # nothing can be mapped of nothing
        }
        self._at = {"chunk_vectors": 0, "sentence_vectors": 0}
        self._opened = contextlib.ExitStack()
        self._files: dict[str, IO[bytes]] = {
            name: self._opened.enter_context((content / name).open("wb"))
            for name in ("documents.jsonl", "chunks.jsonl", "token_vectors.bin")
        }

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()
        for array in self._vectors.values():
            array.flush()
        self._vectors.clear()

    def write(self, store: Store, entry: Entry) -> None:
        """Write one document with its chunks."""
        document = store.catalog.document(entry.id)
        assert document is not None
        self._line("documents.jsonl", _of_document(document, entry))
        ids = store.catalog.neighbours(entry.id)
        known, vectors = store.catalog.chunks(ids), store.vectors(ids)
        if len(vectors) < len(ids):
            raise StoreError(f"文档 {entry.id} 缺少向量，不能导出", "用 policyqa store verify 查看全部问题")
        tokens = store.catalog.tokens(ids) if ids else {}
        for chunk_id in ids:
            chunk, matrix = known[chunk_id]
            self._line("chunks.jsonl", self._of_chunk(chunk, tokens.get(chunk_id, b"")))
            self._files["token_vectors.bin"].write(tokens.get(chunk_id, b""))
            self._put("chunk_vectors", vectors[chunk_id][0][None])
            self._put("sentence_vectors", matrix)

    def _of_chunk(self, chunk: Chunk, tokens: bytes) -> dict[str, Any]:
        row: dict[str, Any] = {"id": chunk.id, "doc_id": chunk.doc_id, **json.loads(dump_chunk(chunk))}
        for sentence in row["sentences"]:
            sentence["text"] = chunk.text[sentence["start"] - chunk.start : sentence["end"] - chunk.start]
        joined = "SELECT body FROM words JOIN chunks ON words.rowid = number WHERE id = ?"
        words = self._db.execute(joined, (chunk.id,)).fetchone()
        return {**row, "words": words[0] if words else "", "tokens": len(tokens)}

    def _put(self, name: str, rows: np.ndarray) -> None:
        at = self._at[name]
        self._vectors[name][at : at + len(rows)] = rows
        self._at[name] = at + len(rows)

    def _line(self, name: str, value: Any) -> None:
        self._files[name].write(dump(value).encode("utf-8", "surrogatepass") + b"\n")


def _lines(path: Path, rows: Any) -> None:
    with path.open("wb") as file:
        for row in rows:
            file.write(dump(row).encode("utf-8", "surrogatepass") + b"\n")


def _of_record(record: FileRecord) -> list[Any]:
    return [record.version, record.pipeline, record.skipped]


def _of_document(document: Document, entry: Entry) -> dict[str, Any]:
    return {
        "id": document.id, "source": asdict(document.source), "text": document.text,
        "blocks": [asdict(block) for block in document.blocks], "health": asdict(document.health),
        "key": entry.key, "file": entry.file, "version": entry.version, "pipeline": entry.pipeline,
        "added": entry.added, "same_as": entry.same_as, "chunks": entry.chunks, "sketch": entry.sketch.tolist(),
    }  # fmt: skip


def _copy_originals(entries: Sequence[Entry], files: Mapping[str, FileRecord], content: Path) -> list[dict[str, str]]:
    """Copy the source files that are what was read, each with its sidecar; return where each lies."""
    found: list[dict[str, str]] = []
    for entry in {entry.file: entry for entry in entries}.values():
        if state_of(entry, dict(files)) != "same":
            continue
        path = path_of(entry.file)
        place = Path(ORIGINALS) / f"{len(found):06d}" / path.name.encode("utf-8", "replace").decode()
        (content / place).parent.mkdir(parents=True)
        shutil.copyfile(path, content / place)
        if (sidecar := sidecar_of(path)) is not None:
            shutil.copyfile(sidecar, (content / place).with_name(sidecar.name))
        found.append({"file": entry.file, "path": place.as_posix()})
    return found


def described(parcel: Path) -> dict[str, Any]:
    """Return the manifest of an export. Raises StoreError where it is none, or of a later release."""
    manifest = manifest_of(parcel, KIND)
    if is_newer(str(manifest.get("format", ""))):
        raise StoreError(f"{parcel} 里的索引格式是 {manifest['format']}", way_out(str(manifest["format"])))
    return manifest


def import_into(store: Store, parcel: Path, scratch: Path, originals: Path | None = None) -> tuple[int, int]:
    """Put an export's documents into a store that is open for writing; return how many were put, and were there already.

    Every file of the export is verified before the first document. A document that is there with the same content stays, and
    one with another content stays in its collection.
    `originals`: a folder to put the source files in, each in one of its own. Raises StoreError.
    """
    with beside(scratch) as fresh:
        manifest = unseal(
            parcel, KIND, fresh, lambda name: originals is not None or not name.startswith(f"{ORIGINALS}/")
        )
        catalog = store.catalog
        if not catalog.count()[0] and manifest.get("chunk_size"):
            catalog.set_meta("chunk_size", manifest["chunk_size"])
        known = {entry.id: entry for entry in catalog.entries()}
        put = there = 0
        try:
            for published, vectors in _published(fresh):
                document, entry = published.document, published.entry
                if (former := known.get(entry.id)) is not None:
                    if _is_same(former, entry):
                        there += 1
                        continue
                    source = replace(entry.source, collection=former.source.collection)
                    document, entry = replace(document, source=source), replace(entry, source=source)
                with store.turn():
                    if published.chunks:
                        store.add_vectors(published.chunks, vectors)
                    store.put(
                        document, entry, published.chunks, published.words, published.vectors,
                        published.tokens,
                    )  # fmt: skip
                put += 1
            for key, version, pipeline, skipped in _read(fresh / "files.jsonl"):
                store.set_file(key, FileRecord(version, pipeline, tuple((m, why) for m, why in skipped)))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise StoreError(f"{parcel} 的内容读不懂：{type(error).__name__}", "重新导出后再试") from error
        if originals is not None and (fresh / ORIGINALS).is_dir():
            shutil.copytree(fresh / ORIGINALS, originals, copy_function=shutil.copyfile, dirs_exist_ok=True)
    return put, there


def _is_same(one: Entry, other: Entry) -> bool:
    return (one.version, one.pipeline, one.same_as) == (other.version, other.pipeline, other.same_as)


def _published(folder: Path) -> Iterator[tuple[Published, np.ndarray]]:
    """The documents of an export with their chunks' vectors, float32 [n, d]."""
    chunk_vectors, sentence_vectors = (_array(folder / f"{name}_vectors.npy") for name in ("chunk", "sentence"))
    at = sentence_at = 0
    rows = _read(folder / "chunks.jsonl")
    with (folder / "token_vectors.bin").open("rb") as tokens:
        for row in _read(folder / "documents.jsonl"):
            document = Document(
                row["id"], load_source(dump(row["source"])), row["text"],
                tuple(Block(**{**block, "headings": tuple(block["headings"])}) for block in row["blocks"]),
                load_health(dump(row["health"])),
            )  # fmt: skip
            entry = Entry(
                row["id"], row["key"], row["file"], row["version"], row["pipeline"], document.source, document.health,
                row["chunks"], len(row["text"]), row["added"], row["same_as"], np.array(row["sketch"], dtype=np.uint64),
            )  # fmt: skip
            chunks, words, matrices, packed = [], [], [], []
            for _ in range(row["chunks"]):
                chunk, line, size = _chunk(next(rows), document)
                chunks.append(chunk)
                words.append(line)
                packed.append(tokens.read(size))
                matrices.append(np.array(sentence_vectors[sentence_at : sentence_at + len(chunk.sentences)]))
                sentence_at += len(chunk.sentences)
            vectors = np.array(chunk_vectors[at : at + len(chunks)], dtype=np.float32)
            at += len(chunks)
            yield Published(document, entry, chunks, words, matrices, packed if any(packed) else ()), vectors


def _chunk(row: dict[str, Any], document: Document) -> tuple[Chunk, str, int]:
    words, tokens = row.pop("words"), row.pop("tokens")
    for sentence in row["sentences"]:
        del sentence["text"]
    chunk_id, doc_id = row.pop("id"), row.pop("doc_id")
    if doc_id != document.id:
        raise ValueError("order")
    return load_chunk(chunk_id, doc_id, dump(row), document.text[row["start"] : row["end"]]), words, tokens


def _array(path: Path) -> np.ndarray:
    found: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False) if path.exists() else np.zeros((0, 1))
    return found


def _read(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        for line in file:
            yield json.loads(line.decode("utf-8", "surrogatepass"))
