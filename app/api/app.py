"""The API as one application: /v1 with its own errors and its OpenAPI, /mcp, /readyz; mounted beside the page."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from app.api.ready import Readiness, add_ready
from app.api.work import Work

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.engine import Engine
    from app.library.library import Library

_TOLD = (
    "Questions about policy documents, answered with citations. Every answer is checked sentence by sentence; "
    "`quote` is the document's own text at start:end. See docs/api.md."
)


def make_v1(engine: "Engine", library: "Library | None", work: Work) -> "FastAPI":
    """Return the application to be mounted at /v1; its OpenAPI is at /v1/openapi.json, pages for it there are none."""
    from fastapi import FastAPI

    from app.api.ask_routes import add_ask
    from app.api.chat_routes import add_chat
    from app.api.document_routes import add_documents
    from app.api.errors import add_errors
    from app.api.shapes import ErrorBody, error_responses
    from app.api.strict import StrictRoute

    v1 = FastAPI(
        title="policyqa", version="1", description=_TOLD, docs_url=None, redoc_url=None, redirect_slashes=False,
        responses=error_responses(ErrorBody),
    )  # fmt: skip
    v1.router.route_class = StrictRoute
    add_errors(v1)
    add_ask(v1, engine, work)
    add_documents(v1, engine, library)
    add_chat(v1, engine, work)
    return v1


def add_api(app: "FastAPI", engine: "Engine", library: "Library | None", work: Work) -> Readiness:
    """Mount /v1 and /mcp and add /readyz; return what the server tells its state to."""
    from app.api.tools import Mcp

    readiness = Readiness(engine)
    add_ready(app, readiness)
    app.mount("/v1", make_v1(engine, library, work))
    tools = Mcp(engine, work)
    app.router.routes.append(tools.route())
    _run_along(app, tools.running)
    return readiness


def _run_along(app: "FastAPI", running: Any) -> None:
    """Have something run while the app does, beside what runs already."""
    before = app.router.lifespan_context

    @asynccontextmanager
    async def both(app: "FastAPI") -> AsyncIterator[Any]:
        async with AsyncExitStack() as stack:
            state = await stack.enter_async_context(before(app))
            along: AbstractAsyncContextManager[None] = running()
            await stack.enter_async_context(along)
            yield state

    app.router.lifespan_context = both
