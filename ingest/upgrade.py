"""Bring a store of an earlier release to the present format: a copy of its catalogue, step by step, then swapped in.

Vectors are the same in all formats. The store is whole in its old form until the swap, which is one renaming.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from ingest.errors import StoreError
from ingest.lock import locked
from ingest.store import CATALOG, FORMAT, current, is_newer, way_out
from ingest.text.reposts import sketch


def format_of(folder: Path) -> str:
    """Return the format that a store is stamped with. Raises StoreError where there is none, or it cannot be read."""
    file = current(folder) / CATALOG
    if not file.is_file():
        raise StoreError(f"没有找到索引：{folder}", "用 --store 指定索引目录")
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as db:
            row = db.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"索引文件已损坏：{file}：{error}", "用备份恢复：policyqa store restore") from error
    return str(row[0]) if row else ""


def upgrade(folder: Path, before: Callable[[], None], wait: float = 5.0) -> list[str]:
    """Upgrade a store; return the formats that it went through, [] where it is of the present one.

    `before` is called once it is known that there is something to do: it makes the backup. Raises StoreError.
    """
    found = format_of(folder)
    if found == FORMAT:
        return []
    if is_newer(found) or found not in STEPS:
        raise StoreError(f"索引 {folder} 的格式版本是 {found or '未知'}，本程序需要 {FORMAT}", way_out(found))
    before()
    with locked(folder, alone=True, wait=wait):
        file = current(folder) / CATALOG
        fresh = file.with_name(f"{CATALOG}.new")
        fresh.unlink(missing_ok=True)
        try:
            passed = _stepped(file, fresh)
            with fresh.open("rb+") as written:
                os.fsync(written.fileno())
            fresh.replace(file)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"升级 {folder} 失败，原索引没有改动：{error}", "检查磁盘空间；或用备份恢复") from error
        finally:
            fresh.unlink(missing_ok=True)
    return passed


def _stepped(file: Path, fresh: Path) -> list[str]:
    with (
        contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as old,
        contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as db,
    ):
        old.backup(db)
        now, passed = str(db.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()[0]), []
        while now != FORMAT:
            db.execute("BEGIN")
            now = STEPS[now](db)
            db.execute("UPDATE meta SET value = ? WHERE key = 'format'", (now,))
            db.execute("COMMIT")
            passed.append(now)
    return passed


def _to_2(db: sqlite3.Connection) -> str:
    """Files of many documents, health, linked reposts. What was read stays; the next ingestion reads each file anew."""
    db.execute("DROP INDEX IF EXISTS documents_sha256")
    db.execute(
        "CREATE TABLE new_documents(id TEXT PRIMARY KEY, key TEXT UNIQUE NOT NULL, file TEXT NOT NULL, version TEXT NOT NULL,"
        " pipeline INTEGER NOT NULL, source TEXT NOT NULL, health TEXT NOT NULL, blocks TEXT NOT NULL, text TEXT NOT NULL,"
        " chunks INTEGER NOT NULL, added TEXT NOT NULL, same_as TEXT NOT NULL, sketch BLOB NOT NULL)"
    )
    db.create_function("sketch_of", 1, lambda text: sketch(text).tobytes(), deterministic=True)
    db.execute(
        "INSERT INTO new_documents SELECT id, key, key, sha256, pipeline, source, '{}', blocks, text, chunks, added, '',"
        " sketch_of(text) FROM documents"
    )
    db.execute("DROP TABLE documents")
    db.execute("ALTER TABLE new_documents RENAME TO documents")
    db.execute("CREATE INDEX IF NOT EXISTS documents_file ON documents(file)")
    db.execute(
        "CREATE TABLE IF NOT EXISTS files(file TEXT PRIMARY KEY, version TEXT NOT NULL, pipeline INTEGER NOT NULL,"
        " skipped TEXT NOT NULL)"
    )
    db.execute("CREATE TABLE IF NOT EXISTS tokens(number INTEGER PRIMARY KEY, packed BLOB NOT NULL)")
    return "2"


def _to_3(db: sqlite3.Connection) -> str:
    """Documents may belong to collections; all that there are belong to the common one, which needs no word."""
    return "3"


STEPS: Mapping[str, Callable[[sqlite3.Connection], str]] = {"1": _to_2, "2": _to_3}
