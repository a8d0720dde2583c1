"""The gate before everything that the server offers: who is it, and may they come in.

What it lets in without asking is a list of exact paths; any other path, however it is written, is closed. What a role may do
is asked where it is done (`caller_in(request.scope).may(...)`), not by the path.
"""

import logging
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote

from app.access.accounts import Account
from app.access.caller import NOBODY, SCOPE_KEY
from app.access.keys import account_of_key
from app.access.ledger import AccessError, Ledger
from app.access.sessions import account_of
from app.api.errors import ApiError
from app.api.limits import refuse
from app.scope import SAFE, header

COOKIE = "policyqa_session"
OPEN = frozenset(("/healthz", "/readyz", "/login", "/login/oidc", "/login/oidc/return"))
TOKEN_KEY = "policyqa.session"  # the session's token, in the ASGI scope; "" where a key or nobody asks
_log = logging.getLogger(__name__)
Scope = dict[str, Any]
Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


class Gate:
    """ASGI: sets the caller of each request, or answers in the application's place."""

    def __init__(self, app: Any, ledger: Ledger) -> None:
        self.app, self._ledger = app, ledger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        try:
            account, by_key = self._account(scope)
        except AccessError:
            _log.exception("the accounts cannot be read")
            await _refused(scope, send, ApiError(503, "unavailable", "账号暂时无法读取", "稍后重试，或联系管理员", 5))
            return
        scope[SCOPE_KEY] = account.caller if account else NOBODY
        if account is None and scope["path"] not in OPEN:
            await _unknown(scope, send)
        elif account is not None and not by_key and not _is_own(scope):
            await _refused(scope, send, ApiError(403, "cross_site", "请求来自其他网站", "请在本站页面上操作"))
        else:
            await self.app(scope, receive, send)

    def _account(self, scope: Scope) -> tuple[Account | None, bool]:
        """Who asks, and whether they did so by a key. A key that is wrong is not made good by a cookie."""
        scope[TOKEN_KEY] = ""
        scheme, _, given = header(scope, b"authorization").partition(" ")
        if scheme.lower() == "bearer":
            return account_of_key(self._ledger, given.strip()), True
        token = cookie(scope, COOKIE)
        account = account_of(self._ledger, token)
        scope[TOKEN_KEY] = token if account else ""
        return account, False


def cookie(scope: Mapping[str, Any], name: str) -> str:
    """The value of a request's cookie, "" where it has none."""
    try:
        found = SimpleCookie(header(scope, b"cookie")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _is_own(scope: Scope) -> bool:
    """Whether a request that a cookie vouches for was made by a page of ours: browsers say where it comes from."""
    if scope["type"] == "http" and scope["method"] in SAFE:
        return True
    site, origin = header(scope, b"sec-fetch-site"), header(scope, b"origin")
    if site:
        return site in {"same-origin", "none"}
    hosts = {header(scope, b"host"), header(scope, b"x-forwarded-host")} - {""}
    return bool(origin) and origin.partition("://")[2] in hosts


async def _unknown(scope: Scope, send: Send) -> None:
    """Send a reader to the sign-in page, tell a program that it has to say who it is."""
    wants_page = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} and not header(scope, b"authorization")
    if not (wants_page and "text/html" in header(scope, b"accept")):
        hint = "在 Authorization 头里写 Bearer 加 API 密钥，或先在 /login 登录"
        await _refused(scope, send, ApiError(401, "unauthorized", "需要登录", hint))
        return
    there = "" if scope["path"] == "/" else "?next=" + quote(scope["path"])
    headers = [(b"location", f"/login{there}".encode()), (b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _refused(scope: Scope, send: Send, error: ApiError) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4000 + error.status})
        return
    await refuse(send, scope["path"], error)
