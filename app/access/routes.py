"""The routes of signing in and out.

GET  /login              the page                    ?lang&next
POST /login              name and password; a session's cookie comes back
GET  /logout, POST       the question, and the end of the session
GET  /login/oidc         to the organisation's sign-in, and /login/oidc/return from it
"""

import hmac
import logging
import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from app.access import sessions
from app.access.accounts import plain_name
from app.access.attempts import in_minutes
from app.access.caller import caller_in
from app.access.gate import COOKIE, TOKEN_KEY, cookie
from app.access.ledger import AccessError, Ledger
from app.access.pages import language_of, sign_in_page, sign_out_page
from app.access.sign_in import Signed, sign_in
from app.access.strings import say
from app.operations.logs import say as log
from app.types import Language
from ingest.errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

    from app.access.oidc import Provider
    from app.access.opening import Access

FORM_COOKIE, STATE_COOKIE = "policyqa_form", "policyqa_oidc"
_FORM_AGE = 3600  # seconds that a form may stay open
_BODY = 16_000  # bytes of a form
_LOCAL = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f]{0,500}")
_log = logging.getLogger(__name__)


def add_sign_in(app: "FastAPI", access: "Access") -> None:
    """Add the routes. Names and passwords are asked for in any case: an account may be made beside the organisation's."""
    from fastapi import Request, Response
    from fastapi.responses import RedirectResponse
    from starlette.concurrency import run_in_threadpool

    ledger, provider = access.ledger, access.provider

    def page(request: Request, status: int = 200, said: str = "", name: str = "", there: str = "/") -> Response:
        language = _language(request)
        token = cookie(request.scope, FORM_COOKIE) or secrets.token_urlsafe(24)
        html = sign_in_page(language, token, there, said=said, name=name, oidc=provider is not None)
        response = _html(html, status)
        _set(request, response, FORM_COOKIE, token, _FORM_AGE, "strict", "/login")
        return response

    @app.get("/login")
    def asked(request: Request) -> Response:
        return page(request, there=_there(request.query_params.get("next", "/")))

    @app.post("/login")
    async def tried(request: Request) -> Response:
        language, form = _language(request), await _form(request)
        there = _there(form.get("next", "/"))
        kept = cookie(request.scope, FORM_COOKIE)
        if not kept or not hmac.compare_digest(kept.encode(), form.get("token", "").encode()):
            return page(request, 403, say(language, "stale"), there=there)
        name, password = form.get("name", ""), form.get("password", "")
        address, former = _address(request), cookie(request.scope, COOKIE)
        try:
            signed = await run_in_threadpool(_tried, ledger, name, password, address, former)
        except AccessError:
            _log.exception("the accounts cannot be read")
            return page(request, 503, say(language, "broken"), there=there)
        if signed.token:
            return _signed(request, signed.token, there)
        if signed.wait:
            response = page(request, 429, say(language, "wait", minutes=in_minutes(signed.wait)), name[:100], there)
            response.headers["retry-after"] = str(int(signed.wait) + 1)
            return response
        return page(request, 401, say(language, "wrong"), name[:100], there)

    @app.get("/logout")
    def ask_out(request: Request) -> Response:
        token = sessions.form_token(request.scope[TOKEN_KEY])
        return _html(sign_out_page(_language(request), token, caller_in(request.scope).name))

    @app.post("/logout")
    async def out(request: Request) -> Response:
        token, form = request.scope[TOKEN_KEY], await _form(request)
        if not token or not hmac.compare_digest(sessions.form_token(token).encode(), form.get("token", "").encode()):
            return _html(sign_out_page(_language(request), sessions.form_token(token), ""), 403)
        sessions.end(ledger, token)
        log("sign_out")
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE, path="/")
        return response

    if provider is not None:
        _add_provider(app, ledger, provider, page)


def _add_provider(app: "FastAPI", ledger: Ledger, provider: "Provider", page: Any) -> None:
    from fastapi import Request, Response
    from fastapi.responses import RedirectResponse

    @app.get("/login/oidc")
    def leave(request: Request) -> Response:
        going = provider.leave(_there(request.query_params.get("next", "/")))
        response = RedirectResponse(going.address, 303)
        _set(request, response, STATE_COOKIE, going.kept, 600, "lax", "/login")
        return response

    @app.get("/login/oidc/return")
    def back(request: Request) -> Response:
        language = _language(request)
        try:
            account, there = provider.arrive(dict(request.query_params), cookie(request.scope, STATE_COOKIE), ledger)
            token = sessions.begin(ledger, account.name, cookie(request.scope, COOKIE))
        except (InputError, AccessError) as error:
            _log.warning("a sign-in from the provider was refused: %s", error.message)
            log("sign_in", logging.WARNING, result="refused", way="oidc", address=_address(request))
            response: Response = page(request, 403, say(language, "refused", why=error.message))
        else:
            log("sign_in", result="ok", way="oidc", account=account.name, address=_address(request))
            response = _signed(request, token, _there(there))
        response.delete_cookie(STATE_COOKIE, path="/login")
        return response


def _tried(ledger: Ledger, name: str, password: str, address: str, former: str) -> Signed:
    """Sign in, and tell the log of it: a name that is no account's is not written, as people type passwords there."""
    signed = sign_in(ledger, name, password, address, former)
    plain = plain_name(name)[:200]
    known = bool(ledger.rows("SELECT 1 FROM accounts WHERE name=?", (plain,)))
    result = "ok" if signed.token else "wait" if signed.wait else "wrong"
    level = logging.INFO if signed.token else logging.WARNING
    log("sign_in", level, result=result, way="password", account=plain if known else None, address=address)
    return signed


def _address(request: "Request") -> str:
    return request.client.host if request.client else ""


def _signed(request: "Request", token: str, there: str) -> "Response":
    from fastapi.responses import RedirectResponse

    response = RedirectResponse(there, 303)
    # lax, as strict would hide the session from the first page after an organisation's sign-in.
    _set(request, response, COOKIE, token, int(sessions.LONGEST), "lax", "/")
    response.delete_cookie(FORM_COOKIE, path="/login")
    return response


def _set(request: "Request", response: "Response", name: str, value: str, age: int, site: Any, path: str) -> None:
    # uvicorn has read the scheme from a proxy on this machine (X-Forwarded-Proto; FORWARDED_ALLOW_IPS for others).
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=age, path=path, secure=secure, httponly=True, samesite=site)


def _html(html: str, status: int = 200) -> "Response":
    from fastapi.responses import HTMLResponse

    return HTMLResponse(html, status, {"cache-control": "no-store"})


def _language(request: "Request") -> Language:
    return language_of(request.headers.get("accept-language", ""), request.query_params.get("lang", ""))


def _there(wanted: str) -> str:
    """Where to go after signing in: a path of this server and nothing else."""
    return wanted if _LOCAL.fullmatch(wanted) else "/"


async def _form(request: "Request") -> dict[str, str]:
    """The fields of a short form; {} for anything else."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _BODY:
            return {}
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}
