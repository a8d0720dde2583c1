"""Sessions: a random token in a cookie, its hash here. They end by themselves, at signing out, and with their account."""

import contextlib
import hashlib
import secrets
import time

from app.access.accounts import Account, loaded
from app.access.ledger import AccessError, Ledger

IDLE, LONGEST = 12 * 3600.0, 7 * 86400.0  # seconds
_NOTE = 60.0  # seconds after which it is noted that a session is in use


def begin(ledger: Ledger, account: str, former: str = "") -> str:
    """Begin a session and end the one that the browser came with; return the new token."""
    token, now = secrets.token_urlsafe(32), time.time()
    with ledger.change() as db:
        db.execute(
            "DELETE FROM sessions WHERE token=? OR seen<? OR created<?", (_digest(former), now - IDLE, now - LONGEST)
        )
        db.execute("INSERT INTO sessions VALUES(?,?,?,?)", (_digest(token), account, now, now))
    return token


def account_of(ledger: Ledger, token: str) -> Account | None:
    """The account that a token stands for; None for one that is unknown, ended, or of a disabled account."""
    if not token or len(token) > 100:
        return None
    now = time.time()
    rows = ledger.rows(
        "SELECT s.seen, a.name, a.role, a.collections FROM sessions s JOIN accounts a ON a.name=s.account "
        "WHERE s.token=? AND a.disabled=0 AND s.seen>=? AND s.created>=?",
        (_digest(token), now - IDLE, now - LONGEST),
    )
    if not rows:
        return None
    if abs(now - rows[0][0]) > _NOTE:
        # A full or read-only disk signs nobody out: the session just ends earlier.
        with contextlib.suppress(AccessError), ledger.change() as db:
            db.execute("UPDATE sessions SET seen=? WHERE token=?", (now, _digest(token)))
    return loaded(*rows[0][1:])


def end(ledger: Ledger, token: str) -> None:
    """End a session."""
    with ledger.change() as db:
        db.execute("DELETE FROM sessions WHERE token=?", (_digest(token),))


def form_token(token: str) -> str:
    """What a form of a session's page has to send back: no other site can know it."""
    return hashlib.sha256(f"form {token}".encode()).hexdigest()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
