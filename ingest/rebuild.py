"""Make a store anew for another embedding model: beside the old one, then swapped for it in one step.

The texts, sentences and figures do not depend on the model: they are copied from the old catalogue and only the vectors
are made again. Until the swap the old store is whole; a rebuild that was cut off goes on where it stopped.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ingest.catalog import Catalog
from ingest.embed import Embedder
from ingest.errors import StoreError
from ingest.lock import locked
from ingest.records import Entry
from ingest.store import CATALOG, FORMAT, GENERATION, POINTER, READABLE, Store, current
from ingest.vectors import embed_chunks


def rebuild_for(
    folder: Path, embedder: Embedder, on_note: Callable[[str], None] | None = None, wait: float = 5.0
) -> bool:
    """Bring a store to the embedder's model; False where it is that model's already, or there is no store.

    `on_note` hears of the work. Raises StoreError where the store is in use or damaged; another format is left alone.
    """
    if not (current(folder) / CATALOG).is_file():
        return False
    with locked(folder, alone=True, wait=wait):
        data = current(folder)
        old = Catalog(data / CATALOG, writable=False)
        try:
            made_by = old.get_meta("model"), old.get_meta("dimension")
            if old.get_meta("format") not in READABLE or made_by == (embedder.name, str(embedder.dimension)):
                return False
            if on_note:
                on_note(
                    f"向量模型由 {made_by[0]} 换为 {embedder.name}：正在重建 {old.count()[0]} 份文档的向量，原索引保留到完成为止"
                )
            name = (
                "gen-"
                + hashlib.sha1(f"{embedder.name}/{embedder.dimension}".encode(), usedforsecurity=False).hexdigest()[:10]
            )
            _copy(old, folder, folder / name, embedder)
        except sqlite3.Error as error:
            raise StoreError(f"索引文件已损坏：{data / CATALOG}：{error}", "删除该目录后重新 ingest") from error
        finally:
            old.close()
        _swap(folder, name)
        return True


def _copy(old: Catalog, folder: Path, data: Path, embedder: Embedder) -> None:
    """Fill the new part with every document of the old catalogue; what is there already is kept."""
    catalog = Catalog(data / CATALOG, writable=True)
    store = Store(folder, data, catalog)
    try:
        for key, value in (("format", FORMAT), ("model", embedder.name), ("dimension", str(embedder.dimension))):
            catalog.set_meta(key, value)
        catalog.set_meta("chunk_size", old.get_meta("chunk_size"))
        store.sweep()
        wanted = {entry.id: entry for entry in old.entries()}
        for entry in catalog.entries():
            if entry.id not in wanted or not _same(entry, wanted[entry.id]):
                store.remove(entry.id)
            else:
                del wanted[entry.id]
        for entry in wanted.values():
            _copy_document(old, store, entry, embedder)
        for file, record in old.files().items():
            catalog.set_file(file, record)
        store.settle()
    finally:
        store.close()
        catalog.close()


def _same(one: Entry, other: Entry) -> bool:
    return (one.version, one.pipeline, one.same_as) == (other.version, other.pipeline, other.same_as)


def _copy_document(old: Catalog, store: Store, entry: Entry, embedder: Embedder) -> None:
    document = old.document(entry.id)
    if document is None:
        return
    known = old.chunks(old.neighbours(entry.id))
    chunks = [known[chunk_id][0] for chunk_id in old.neighbours(entry.id)]
    if not chunks:
        store.put(document, entry)
        return
    embedded = embed_chunks([(document, chunks)], embedder)
    store.add_vectors(chunks, embedded.vectors)
    matrices = [matrix.astype(np.float16) for matrix in embedded.sentence_vectors]
    store.put(document, entry, chunks, embedded.words, matrices, embedded.tokens)


def _swap(folder: Path, name: str) -> None:
    """Name the new part as the current one, in one step, then clear the old away."""
    fresh = folder / f"{POINTER}.new"
    with fresh.open("w", encoding="utf-8") as file:
        file.write(name)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / POINTER)
    for path in folder.iterdir():
        if path.name in {"chroma", CATALOG, f"{CATALOG}-journal"} or (
            GENERATION.fullmatch(path.name) and path.name != name
        ):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
