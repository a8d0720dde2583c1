"""Whether the server can answer: not before it is warm, not while it ends, not without the index that it opened."""

import logging
import threading
import time
from typing import TYPE_CHECKING

from app.access.caller import NOBODY, caller_in
from ingest.errors import PolicyQAError
from ingest.store import CATALOG, current

if TYPE_CHECKING:
    from fastapi import FastAPI, Response

    from app.engine import Engine

AGAIN = 5.0  # seconds after which warming up is tried again
FRESH = 1.0  # seconds for which what was found counts
_log = logging.getLogger(__name__)


class Readiness:
    """Asked by /readyz; told by the server."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._index = _index_of(engine)
        self._looking = threading.Lock()
        self._looked, self._found = 0.0, ""
        self.warmed = False
        self.stopping = threading.Event()

    def warm(self) -> None:
        """Let the first search pay for what loads late (dictionary, model), before the first user does."""
        while not self.stopping.is_set():
            try:
                self._engine.search("人工智能", 1)
                self.warmed = True
                return
            except PolicyQAError as error:
                _log.warning("warming up failed: %s", error)
                self.stopping.wait(AGAIN)

    def problem(self) -> str:
        """Return why no question can be answered now, as a word for programs; "" where nothing speaks against it."""
        if self.stopping.is_set():
            return "stopping"
        if not self.warmed:
            return "warming"
        with self._looking:  # whoever asks often must not cost the readers anything
            if time.monotonic() - self._looked > FRESH:
                self._found, self._looked = self._look(), time.monotonic()
            return self._found

    def _look(self) -> str:
        if self._index != _index_of(self._engine):
            return "index_replaced"
        try:
            self._engine.search("人工智能", 1)
        except Exception as error:
            _log.warning("not ready: %s", error)
            return "index_unusable"
        return ""


def _index_of(engine: "Engine") -> tuple[int, int] | None:
    """Tell one index file from another of the same name; None where it is gone, or is no file here."""
    folder = getattr(getattr(engine, "store", None), "folder", None)
    try:
        status = (current(folder) / CATALOG).stat() if folder else None
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status else None


def add_ready(app: "FastAPI", readiness: Readiness) -> None:
    """Add /readyz: 200 where questions can be answered, else 503 with the reason, which only who may come in is told."""
    from fastapi import Request

    from app.api.errors import ApiError, answer

    @app.get("/readyz")
    def ready(request: Request) -> "Response":
        problem = readiness.problem()
        if not problem:
            return answer({"status": "ready"})
        if caller_in(request.scope) is NOBODY:
            problem = "not_ready"
        error = ApiError(503, problem, "暂时不能回答问题", "稍后再试", 5)
        return answer(error.body("/readyz"), 503, error.headers)
