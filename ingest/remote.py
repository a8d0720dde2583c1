"""A store whose vectors and catalogue a Chroma server keeps. Any number of clients may read and write it at once.

Each client answers from its mirror of the catalogue and asks the server for neighbours only. A writer's order: vectors
(their ids carry the content's hash), then the document on the server, its head last, then the mirror, then what it
replaces goes. Whoever is killed in between leaves rows that nothing names. Such rows go once they are GRACE old;
younger ones may belong to a client that is about to name them.
"""

import contextlib
import functools
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ingest import chroma
from ingest.errors import NoStoreError, StoreError
from ingest.mirror import Mirror, mirror_folder, open_mirror
from ingest.records import Entry, FileRecord
from ingest.server import Head, Server
from ingest.store import FORMAT, WAIT, Store, Turn
from ingest.types import Chunk, Document
from ingest.wire import Published, pack, unpack

GRACE = 3600  # seconds, by the server's clock; a batch is published within seconds of its vectors
_FORM = f"{FORMAT}.1"  # of the catalogue and of its rows on a server
_READABLE = frozenset(("2.1", _FORM))  # 2.1 is the same without collections
_FETCH = 4_000_000  # characters of records fetched in one call
_ROUNDS = 5  # how often a record that is being replaced is looked for again
_LOOK = 2.0  # seconds between looks at the revision while answering
_ANNOUNCE = 2.0  # seconds between changes of it while writing
_log = logging.getLogger(__name__)


class RemoteStore(Store):
    """A store on a Chroma server. Use `ingest.store.open_store`."""

    def __init__(self, server: Server, folder: Path, mirror: Mirror) -> None:
        super().__init__(folder, folder, mirror)
        self.name = server.shown
        self._server, self._mirror = server, mirror
        self._heads: dict[str, Head] = {}
        self._revision = ""
        self._looked = self._announced = time.monotonic()
        self._another: Callable[[], contextlib.AbstractContextManager[RemoteStore]] | None = None  # a writing client

    @contextlib.contextmanager
    def writing(self, turn: Turn, wait: float = WAIT) -> Iterator[Store]:
        """Give a store to write to while this one goes on answering: a client of its own; `wait` is for folders. Raises StoreError."""
        if self._another is None:
            raise RuntimeError("only a store from open_store can be written beside")

        @contextlib.contextmanager
        def commit() -> Iterator[None]:
            with turn:
                yield

        with self._another() as writer:
            writer.turn = commit
            yield writer

    def close(self) -> None:
        """Close the connection to the server."""
        self._server.close()

    def _vectors(self) -> object:
        return self._server.chunks

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        with self._server.told():
            yield

    def bring_up_to_date(self) -> None:
        """Fetch what changed on the server since the mirror was last open, and drop what is gone there."""
        self._looked = time.monotonic()
        revision = self._server.revision()  # first: what changes while we read is then read again
        missing: list[Head] = []
        with self._mirror.alone():
            for _ in range(_ROUNDS):
                self._heads = self._server.heads()
                have = self._mirror.stamps()
                for gone in have.keys() - self._heads.keys():
                    self._mirror.remove_stamped(gone)
                missing = self._fetch([head for head in self._heads.values() if have.get(head.doc_id) != head.stamp])
                if not missing:
                    break
            for head in missing:
                self._mirror.remove_stamped(head.doc_id)
                _log.warning("服务器上文档 %s 的记录不完整，未计入；重新 ingest 可修复", head.doc_id)
            self._mirror.match_files(self._server.files())
        self._revision = revision

    def _fetch(self, heads: Sequence[Head]) -> list[Head]:
        """Put documents from the server into the mirror; return those that were not whole there."""
        missing = []
        for batch in _batches(heads):
            found = self._server.pieces(batch)
            for head in batch:
                try:
                    published = unpack(found[head.doc_id])
                except (KeyError, ValueError):
                    missing.append(head)
                    continue
                self._mirror.put_stamped(published, head.stamp)
        return missing

    def add_vectors(self, chunks: Sequence[Chunk], vectors: np.ndarray) -> None:
        """Write the chunks' vectors, float32 [n, d]. They count for nothing until `put` publishes their document."""
        with self._told():
            chroma.write_vectors(self._server.chunks, chunks, vectors, {"written": self._server.now()})

    def put(
        self,
        document: Document,
        entry: Entry,
        chunks: Sequence[Chunk] = (),
        words: Sequence[str] = (),
        sentence_vectors: Sequence[np.ndarray] = (),
        tokens: Sequence[bytes] = (),
    ) -> None:
        """Publish a document whose vectors are written, in place of its former version."""
        published = Published(document, entry, chunks, words, sentence_vectors, tokens)
        pieces = pack(published)
        with self._mirror.alone():
            stamp = self._server.publish(document.id, pieces)
            old = self._mirror.put_stamped(published, stamp)
        former = self._heads.get(document.id)
        self._heads[document.id] = Head(document.id, stamp, len(pieces), sum(map(len, pieces)))
        new = {chunk.id for chunk in chunks}
        self._discard(former, [chunk_id for chunk_id in old if chunk_id not in new])

    def remove(self, doc_id: str, keep_file: bool = False) -> bool:
        """Take a document out; False where it is unknown. `keep_file`: one of many, whose file is not to be read again for it."""
        entry = self.catalog.entry(doc_id)
        if entry is None:
            return False
        if entry.file != entry.key and not keep_file:
            self._server.forget_file(entry.file)
            self.catalog.forget_file(entry.file)
        with self._mirror.alone():
            self._server.withdraw(doc_id)
            old = self._mirror.remove_stamped(doc_id)
        self._discard(self._heads.pop(doc_id, None), old)
        return True

    def set_file(self, file: str, record: FileRecord) -> None:
        """Remember that a file of many documents was read to its end; its documents are published already."""
        self._server.set_file(file, record)
        self.catalog.set_file(file, record)

    def _discard(self, former: Head | None, chunk_ids: Sequence[str]) -> None:
        """Delete what a version leaves behind. Fresh vectors stay for `sweep`: another client may publish them now."""
        if former:
            self._server.drop_pieces(former)
        if chunk_ids:
            self._server.drop_vectors(chunk_ids, self._server.now() - GRACE)
        self._touched = True
        if time.monotonic() - self._announced > _ANNOUNCE:
            self.settle()

    def settle(self, relations: str = "") -> None:
        """Let those who have the store open know of what was written."""
        if self._touched:
            self._server.announce()
            self._announced, self._touched = time.monotonic(), False

    def sweep(self) -> int:
        """Delete rows of versions that nobody finished or that were replaced, once they are GRACE old; return how many."""
        known, before = self.catalog.chunk_ids(), self._server.now() - GRACE
        vectors, rows = self._server.sizes()
        swept = 0
        if vectors > len(known):
            orphans = sorted(self._server.vector_ids() - known)
            self._server.drop_vectors(orphans, before)
            swept += vectors - self._server.sizes()[0]
        if rows > sum(1 + head.pieces for head in self._heads.values()) + len(self.catalog.files()) + 1:
            pieces = self._server.old_pieces(self._heads, before)
            self._server.drop_rows(pieces)
            swept += len(pieces)
        return swept

    @contextlib.contextmanager
    def one_state(self) -> Iterator[None]:
        """Read one state of the mirror while the block runs; what others have written is fetched before it."""
        self._look()
        with self.catalog.one_state():
            yield

    def nearest(self, vector: np.ndarray, k: int, regions: Sequence[str] = ()) -> list[tuple[str, float]]:
        """The k chunks nearest to a query vector [d]: (chunk id, cosine), best first; with `regions`, only theirs."""
        if not self.catalog.is_held:
            self._look()
        return super().nearest(vector, k, regions)

    def nearest_of(self, vector: np.ndarray, k: int, ids: Sequence[str] | None) -> list[tuple[str, float]]:
        """The k chunks nearest to a query vector [d] among some: (chunk id, cosine), best first."""
        wanted = k
        while True:
            with self._told():
                found = chroma.nearest_rows(self._server.chunks, vector, wanted, ids)
            held = self.catalog.held([chunk_id for chunk_id, _ in found])
            known = [pair for pair in found if pair[0] in held]
            if len(known) >= k or len(found) < wanted:
                return known[:k]
            wanted *= 2  # rows of replaced versions took places

    def _look(self) -> None:
        """See now and then whether another client has changed the store that this one keeps open."""
        if time.monotonic() - self._looked > _LOOK:
            try:
                if self._server.revision() != self._revision:
                    self.bring_up_to_date()
            except StoreError as error:  # the mirror still tells of the documents; a search asks the server itself
                _log.warning("服务器上的改动暂时取不到：%s", error.message)
            self._looked = time.monotonic()


def _batches(heads: Sequence[Head]) -> Iterator[list[Head]]:
    batch: list[Head] = []
    for head in heads:
        if batch and sum(h.size for h in batch) + head.size > _FETCH:
            yield batch
            batch = []
        batch.append(head)
    if batch:
        yield batch


@contextlib.contextmanager
def open_remote(url: str, model: str, dimension: int, writable: bool, cache: Path | None) -> Iterator[RemoteStore]:
    """Open the store that a Chroma server keeps. Raises StoreError as `open_store` does."""
    server = Server(url)
    with contextlib.ExitStack() as opened:
        server.connect()
        opened.callback(server.close)
        wanted = {"format": _FORM, "model": model, "dimension": str(dimension)}
        noted = server.open(wanted, create=writable and bool(model))
        _check(noted, wanted, server.shown)
        if writable and noted.get("format") != _FORM:
            server.note({**noted, "format": _FORM})  # an earlier release must not write to it any more
        folder = mirror_folder(server.address, _FORM, cache)
        mirror = open_mirror(folder)
        opened.callback(mirror.close)
        store = RemoteStore(server, folder, mirror)
        store.writable = writable
        store._another = functools.partial(open_remote, url, model, dimension, True, cache)
        try:
            for key, value in {**noted, "format": FORMAT}.items():
                if key in {"format", "model", "dimension"}:  # what verify, export and doctor ask of a catalogue
                    mirror.note(key, value)
            store.bring_up_to_date()
            if writable:
                store.sweep()
            yield store
        except sqlite3.Error as error:
            raise StoreError(f"目录副本出错：{folder}：{error}", "删除该目录后重试，它会从服务器重新取回") from error
        finally:
            with contextlib.suppress(StoreError):  # a courtesy to others: what was written is written
                store.settle()


def _check(noted: dict[str, str], wanted: dict[str, str], name: str) -> None:
    if not noted:
        raise NoStoreError(f"服务器 {name} 上没有索引", f"先运行 policyqa ingest 路径 --store {name}")
    if noted.get("format") not in _READABLE:
        raise StoreError(
            f"服务器 {name} 上索引的格式版本是 {noted.get('format', '未知')}，本程序需要 {_FORM}",
            "换用相应版本的程序，或换一个服务器后重新 ingest",
        )
    if wanted["model"] and any(noted.get(key) != wanted[key] for key in ("model", "dimension")):
        raise StoreError(
            f"服务器 {name} 上的索引由向量模型 {noted.get('model')}（{noted.get('dimension')} 维）建立，"
            f"当前模型是 {wanted['model']}（{wanted['dimension']} 维）",
            "把 POLICYQA_EMBED_MODEL 改回原模型；服务器上的索引不就地重建，换模型请用另一个服务器",
        )
