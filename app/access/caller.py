"""Who asks: a name, a role, and the collections that may be read. Set once a request, by the server's outermost layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ingest.errors import InputError

Role = Literal["reader", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
_RANK: Mapping[str, int] = {"reader": 0, "editor": 1, "admin": 2}
SCOPE_KEY = "policyqa.caller"  # in the ASGI scope


class ForbiddenError(InputError):
    """What was asked for is not for this caller to do."""


@dataclass(frozen=True, slots=True)
class Caller:
    """`collections` None: all of them."""

    name: str
    role: Role
    collections: frozenset[str] | None = None

    def may(self, role: Role) -> bool:
        """Whether the caller's role includes `role`: an admin edits, an editor reads."""
        return _RANK[self.role] >= _RANK[role]

    def reads(self, collection: str) -> bool:
        """Whether the caller may read a collection."""
        return self.collections is None or collection in self.collections


LOCAL = Caller("", "admin")  # the person at this machine, where nobody has to sign in
NOBODY = Caller("", "reader", frozenset())  # who has not signed in where one has to: nothing is there for them


def caller_in(scope: Mapping[str, Any]) -> Caller:
    """Return whom a request comes from, by its ASGI scope; LOCAL where access is not checked."""
    caller = scope.get(SCOPE_KEY, LOCAL)
    assert isinstance(caller, Caller)
    return caller
