"""Signing in by name and password: what it costs and what it tells are the same for every name."""

import threading
from dataclasses import dataclass

from app.access import attempts, passwords, sessions
from app.access.accounts import NOBODY_SIGNS_IN, plain_name
from app.access.ledger import Ledger

_AT_ONCE = threading.Semaphore(2)  # each verification takes 64 MiB


@dataclass(frozen=True, slots=True)
class Signed:
    """What came of it: a session's `token`, or "" and perhaps the seconds to `wait`."""

    token: str = ""
    wait: float = 0.0


def sign_in(ledger: Ledger, name: str, password: str, address: str, former: str = "") -> Signed:
    """Begin a session for a name and password. `former` is the session that the browser came with, which ends.

    Raises AccessError where the accounts cannot be read.
    """
    plain = plain_name(name)[:200]
    wait = attempts.admit(ledger, plain, address)
    if wait:
        return Signed(wait=wait)
    rows = ledger.rows("SELECT password FROM accounts WHERE name=? AND disabled=0", (plain,))
    kept = rows[0][0] if rows else NOBODY_SIGNS_IN
    with _AT_ONCE:
        right = passwords.fits(kept or passwords.nobodys(), password)
    if not (right and kept):
        return Signed()
    attempts.succeeded(ledger, plain, address)
    if passwords.is_outdated(kept):
        with ledger.change() as db:
            db.execute(
                "UPDATE accounts SET password=? WHERE name=? AND password=?", (passwords.hashed(password), plain, kept)
            )
    return Signed(sessions.begin(ledger, plain, former))
