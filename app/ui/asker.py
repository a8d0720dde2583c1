"""Who is at the page: every handler gets the engine, the history and the library of its own caller, by one door.

A handler runs in a queue's task and not in its request, but Gradio keeps the request beside it; threads that a handler
starts take it along (`in_background`). Where there is no request (the page is being built) nobody asks: nothing is there.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from app.access.caller import NOBODY, SCOPE_KEY, Caller

if TYPE_CHECKING:
    from app.engine import Engine
    from app.history.book import History
    from app.library.library import Library


def asker() -> Caller:
    """The caller of the handler that runs; NOBODY outside of one, or where no gate has set one."""
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    inner = getattr(request, "request", None)
    caller = inner.scope.get(SCOPE_KEY, NOBODY) if inner is not None else NOBODY
    return cast(Caller, caller)


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
