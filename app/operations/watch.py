"""Sees every request, question, ingestion and job, and tells the log, the metrics and the traces of it."""

import logging
import threading
import time
from collections.abc import Callable
from contextvars import Token
from typing import TYPE_CHECKING, Any

from app.asked import Asked
from app.operations.logs import say
from app.operations.metrics import Meters
from app.operations.request import CURRENT, KEY, Request, new_id, request_of
from app.operations.traces import Traces
from ingest.summary import Summary

if TYPE_CHECKING:
    from app.library.work import Job

Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]
UNMATCHED = "(none)"
_PAGE_PARTS = "/gradio_api"
_QUIET = ("/healthz", "/readyz", "/metrics", "/assets", "/static", "/theme.css", "/config", _PAGE_PARTS)
_log = logging.getLogger(__name__)


class Watch:
    """What one server is watched by; a listener of its engine (app.asked.Listener)."""

    def __init__(self, meters: Meters, traces: Traces | None = None, questions: bool = False) -> None:
        self.meters, self.traces, self._questions = meters, traces, questions
        self.paths: frozenset[str] = frozenset()  # declared routes, for requests that are refused before they reach one
        self._counting = threading.Lock()
        self._answering = self._requests = 0

    @property
    def busy(self) -> int:
        """How much is under way that a server must not cut: answers, and requests that change or ask something."""
        with self._counting:
            return self._answering + self._requests

    def _count(self, answering: int = 0, requests: int = 0) -> None:
        with self._counting:
            self._answering += answering
            self._requests += requests

    def asking(self) -> Callable[[Asked], None]:
        """A question has begun."""
        request, made = CURRENT.get(), new_id()
        self._count(answering=1)
        self.meters.asking()

        def ended(asked: Asked) -> None:
            self._count(answering=-1)
            try:
                self._tell(asked, request, request.id if request else made)
            except Exception:  # an answer must not fail for what is told of it
                _log.exception("an answer could not be told of")

        return ended

    def _tell(self, asked: Asked, request: Request | None, request_id: str) -> None:
        self.meters.asked(asked)
        answer = asked.answer
        usage = answer.usage if answer else None
        stages: dict[str, float] = {}
        for span in asked.spans:
            stages[span.name] = round(stages.get(span.name, 0.0) + span.seconds * 1000, 1)
        say(
            "answer",
            request_id=request_id,
            caller=request.caller if request else None,
            result=asked.error or ("abstained" if answer and answer.abstained else "answered"),
            reason=(answer.abstain_reason or None) if answer else None,
            ms=round(asked.seconds * 1000, 1),
            stages=stages,
            citations=len(answer.citations) if answer else None,
            model=asked.model or None,
            dropped=len(answer.dropped) if answer and asked.model else None,
            tokens={"prompt": usage.prompt_tokens, "completion": usage.completion_tokens} if usage else None,
            question=asked.question if self._questions else None,
        )
        if self.traces is not None:
            self.traces.asked(asked, request.headers if request else {}, request_id)

    def ingested(self, summary: Summary) -> None:
        """Files have been read."""
        self.meters.ingested(summary)
        say(
            "ingest", added=summary.added, updated=summary.updated, unchanged=summary.unchanged,
            removed=summary.removed, failed=len(summary.skipped), chunks=summary.chunks,
            ms=round(summary.seconds * 1000),
        )  # fmt: skip

    def job_ended(self, job: "Job", seconds: float) -> None:
        """A job of the library has ended; its name and the reason are strangers' words, and stay out of the log."""
        self.meters.job(job.state)
        level = logging.WARNING if job.state == "failed" else logging.INFO
        say("job", level, job=job.id, state=job.state, ms=round(seconds * 1000), chunks=job.total or None)

    def request_ended(self, request: Request, status: int, seconds: float, error: Exception | None = None) -> None:
        """A request has ended; `status` 0: before it was answered. `error`: what nobody had foreseen."""
        route = route_of(request.scope, self.paths)
        self.meters.request(request.scope["method"], route, status, seconds)
        level = logging.DEBUG if route.startswith(_QUIET) or route == "/" else logging.INFO
        level = logging.WARNING if status >= 500 and not route.startswith(("/readyz",)) else level
        if error is not None:
            level = logging.ERROR
            _log.error("a request failed", exc_info=error)
        say(
            "request", level, request_id=request.id, caller=request.caller, method=request.scope["method"], route=route,
            status=status, ms=round(seconds * 1000, 1),
        )  # fmt: skip


class Watching:
    """The ASGI layer around everything else. An error ends here where its request has been answered, and is told of in the log."""

    def __init__(self, app: Any, watch: Watch) -> None:
        self.app, self.watch = app, watch

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Handle one ASGI event."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request, began, status, answered = request_of(scope), time.perf_counter(), 0, False
        error: Exception | None = None
        scope[KEY] = request  # the page's questions are asked after their request has ended
        token: Token[Request | None] = CURRENT.set(request)

        async def named(message: dict[str, Any]) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request.id.encode())]
            await send(message)
            answered = message["type"] == "http.response.body" and not message.get("more_body", False)

        counted = _must_end(scope)
        self.watch._count(requests=counted)
        try:
            await self.app(scope, receive, named)
        except Exception as raised:
            error = raised
            if not answered:
                raise  # the server has to cut the connection
        finally:
            self.watch._count(requests=-counted)
            self.watch.request_ended(request, status, time.perf_counter() - began, error)
            CURRENT.reset(token)


def _must_end(scope: dict[str, Any]) -> int:
    """1 for a request that the end of the server waits for: one that asks or changes something, and ends by itself."""
    path: str = scope["path"]
    return int(path.startswith("/v1/") or (scope["method"] != "GET" and path.startswith(("/mcp", "/library/"))))


def route_of(scope: Any, paths: frozenset[str]) -> str:
    """Return the route of a request that has been handled, as it was declared, so that there are few of them."""
    route = getattr(scope.get("route"), "path", None)
    path = scope["path"]
    if route is None:
        return path if path in paths else UNMATCHED
    mounted = "/v1" if path.startswith("/v1/") and not route.startswith("/v1") else ""
    return f"{mounted}{route}"
