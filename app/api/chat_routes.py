"""POST /v1/chat/completions and GET /v1/models, as OpenAI's clients expect them.

The citations stand in the message itself, as [n] and a list of sources at its end, so that any client shows them; the field
`citations` has them as data. System messages steer nothing: what is answered is said by the documents.
"""

import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from app.access.caller import caller_in
from app.api.ask_routes import EVENTS, UNBUFFERED, late
from app.api.errors import ApiError, answer, as_json
from app.api.given import MODEL, ChatIn, ChatMessage
from app.api.shapes import ONE_EVENT, ChatErrorBody, ChatOut, ModelsOut, error_responses
from app.api.source_list import with_sources, without_sources
from app.api.work import Work, begun, engine_for
from app.spoken import spoken
from app.types import Answer, Turn
from app.understanding.plain import MAX_TYPED

if TYPE_CHECKING:
    from fastapi import FastAPI, Response

    from app.engine import Engine

LOOKED_BACK = 40  # earlier messages that are read


def add_chat(app: "FastAPI", engine: "Engine", work: Work) -> None:
    """Add the routes."""
    from fastapi import Request
    from fastapi.responses import StreamingResponse

    began, errors = int(time.time()), error_responses(ChatErrorBody)

    @app.get("/models", response_model=None, responses={**errors, 200: {"model": ModelsOut}}, summary="The one model")
    def models() -> "Response":
        return answer(
            {"object": "list", "data": [{"id": MODEL, "object": "model", "created": began, "owned_by": "policyqa"}]}
        )

    @app.post(
        "/chat/completions",
        response_model=None,
        responses={**errors, 200: {"model": ChatOut, "content": {EVENTS: {"schema": ONE_EVENT}}}},
        summary="Ask as OpenAI's clients do",
    )
    async def chat(request: Request, body: ChatIn) -> "Response":
        if body.model != MODEL:
            raise ApiError(404, "model_not_found", "没有这个模型", f"可用的模型是 {MODEL}")
        question, history = asked_in(body.messages)
        seen = engine_for(engine, caller_in(request.scope))

        def start() -> Iterator[str | Answer]:
            return spoken(seen.stream(question, history))

        made = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": MODEL}
        if body.stream:
            pieces = await begun(work.events(start), 1)
            usage = bool(body.stream_options and body.stream_options.include_usage)
            return StreamingResponse(_chunks(pieces, made, usage), headers=UNBUFFERED, media_type=EVENTS)
        found = await work.last(request, start)
        assert isinstance(found, Answer)
        return answer(_completion(found, made))


def asked_in(messages: Sequence[ChatMessage]) -> tuple[str, list[Turn]]:
    """Return the question and what was said before it. Raises ApiError (422) where the last word is not a question."""
    heard = [m for m in messages if m.role in {"user", "assistant"}]
    question = heard[-1].text() if heard and heard[-1].role == "user" else ""
    if not question.strip():
        raise ApiError(422, "unusable", "最后一条消息须是用户的问题", "role 为 user，content 为文字")
    if len(question) > MAX_TYPED:
        raise ApiError(422, "unusable", "问题太长", f"最多 {MAX_TYPED} 个字")
    turns = []
    for message in heard[:-1][-LOOKED_BACK:]:
        said = message.text()[:MAX_TYPED]
        turns.append(Turn("user", said) if message.role == "user" else Turn("assistant", without_sources(said)))
    return question, turns


def _completion(found: Answer, made: dict[str, Any]) -> dict[str, Any]:
    told = found.to_json()
    message = {"role": "assistant", "content": found.text + with_sources(found)}
    return {
        **made, "object": "chat.completion", "usage": _usage(found), "citations": told["citations"],
        "abstained": found.abstained, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }  # fmt: skip


def _usage(found: Answer) -> dict[str, int]:
    prompt, completion = (found.usage.prompt_tokens, found.usage.completion_tokens) if found.usage else (0, 0)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


async def _chunks(pieces: AsyncIterator[str | Answer], made: dict[str, Any], usage: bool) -> AsyncIterator[bytes]:
    """The answer in chunks; the sources are its last words. An error that comes late is told as OpenAI's servers do."""

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        return _data({**made, "object": "chat.completion.chunk", "choices": choices, **more})

    yield chunk({"role": "assistant", "content": ""})
    try:
        async for piece in pieces:
            if isinstance(piece, str):
                yield chunk({"content": piece})
                continue
            told = piece.to_json()
            if sources := with_sources(piece):
                yield chunk({"content": sources})
            yield chunk({}, "stop", citations=told["citations"], abstained=piece.abstained)
            if usage:
                yield _data({**made, "object": "chat.completion.chunk", "choices": [], "usage": _usage(piece)})
    except Exception as error:
        yield _data(late(error).body("/v1/chat/completions"))
    yield b"data: [DONE]\n\n"


def _data(value: Any) -> bytes:
    return b"data: " + as_json(value) + b"\n\n"
