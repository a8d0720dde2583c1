"""The request that is being handled: its id, and who asks. Known in every thread that works for it."""

import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from app.access.caller import caller_in
from app.scope import header

KEY = "policyqa.request"  # in the ASGI scope
_FORM = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Request:
    """`scope` is the ASGI scope; whoever signs callers in writes into it."""

    id: str
    scope: Mapping[str, Any]

    @property
    def caller(self) -> str:
        """The name of who asks; "" where nobody has to sign in."""
        return caller_in(self.scope).name

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers by their names in small letters."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}


CURRENT: ContextVar[Request | None] = ContextVar("policyqa_request", default=None)


def request_of(scope: Mapping[str, Any]) -> Request:
    """Return the request of a scope: the one that is watched, else one under the id that it brings (X-Request-ID) or a new one."""
    watched = scope.get(KEY)
    if isinstance(watched, Request):
        return watched
    given = header(scope, b"x-request-id")
    return Request(given if _FORM.fullmatch(given) else new_id(), scope)


def new_id() -> str:
    """Return an id that no other request has."""
    return secrets.token_hex(8)
