"""Signing in with an organisation's account: OpenID Connect, authorisation code with PKCE.

The provider is asked for what it offers when the server starts. What it says of a person (claims of the signed ID token)
is mapped to a role and to collections at each sign-in; the person then is an account like any other, `oidc:` and its id.
"""

import base64
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode

from app.access.accounts import NOBODY_SIGNS_IN, Account, add, grant, granted, known
from app.access.caller import ROLES, Role
from app.access.ledger import Ledger
from app.access.oidc_settings import OidcSettings
from ingest.collections import as_collection
from ingest.errors import InputError

SCOPE = "openid profile"
_PLAIN = re.compile(r"[a-z0-9.@:+_-]{1,80}")
# None that a public key could be used to forge.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
_TIMEOUT = 10.0  # seconds
_LONGEST = 3000  # characters of an address in a cookie, of which browsers take 4096 in all
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri", "issuer")


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Going:
    """The way to the provider: its address, and what the browser keeps until it is back."""

    address: str
    kept: str


class Provider:
    """The organisation's sign-in. Use `open_provider`."""

    def __init__(self, settings: OidcSettings, offered: Mapping[str, Any]) -> None:
        self._settings, self._offered = settings, offered
        self._return = settings.public_url.rstrip("/") + "/login/oidc/return"

    def leave(self, there: str) -> Going:
        """Return the provider's address for one sign-in."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = urlencode({
            "response_type": "code", "client_id": self._settings.client_id, "redirect_uri": self._return, "scope": SCOPE,
            "state": state, "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256",
        })  # fmt: skip
        address = self._offered["authorization_endpoint"]
        kept = quote(there)  # a cookie is ASCII
        kept = "|".join((state, nonce, verifier, kept if len(kept) <= _LONGEST else "/"))
        return Going(f"{address}{'&' if '?' in address else '?'}{asked}", kept)

    def arrive(self, answer: Mapping[str, str], kept: str, ledger: Ledger) -> tuple[Account, str]:
        """Return the account of who comes back, and where to go. Raises InputError for anything that does not hold."""
        parts = kept.split("|", 3)
        if len(parts) != 4 or not hmac.compare_digest(parts[0].encode(), answer.get("state", "").encode()):
            raise InputError("登录请求已过期或不是从本站发起")
        _, nonce, verifier, there = parts
        if "error" in answer or not answer.get("code"):
            raise InputError(f"登录方拒绝：{answer.get('error', '没有授权码')[:100]}")
        claims = self._claims(answer["code"], verifier, nonce)
        return self._account(claims, ledger), unquote(there)

    def _claims(self, code: str, verifier: str, nonce: str) -> dict[str, Any]:
        import httpx

        given = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self._return, "code_verifier": verifier,
            "client_id": self._settings.client_id,
        }  # fmt: skip
        try:
            with httpx.Client(timeout=_TIMEOUT) as client:
                told = client.post(self._offered["token_endpoint"], **self._proven(given))
                told.raise_for_status()
                found = client.get(self._offered["jwks_uri"])
                found.raise_for_status()
                return self._verified(told.json()["id_token"], found.json(), nonce)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            _log.warning("a sign-in could not be verified: %r", error)
            raise InputError(f"登录方的回答无法核实（{type(error).__name__}）") from error

    def _proven(self, form: dict[str, str]) -> dict[str, Any]:
        """The form with the client's secret where the provider wants it: in the header unless it only takes it in the form."""
        name, secret = self._settings.client_id, self._settings.client_secret
        ways = self._offered.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" in ways:
            return {"data": form, "auth": (quote(name, safe=""), quote(secret, safe=""))}
        return {"data": {**form, "client_secret": secret}}

    def _verified(self, token: str, keys: Any, nonce: str) -> dict[str, Any]:
        """The claims of an ID token whose signature, issuer, audience, times and nonce hold. Raises ValueError."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        registry = jwt.JWTClaimsRegistry(
            leeway=60, iss={"essential": True, "value": self._offered["issuer"]}, sub={"essential": True},
            exp={"essential": True}, iat={"essential": True}, nonce={"essential": True, "value": nonce},
            aud={"essential": True, "value": self._settings.client_id},
        )  # fmt: skip
        try:
            claims = dict(jwt.decode(token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims)
            registry.validate(claims)
        except JoseError as error:
            raise ValueError(str(error)) from error
        if claims.get("azp", self._settings.client_id) != self._settings.client_id:
            raise ValueError("azp")
        return claims

    def _account(self, claims: Mapping[str, Any], ledger: Ledger) -> Account:
        """The account of a person, made at the first sign-in, with the role and collections that the claims now give."""
        role = role_of(claims, self._settings)
        collections = collections_of(claims, self._settings)
        name = account_name(str(claims["sub"]))
        try:
            account = known(ledger, name)
        except InputError:
            return add(ledger, name, NOBODY_SIGNS_IN, role, collections)
        if account.disabled:
            raise InputError("账号已停用")
        return grant(ledger, name, role, collections, change=True)


def account_name(subject: str) -> str:
    """The account of a person by the provider's id for them: two ids that differ in case or at their end are two people."""
    if _PLAIN.fullmatch(subject) and not subject.startswith("sha256:"):
        return f"oidc:{subject}"
    return f"oidc:sha256:{hashlib.sha256(subject.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def role_of(claims: Mapping[str, Any], settings: OidcSettings) -> Role:
    """The highest role that the claim gives. Raises InputError where roles are mapped and it gives none."""
    if not settings.roles:
        return "reader"
    given = [settings.roles[value] for value in _values(claims, settings.role_claim) if value in settings.roles]
    if not given:
        raise InputError("没有使用本系统的权限")
    return max(given, key=ROLES.index)


def collections_of(claims: Mapping[str, Any], settings: OidcSettings) -> frozenset[str] | None:
    """The collections that the claim names; a value that is no name is passed over. `*` names none: all are never claimed."""
    names = set()
    for value in _values(claims, settings.collections_claim) if settings.collections_claim else ():
        try:
            names.add(as_collection(value))
        except InputError:
            continue
    return granted(names - {"*"})


def _values(claims: Mapping[str, Any], name: str) -> list[str]:
    """The values of a claim, which may lie deeper: realm_access.roles."""
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return [str(value) for value in (found if isinstance(found, list) else [found]) if value is not None]


def open_provider(settings: OidcSettings) -> Provider:
    """Ask the provider what it offers. Raises InputError where it does not answer as one."""
    import httpx

    address = settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        found = httpx.get(address, timeout=_TIMEOUT)
        found.raise_for_status()
        offered = found.json()
        missing = [name for name in _NEEDED if not isinstance(offered.get(name), str)]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as error:
        why = str(error).split("\n")[0][:120] or type(error).__name__
        raise InputError(f"取不到 OIDC 登录方的配置：{address}（{why}）", "检查 POLICYQA_OIDC_ISSUER 与网络") from error
    if missing or offered["issuer"].rstrip("/") != settings.issuer.rstrip("/"):
        raise InputError(f"OIDC 登录方的配置不完整或不是它自己的：{address}", "检查 POLICYQA_OIDC_ISSUER")
    return Provider(settings, offered)
