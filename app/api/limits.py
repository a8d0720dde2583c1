"""What one caller may ask of the server: bytes of a body, requests in a time, answers at once. One place for all routes.

`Limits` is an ASGI layer that looks at a request before any of it is read; `Gate` lets a number of answers be made at a
time and a number wait. All of it is counted in this process, which is the only one that serves.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.access.caller import caller_in
from app.api.errors import ApiError, as_json
from ingest.errors import InputError
from ingest.read import MAX_BYTES

if TYPE_CHECKING:
    from app.settings import Settings

MAX_JSON = 1_000_000  # bytes of a body of the API
MAX_PAGE = 20_000_000  # of the page's own requests, which carry a conversation
FRAME = 65_536  # that a multipart form may have around its file
READ_SECONDS, UPLOAD_SECONDS = 30.0, 900.0  # until a body has to be there, from when it is first asked for
REMOTE_RATE = "120/minute"  # where other machines can ask and nothing else is set
UPLOADS, MAX_UPLOADS = ("/v1/files", "/library/files"), 8  # files that come in at once: each may lie on the disk twice
METERED = (
    "/v1/",
    "/mcp",
    "/gradio_api/queue/join",
    "/library/files",
)  # what the rate and the end of the server hold back

Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Bounds:
    """`rate` as "60/minute", "" for none; `seconds` that one answer may take, waiting included."""

    concurrent: int = 4
    waiting: int = 64
    seconds: float = 120.0
    rate: str = ""


def bounds_of(settings: "Settings | None", local_only: bool) -> Bounds:
    """Return what is set; a rate that is not set is none on loopback. Raises InputError for a rate that is none."""
    if settings is None:
        return Bounds()
    rate = settings.rate or ("off" if local_only else REMOTE_RATE)
    bounds = Bounds(settings.concurrency, settings.queue, settings.answer_timeout, "" if rate == "off" else rate)
    if bounds.rate:
        _Meter(bounds.rate)
    return bounds


class Gate:
    """Lets so many do their work at once, and so many wait for it."""

    def __init__(self, concurrent: int, waiting: int) -> None:
        self._slots = asyncio.Semaphore(concurrent)
        self._room, self._waiting = waiting, 0

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return self._waiting if self._slots.locked() else 0

    async def enter(self) -> None:
        """Wait for a place; `leave` gives it back. Raises ApiError (429) where too many wait already."""
        if self._slots.locked() and self._waiting >= self._room:
            raise ApiError(429, "busy", "正在处理的问题太多", "稍后再试", 2)
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        """Give the place to the next."""
        self._slots.release()


class _Meter:
    """Requests of each caller in the time, by the `limits` package; raises InputError for a rate that it cannot read."""

    def __init__(self, rate: str) -> None:
        from limits import parse_many
        from limits.storage import MemoryStorage
        from limits.strategies import SlidingWindowCounterRateLimiter

        try:
            self._rates = parse_many(rate)
        except ValueError as error:
            raise InputError(f"POLICYQA_RATE={rate} 无效", "例如 60/minute，或 off") from error
        self._windows = SlidingWindowCounterRateLimiter(MemoryStorage())

    def wait(self, who: str) -> int:
        """Count a request; return the seconds until the next one is allowed, 0 where this one is."""
        for rate in self._rates:
            if not self._windows.hit(rate, who):
                stats = self._windows.get_window_stats(rate, who)
                return max(1, math.ceil(stats.reset_time - time.time()))
        return 0


class _TooMuch(Exception):
    """Raised into the app that reads a body; never leaves `Limits`."""


class Limits:
    """The ASGI layer. `stopping` tells whether the server is ending."""

    def __init__(self, app: Any, rate: str = "", stopping: Callable[[], bool] = lambda: False) -> None:
        self.app = app
        self._meter = _Meter(rate) if rate else None
        self._stopping = stopping
        self._uploading = 0

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Handle one ASGI event."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, allowed = scope["path"], body_limit(scope["path"])
        upload = path.startswith(UPLOADS)
        try:
            self._admit(scope, allowed)
            if upload and self._uploading >= MAX_UPLOADS:
                raise ApiError(429, "busy", "正在上传的文件太多", "稍后再试", 2)
        except ApiError as error:
            await refuse(send, path, error)
            return
        self._uploading += upload
        try:
            await self._pass_on(scope, _Body(receive, allowed, UPLOAD_SECONDS if upload else READ_SECONDS), send)
        finally:
            self._uploading -= upload

    async def _pass_on(self, scope: dict[str, Any], body: "_Body", send: Send) -> None:
        started = False

        async def watched(message: dict[str, Any]) -> None:
            nonlocal started
            if body.refused is not None and not started:
                return  # whatever the app makes of a body that was cut off
            started = True
            await send(message)

        with contextlib.suppress(_TooMuch):
            await self.app(scope, body.receive, watched)
        if body.refused is not None and not started:
            await refuse(send, scope["path"], body.refused)

    def _admit(self, scope: dict[str, Any], allowed: int) -> None:
        """Raise ApiError for what can be refused by the request's head."""
        if scope["path"].startswith(METERED):
            if not scope["path"].isprintable():  # a line break is beyond what routes are matched by
                raise ApiError(404, "not_found", "没有这个地址")
            if self._stopping():
                raise ApiError(503, "stopping", "服务正在停止", "稍后再试", 5)
            who = caller_in(scope).name or (scope.get("client") or ("?",))[0]
            if self._meter is not None and (wait := self._meter.wait(who)):
                raise ApiError(429, "rate_limited", "请求太频繁", f"{wait} 秒后再试", wait)
        headers = dict(scope["headers"])
        if headers.get(b"content-encoding", b"identity").strip().lower() not in {b"identity", b""}:
            raise ApiError(415, "unsupported_media_type", "不接受压缩的请求体", "去掉 Content-Encoding")
        if b"transfer-encoding" in headers and b"content-length" in headers:  # a proxy may see another end of it
            raise ApiError(400, "invalid_request", "请求体有两种长度", "Content-Length 和 Transfer-Encoding 只能有一个")
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 18 or int(length) > allowed:
            raise _too_large(allowed)


class _Body:
    """A request's body, counted and timed as it is read."""

    def __init__(self, receive: Receive, allowed: int, seconds: float) -> None:
        self._receive, self._allowed, self._seconds = receive, allowed, seconds
        self._read, self._whole, self._until = 0, False, 0.0
        self.refused: ApiError | None = None

    async def receive(self) -> dict[str, Any]:
        if self._whole:  # what follows is the end of the connection, however long it takes
            rest: dict[str, Any] = await self._receive()
            return rest
        self._until = self._until or asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._until):
                message: dict[str, Any] = await self._receive()
        except TimeoutError:
            self.refused = ApiError(408, "timeout", "请求体迟迟没有到齐", "检查网络后重试")
            raise _TooMuch from None
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._read > self._allowed:
                self.refused = _too_large(self._allowed)
                raise _TooMuch
        return message


def body_limit(path: str) -> int:
    """Bytes that the body of a request to a path may have."""
    if path.startswith(UPLOADS):
        return MAX_BYTES + FRAME
    return MAX_JSON if path.startswith(("/v1", "/mcp")) else MAX_PAGE


def _too_large(allowed: int) -> ApiError:
    return ApiError(413, "too_large", "请求体太大", f"最多 {allowed:,} 字节")


async def refuse(send: Send, path: str, error: ApiError) -> None:
    """Send an error in the API's shape, from outside of any app. The connection ends: the body was not read."""
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    headers += [(name.encode(), value.encode()) for name, value in error.headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": as_json(error.body(path))})
