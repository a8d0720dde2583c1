"""What goes wrong, as the API tells it: one JSON shape, OpenAI's own on the routes that its clients call, never a trace.

{"error": {"code", "message", "hint"}}                     /v1/...
{"error": {"message", "type", "param", "code"}}            /v1/chat/completions, /v1/models
"""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.access.caller import ForbiddenError
from ingest.errors import InputError, PolicyQAError, StoreError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

_log = logging.getLogger(__name__)
_NAMES = {
    400: "invalid_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    408: "timeout", 413: "too_large", 415: "unsupported_media_type", 429: "busy", 503: "unavailable",
}  # fmt: skip
_WORDS = {404: "没有这个地址", 405: "这个地址不接受该方法", 413: "请求体太大", 415: "不支持的内容类型"}
_SHOWN = 200  # characters of where and why


class ApiError(Exception):
    """A request that gets another answer than it asked for. `retry`: seconds after which to try again, 0: no word of it."""

    def __init__(self, status: int, code: str, message: str, hint: str = "", retry: int = 0) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.hint, self.retry = status, code, message, hint, retry

    @property
    def headers(self) -> dict[str, str]:
        """What the answer's head says of it."""
        told = {"retry-after": str(self.retry)} if self.retry else {}
        return {**told, "www-authenticate": "Bearer"} if self.status == 401 else told

    def body(self, path: str) -> dict[str, Any]:
        """Return the JSON for a route by its path."""
        if not _speaks_openai(path):
            return {"error": {"code": self.code, "message": self.message, "hint": self.hint}}
        kind = "invalid_request_error" if self.status < 500 and self.status != 429 else "server_error"
        text = f"{self.message}（{self.hint}）" if self.hint else self.message
        return {"error": {"message": text, "type": kind, "param": None, "code": self.code}}


def _speaks_openai(path: str) -> bool:
    return path.startswith(("/v1/chat", "/v1/models"))


def as_json(value: Any) -> bytes:
    """Write JSON as `--json` does: Chinese as it is, a lone surrogate (of a file's name) as its escape."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> "Response":
    """Return a JSON response."""
    from fastapi import Response

    return Response(as_json(value), status, dict(headers or {}), "application/json")


def known(error: PolicyQAError) -> ApiError:
    """Return what a known error is to a caller: what was given cannot be used (422), or the index cannot (503)."""
    if isinstance(error, ForbiddenError):
        return ApiError(403, "forbidden", error.message, error.hint)
    if isinstance(error, InputError):
        return ApiError(422, "unusable", error.message, error.hint)
    if isinstance(error, StoreError):  # its words name the operator's folders
        _log.warning("the store cannot be used: %s", error)
        return ApiError(503, "store_unavailable", "索引暂时不可用", "稍后再试，或请管理员查看日志", 5)
    _log.error("a known error: %s", error)
    return ApiError(503, "unavailable", "暂时无法处理", "稍后再试，或请管理员查看日志", 5)


def add_errors(app: "FastAPI") -> None:
    """Have an app tell every error in the one shape."""
    from fastapi import Request
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect

    def told(request: Request, error: ApiError, headers: Mapping[str, str] | None = None) -> "Response":
        return answer(error.body(request.url.path), error.status, {**error.headers, **(headers or {})})

    @app.exception_handler(ApiError)
    def refused(request: Request, error: ApiError) -> "Response":
        return told(request, error)

    @app.exception_handler(PolicyQAError)
    def unusable(request: Request, error: PolicyQAError) -> "Response":
        return told(request, known(error))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> "Response":
        return told(request, ApiError(400, "invalid_request", "请求的内容不合要求", _where(error.errors())))

    @app.exception_handler(HTTPException)
    def plain(request: Request, error: HTTPException) -> "Response":
        headers = dict(error.headers or {})
        if isinstance(error.__cause__, OSError):  # what came in could not be put aside
            return told(request, ApiError(507, "no_room", "文件写不进去", "检查磁盘空间"))
        if error.status_code == 405:  # Starlette names the methods of the first route of the path only
            headers["Allow"] = ", ".join(_methods(app, request))
        message = _WORDS.get(error.status_code, "请求的内容不合要求")
        return told(request, ApiError(error.status_code, _NAMES.get(error.status_code, "error"), message), headers)

    @app.exception_handler(ClientDisconnect)
    def gone(request: Request, error: ClientDisconnect) -> "Response":
        return told(request, ApiError(499, "gone", "连接已断开"))  # to nobody

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> "Response":
        return told(request, ApiError(500, "internal", "程序出了问题", "请管理员查看日志"))


def _where(errors: Sequence[Any]) -> str:
    """Where the first thing is that does not fit, and why; never the value itself."""
    first = errors[0] if errors else {"loc": (), "msg": ""}
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    text = f"{place}: {first['msg']}" if place else str(first["msg"])
    return text.encode("utf-8", "replace").decode()[:_SHOWN]


def _methods(app: "FastAPI", request: "Request") -> list[str]:
    from starlette.routing import Match

    found: set[str] = set()
    for route in app.routes:
        if route.matches(request.scope)[0] != Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted(found)
