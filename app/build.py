"""The one place where settings become objects."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.engine import Engine
from app.generation.backend import make_backend
from app.offline import go_offline
from app.retrieval.fuse import Fusion, adaptive
from app.retrieval.rerank import make_reranker
from app.settings import Settings
from ingest.embed import Embedder, load_embedder
from ingest.errors import NoStoreError
from ingest.prepare import Read, read_here
from ingest.rebuild import rebuild_for
from ingest.store import open_store

if TYPE_CHECKING:
    from app.library.library import Library


@contextlib.contextmanager
def open_engine(
    settings: Settings,
    writable: bool = False,
    on_note: Callable[[str], None] | None = None,
    fusion: Fusion = adaptive,
) -> Iterator[Engine]:
    """Open the store and load the embedder. `on_note` hears of long first-time work (building the bundled model).

    `fusion` is no setting: another than the project's own is there to be compared with it.

    Raises StoreError, InputError or MissingPartError.
    """
    go_offline()
    backend = make_backend(settings)
    embedder = load_embedder(settings.embed_model, settings.cache, on_note)
    if writable and isinstance(settings.store, Path):  # a server's store is not remade in place: opening it says so
        rebuild_for(settings.store, embedder, on_note)
    with open_store(
        settings.store, embedder.name, embedder.dimension, writable=writable, cache=settings.cache
    ) as store:
        reranker = make_reranker(settings.rerank, store, embedder)
        yield Engine(store, embedder, backend, reranker, fusion)


def make_index(settings: Settings, on_note: Callable[[str], None]) -> None:
    """Make an empty index where there is none and the page may fill it: a service starts before anything was added.

    Raises StoreError.
    """
    if settings.library is None:
        return
    try:
        with open_store(settings.store, cache=settings.cache):
            return
    except NoStoreError:
        with open_engine(settings, writable=True, on_note=on_note) as engine:
            on_note(f"还没有索引，已建立空的索引：{engine.store.name}，请在网页的资料库里添加资料")


@contextlib.contextmanager
def open_library(settings: Settings, engine: Engine) -> Iterator["Library | None"]:
    """Let the library be changed by who may, and take up what was left; None where that is turned off."""
    if settings.library is None:
        yield None
        return
    from app.library.library import Library
    from app.library.shelf import Shelf

    library = Library(engine, Shelf(settings.library), settings.allow_private_urls)
    library.resume()
    try:
        yield library
    finally:
        library.close()


@contextlib.contextmanager
def open_reading(settings: Settings, embedder: Embedder, engine: str, address: str | None) -> Iterator[Read]:
    """Make ready to read files: "local" in this process, "ray" on the workers of a cluster. Raises as ingest.engine_ray."""
    if engine == "local":
        yield read_here
        return
    from ingest.engine_ray import reading_on_ray

    # Where others keep their models is theirs to say.
    load = partial(load_embedder, settings.embed_model, None if address else settings.cache, threads=1)
    with reading_on_ray(load, embedder, address) as read:
        yield read
