"""Who is at the page: every handler gets the engine, the history and the library of its own caller, by one door.

A handler runs in a queue's task and not in its request, but Gradio keeps the request beside it; threads that a handler
starts take it along (`in_background`). Where there is no request (the page is being built) nobody asks: nothing is there.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from app.access.caller import NOBODY, SCOPE_KEY, Caller
from app.operations.request import CURRENT, request_of

if TYPE_CHECKING:
    from app.engine import Engine
    from app.history.book import History
    from app.library.library import Library

T = TypeVar("T")


def asker() -> Caller:
    """The caller of the handler that runs; NOBODY outside of one, or where no gate has set one."""
    return cast(Caller, (_scope() or {}).get(SCOPE_KEY, NOBODY))


def as_asked(start: Callable[[], Iterator[T]]) -> Callable[[], Iterator[T]]:
    """Return what does the same under the request of the handler that runs, for the log and the traces; in a context of its own."""
    scope = _scope()
    request = request_of(scope) if scope is not None else None

    def run() -> Iterator[T]:
        CURRENT.set(request)
        yield from start()

    return run


def _scope() -> Mapping[str, Any] | None:
    from gradio.context import LocalContext

    inner = getattr(LocalContext.request.get(None), "request", None)
    return cast(Mapping[str, Any], inner.scope) if inner is not None else None


class _Door:
    """Stands for an object; whatever is asked of it is asked of the caller's own."""

    def __init__(self, own: Callable[[Caller], Any]) -> None:
        self._own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own(asker()), name)


def of_asker(
    engine: "Engine", book: "History | None", library: "Library | None"
) -> tuple["Engine", "History | None", "Library | None"]:
    """Return what stands for the three and is, for every handler, that of its caller."""
    from app.history.replay import own_history

    seen = cast("Engine", _Door(engine.seen_by))
    own = cast("History", _Door(lambda caller: own_history(engine, book, caller))) if book is not None else None
    return seen, own, cast("Library", _Door(library.seen_by)) if library is not None else None
