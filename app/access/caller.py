"""Who asks: a name, a role, and the collections that may be read. Set once a request, by the server's outermost layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["reader", "editor", "admin"]
_RANK: Mapping[str, int] = {"reader": 0, "editor": 1, "admin": 2}
SCOPE_KEY = "policyqa.caller"  # in the ASGI scope


@dataclass(frozen=True, slots=True)
class Caller:
    """`collections` None: all of them."""

    name: str
    role: Role
    collections: frozenset[str] | None = None

    def may(self, role: Role) -> bool:
        """Whether the caller's role includes `role`: an admin edits, an editor reads."""
        return _RANK[self.role] >= _RANK[role]


LOCAL = Caller("", "admin")  # the person at this machine, where nobody has to sign in


def caller_in(scope: Mapping[str, Any]) -> Caller:
    """Return whom a request comes from, by its ASGI scope; LOCAL where access is not checked."""
    caller = scope.get(SCOPE_KEY, LOCAL)
    assert isinstance(caller, Caller)
    return caller
