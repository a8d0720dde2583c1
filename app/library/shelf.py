"""The library's folder: files as they were added, their sidecars, and what was taken out, kept for a while.

Each collection but the common one has a folder of its own in it, so that no name tells what another collection has. A file comes in under a folder of its own in `.incoming` and is moved to its place in one step; `.trash` holds a folder a
removal. Both are hidden, so ingesting the folder passes them over.
"""

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.library.names import free_name, safe_name
from ingest.collections import as_collection
from ingest.errors import InputError, PolicyQAError
from ingest.facts.sidecar import SUFFIXES, dump_sidecar, is_sidecar
from ingest.walk import path_of

KEPT_DAYS = 30  # that a removed file can be brought back
_STALE = 86_400  # seconds after which an upload that never ended is cleared away
_ROOM = "collection-"  # how the folder of a collection begins
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Removed:
    """A document that was taken out: how to bring it back."""

    id: str
    title: str
    given: str  # the path or address to ingest again, as it was given
    file: str = ""  # the name of the kept file; "" where the file is not ours and stayed where it is
    when: float = 0.0  # seconds since 1970
    collection: str = ""  # in which it was
    folder: str = ""  # of that collection, where the file was in it
    whole: bool = False  # whether it was all that its file held
    document: str = ""  # its key


class Shelf:
    """Files kept for the library. The folder is made with the first file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming, self._trash = folder / ".incoming", folder / ".trash"
        self._naming = threading.Lock()

    def incoming(self, name: str) -> Path:
        """Return a fresh path, with a safe name, to write a file to before it is kept. Raises InputError where that cannot be."""
        room = self._incoming / secrets.token_hex(8)
        try:
            room.mkdir(parents=True)
        except OSError as error:
            raise InputError(
                f"无法写入资料文件夹 {self.folder}：{error.strerror}",
                "检查目录权限，或用 POLICYQA_LIBRARY 指定其他目录",
            ) from error
        return room / safe_name(name)

    def keep(self, incoming: Path, facts: Mapping[str, Any] | None = None) -> Path:
        """Move a file that has come in to its place, with a sidecar that states `facts`; return the place."""
        room = self.folder / _room(as_collection(str((facts or {}).get("collection", ""))))
        with self._naming:
            room.mkdir(exist_ok=True)
            place = room / free_name(incoming.name, _names(room))
            if facts:
                self.state(place, facts)
            incoming.replace(place)
        self.refuse(incoming)
        return place

    def refuse(self, incoming: Path) -> None:
        """Clear away what has come in and is not kept."""
        shutil.rmtree(incoming.parent, ignore_errors=True)

    def replace(self, place: Path, data: bytes) -> None:
        """Put other bytes in a kept file's place, in one step."""
        incoming = self.incoming(place.name)
        incoming.write_bytes(data)
        incoming.replace(place)
        self.refuse(incoming)

    def state(self, document: Path, facts: Mapping[str, Any]) -> None:
        """Write what is stated of a document beside it, in one step; without facts the sidecar goes. Raises InputError."""
        sidecar = document.with_name(f"{document.name}.yaml")
        fresh = sidecar.with_name(f".{sidecar.name}.new")
        try:
            if not facts:
                sidecar.unlink(missing_ok=True)
                return
            fresh.write_text(dump_sidecar(facts), encoding="utf-8")
            fresh.replace(sidecar)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise InputError(f"无法写入 {sidecar}：{error.strerror}", "检查该目录是否可写") from error

    def discard(self, place: Path) -> None:
        """Delete a kept file that turned out to be none that can be read, and its sidecar."""
        if self.holds(place):
            for path in _with_sidecars(place):
                path.unlink(missing_ok=True)

    def holds(self, path: Path) -> bool:
        """Tell whether a file lies on the shelf: any other is not ours to move or delete."""
        room, ours = path.resolve().parent, self.folder.resolve()
        return room == ours or (room.parent == ours and room.name.startswith(_ROOM))

    def named(self, place: Path) -> Path:
        """Return a kept file's path as the folder is named, which a full path may spell otherwise."""
        return self.folder / place.resolve().relative_to(self.folder.resolve())

    def files(self) -> Iterator[Path]:
        """Yield the kept files, without sidecars."""
        rooms = sorted(self.folder.glob(f"{_ROOM}*")) if self.folder.is_dir() else []
        for room in (self.folder, *rooms):
            for name in sorted(_names(room)):
                if not is_sidecar(Path(name)):
                    yield room / name

    def take_out(
        self, key: str, title: str, given: str, whole: bool, collection: str = "", document: str = ""
    ) -> Removed:
        """Note a document that is taken out, and move its file away where the file is ours and this document is the `whole` of it.

        What was begun for the same document and cut off is gone on with: there is one note. Raises InputError where none
        can be written; nothing is moved then.
        """
        place = path_of(key)
        ours = whole and self.holds(place) and place.exists()
        if document and (earlier := self._begun(document, ours)):
            return earlier
        room = place.parent.name if ours and place.parent.resolve() != self.folder.resolve() else ""
        name = place.name if ours else ""
        removed = Removed(secrets.token_hex(8), title, given, name, time.time(), collection, room, whole, document)
        grave = self._trash / removed.id
        try:
            grave.mkdir(parents=True)
            (grave / "removed.json").write_text(json.dumps(asdict(removed), ensure_ascii=False), encoding="utf-8")
        except OSError as error:
            self.forget(removed.id)
            raise InputError(f"无法写入资料文件夹 {self.folder}：{error.strerror}", "检查磁盘空间与目录权限") from error
        if ours:
            self._bury(place, removed)
        return removed

    def _begun(self, document: str, ours: bool) -> Removed | None:
        """An earlier removal of a document that is still there, whose file is away already; notes that keep nothing go."""
        for removed in self.removed():
            if removed.document != document:
                continue
            if not removed.file or not self._keeps(removed):
                self.forget(removed.id)
            elif not ours:
                return removed
        return None

    def _keeps(self, removed: Removed) -> bool:
        return (self._trash / removed.id / "files" / removed.file).exists()

    def put_back(self, removed: Removed) -> None:
        """Undo `take_out`: the document stays."""
        if removed.file and self._keeps(removed):
            self._unbury(removed)
        self.forget(removed.id)

    def _bury(self, place: Path, removed: Removed) -> None:
        grave = self._trash / removed.id / "files"
        grave.mkdir(exist_ok=True)
        for path in _with_sidecars(place):
            if path.exists():
                path.replace(grave / (removed.file + path.name[len(place.name) :]))

    @contextlib.contextmanager
    def bring_back(self, removed: Removed) -> Iterator[str]:
        """Move a removed file back to its place and give what to ingest; where that fails it is removed again, else forgotten."""
        place = self._unbury(removed) if removed.file else None
        try:
            yield str(place) if place else removed.given
        except PolicyQAError:
            if place is not None:
                self._bury(place, removed)
            raise
        self.forget(removed.id)

    def _unbury(self, removed: Removed) -> Path:
        grave = self._trash / removed.id / "files"
        with self._naming:
            room = self.folder / removed.folder if removed.folder.startswith(_ROOM) else self.folder
            place = room / removed.file
            if not (grave / removed.file).exists():  # it is back already: the server ended before it was read
                return place
            if place.exists():
                place = room / free_name(removed.file, _names(room))
            for path in sorted(grave.iterdir(), key=lambda p: not is_sidecar(p)):
                path.replace(place.with_name(place.name + path.name[len(removed.file) :]))
        return place

    def forget(self, removed_id: str) -> None:
        """Clear away what is left of a removal."""
        if _ID.fullmatch(removed_id):
            shutil.rmtree(self._trash / removed_id, ignore_errors=True)

    def removed(self) -> list[Removed]:
        """What can be brought back, the latest first."""
        ids = [path.name for path in self._trash.iterdir()] if self._trash.is_dir() else []
        return sorted(filter(None, map(self._removed, ids)), key=lambda removed: -removed.when)

    def _removed(self, removed_id: str) -> Removed | None:
        if not _ID.fullmatch(removed_id):
            return None
        try:
            note = (self._trash / removed_id / "removed.json").read_text(encoding="utf-8")
            return Removed(**json.loads(note))
        except (OSError, ValueError, TypeError):
            return None

    def tidy(self) -> None:
        """Clear away uploads that never ended and what was removed long ago."""
        now = time.time()
        for path in self._incoming.iterdir() if self._incoming.is_dir() else ():
            if now - path.stat().st_mtime > _STALE:
                shutil.rmtree(path, ignore_errors=True)
        for removed in self.removed():
            if now - removed.when > KEPT_DAYS * 86_400:
                self.forget(removed.id)


def _room(collection: str) -> str:
    """The folder of a collection, "" for the common one. Its name is a digest: a collection's may be no name of a folder."""
    return f"{_ROOM}{hashlib.sha256(collection.encode()).hexdigest()[:16]}" if collection else ""


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder) if entry.is_file() and entry.name[0] != "."]
    except FileNotFoundError:
        return []


def _with_sidecars(place: Path) -> list[Path]:
    return [place, *(place.with_name(place.name + suffix) for suffix in SUFFIXES)]
