"""What `policyqa doctor` says of signing in: accounts, the organisation's sign-in, and who else reads what is kept."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.access.accounts import listed
from app.access.ledger import Ledger
from app.access.oidc import open_provider
from app.operations.command import belongings
from app.settings import Settings
from ingest.errors import PolicyQAError

Part = dict[str, Any]
MakePart = Callable[..., Part]


def examine_sign_in(settings: Settings, part: MakePart, ask: bool) -> list[Part]:
    """Return the parts of the report. `ask`: the organisation's sign-in is asked whether it answers."""
    parts = [_accounts(settings, part)]
    if settings.oidc is not None and ask:
        parts.append(_provider(settings, part))
    return parts


def _accounts(settings: Settings, part: MakePart) -> Part:
    if settings.accounts is None:
        return part("accounts", settings.oidc is None, "accounts_off")
    if not settings.accounts.is_file():
        return part("accounts", True, "accounts_none")
    try:
        with contextlib.closing(Ledger(settings.accounts)) as ledger:
            able = [account for account in listed(ledger) if not account.disabled]
    except PolicyQAError as error:
        return part("accounts", False, "accounts_broken", why=error)
    admins = sum(account.role == "admin" for account in able)
    if not able and settings.oidc is None:
        return part("accounts", False, "accounts_shut")
    return part("accounts", True, "accounts_are", count=len(able), admins=admins)


def _provider(settings: Settings, part: MakePart) -> Part:
    assert settings.oidc is not None
    try:
        open_provider(settings.oidc)
    except PolicyQAError as error:
        return part("oidc", False, "oidc_bad", why=error)
    return part("oidc", True, "oidc_good", issuer=settings.oidc.issuer, public_url=settings.oidc.public_url)


def readable_by_others(settings: Settings) -> list[Path]:
    """What other users of this machine could read and must not: the accounts, and where there are any the rest too."""
    if os.name != "posix":
        return []
    kept = belongings(settings)
    accounts = kept.pop("accounts", None)
    paths = [accounts] if accounts is not None else []
    if accounts is not None and accounts.is_file():  # what only some may read
        paths += [*kept.values(), settings.store] if isinstance(settings.store, Path) else [*kept.values()]
    return [path for path in paths if _is_open(path)]


def _is_open(path: Path) -> bool:
    """Whether others get at a file or into a folder: a closed folder above closes what is in it."""
    path = path.absolute()
    if not path.exists() or not path.stat().st_mode & (0o044 if path.is_file() else 0o055):
        return False
    return all(folder.stat().st_mode & 0o011 for folder in path.parents)
