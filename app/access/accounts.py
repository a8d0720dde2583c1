"""Accounts: who may sign in, as what, and which collections they read. The common collection is everyone's."""

import json
import re
import time
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from app.access.caller import Caller, Role
from app.access.ledger import Ledger
from app.access.passwords import check_new, hashed
from ingest.collections import COMMON, as_collection
from ingest.errors import InputError

ALL = "*"  # stands for all collections, present and future
_NAME = re.compile(r"[\w.@:+-]{1,100}")
NOBODY_SIGNS_IN = ""  # the password's hash of an account that comes from elsewhere


@dataclass(frozen=True, slots=True)
class Account:
    """`collections` None: all."""

    name: str
    role: Role
    collections: frozenset[str] | None
    disabled: bool
    created: float  # seconds since 1970

    @property
    def caller(self) -> Caller:
        """Who the account is to the server."""
        return Caller(self.name, self.role, self.collections)


def plain_name(name: str) -> str:
    """The one form of an account's name: 张三 and ＺＨＡＮＧ are written in more ways than one."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def granted(names: Collection[str]) -> frozenset[str] | None:
    """Return the collections that a grant names, the common one among them; None where it names all."""
    return None if ALL in names else frozenset((COMMON, *map(as_collection, names)))


def add(ledger: Ledger, name: str, password: str, role: Role, collections: frozenset[str] | None) -> Account:
    """Make an account. Raises InputError for a name that is taken or none, and a password that is too easy."""
    plain = check_free(ledger, name)
    kept = hashed(check_new(password, plain)) if password != NOBODY_SIGNS_IN else NOBODY_SIGNS_IN
    with ledger.change() as db:
        if db.execute("SELECT 1 FROM accounts WHERE name=?", (plain,)).fetchone():
            raise InputError(f"账号 {plain} 已经存在", "用 user password 改口令，或用 user grant 改权限")
        db.execute(
            "INSERT INTO accounts(name, password, role, collections, created) VALUES(?,?,?,?,?)",
            (plain, kept, role, _dumped(collections), time.time()),
        )
    return known(ledger, plain)


def check_free(ledger: Ledger, name: str) -> str:
    """Return a name in its one form. Raises InputError for one that is taken or none."""
    plain = plain_name(name)
    if not _NAME.fullmatch(plain):
        raise InputError(f"账号名无效：{name[:40]}", "用字母、汉字、数字和 . _ @ + -，不超过 100 个")
    if ledger.rows("SELECT 1 FROM accounts WHERE name=?", (plain,)):
        raise InputError(f"账号 {plain} 已经存在", "用 user password 改口令，或用 user grant 改权限")
    return plain


def known(ledger: Ledger, name: str) -> Account:
    """Return an account. Raises InputError where there is none of that name."""
    for account in listed(ledger):
        if account.name == plain_name(name):
            return account
    raise InputError(f"没有账号 {name[:100]}", "用 policyqa user list 查看")


def listed(ledger: Ledger) -> list[Account]:
    """All accounts by name."""
    rows = ledger.rows("SELECT name, role, collections, disabled, created FROM accounts ORDER BY name")
    return [loaded(*row) for row in rows]


def loaded(name: str, role: Role, collections: str, disabled: int = 0, created: float = 0.0) -> Account:
    """Return the account of a row."""
    names = json.loads(collections)
    return Account(name, role, None if names is None else frozenset(names), bool(disabled), created)


def any_can_sign_in(ledger: Ledger) -> bool:
    """Whether there is an account that is not disabled."""
    return bool(ledger.rows("SELECT 1 FROM accounts WHERE disabled=0 LIMIT 1"))


def set_password(ledger: Ledger, name: str, password: str) -> None:
    """Set a password; everyone who is signed in under the name has to sign in anew. Raises InputError."""
    account = known(ledger, name)
    kept = hashed(check_new(password, account.name))
    with ledger.change() as db:
        db.execute("UPDATE accounts SET password=? WHERE name=?", (kept, account.name))
        db.execute("DELETE FROM sessions WHERE account=?", (account.name,))


def set_disabled(ledger: Ledger, name: str, disabled: bool) -> None:
    """Shut an account, its sessions and keys at once, or open it again. Raises InputError."""
    account = known(ledger, name)
    with ledger.change() as db:
        db.execute("UPDATE accounts SET disabled=? WHERE name=?", (disabled, account.name))
        if disabled:
            db.execute("DELETE FROM sessions WHERE account=?", (account.name,))


def remove(ledger: Ledger, name: str) -> None:
    """Delete an account with its keys and sessions. Raises InputError."""
    account = known(ledger, name)
    with ledger.change() as db:
        db.execute("DELETE FROM accounts WHERE name=?", (account.name,))  # the rest goes by its foreign key


def grant(ledger: Ledger, name: str, role: Role | None, collections: frozenset[str] | None, *, change: bool) -> Account:
    """Change an account's role and, with `change`, its collections; it counts from the next request on. Raises InputError."""
    account = known(ledger, name)
    names = collections if change else account.collections
    with ledger.change() as db:
        db.execute(
            "UPDATE accounts SET role=?, collections=? WHERE name=?",
            (role or account.role, _dumped(names), account.name),
        )
    return known(ledger, account.name)


def _dumped(collections: frozenset[str] | None) -> str:
    return json.dumps(None if collections is None else sorted(collections), ensure_ascii=False)
