"""Put watching around a web application: its layer, /metrics, and what has to end with it."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from app.access.caller import caller_in
from app.operations.metrics import TYPE, Meters, serve_metrics
from app.operations.options import Operating
from app.operations.traces import open_traces
from app.operations.watch import Watch, Watching
from ingest.errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

    from app.api.work import Work
    from app.engine import Engine
    from app.library.library import Library


class Operations:
    """What watches one server; `close` it when the server has ended."""

    def __init__(self, operating: Operating, watch: Watch) -> None:
        self.operating, self.watch = operating, watch
        self._ends: list[Callable[[], None]] = [watch.traces.close] if watch.traces else []

    def open_metrics_port(self) -> int:
        """Give the metrics on their own port, where one is set; return it, else 0. Raises InputError where it cannot be had."""
        host, port = self.operating.metrics_host, self.operating.metrics_port
        if not port or not self.operating.metrics:
            return 0
        try:
            self._ends.append(serve_metrics(self.watch.meters, host, port))
        except OSError as error:
            raise InputError(
                f"无法在 {host}:{port} 提供指标：{error.strerror or error}", "换一个 POLICYQA_METRICS_PORT"
            ) from error
        return port

    def close(self) -> None:
        """Send what waits, and end."""
        while self._ends:
            self._ends.pop()()


def operate(
    app: "FastAPI",
    engine: "Engine",
    library: "Library | None",
    work: "Work",
    operating: Operating,
    at_page: Callable[[], int] = lambda: 0,
) -> Operations:
    """Watch an application. To be called last: its layer has to be around all others. Raises MissingPartError.

    `at_page`: how many of the page's own questions wait.
    """
    meters = Meters()
    watch = Watch(meters, open_traces(operating), operating.log_questions)
    meters.watch_store(engine)
    meters.watch("queue_depth", "Questions that wait for their turn", lambda: float(work.waiting + at_page()))
    if library is not None:
        library.listen(watch.job_ended)
        waiting = {"waiting", "running"}
        meters.watch(
            "jobs_waiting", "Jobs not done yet", lambda: float(sum(j.state in waiting for j in library.jobs()))
        )
    engine.listeners.append(watch)
    if operating.metrics and not operating.metrics_port:
        _add_metrics(app, meters)
    watch.paths = frozenset(_paths(app.routes))
    app.add_middleware(Watching, watch=watch)
    return Operations(operating, watch)


def _paths(routes: Iterable[Any], below: str = "") -> Iterator[str]:
    """The declared paths of routes and of the applications that are mounted among them."""
    for route in routes:
        path = below + getattr(route, "path", "")
        yield path
        yield from _paths(getattr(route, "routes", None) or (), path)


def _add_metrics(app: "FastAPI", meters: Meters) -> None:
    """Add /metrics, for administrators only where access is checked; before the page, which takes every other path."""
    from starlette.responses import Response
    from starlette.routing import Route

    def metrics(request: "Request") -> "Response":
        if not caller_in(request.scope).may("admin"):
            return Response("只有管理员可以查看（administrators only）\n", 403, media_type="text/plain")
        return Response(meters.text(), media_type=TYPE, headers={"cache-control": "no-store"})

    route: Any = Route("/metrics", metrics, methods=["GET"])
    app.router.routes.insert(0, route)
