"""Who is at the page: every handler gets the engine, the history and the library of its own caller, by one door.

A handler runs in a queue's task and not in its request, but Gradio keeps the request beside it; threads that a handler
starts take it along (`in_background`). Where there is no request (the page is being built) nobody asks: nothing is there.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from app.access.caller import NOBODY, SCOPE_KEY, Caller, Role

if TYPE_CHECKING:
    from app.engine import Engine
    from app.history.book import History
    from app.library.library import Library

Admits = Callable[[Role], bool]


def asker() -> Caller:
    """The caller of the handler that runs; NOBODY outside of one, or where no gate has set one."""
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    inner = getattr(request, "request", None)
    caller = inner.scope.get(SCOPE_KEY, NOBODY) if inner is not None else NOBODY
    return cast(Caller, caller)


def everyone(_: Role) -> bool:
    """Whether the asker has a role, where access is not checked."""
    return True


def asker_may(role: Role) -> bool:
    """Whether the asker has a role."""
    return asker().may(role)


class _Door:
    """Stands for an object; whatever is asked of it is asked of the caller's own."""

    def __init__(self, own: Callable[[Caller], Any]) -> None:
        self._own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own(asker()), name)


def engine_of_asker(engine: "Engine") -> "Engine":
    """The engine as whoever asks sees it."""
    return cast("Engine", _Door(engine.seen_by))


def book_of_asker(engine: "Engine", book: "History") -> "History":
    """The history of whoever asks."""
    from app.history.replay import own_history

    return cast("History", _Door(lambda caller: own_history(engine, book, caller)))


def library_of_asker(library: "Library") -> "Library":
    """The library as whoever asks may change it."""
    return cast("Library", _Door(library.seen_by))
