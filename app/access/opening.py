"""Whether access is checked: on as soon as there is an account or an organisation's sign-in, and always beyond this machine."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.access.accounts import any_can_sign_in, listed
from app.access.ledger import Ledger
from app.settings import Settings
from ingest.errors import InputError

if TYPE_CHECKING:
    from app.access.oidc import Provider

_UNGUARDED = (
    "不能对外监听：没有可以登录的账号",
    "先运行 policyqa user add 名字 --role admin，或配置 POLICYQA_OIDC_ISSUER；只在本机使用则去掉 --host",
)


@dataclass(frozen=True, slots=True)
class Access:
    """What checking needs."""

    ledger: Ledger
    provider: "Provider | None" = None


def refuse_unguarded(settings: Settings, local: bool) -> None:
    """Raise InputError where other machines would reach a server that nobody can sign in to. Asks no provider."""
    if local or settings.oidc is not None:
        return
    if settings.accounts is not None and settings.accounts.exists():
        with contextlib.closing(Ledger(settings.accounts)) as ledger:
            if any_can_sign_in(ledger):
                return
    raise InputError(*_UNGUARDED)


def refuse_unchecked(access: Access | None, local: bool) -> None:
    """Raise InputError where a server that checks nobody would be reached by other machines."""
    if access is None and not local:
        raise InputError(*_UNGUARDED)


@contextlib.contextmanager
def open_access(settings: Settings, local: bool) -> Iterator[Access | None]:
    """Make ready to check who asks; None on this machine alone while there is no account. Raises InputError, AccessError."""
    refuse_unguarded(settings, local)
    if settings.accounts is None or not (settings.oidc is not None or settings.accounts.exists()):
        if settings.oidc is not None:
            raise InputError("OIDC 登录需要账号文件", "去掉 POLICYQA_ACCOUNTS=off")
        yield None
        return
    with contextlib.closing(Ledger(settings.accounts)) as ledger:
        provider = None
        if settings.oidc is not None:
            from app.access.oidc import open_provider

            provider = open_provider(settings.oidc)
        yield Access(ledger, provider) if provider or listed(ledger) else None
