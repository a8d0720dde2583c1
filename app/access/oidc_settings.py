"""What is set of an organisation's sign-in."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.access.caller import ROLES, Role
from ingest.errors import InputError


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """What the variables say. `public_url` is how browsers reach this server."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    public_url: str
    roles: Mapping[str, Role] = field(default_factory=dict)  # value of the role claim -> role; empty: everyone reads
    role_claim: str = "groups"
    collections_claim: str = ""  # whose values are names of collections; "": the common one only


def load_oidc(env: Mapping[str, str]) -> OidcSettings | None:
    """Read the variables; None where no issuer is set. Raises InputError for what is missing or cannot be used."""
    values = {name.removeprefix("POLICYQA_"): env.get(name, "").strip() for name in _NAMES}
    if not values["OIDC_ISSUER"]:
        return None
    for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "PUBLIC_URL"):
        if not values[name]:
            raise InputError(f"OIDC 登录还要设置 POLICYQA_{name}", "见 docs/access.md")
    for name in ("OIDC_ISSUER", "PUBLIC_URL"):
        if not values[name].startswith(("https://", "http://")):
            raise InputError(f"POLICYQA_{name} 不是网址：{values[name][:80]}", "例如 https://sso.example.org")
    if not _is_safe(values["OIDC_ISSUER"]):
        raise InputError("POLICYQA_OIDC_ISSUER 要用 https", "只有本机的登录方可以用 http")
    return OidcSettings(
        issuer=values["OIDC_ISSUER"],
        client_id=values["OIDC_CLIENT_ID"],
        client_secret=values["OIDC_CLIENT_SECRET"],
        public_url=values["PUBLIC_URL"],
        roles=_roles(values["OIDC_ROLES"]),
        role_claim=values["OIDC_ROLE_CLAIM"] or "groups",
        collections_claim=values["OIDC_COLLECTIONS_CLAIM"],
    )


def _is_safe(issuer: str) -> bool:
    """Whether what the issuer says cannot be changed on its way."""
    try:
        host = urlsplit(issuer).hostname or ""
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    return local or issuer.startswith("https://")


def _roles(text: str) -> dict[str, Role]:
    """The mapping 部门甲=reader,管理组=admin."""
    found: dict[str, Role] = {}
    for pair in filter(None, (part.strip() for part in text.replace("，", ",").split(","))):
        value, _, wanted = pair.rpartition("=")
        role = next((role for role in ROLES if role == wanted.strip()), None)
        if not value or role is None:
            raise InputError(
                f"POLICYQA_OIDC_ROLES 无效：{pair[:80]}", "写作 组名=reader,另一组=admin；角色有 " + "、".join(ROLES)
            )
        found[value.strip()] = role
    return found


_NAMES = (
    "POLICYQA_OIDC_ISSUER", "POLICYQA_OIDC_CLIENT_ID", "POLICYQA_OIDC_CLIENT_SECRET", "POLICYQA_OIDC_ROLES",
    "POLICYQA_OIDC_ROLE_CLAIM", "POLICYQA_OIDC_COLLECTIONS_CLAIM", "POLICYQA_PUBLIC_URL",
)  # fmt: skip
