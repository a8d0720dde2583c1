"""How often someone may try to sign in: counted for the name that is tried and for the address that tries, kept on disk.

An attempt counts as failed until it has succeeded, so a hundred at the same moment are a hundred. A name that is nobody's
is counted like any other: nothing here tells whether it exists.
"""

import hashlib
import ipaddress
import math
import time

from app.access.ledger import Ledger

FREE_NAME, FREE_ADDRESS = 5, 30  # attempts before waiting begins
FIRST_WAIT, LONGEST_WAIT = 15.0, 900.0  # seconds; doubled with every further attempt
FORGOTTEN = 3600.0  # seconds after the last attempt


def admit(ledger: Ledger, name: str, address: str) -> float:
    """Count an attempt; return 0 where it may be made, else the seconds to wait."""
    now = time.time()
    subjects = ((_name(name), FREE_NAME), (_address(address), FREE_ADDRESS))
    with ledger.change() as db:
        db.execute("DELETE FROM attempts WHERE last<? OR last>?", (now - FORGOTTEN, now + FORGOTTEN))
        found = {
            subject: (failures, until)
            for subject, _ in subjects
            for failures, until in db.execute("SELECT failures, until FROM attempts WHERE subject=?", (subject,))
        }
        wait = max((until - now for _, until in found.values()), default=0.0)
        if wait > 0:
            return min(wait, LONGEST_WAIT)
        for subject, free in subjects:
            failures = found.get(subject, (0, 0.0))[0] + 1
            until = now + min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(20, failures - free)) if failures >= free else 0.0
            db.execute("INSERT OR REPLACE INTO attempts VALUES(?,?,?,?)", (subject, failures, until, now))
    return 0.0


def succeeded(ledger: Ledger, name: str, address: str) -> None:
    """Take back what an attempt that succeeded was counted for."""
    with ledger.change() as db:
        db.execute("DELETE FROM attempts WHERE subject=?", (_name(name),))
        db.execute(
            "UPDATE attempts SET failures=max(0, failures-1), until=CASE WHEN failures<=? THEN 0 ELSE until END WHERE subject=?",
            (FREE_ADDRESS, _address(address)),
        )


def forget(ledger: Ledger, name: str) -> None:
    """Let a name be tried again at once."""
    with ledger.change() as db:
        db.execute("DELETE FROM attempts WHERE subject=?", (_name(name),))


def in_minutes(seconds: float) -> int:
    """A wait as it is told."""
    return max(1, math.ceil(seconds / 60))


def _name(name: str) -> str:
    return "name " + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def _address(address: str) -> str:
    """One household or machine: of IPv6 the network, whose other half anyone may choose."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return f"address {address[:60]}"
    if found.version == 6:
        return f"address {ipaddress.ip_network((found, 64), strict=False)}"
    return f"address {found}"
