"""POST /v1/ask, POST and GET /v1/search: what the command line gives, over HTTP."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from app.access.caller import caller_in
from app.api.errors import ApiError, answer, as_json, known
from app.api.given import MAX_K, AskIn, SearchIn, TurnIn
from app.api.shapes import ONE_EVENT, AnswerOut, HitsOut
from app.api.work import Work, begun, engine_for
from app.engine import Stage
from app.types import Answer, AnswerSentence, Turn
from app.understanding.plain import MAX_TYPED
from ingest.errors import PolicyQAError

if TYPE_CHECKING:
    from fastapi import FastAPI, Response

    from app.engine import Engine

Event = Stage | AnswerSentence | Answer
EVENTS = "text/event-stream"
UNBUFFERED = {"cache-control": "no-store", "x-accel-buffering": "no"}  # or a proxy keeps the pieces back
_log = logging.getLogger(__name__)


def add_ask(app: "FastAPI", engine: "Engine", work: Work) -> None:
    """Add the routes."""
    from fastapi import Query, Request
    from fastapi.responses import StreamingResponse

    @app.post(
        "/ask",
        response_model=None,
        responses={200: {"model": AnswerOut, "content": {EVENTS: {"schema": ONE_EVENT}}}},
        summary="Ask a question; every sentence of the answer is checked and cited",
    )
    async def ask(request: Request, body: AskIn) -> "Response":
        start = _asking(engine_for(engine, caller_in(request.scope)), body)
        if body.stream or _wants_events(request.headers.get("accept", "")):
            events = await begun(work.events(start), 2)  # the second follows the understanding of the question
            return StreamingResponse(_told(events), headers=UNBUFFERED, media_type=EVENTS)
        found = await work.last(request, start)
        assert isinstance(found, Answer)
        return answer(found.to_json())

    async def looked_up(request: Request, question: str, k: int, history: Sequence[TurnIn]) -> "Response":
        from app.documents import hit_to_json

        seen = engine_for(engine, caller_in(request.scope))

        def start() -> Iterator[dict[str, Any]]:
            hits = seen.search(question, k, turns_of(history))
            yield {"question": question, "hits": [hit_to_json(rank, hit) for rank, hit in enumerate(hits, 1)]}

        return answer(await work.last(request, start))

    @app.post("/search", response_model=None, responses={200: {"model": HitsOut}}, summary="Find passages")
    async def search(request: Request, body: SearchIn) -> "Response":
        return await looked_up(request, body.question, body.k, body.history)

    @app.get("/search", response_model=None, responses={200: {"model": HitsOut}}, summary="Find passages")
    async def search_by_address(
        request: Request,
        q: Annotated[str, Query(min_length=1, max_length=MAX_TYPED, pattern=r"\S", examples=["算力利用率"])],
        k: Annotated[int, Query(ge=1, le=MAX_K)] = 10,
    ) -> "Response":
        return await looked_up(request, q, k, ())


def turns_of(history: Sequence[TurnIn]) -> list[Turn]:
    """Return earlier messages as the engine takes them."""
    return [Turn(turn.role, turn.content) for turn in history]


def _asking(engine: "Engine", body: AskIn) -> Callable[[], Iterator[Event]]:
    def start() -> Iterator[Event]:
        for event in engine.stream(body.question, turns_of(body.history), body.lang):
            yield event.named(body.id) if isinstance(event, Answer) else event

    return start


def _wants_events(accept: str) -> bool:
    kinds = [kind.partition(";")[0].strip() for kind in accept.split(",")]
    return EVENTS in kinds and "application/json" not in kinds


async def _told(events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    """The events of an answer as server-sent ones; an error that comes late is the last of them."""
    try:
        async for event in events:
            if isinstance(event, Answer):
                yield event_of("answer", event.to_json())
            elif isinstance(event, AnswerSentence):
                yield event_of("sentence", event.to_json())
            else:
                yield event_of("stage", {"stage": event.name})
    except Exception as error:
        yield event_of("error", late(error).body("/v1/ask"))


def event_of(name: str, value: Any) -> bytes:
    """Return one server-sent event. JSON has no line breaks of its own, so one line of data is enough."""
    return b"event: " + name.encode() + b"\ndata: " + as_json(value) + b"\n\n"


def late(error: Exception) -> ApiError:
    """Return what is told of an error after the answer's head has been sent."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, PolicyQAError):
        return known(error)
    _log.error("an answer broke off", exc_info=error)
    return ApiError(500, "internal", "程序出了问题", "请管理员查看日志")
