"""The accounts' database: one SQLite file, read by the server at every request and changed by it and the command line."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ingest.errors import PolicyQAError

FORMAT = 1  # raised when the tables change
_TABLES = """
CREATE TABLE IF NOT EXISTS accounts(
    name TEXT PRIMARY KEY, password TEXT NOT NULL, role TEXT NOT NULL, collections TEXT NOT NULL, created REAL NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS keys(
    prefix TEXT PRIMARY KEY, secret TEXT NOT NULL, account TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE,
    label TEXT NOT NULL, created REAL NOT NULL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS sessions(
    token TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE, created REAL NOT NULL,
    seen REAL NOT NULL);
CREATE INDEX IF NOT EXISTS sessions_of ON sessions(account);
CREATE TABLE IF NOT EXISTS attempts(subject TEXT PRIMARY KEY, failures INTEGER NOT NULL, until REAL NOT NULL, last REAL NOT NULL);
"""


class AccessError(PolicyQAError):
    """The accounts cannot be read or written."""


class Ledger:
    """The open file, safe to share by threads. Every method raises AccessError where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # hashes are nobody else's business
            self._db = sqlite3.connect(path, check_same_thread=False, timeout=5, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA foreign_keys=ON")
            if self._db.execute("PRAGMA user_version").fetchone()[0] > FORMAT:
                raise AccessError(
                    f"账号文件由更新的版本写成：{path}", "升级 policyqa，或用 POLICYQA_ACCOUNTS 换一个文件"
                )
            self._db.executescript(_TABLES)
            self._db.execute(f"PRAGMA user_version={FORMAT}")
        except (sqlite3.Error, OSError) as error:
            raise AccessError(
                f"打不开账号文件 {path}：{error}", "检查文件与权限，或用 POLICYQA_ACCOUNTS 换一个文件"
            ) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def rows(self, query: str, arguments: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self._lock, self._told():
            return self._db.execute(query, arguments).fetchall()

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for one transaction, alone among all processes."""
        with self._lock, self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # SQLite ends some by itself, as where the disk is full
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise AccessError(f"账号文件读写失败：{self.path}：{error}", "检查磁盘与权限") from error
