"""A store: one folder with the catalogue (SQLite) and the vectors (Chroma), and the lock that keeps it whole.

Chroma's embedded form has exactly one owner process: two writers lose vectors without a word, and a reader beside a
writer sees stale ones. So a writer holds the folder's lock alone and readers share it. Within one process a reading
store can be written beside (`Store.writing`): both use the same Chroma client, each its own connection to the catalogue.

Commit protocol: vectors first (under ids that carry the content's hash), then the catalogue in one transaction, then the
old vectors go. A crash in between leaves vectors that no chunk owns; they are ignored and swept on the next opening.
"""

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ingest import chroma
from ingest.catalog import Catalog
from ingest.errors import NoStoreError, PolicyQAError, StoreError
from ingest.location import Location, is_server
from ingest.lock import FolderLock, locked
from ingest.records import Entry, FileRecord
from ingest.types import Chunk, Document

FORMAT = "3"  # 3: documents have collections, which earlier releases would not heed
READABLE = frozenset(("2", FORMAT))  # 2 is the same without collections: all of it is in the common one
CATALOG, POINTER = "catalog.sqlite3", "current"
WAIT = 30.0  # seconds that a commit beside questions waits for other processes, which answer one in a few
WAIT_AT_FIRST = 3.0  # and to begin with, where nothing has been done yet that would have to be done again
Turn = contextlib.AbstractContextManager[Any]
_FULL = ("disk is full", "no space left", "readonly database", "read-only", "disk i/o error")
_ROOM = "检查磁盘空间与权限后重试；已入库的资料不受影响"
GENERATION = re.compile(r"gen-[0-9a-f]{10}")


class Store:
    """Documents with their chunks, words and vectors. Use `open_store`."""

    def __init__(self, folder: Path, data: Path, catalog: Catalog, lock: FolderLock | None = None) -> None:
        self.folder = folder
        self.name = str(folder)  # what users are shown
        self.catalog = catalog
        # Held while a batch of documents becomes visible: it keeps questions that are asked meanwhile back.
        self.turn: Callable[[], Turn] = contextlib.nullcontext
        self.writable = False
        self._data = data
        self._lock = lock
        self._client: Any = None
        self._collection: Any = None
        self._touched = False

    def _vectors(self) -> Any:
        """The Chroma collection, opened on first use: listing documents needs none of it."""
        if self._collection is None:
            os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
            import chromadb
            from chromadb.config import Settings

            settings = Settings(**chroma.SILENT)
            self._client = chromadb.PersistentClient(str(self._data / "chroma"), settings)
            self._collection = self._client.get_or_create_collection(
                chroma.CHUNKS, configuration=chroma.INDEX, embedding_function=None
            )
        return self._collection

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Tell Chroma's errors as one line: its own, sqlite3's and Rust's, which all mean unreadable vectors."""
        try:
            yield
        except PolicyQAError:
            raise
        except Exception as error:
            full = any(word in str(error).lower() for word in _FULL)  # an index on a full disk is not to be deleted
            hint = _ROOM if full else "删除索引目录后重新 ingest"
            raise StoreError(f"向量库读写失败：{self._data / 'chroma'}：{error}", hint) from error

    def close(self) -> None:
        """Let go of the vectors: Chroma keeps a folder's state per process, which another writer would make stale."""
        if self._client is not None:
            self._client.close()
            self._client = self._collection = None

    @contextlib.contextmanager
    def writing(self, turn: Turn, wait: float = WAIT) -> Iterator["Store"]:
        """Give a store to write to while this one, opened for reading, goes on answering; one at a time.

        Nothing but a commit keeps others out: it waits for other processes to let go of the folder, then for `turn`, which
        keeps this process's questions back. Raises StoreInUseError where another process does not let go for `wait` seconds
        (WAIT_AT_FIRST before anything is done).
        """
        if self._lock is None:
            raise RuntimeError("only a store from open_store can be written beside")
        lock = self._lock

        @contextlib.contextmanager
        def commit(patience: float = wait) -> Iterator[None]:
            with lock.alone(patience), turn:
                yield

        with _on_disk(self.folder), contextlib.closing(Catalog(self._data / CATALOG, writable=True)) as catalog:
            writer = Store(self.folder, self._data, catalog)
            writer.turn, writer.writable = commit, True
            with commit(min(wait, WAIT_AT_FIRST)):
                _claim(catalog)
                with self._told():
                    writer._collection = self._vectors()
                writer.sweep()
            yield writer
            # The long part of settling keeps nobody waiting. It writes nothing: who reads by two connections (ingest.seen)
            # would wait for a write that waits for them.
            relations = catalog.worked_out_relations() if writer._touched else ""
            with commit():
                writer.settle(relations)

    def add_vectors(self, chunks: Sequence[Chunk], vectors: np.ndarray) -> None:
        """Write the chunks' vectors, float32 [n, d]. They count for nothing until `put` publishes their document."""
        self._touch()
        with self._told():
            chroma.write_vectors(self._vectors(), chunks, vectors)

    def put(
        self,
        document: Document,
        entry: Entry,
        chunks: Sequence[Chunk] = (),
        words: Sequence[str] = (),
        sentence_vectors: Sequence[np.ndarray] = (),
        tokens: Sequence[bytes] = (),
    ) -> None:
        """Publish a document whose vectors are written, in place of its former version.

        `words`, `sentence_vectors` (float16 [k, d]) and `tokens` (packed, or none at all) are given per chunk; a linked document (`entry.same_as`) has none.
        """
        self._touch()
        new = {chunk.id for chunk in chunks}
        old = self.catalog.put(document, entry, chunks, words, sentence_vectors, tokens)
        self._forget([chunk_id for chunk_id in old if chunk_id not in new])

    def remove(self, doc_id: str, keep_file: bool = False) -> bool:
        """Take a document out; False where it is unknown. `keep_file`: one of many, whose file is not to be read again for it."""
        entry = self.catalog.entry(doc_id)
        if entry is None:
            return False
        self._touch()
        if entry.file != entry.key and not keep_file:
            self.catalog.forget_file(entry.file)
        self._forget(self.catalog.remove(doc_id))
        return True

    def set_file(self, file: str, record: FileRecord) -> None:
        """Remember that a file of many documents was read to its end; its documents are published already."""
        self.catalog.set_file(file, record)

    def _touch(self) -> None:
        """Note on disk that vectors and catalogue may differ, before the first write."""
        if not self._touched:
            self.catalog.set_meta("pending", "1")
            self._touched = True

    def settle(self, relations: str = "") -> None:
        """Note on disk that vectors and catalogue agree again; `relations`, where those were worked out before."""
        if self._touched:
            self.catalog.note_relations(relations)
            self.catalog.set_meta("pending", "")
            self._touched = False

    def sweep(self) -> int:
        """Delete vectors that no chunk owns, where the last writer did not finish; return how many there were."""
        if not self.catalog.get_meta("pending"):
            return 0
        with self._told():
            orphans = set(self._vectors().get(include=[])["ids"]) - self.catalog.chunk_ids()
        self._forget(sorted(orphans))
        self.catalog.set_meta("pending", "")
        return len(orphans)

    def _forget(self, ids: Sequence[str]) -> None:
        if ids:
            with self._told():
                chroma.delete_rows(self._vectors(), ids)

    @property
    def catalog_file(self) -> Path:
        """Where the catalogue lies, a server's mirror included."""
        return self._data / CATALOG

    def vector_ids(self) -> set[str]:
        """Ids of all vectors, of chunks that the catalogue knows and others."""
        with self._told():
            return set(self._vectors().get(include=[])["ids"])

    def vectors(self, ids: Sequence[str]) -> dict[str, tuple[np.ndarray, str]]:
        """Vector, float32 [d], and text of some chunks, as the vector database has them; unknown ids are left out."""
        with self._told():
            return chroma.read_rows(self._vectors(), ids)

    def one_state(self) -> contextlib.AbstractContextManager[None]:
        """Read one state of the catalogue while the block runs, whatever other processes write."""
        return self.catalog.one_state()

    def nearest(self, vector: np.ndarray, k: int, regions: Sequence[str] = ()) -> list[tuple[str, float]]:
        """The k chunks nearest to a query vector [d]: (chunk id, cosine), best first; with `regions`, only theirs."""
        return self.nearest_of(vector, k, self.catalog.region_ids(regions) if regions else None)

    def nearest_of(self, vector: np.ndarray, k: int, ids: Sequence[str] | None) -> list[tuple[str, float]]:
        """The k chunks nearest to a query vector [d] among some: (chunk id, cosine), best first."""
        with self._told():
            return chroma.nearest_rows(self._vectors(), vector, k, ids)

    def seen_by(self, collections: Collection[str]) -> "Store":
        """The store for reading, with some collections only: nothing else is in it. It needs this one open."""
        from ingest.seen import SeenStore  # here, because it is one of this module's

        return SeenStore(self, collections)


@contextlib.contextmanager
def open_store(
    location: Location,
    model: str = "",
    dimension: int = 0,
    writable: bool = False,
    wait: float = 5.0,
    cache: Path | None = None,
) -> Iterator[Store]:
    """Open a store for reading (shared) or writing (a folder: alone; a server: beside others).

    `model` and `dimension` are those of the embedder in use; a store made by another model is refused. `wait` is how many
    seconds to wait for another process to let go of a folder; `cache` is where a server's catalogue is mirrored (the
    user's cache folder if None). Raises StoreError where the store is absent, locked, of another model, of another
    format, damaged, or its server does not answer.
    """
    if is_server(location):
        from ingest.remote import open_remote  # here, because its store is one of this module's

        with open_remote(location, model, dimension, writable, cache) as remote:
            yield remote
        return
    folder = Path(location)
    if not writable and not (current(folder) / CATALOG).is_file():
        raise NoStoreError(f"没有找到索引：{folder}", "先运行 policyqa ingest 路径 建立索引，或用 --store 指定索引目录")
    with _on_disk(folder), locked(folder, writable, wait) as lock, contextlib.ExitStack() as opened:
        data = current(folder)
        try:
            catalog = Catalog(data / CATALOG, writable)
            opened.callback(catalog.close)
            _check(catalog, folder, model, dimension, writable)
        except sqlite3.Error as error:
            raise StoreError(f"索引文件已损坏：{data / CATALOG}：{error}", "删除该目录后重新 ingest") from error
        store = Store(folder, data, catalog, lock)
        store.writable = writable
        opened.callback(store.close)
        if writable:
            store.sweep()
        yield store
        store.settle()  # not where an exception ended it: the next writer looks


@contextlib.contextmanager
def _on_disk(folder: Path) -> Iterator[None]:
    """Tell as one line what SQLite has of the disk: that it is full, cannot be written, or fails."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreError(f"索引 {folder} 读写失败：{error}", _ROOM) from error


def current(folder: Path) -> Path:
    """Return where a store's data lie: in the folder itself, or, once it was rebuilt, in the part that `current` names."""
    try:
        name = (folder / POINTER).read_text(encoding="utf-8").strip()
    except OSError:
        return folder
    return folder / name if GENERATION.fullmatch(name) else folder


def is_newer(form: str) -> bool:
    """Whether a format is one of a later release's."""
    return form.isdecimal() and int(form) > int(FORMAT)


def way_out(form: str) -> str:
    """Return what can be done about a store of another format."""
    if is_newer(form):
        return "它由更新的版本写成：升级 policyqa"
    return "运行 policyqa store upgrade" if form.isdecimal() else "删除该目录后重新 ingest"


def _claim(catalog: Catalog) -> None:
    """Make a readable store one of this release's format, before anything is written that an earlier one would not heed."""
    if catalog.get_meta("format") != FORMAT:
        catalog.set_meta("format", FORMAT)


def _check(catalog: Catalog, folder: Path, model: str, dimension: int, writable: bool) -> None:
    stored = catalog.get_meta("format")
    if not stored and writable:
        catalog.set_meta("format", FORMAT)
        catalog.set_meta("model", model)
        catalog.set_meta("dimension", str(dimension))
        return
    if stored in READABLE and writable:
        _claim(catalog)
    elif stored not in READABLE:
        raise StoreError(f"索引 {folder} 的格式版本是 {stored or '未知'}，本程序需要 {FORMAT}", way_out(stored))
    made_by, size = catalog.get_meta("model"), catalog.get_meta("dimension")
    if model and (made_by, size) != (model, str(dimension)):
        raise StoreError(
            f"索引 {folder} 由向量模型 {made_by}（{size} 维）建立，当前模型是 {model}（{dimension} 维）",
            "把 POLICYQA_EMBED_MODEL 改回原模型，或运行 policyqa ingest，它会用新模型重建索引",
        )
