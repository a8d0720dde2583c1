"""The web server: the Gradio page at /, the API under /v1 and /mcp beside it, on loopback unless people sign in."""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.access.caller import NOBODY, caller_in
from app.access.opening import refuse_unchecked
from app.api.work import engine_for
from app.doors import is_closed, with_headers
from app.offline import go_offline
from app.scope import SAFE, header
from ingest.errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.access.opening import Access
    from app.engine import Engine
    from app.history.book import History
    from app.library.library import Library
    from app.settings import Settings

HEALTH = ("model", "llm", "documents", "chunks")  # what /healthz tells; the store's path is nobody's business
GRACE = 2  # seconds that open connections get at the end; each open tab holds one
_LOOPBACK_NAMES = frozenset(("localhost", "localhost.localdomain", "ip6-localhost"))

Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


def check_address(host: str, port: int) -> None:
    """Raise InputError where the page cannot or must not be served; costs nothing, so call it before anything slow."""
    if not 1 <= port <= 65535:
        raise InputError(f"端口 {port} 无效", "--port 要 1 到 65535 之间的整数")
    _bind(host, port).close()


def is_loopback(host: str) -> bool:
    """Whether a host name or address reaches this machine only."""
    name = host.strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name in _LOOPBACK_NAMES


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise InputError(f"无法识别主机 {host}", "--host 一般用 127.0.0.1") from error
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows the option would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)  # two sockets may bind with SO_REUSEADDR, only one may listen
    except OSError as error:
        listener.close()
        raise _refused(host, port, error) from error
    return listener


def _refused(host: str, port: int, error: OSError) -> InputError:
    if error.errno == errno.EADDRINUSE:
        return InputError(f"端口 {port} 已被占用", "换一个端口，例如 --port 7861，或先关掉占用它的程序")
    if error.errno == errno.EACCES:
        return InputError(f"没有权限使用端口 {port}", "用 --port 换一个 1024 以上的端口")
    return InputError(f"无法监听 {host}:{port}：{error.strerror or error}", "检查 --host 与 --port")


def serve(
    engine: "Engine",
    host: str,
    port: int,
    on_ready: Callable[[], None] = lambda: None,
    book: "History | None" = None,
    library: "Library | None" = None,
    settings: "Settings | None" = None,
    access: "Access | None" = None,
) -> None:
    """Serve until Ctrl-C; `on_ready` is called once the page answers. Raises InputError as check_address does."""
    check_address(host, port)
    refuse_unchecked(access, is_loopback(host))
    go_offline()
    app = build_app(engine, is_loopback(host), book, library, settings, access)
    import uvicorn

    from app.operations.control import control_socket
    from app.operations.ending import drained
    from app.operations.logs import say

    operations = app.state.operations

    class Server(uvicorn.Server):  # type: ignore[misc]
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                threading.Thread(target=app.state.readiness.warm, daemon=True).start()
                on_ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.readiness.stopping.set()  # from now on /readyz and every new question are told 503
            await drained(operations, app.state.work, library, lambda: self.force_exit)
            await super().shutdown(sockets=sockets)

    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE, server_header=False
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_is_worth_logging)
    with contextlib.ExitStack() as opened:
        opened.enter_context(contextlib.closing(operations))
        listener = opened.enter_context(_bind(host, port))
        if settings is not None and isinstance(
            settings.store, Path
        ):  # a Chroma server's index may be written by anyone
            stopping = app.state.readiness.stopping
            opened.enter_context(control_socket(engine, library, settings.store, settings.embed_model, stopping))
        metrics_port = operations.open_metrics_port()
        say("start", host=host, port=port, metrics_port=metrics_port or None)
        try:
            Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            pass  # uvicorn has closed everything and passes the signal on
        finally:
            say("stop")


def _is_worth_logging(record: logging.LogRecord) -> bool:
    """Tell errors from an open tab's connection, which ends only with the server and is cut then."""
    cut = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut and "graceful shutdown exceeded" not in record.getMessage()


def build_app(
    engine: "Engine",
    local_only: bool = True,
    book: "History | None" = None,
    library: "Library | None" = None,
    settings: "Settings | None" = None,
    access: "Access | None" = None,
) -> "FastAPI":
    """Return the web application: /healthz, the API and the page. `local_only` refuses requests meant for another host name.

    With `access` whoever asks has to say who it is, and may come by any host name: a proxy on this machine, say. Without
    a `library` it shows what is indexed and changes nothing. `app.state.readiness` is to be told how the server does.
    """
    import gradio as gr
    from fastapi import FastAPI, Request

    from app.access.gate import Gate
    from app.access.routes import add_sign_in
    from app.access.tabs import Tabs
    from app.api.app import add_api
    from app.api.limits import Limits, bounds_of
    from app.api.work import Work
    from app.export_routes import add_export
    from app.operations.attach import operate
    from app.operations.options import Operating
    from app.sources_routes import add_sources
    from app.ui.page import build_page, page_options, waiting

    app = FastAPI(title="policyqa", docs_url=None, redoc_url=None, openapi_url=None)
    local_only = local_only and access is None

    @app.get("/healthz")
    def health(request: Request) -> dict[str, Any]:
        caller = caller_in(request.scope)
        known = {} if caller is NOBODY else engine_for(engine, caller).describe()
        return {"status": "ok"} | {name: known[name] for name in HEALTH if name in known}

    if access is not None:
        add_sign_in(app, access)
    add_sources(app, engine)
    if book is not None:
        add_export(app, engine, book, access is not None)
    if library is not None:
        from app.api.library import add_library

        add_library(app, library)
    bounds = bounds_of(settings, local_only)
    work = app.state.work = Work(bounds)
    app.state.readiness = add_api(app, engine, library, work)
    page = build_page(engine, book, library, settings if local_only else None, access is not None)
    gr.mount_gradio_app(
        app, page, path="/", ssr_mode=False, max_file_size="1mb", show_error=False, **page_options(book is not None)
    )
    if access is not None:
        app.add_middleware(Tabs)
    app.add_middleware(Limits, rate=bounds.rate, stopping=app.state.readiness.stopping.is_set)
    if access is not None:
        app.add_middleware(Gate, ledger=access.ledger)
    app.add_middleware(Guard, local_only=local_only)
    operating = settings.operating if settings else Operating()
    app.state.operations = operate(
        app, engine, library, work, operating, lambda: waiting(page)
    )  # last: around everything else
    return app


class Guard:
    """Add security headers to every response; refuse a web site's ways in: a foreign Host (DNS rebinding), another site's request.

    What nothing within has caught is answered here too, with a plain 500: further out no layer of ours would see the answer.
    """

    def __init__(self, app: Any, local_only: bool) -> None:
        self.app = app
        self.local_only = local_only

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Handle one ASGI event."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        begun = False

        async def guarded(message: dict[str, Any]) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = with_headers(list(message.get("headers", [])), scope.get("scheme") == "https")
            await send(message)

        if self.local_only and not is_loopback(_host_name(scope)):
            await _refuse(guarded, 421, b"This server answers on localhost only.\n")
            return
        if is_closed(scope["path"]):
            await _refuse(guarded, 404, b"Not found.\n")
            return
        if scope["method"] not in SAFE and _is_from_elsewhere(scope, self.local_only):
            await _refuse(guarded, 403, b"This request comes from another site.\n")
            return

        try:
            await self.app(scope, receive, guarded)
        except Exception:
            if not begun:
                await _refuse(guarded, 500, b"Internal error.\n")
            raise  # to the layer that writes the log, where it ends


async def _refuse(send: Send, status: int, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


def _is_from_elsewhere(scope: dict[str, Any], local_only: bool) -> bool:
    """Tell a request that a browser sends for another site's page. Beyond this machine a proxy may have changed the Host."""
    if header(scope, b"sec-fetch-site") == "cross-site":
        return True
    origin = header(scope, b"origin")
    return local_only and bool(origin) and origin.partition("://")[2] != header(scope, b"host")


def _host_name(scope: dict[str, Any]) -> str:
    """Return the Host header without its port; IPv6 addresses stand in brackets."""
    host = header(scope, b"host")
    return host[: host.rfind("]") + 1] if host.startswith("[") else host.partition(":")[0]
