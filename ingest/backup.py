"""Backup and restore of a store and of what belongs to it, file by file, while it is in use.

Readers and writers go on: a writer's commit waits while files are copied (the folder's lock, shared), so the copy is of
one moment. Our own databases are copied by SQLite itself; what lies in the library is copied as it is, whatever it holds. A restored store answers as the old one did, to the letter.
"""

import contextlib
import datetime
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from ingest.checking import Checked, check_store
from ingest.errors import StoreError
from ingest.lock import PASSING, locked
from ingest.parcel import beside, seal, unseal
from ingest.store import CATALOG, current, is_newer, open_store, way_out

KIND = "policyqa-backup"
STORE = "store"
STAMP = "last-backup"  # a file in the store: when the last backup was made
_PASSING = PASSING | {STAMP}
_SQLITE = b"SQLite format 3\0"
_BESIDE_SQLITE = ("-journal", "-wal", "-shm")
_OWN = frozenset((CATALOG, "chroma.sqlite3"))  # databases in the store's folder
WAIT = 30.0  # seconds for a commit that is under way


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made or looked at."""

    path: Path
    manifest: dict[str, Any]
    checked: Checked


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put in place, where what was there before is now, and what was left as it was."""

    backup: Backup
    placed: tuple[Path, ...]
    kept: tuple[Path, ...]
    left: tuple[Path, ...]


def backup(
    folder: Path,
    others: Mapping[str, Path],
    to: Path,
    program: str,
    check: bool = True,
    fleeting: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Backup:
    """Write a backup of a store, and of other files and folders by their names in it; what is not there is left out.

    `to` is a tar file (.tar, .tar.gz) or a folder to be made. The copy is verified before it is given out, unless
    `check` is off. `fleeting`: tables of the others' databases, by their names, whose rows stay out. Raises StoreError.
    """
    if not (current(folder) / CATALOG).is_file():
        raise StoreError(f"没有找到索引：{folder}", "用 --store 指定索引目录")
    if to.exists():
        raise StoreError(f"{to} 已经存在", "换一个文件名；不会覆盖已有的文件")
    with beside(to) as fresh:
        content = fresh / "content"
        with _told(folder), locked(folder, alone=False, wait=WAIT):
            _copy_store(folder, content / STORE)
            for name, path in others.items():
                if path.is_dir():
                    _copy_files(path, content / name)
                elif path.is_file():
                    _copy_database(path, content / name / path.name)
                    _empty(content / name / path.name, fleeting.get(name, ()))
        checked = look_at(content / STORE) if check else Checked()
        if not checked.whole:
            raise StoreError(f"索引不完整，没有备份：{checked.problems[0]}", "用 policyqa store verify 查看全部问题")
        _clear_passing(content / STORE)
        facts = {
            "kind": KIND, "version": 1, "made": _now(), "program": program, "verified": check,
            "others": {name: path.name for name, path in others.items() if path.exists()}, **_facts(checked),
        }  # fmt: skip
        manifest = seal(content, to, facts)
    with contextlib.suppress(OSError):
        (folder / STAMP).write_text(f"{manifest['made']} {to.absolute()}\n", encoding="utf-8")
    return Backup(to, manifest, checked)


def look_at(folder: Path) -> Checked:
    """Verify a store in a folder of ours. Raises StoreError where it cannot be opened."""
    with open_store(folder) as store:
        return check_store(store, originals=False)


def verify_backup(parcel: Path, scratch: Path) -> Backup:
    """Take a backup apart beside `scratch` and look at all of it; nothing stays. Raises StoreError for a damaged one."""
    with beside(scratch) as fresh:
        manifest = _unsealed(parcel, fresh)
        return Backup(parcel, manifest, _checked_copy(parcel, fresh / STORE, manifest))


def restore(
    parcel: Path,
    folder: Path,
    others: Mapping[str, Path],
    replace: bool = False,
    on_ready: Callable[[], None] = lambda: None,
) -> Restored:
    """Put a backup in a store's place. Nothing changes before all of it is unpacked and verified beside.

    What was there is kept beside, under another name. Of `others`, those that exist are left as they are unless
    `replace`. Raises StoreError where the backup is damaged or newer, or the store is in use.
    """
    with beside(folder) as fresh:
        manifest = _unsealed(parcel, fresh)
        checked = _checked_copy(parcel, fresh / STORE, manifest)
        _clear_passing(fresh / STORE)
        moves = [(fresh / STORE, folder)]
        left = []
        for name, path in others.items():
            # Of what the manifest says, the last part only: a path of its own would lead out of the backup.
            inside = fresh / name / PurePosixPath(manifest["others"].get(name, "")).name
            source = inside if inside.is_file() else fresh / name
            if not source.exists():
                continue
            if path.exists() and not replace and not _holds_nothing(path):
                left.append(path)
            else:
                moves.append((source, path))
        on_ready()
        placed, kept = [], []
        with _told(folder), contextlib.ExitStack() as held:
            if folder.is_dir():
                held.enter_context(locked(folder, alone=True, wait=5.0))
            for source, place in moves:
                if _is_empty(place) if place == folder else _holds_nothing(place):
                    shutil.rmtree(place)  # a lock at most
                elif place.exists():
                    kept.append(_set_aside(place))
                _move(source, place)
                placed.append(place)
    return Restored(Backup(parcel, manifest, checked), tuple(placed), tuple(kept), tuple(left))


def _unsealed(parcel: Path, fresh: Path) -> dict[str, Any]:
    """Take a backup apart; return its manifest, of which `made` is a string and `others` has strings only."""
    manifest = unseal(parcel, KIND, fresh)
    others = manifest.get("others")
    if not isinstance(manifest.get("made"), str) or not isinstance(others, dict):
        raise StoreError(f"{parcel} 已损坏：清单不完整", "换一份完好的备份；现有的索引没有改动")
    if not all(isinstance(name, str) and "\\" not in name for name in others.values()):
        raise StoreError(f"{parcel} 已损坏：清单里的文件名无效", "换一份完好的备份；现有的索引没有改动")
    return manifest


def _checked_copy(parcel: Path, folder: Path, manifest: Mapping[str, Any]) -> Checked:
    if is_newer(str(manifest.get("format", ""))):
        raise StoreError(f"{parcel} 里的索引格式是 {manifest['format']}", way_out(str(manifest["format"])))
    if not manifest.get("verified"):  # of an older format: only its upgrade can open it
        return Checked()
    checked = look_at(folder)
    if not checked.whole or (checked.fingerprint != manifest.get("fingerprint")):
        why = checked.problems[0] if checked.problems else "内容与清单不符"
        raise StoreError(f"{parcel} 已损坏：{why}", "换一份完好的备份；现有的索引没有改动")
    return checked


def _facts(checked: Checked) -> dict[str, Any]:
    return {
        "format": checked.format, "model": checked.model, "documents": checked.documents, "chunks": checked.chunks,
        "fingerprint": checked.fingerprint,
    }  # fmt: skip


def _copy_store(folder: Path, to: Path) -> None:
    """Copy a store's files: its databases by SQLite, the others as they are; not what is of this moment only, nor links."""
    for path, within in _files(folder, to):
        if path.name in _PASSING or path.name.endswith(_BESIDE_SQLITE):
            continue
        (_copy_database if path.name in _OWN else _copy_plain)(path, to / within)


def _copy_files(folder: Path, to: Path) -> None:
    """Copy the files of a folder as they are, those of strangers among them; not links."""
    for path, within in _files(folder, to):
        _copy_plain(path, to / within)


def _files(folder: Path, to: Path) -> Iterator[tuple[Path, Path]]:
    """Make the folder `to`; yield each file and its path within. What is only just being written is passed over."""
    to.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder)
        if path.is_symlink() or any(part.endswith(".new") or part == ".incoming" for part in within.parts):
            continue
        if path.is_file():
            yield path, within


def _copy_plain(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, to)


def _copy_database(path: Path, to: Path) -> None:
    """Copy a file of ours by SQLite, where it is one of SQLite's."""
    if not _is_sqlite(path):
        _copy_plain(path, to)
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    with (
        contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as old,
        contextlib.closing(sqlite3.connect(to)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")  # one file, whatever it was


def _empty(copy: Path, tables: Sequence[str]) -> None:
    """Take the rows out of those tables of a copied database that it has; nothing of them stays in the file."""
    if not tables or not _is_sqlite(copy):
        return
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete = ON")
        known = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in tables:
            if table in known:
                db.execute(f'DELETE FROM "{table}"')


def _is_sqlite(path: Path) -> bool:
    """Tell by the first bytes: a file's name is whatever the operator set."""
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _clear_passing(content: Path) -> None:
    for path in content.rglob("*"):
        if path.is_file() and (path.name in _PASSING or path.name.endswith(_BESIDE_SQLITE)):
            path.unlink()


def _set_aside(place: Path) -> Path:
    """Give what is in a place another name beside it; SQLite's companions go with their file."""
    moment = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S-%f")
    aside = place.with_name(f"{place.name}.before-{moment}")
    for ending in _BESIDE_SQLITE:
        companion = place.with_name(place.name + ending)
        if companion.is_file():
            companion.rename(aside.with_name(aside.name + ending))
    return place.rename(aside)


def _move(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(place)
    except OSError:  # another file system
        shutil.move(source, place)


def _holds_nothing(place: Path) -> bool:
    return place.is_dir() and not any(place.iterdir())


def _is_empty(place: Path) -> bool:
    """Whether a store's folder holds nothing but what is of this moment."""
    return place.is_dir() and all(path.name in _PASSING for path in place.iterdir())


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@contextlib.contextmanager
def _told(folder: Path) -> Any:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:  # of the copy: what is read needs no room
            raise StoreError("放不下备份：磁盘已满", "腾出空间，或把备份写到别的磁盘；索引没有改动") from error
        raise StoreError(f"{folder} 里的数据库读不出来：{error}", "用 policyqa store verify 查看问题") from error
    except OSError as error:
        raise StoreError(f"复制 {folder} 失败：{error.strerror or error}", "检查磁盘空间与目录权限") from error
