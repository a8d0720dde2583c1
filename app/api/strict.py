"""JSON bodies read strictly: what two readers would read differently is refused."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.params import Form
from fastapi.routing import APIRoute

from app.access.caller import Role, caller_in
from app.api.errors import ApiError

ROLE = "x-role"  # in a route's OpenAPI: who may call it
_HINT = "请求体须是一个 UTF-8 编码的 JSON 对象"


class StrictRequest(Request):
    """A request whose JSON has no doubled keys, no NaN, no invalid UTF-8 and no bottomless nesting."""

    async def json(self) -> Any:
        """Return the body. Raises ApiError (400)."""
        return read_json(await self.body())


class StrictRoute(APIRoute):
    """A route for callers of a role, that reads its JSON strictly, and only what is sent as JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, given a strict request."""
        handle = super().get_route_handler()
        wanted = ""
        if self.body_field is not None:
            wanted = "multipart/form-data" if isinstance(self.body_field.field_info, Form) else "application/json"

        needed: Role = (self.openapi_extra or {}).get(ROLE, "reader")

        async def strictly(request: Request) -> Response:
            if not caller_in(request.scope).may(needed):  # before anything is read
                raise ApiError(403, "forbidden", "没有权限", f"需要 {needed} 角色")
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if wanted and kind != wanted:
                raise ApiError(415, "unsupported_media_type", "不支持的内容类型", f"Content-Type 须是 {wanted}")
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


def read_json(body: bytes) -> Any:
    """Parse a body. Raises ApiError (400) for anything but plain JSON in UTF-8."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise ApiError(400, "invalid_json", "请求体不是 UTF-8", _HINT) from None
    except RecursionError:
        raise ApiError(400, "invalid_json", "请求体嵌套太深", _HINT) from None
    except ValueError:  # of the syntax, of a number with thousands of digits, or from below
        raise ApiError(400, "invalid_json", "请求体不是合法的 JSON", _HINT) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
