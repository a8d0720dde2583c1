"""Passwords: argon2id hashes. Every sign-in costs one verification, whether the account is there or not."""

import functools
import unicodedata
from typing import Any

from ingest.errors import InputError

MIN_CHARS, MAX_CHARS = 10, 256


@functools.cache
def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher()  # argon2id with the library's present advice: 64 MiB, 3 passes


@functools.cache
def nobodys() -> str:
    """A hash that no password has, of the same cost as any: for accounts that are not there."""
    import secrets

    return str(_hasher().hash(secrets.token_urlsafe(32)))


def hashed(password: str) -> str:
    """Return the hash to keep."""
    return str(_hasher().hash(_plain(password)))


def fits(kept: str, password: str) -> bool:
    """Whether a password is the one of a hash; False for a hash that is none."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return bool(_hasher().verify(kept, _plain(password)))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether a hash was made at a lower cost than is now advised."""
    return bool(_hasher().check_needs_rehash(kept))


def check_new(password: str, name: str) -> str:
    """Return a password that may be set. Raises InputError for one that is too short, too long or the account's name."""
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        raise InputError(f"口令要 {MIN_CHARS} 到 {MAX_CHARS} 个字符", "可以用几个不相干的词组成一句话")
    is_name = name.casefold() in password.casefold() and len(password) < len(name) + 6
    if is_name or len(set(password)) < 4:
        raise InputError("口令太容易猜", "不要用账号名或重复的字符")
    return password


def _plain(password: str) -> str:
    """One form of what keyboards write in several."""
    return unicodedata.normalize("NFKC", password)[: MAX_CHARS * 4]
