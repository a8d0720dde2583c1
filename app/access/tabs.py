"""A tab of the page belongs to who opened it: Gradio finds what it keeps for a tab by a number that the browser chose.

Stands behind the limits, which have counted and timed the body that is read here.
"""

import itertools
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from app.access.caller import Caller, caller_in
from app.api.errors import ApiError
from app.api.limits import refuse

_TABS = 20_000  # tabs whose owners are known
_PAGE = "gradio_api"
_NAMED_BY = frozenset(("heartbeat", "stream"))  # parts of a path before the name of a tab
Scope = dict[str, Any]
Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


class Tabs:
    """ASGI: refuses a request about another account's tab."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._owners: OrderedDict[str, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event."""
        if scope["type"] != "http" or _PAGE not in scope["path"].lower():
            await self.app(scope, receive, send)
            return
        body = await _body(receive) if scope["method"] == "POST" else b""
        named = _tabs_in_body(body)
        if named is None:
            await refuse(send, scope["path"], ApiError(400, "invalid_request", "请求的内容不合要求"))
            return
        if not self._owns(caller_in(scope), [*named, *_tabs_in_address(scope)]):
            await refuse(send, scope["path"], ApiError(403, "not_yours", "这个页面属于另一个账号", "刷新页面后重试"))
            return
        await self.app(scope, _again(body, receive) if scope["method"] == "POST" else receive, send)

    def _owns(self, caller: Caller, tabs: list[str]) -> bool:
        for tab in tabs:
            if self._owners.setdefault(tab, caller.name) != caller.name:
                return False
            self._owners.move_to_end(tab)
        while len(self._owners) > _TABS:
            self._owners.popitem(last=False)
        return True


def _tabs_in_address(scope: Scope) -> list[str]:
    named = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
    parts = scope["path"].split("/")
    named += [name for before, name in itertools.pairwise(parts) if before in _NAMED_BY and name]
    return named


def _tabs_in_body(body: bytes) -> list[str] | None:
    """The tab that a body speaks of, read as Gradio will read it; None for a body that is no JSON: the page sends no other."""
    if not body:
        return []
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    tab = told.get("session_hash") if isinstance(told, dict) else None
    return [tab] if isinstance(tab, str) else []


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read to whoever reads it next."""
    given = False

    async def replayed() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
