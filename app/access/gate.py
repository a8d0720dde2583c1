"""The gate before everything that the server offers: who is it, and may they come in.

What it lets in without asking is a list of exact paths; any other path, however it is written, is closed. What a role may do
is asked where it is done (`caller_in(request.scope).may(...)`), not by the path.
"""

import json
import logging
from collections import OrderedDict
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote

from app.access.accounts import Account
from app.access.caller import NOBODY, SCOPE_KEY, Caller
from app.access.keys import account_of_key
from app.access.ledger import AccessError, Ledger
from app.access.sessions import account_of

COOKIE = "policyqa_session"
OPEN = frozenset(("/healthz", "/readyz", "/login", "/login/oidc", "/login/oidc/return"))
TOKEN_KEY = "policyqa.session"  # the session's token, in the ASGI scope
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_TABS = 20_000  # tabs of the page whose owners are known
_BODY = 2_000_000  # bytes of a request to the page
_PAGE = "gradio_api"
_log = logging.getLogger(__name__)
Scope = dict[str, Any]
Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


class Gate:
    """ASGI: sets the caller of each request, or answers in the application's place."""

    def __init__(self, app: Any, ledger: Ledger) -> None:
        self.app, self._ledger = app, ledger
        self._tabs: OrderedDict[str, str] = OrderedDict()  # a tab's session_hash -> the account it belongs to

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        scope.pop(SCOPE_KEY, None)
        try:
            account, by_key = self._account(scope)
        except AccessError:
            _log.exception("the accounts cannot be read")
            await refuse(scope, send, 503, "unavailable", "账号暂时无法读取", "稍后重试，或联系管理员")
            return
        scope[SCOPE_KEY] = account.caller if account else NOBODY
        if account is None and scope["path"] not in OPEN:
            await _unknown(scope, send)
            return
        if account is not None and not by_key and not _is_own(scope):
            await refuse(scope, send, 403, "cross_site", "请求来自其他网站", "请在本站页面上操作")
            return
        if account is not None and _PAGE in scope["path"].lower() and scope["type"] == "http":
            body = await _body(receive) if scope["method"] not in _SAFE else b""
            if body is None:
                await refuse(scope, send, 413, "too_large", "请求过大", "")
                return
            if not self._owns(account.caller, _tabs_named(scope, body)):
                await refuse(scope, send, 403, "not_yours", "这个页面属于另一个账号", "刷新页面后重试")
                return
            receive = _again(body, receive) if scope["method"] not in _SAFE else receive
        await self.app(scope, receive, send)

    def _account(self, scope: Scope) -> tuple[Account | None, bool]:
        """Who asks, and whether they did so by a key. A key that is wrong is not made good by a cookie."""
        scheme, _, given = header(scope, b"authorization").partition(" ")
        if scheme.lower() == "bearer":
            return account_of_key(self._ledger, given.strip()), True
        token = cookie(scope, COOKIE)
        account = account_of(self._ledger, token)
        scope[TOKEN_KEY] = token if account else ""
        return account, False

    def _owns(self, caller: Caller, tabs: list[str]) -> bool:
        """Whether tabs are the caller's: what is kept for a tab is found by a number that the browser chose."""
        for tab in tabs:
            if self._tabs.setdefault(tab, caller.name) != caller.name:
                return False
            self._tabs.move_to_end(tab)
        while len(self._tabs) > _TABS:
            self._tabs.popitem(last=False)
        return True


def cookie(scope: Scope, name: str) -> str:
    """The value of a request's cookie, "" where it has none."""
    try:
        found = SimpleCookie(header(scope, b"cookie")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def header(scope: Scope, wanted: bytes) -> str:
    """The value of a request's header, "" where it has none."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def _is_own(scope: Scope) -> bool:
    """Whether a request that a cookie vouches for was made by a page of ours: browsers say where it comes from."""
    if scope["type"] == "http" and scope["method"] in _SAFE:
        return True
    site, origin = header(scope, b"sec-fetch-site"), header(scope, b"origin")
    if site:
        return site in {"same-origin", "none"}
    hosts = {header(scope, b"host"), header(scope, b"x-forwarded-host")} - {""}
    return bool(origin) and origin.partition("://")[2] in hosts


def _tabs_named(scope: Scope, body: bytes) -> list[str]:
    """The tabs that a request to the page speaks of: in its address, in its path's end, in its body."""
    named = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
    path = scope["path"].rstrip("/").split("/")
    if len(path) > 2 and path[-2] == "heartbeat":
        named = [*named, path[-1]]
    if body.lstrip()[:1] == b"{":
        try:
            told = json.loads(body).get("session_hash")
        except (ValueError, RecursionError):
            told = None
        named = [*named, told] if isinstance(told, str) else named
    return [name[:100] for name in named if name]


async def _body(receive: Receive) -> bytes | None:
    """The whole body of a request; None where it is too long or the caller has gone."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request" or len(body) + len(message.get("body", b"")) > _BODY:
            return None
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


async def _unknown(scope: Scope, send: Send) -> None:
    """Send a reader to the sign-in page, tell a program that it has to say who it is."""
    wants_page = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} and not header(scope, b"authorization")
    if wants_page and "text/html" in header(scope, b"accept"):
        there = "" if scope["path"] == "/" else "?next=" + quote(scope["path"])
        await answer(send, 303, b"", [(b"location", f"/login{there}".encode())])
        return
    await refuse(scope, send, 401, "unauthorized", "需要登录", "在 Authorization 头里写 Bearer 加 API 密钥，或先在 /login 登录")


async def refuse(scope: Scope, send: Send, status: int, code: str, message: str, hint: str) -> None:
    """Answer with an error, in a form that the API's and OpenAI's clients both read."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4000 + status})
        return
    error = {"code": code, "message": message, "hint": hint, "type": "invalid_request_error"}
    body = json.dumps({"error": error}, ensure_ascii=False).encode()
    more = [(b"www-authenticate", b"Bearer")] if status == 401 else []
    await answer(send, status, body, [(b"content-type", b"application/json"), *more])


async def answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """Send a whole response that nobody may keep."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length, (b"cache-control", b"no-store")]})
    await send({"type": "http.response.body", "body": body})
