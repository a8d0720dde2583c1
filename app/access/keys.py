"""API keys: random, shown once, kept as hashes, found by their beginning, revocable."""

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass

from app.access.accounts import Account, known, loaded
from app.access.ledger import Ledger
from ingest.errors import InputError

_KEY = re.compile(r"pq_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key."""

    prefix: str
    account: str
    label: str
    created: float
    revoked: bool


def make_key(ledger: Ledger, name: str, label: str = "") -> str:
    """Make a key for an account; return it, the only time that it is known. Raises InputError."""
    account = known(ledger, name)
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    with ledger.change() as db:
        db.execute(
            "INSERT INTO keys(prefix, secret, account, label, created) VALUES(?,?,?,?,?)",
            (prefix, _digest(secret), account.name, label[:80], time.time()),
        )
    return f"pq_{prefix}_{secret}"


def account_of_key(ledger: Ledger, key: str) -> Account | None:
    """The account of a key; None for one that is unknown, revoked or of a disabled account."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    rows = ledger.rows(
        "SELECT k.secret, a.name, a.role, a.collections FROM keys k JOIN accounts a ON a.name=k.account "
        "WHERE k.prefix=? AND k.revoked=0 AND a.disabled=0",
        (match[1],),
    )
    # Of 256 random bits one plain hash is enough: there is nothing to guess.
    if not rows or not hmac.compare_digest(rows[0][0], _digest(match[2])):
        return None
    return loaded(*rows[0][1:])


def keys_of(ledger: Ledger, name: str = "") -> list[Key]:
    """The keys of an account, or all."""
    rows = ledger.rows(
        "SELECT prefix, account, label, created, revoked FROM keys WHERE account=? OR ?='' ORDER BY created",
        (name, name),
    )
    return [Key(prefix, account, label, created, bool(revoked)) for prefix, account, label, created, revoked in rows]


def revoke_key(ledger: Ledger, prefix: str) -> str:
    """Revoke a key by its beginning, which is returned without what may follow. Raises InputError where there is none."""
    plain = prefix.removeprefix("pq_").partition("_")[0]
    with ledger.change() as db:
        if not db.execute("UPDATE keys SET revoked=1 WHERE prefix=?", (plain,)).rowcount:
            raise InputError(f"没有以 {plain[:20]} 开头的密钥", "用 policyqa key list 查看")
    return plain


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
