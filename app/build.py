"""The one place where settings become objects."""

import contextlib
from collections.abc import Callable, Iterator

from app.engine import Engine
from app.generate import make_llm
from app.offline import go_offline
from app.settings import Settings
from ingest.embed import load_embedder
from ingest.store import open_store


@contextlib.contextmanager
def open_engine(
    settings: Settings, writable: bool = False, on_note: Callable[[str], None] | None = None
) -> Iterator[Engine]:
    """Open the store and load the embedder. `on_note` hears of long first-time work (building the bundled model).

    Raises StoreError, InputError or MissingPartError.
    """
    go_offline()
    embedder = load_embedder(settings.embed_model, settings.cache, on_note)
    with open_store(settings.store, embedder.name, embedder.dimension, writable) as store:
        llm = (lambda: make_llm(settings)) if settings.has_llm else None
        yield Engine(store, embedder, llm, settings.llm_model if settings.has_llm else "", settings.llm_timeout)
