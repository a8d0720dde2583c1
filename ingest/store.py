"""A store: one folder with the catalogue (SQLite) and the vectors (Chroma), and the lock that keeps it whole.

Chroma's embedded form has exactly one owner process: two writers lose vectors without a word, and a reader beside a
writer sees stale ones. So a writer holds the folder's lock alone and readers share it.

Commit protocol: vectors first (under ids that carry the content's hash), then the catalogue in one transaction, then the
old vectors go. A crash in between leaves vectors that no chunk owns; they are ignored and swept on the next opening.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ingest.catalog import Catalog
from ingest.errors import StoreError
from ingest.types import Chunk, Document

_COLLECTION = "policyqa_chunks"
_BATCH = 1000  # Chroma refuses more than 5,461 rows at once; small batches let queries through
_FORMAT = "1"


class Store:
    """Documents with their chunks, words and vectors. Use `open_store`."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self.folder = folder
        self.catalog = catalog
        self._collection: Any = None

    def _vectors(self) -> Any:
        """The Chroma collection, opened on first use: listing documents needs none of it."""
        if self._collection is None:
            os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
            import chromadb
            from chromadb.config import Settings

            try:
                settings = Settings(anonymized_telemetry=False)
                client = chromadb.PersistentClient(str(self.folder / "chroma"), settings)
                self._collection = client.get_or_create_collection(
                    _COLLECTION,
                    configuration={"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 100}},
                    embedding_function=None,
                )
            # chromadb raises its own, sqlite3's and Rust's errors: all mean unreadable vectors.
            except Exception as error:
                raise StoreError(
                    f"向量库打不开：{self.folder / 'chroma'}：{error}", "删除索引目录后重新 ingest"
                ) from error
        return self._collection

    def add_vectors(self, chunks: Sequence[Chunk], vectors: np.ndarray) -> None:
        """Write the chunks' vectors, float32 [n, d]. They count for nothing until `put` publishes their document."""
        collection = self._vectors()
        for at in range(0, len(chunks), _BATCH):
            part = chunks[at : at + _BATCH]
            collection.upsert(
                ids=[chunk.id for chunk in part],
                embeddings=vectors[at : at + _BATCH],
                documents=[chunk.text for chunk in part],
                metadatas=[_metadata(chunk) for chunk in part],
            )

    def put(
        self,
        document: Document,
        key: str,
        pipeline: int,
        added: str,
        chunks: Sequence[Chunk],
        words: Sequence[str],
        sentence_vectors: Sequence[np.ndarray],
    ) -> None:
        """Publish a document whose vectors are written, in place of its former version.

        `words` and `sentence_vectors` (float16 [k, d]) are given per chunk.
        """
        new = {chunk.id for chunk in chunks}
        old = self.catalog.put(document, key, pipeline, added, chunks, words, sentence_vectors)
        self._forget([chunk_id for chunk_id in old if chunk_id not in new])

    def remove(self, doc_id: str) -> bool:
        """Take a document out; False where it is unknown."""
        if self.catalog.entry(doc_id) is None:
            return False
        self._forget(self.catalog.remove(doc_id))
        return True

    def sweep(self) -> int:
        """Delete vectors that no chunk owns (left by a crash); return how many there were."""
        collection = self._vectors()
        if collection.count() <= self.catalog.count()[1]:
            return 0
        orphans = set(collection.get(include=[])["ids"]) - self.catalog.chunk_ids()
        self._forget(sorted(orphans))
        return len(orphans)

    def _forget(self, ids: Sequence[str]) -> None:
        for at in range(0, len(ids), _BATCH):
            self._vectors().delete(ids=list(ids[at : at + _BATCH]))

    def nearest(self, vector: np.ndarray, k: int, regions: Sequence[str] = ()) -> list[tuple[str, float]]:
        """The k chunks nearest to a query vector [d]: (chunk id, cosine), best first; with `regions`, only theirs."""
        where: dict[str, Any] | None = None
        if regions:
            parts = [{"regions": {"$contains": code}} for code in regions]
            where = parts[0] if len(parts) == 1 else {"$or": parts}
        try:
            found = self._vectors().query(query_embeddings=[vector], n_results=k, where=where, include=["distances"])
        except StoreError:
            raise
        except Exception as error:  # chromadb's own, sqlite3's and Rust's errors: all mean unreadable vectors
            raise StoreError(f"向量库读不了：{self.folder / 'chroma'}：{error}", "删除索引目录后重新 ingest") from error
        return [
            (chunk_id, 1.0 - float(distance))
            for chunk_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]


def _metadata(chunk: Chunk) -> dict[str, Any]:
    fields: dict[str, Any] = {"doc_id": chunk.doc_id, "start": chunk.start, "end": chunk.end}
    if chunk.regions:  # Chroma refuses empty lists
        fields["regions"] = list(chunk.regions)
    if chunk.page is not None:
        fields["page"] = chunk.page
    return fields


@contextlib.contextmanager
def open_store(
    folder: Path, model: str = "", dimension: int = 0, writable: bool = False, wait: float = 5.0
) -> Iterator[Store]:
    """Open a store for reading (shared) or writing (alone).

    `model` and `dimension` are those of the embedder in use; a store made by another model is refused. `wait` is how many
    seconds to wait for another process to let go. Raises StoreError where the store is absent, locked, of another
    model, of another format, or damaged.
    """
    if not writable and not (folder / "catalog.sqlite3").is_file():
        raise StoreError(f"没有找到索引：{folder}", "先运行 policyqa ingest 路径 建立索引，或用 --store 指定索引目录")
    with _locked(folder, writable, wait), contextlib.ExitStack() as opened:
        try:
            catalog = Catalog(folder / "catalog.sqlite3", writable)
            opened.callback(catalog.close)
            _check(catalog, folder, model, dimension, writable)
        except sqlite3.Error as error:
            raise StoreError(
                f"索引文件已损坏：{folder / 'catalog.sqlite3'}：{error}", "删除该目录后重新 ingest"
            ) from error
        store = Store(folder, catalog)
        if writable:
            store.sweep()
        yield store


def _check(catalog: Catalog, folder: Path, model: str, dimension: int, writable: bool) -> None:
    stored = catalog.get_meta("format")
    if not stored and writable:
        catalog.set_meta("format", _FORMAT)
        catalog.set_meta("model", model)
        catalog.set_meta("dimension", str(dimension))
        return
    if stored != _FORMAT:
        raise StoreError(
            f"索引 {folder} 的格式版本是 {stored or '未知'}，本程序需要 {_FORMAT}", "删除该目录后重新 ingest"
        )
    made_by, size = catalog.get_meta("model"), catalog.get_meta("dimension")
    if model and (made_by, size) != (model, str(dimension)):
        raise StoreError(
            f"索引 {folder} 由向量模型 {made_by}（{size} 维）建立，当前模型是 {model}（{dimension} 维）",
            "把 POLICYQA_EMBED_MODEL 改回原模型，或换一个 --store 目录重新 ingest",
        )


@contextlib.contextmanager
def _locked(folder: Path, alone: bool, wait: float) -> Iterator[None]:
    import portalocker

    folder.mkdir(parents=True, exist_ok=True) if alone else None
    path = folder / "lock"
    flags = portalocker.LockFlags.NON_BLOCKING
    flags |= portalocker.LockFlags.EXCLUSIVE if alone else portalocker.LockFlags.SHARED
    try:
        lock = portalocker.Lock(path, mode="a+", timeout=wait, flags=flags, encoding="utf-8")
        handle = lock.acquire()
    except portalocker.exceptions.LockException as error:
        raise StoreError(
            f"索引 {folder} 正被另一进程使用{_owner(folder)}",
            "等它结束后重试；网页（policyqa serve）运行时不能导入，请先停止它",
        ) from error
    except OSError as error:
        raise StoreError(
            f"无法写入索引目录 {folder}：{error.strerror}", "检查目录权限，或用 --store 指定其他目录"
        ) from error
    try:
        if alone:
            _write_owner(folder)
        yield
    finally:
        if alone:
            (folder / "owner.json").unlink(missing_ok=True)
        handle.flush()
        lock.release()


def _write_owner(folder: Path) -> None:
    import sys

    command = " ".join(Path(part).name if i == 0 else part for i, part in enumerate(sys.argv[:2]))
    (folder / "owner.json").write_text(json.dumps({"pid": os.getpid(), "command": command}), encoding="utf-8")


def _owner(folder: Path) -> str:
    try:
        owner = json.loads((folder / "owner.json").read_text(encoding="utf-8"))
        return f"（进程 {owner['pid']}：{owner['command']}）"
    except (OSError, ValueError, KeyError):
        return ""  # the owner is a reader, or has just let go: the message stands without its name
