"""What `policyqa doctor` says of the service: index format, disk, permissions, clock, backup, locks, log, metrics, traces, server."""

import contextlib
import datetime
import importlib.util
import os
import shutil
import socket
import sqlite3
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.doctor_words import say
from app.operations.command import belongings, last_backup
from app.operations.sign_in_checks import examine_sign_in, readable_by_others
from app.operations.traces import EXTRA
from app.settings import Settings
from app.types import Language
from ingest.errors import PolicyQAError
from ingest.store import CATALOG, FORMAT, current, way_out
from ingest.upgrade import format_of

USUAL = "http://127.0.0.1:7860"
LITTLE = 1.0  # GB free, below which nothing can be relied upon
UPLOAD = 100  # MB: one file of the largest size, twice, lies in the folder for temporary files
OLD = 7  # days after which a backup is old
_COUNTS = "SELECT (SELECT count(*) FROM chunks), (SELECT count(*) FROM words_content), (SELECT coalesce(sum(chunks), 0) FROM documents)"
Part = dict[str, Any]
MakePart = Callable[..., Part]


def examine_service(settings: Settings, language: Language, url: str | None) -> list[Part]:
    """Return the parts of the report; `url` None: the server asks itself, and need not be reached."""

    def part(key: str, ok: bool, words: str, **values: object) -> Part:
        return {"name": say(language, key), "ok": ok, "detail": say(language, words, **values)}

    folder = settings.store if isinstance(settings.store, Path) else None
    parts: list[Part] = []
    if folder is not None and _is_there(folder):
        key, ok, words, values = _format(folder)
        parts += [part(key, ok, words, **values), _disk(folder, part), _clock(folder, part)]
        parts += [_backup(folder, part), _lock(folder, part)]
    parts += [_room(part), *examine_sign_in(settings, part, ask=url is not None)]
    parts += [_library(settings, folder, part)] if folder is not None and settings.library is not None else []
    parts += [_rights(settings, part), _log(settings, part, language), _metrics(settings, part)]
    parts.append(_traces(settings, part, language))
    return parts if url is None else [*parts, _server(url, part)]


def _is_there(folder: Path) -> bool:
    try:
        return (current(folder) / CATALOG).is_file()
    except PermissionError:  # which the part of the index tells
        return False


def _format(folder: Path) -> tuple[str, bool, str, dict[str, object]]:
    try:
        found = format_of(folder)
    except PolicyQAError as error:
        return "store_format", False, "format_broken", {"what": error.message}
    if found != FORMAT:
        facts: dict[str, object] = {"format": found or "?", "own": FORMAT, "way": way_out(found)}
        return "store_format", False, "format_other", facts
    file = current(folder) / CATALOG
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as db:
            counts = db.execute(_COUNTS).fetchone()
    except sqlite3.Error as error:
        return "store_format", False, "format_broken", {"what": str(error)}
    if len(set(counts)) > 1:
        return "store_format", False, "format_broken", {"what": " / ".join(map(str, counts))}
    return "store_format", True, "format_good", {"format": found}


def _disk(folder: Path, part: MakePart) -> Part:
    free = shutil.disk_usage(folder).free / 1e9
    used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9
    enough = free >= max(LITTLE, 1.5 * used)  # a backup has to find room
    facts = {"path": folder, "free": f"{free:.1f}", "used": f"{used:.1f} GB" if used >= 1 else f"{used * 1e3:.0f} MB"}
    return part("disk", enough, "disk_free" if enough else "disk_full", **facts)


def _room(part: MakePart) -> Part:
    path = tempfile.gettempdir()
    free = shutil.disk_usage(path).free / 1e6
    return part("room", free >= UPLOAD, "room_good" if free >= UPLOAD else "room_full", path=path, free=f"{free:.0f}")


def _library(settings: Settings, folder: Path, part: MakePart) -> Part:
    """Whether the library's folder is there, if the index has documents of it: it may be a disk that is not mounted."""
    assert settings.library is not None
    place, count = settings.library.resolve(), 0
    with contextlib.suppress(sqlite3.Error, OSError):
        uri = f"{(current(folder) / CATALOG).absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
            inside = "SELECT count(*) FROM documents WHERE substr(file, 1, ?) = ?"
            begin = f"{place.as_posix()}/"
            count = db.execute(inside, (len(begin), begin)).fetchone()[0]
    if count and not place.is_dir():
        return part("library", False, "library_gone", path=place, count=count)
    return part("library", True, "library_is", path=place, count=count)


def _clock(folder: Path, part: MakePart) -> Part:
    behind = (current(folder) / CATALOG).stat().st_mtime - time.time()
    now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    words = "clock_back" if behind > 60 else "clock_good"
    return part("clock", behind <= 60, words, now=now, behind=f"{behind:.0f}")


def _backup(folder: Path, part: MakePart) -> Part:
    last = last_backup(folder)
    if last is None:
        return part("backup", False, "backup_none")
    days = (datetime.datetime.now(datetime.UTC) - last[0]).days
    words = "backup_last" if days <= OLD else "backup_old"
    return part("backup", days <= OLD, words, days=max(0, days), where=last[1])


def _lock(folder: Path, part: MakePart) -> Part:
    who = "、".join(_holders(folder / "lock"))
    return part("lock", True, "lock_held" if who else "lock_none", who=who)


def _holders(lock: Path) -> list[str]:
    """Who holds a file's lock, by number and name, where the system tells (Linux)."""
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        number = lock.stat().st_ino
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            columns = line.split()
            if columns[5].rpartition(":")[2] == str(number) and int(columns[4]) != os.getpid():
                name = ""
                with contextlib.suppress(OSError):
                    name = Path(f"/proc/{columns[4]}/comm").read_text(encoding="utf-8", errors="replace").strip()
                found.append(f"{columns[4]} {name} ({columns[3]})".replace("  ", " "))
    return sorted(set(found))


def _rights(settings: Settings, part: MakePart) -> Part:
    paths = [*belongings(settings).values(), settings.operating.log_file]
    paths += [settings.store] if isinstance(settings.store, Path) else []
    places = {_nearest(path) for path in paths if path is not None}
    bad = sorted(str(place) for place in places if not os.access(place, os.W_OK))
    if bad:
        return part("rights", False, "rights_bad", paths="、".join(bad))
    if seen := readable_by_others(settings):
        return part("rights", False, "rights_open", paths=" ".join(map(str, seen)))
    return part("rights", True, "rights_good", paths="、".join(sorted(map(str, places))))


def _nearest(path: Path) -> Path:
    """The path itself where it is there, else the nearest folder above that is."""
    path = path.absolute()
    return next((place for place in (path, *path.parents) if place.exists()), Path("/"))


def _log(settings: Settings, part: MakePart, language: Language) -> Part:
    own = settings.operating
    file = say(language, "log_file", path=own.log_file) if own.log_file else ""
    kept = say(language, "asked_kept" if own.log_questions else "asked_not")
    facts = {"form": own.log or "text", "level": own.log_level, "file": file, "questions": kept}
    return part("log", True, "log_is", **facts)


def _metrics(settings: Settings, part: MakePart) -> Part:
    own = settings.operating
    if own.metrics and own.metrics_port:
        return part("metrics", True, "metrics_port", host=own.metrics_host, port=own.metrics_port)
    return part("metrics", True, "metrics_route" if own.metrics else "metrics_off")


def _traces(settings: Settings, part: MakePart, language: Language) -> Part:
    from app.doctor import without_secrets

    own = settings.operating
    if not own.otel:
        return part("traces", True, "traces_off")
    address = without_secrets(own.otel)
    if not _has_exporter():
        return part("traces", False, "traces_absent", address=address, install=EXTRA)
    parts = urllib.parse.urlsplit(own.otel)
    reached = False
    with contextlib.suppress(OSError, ValueError):
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=2).close()
        reached = True
    state = say(language, "is_reached" if reached else "not_reached")
    return part("traces", reached, "traces_to", address=address, state=state)


def _has_exporter() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def _server(url: str, part: MakePart) -> Part:
    import httpx

    address = (url or USUAL).rstrip("/")
    began = time.monotonic()
    try:
        status = httpx.get(f"{address}/readyz", timeout=3, trust_env=False).status_code
    except (httpx.HTTPError, httpx.InvalidURL):
        return part("server", not url, "server_none", url=address)
    if status != 200:
        return part("server", False, "server_not", url=address, why=f"HTTP {status}")
    return part("server", True, "server_ready", url=address, ms=f"{(time.monotonic() - began) * 1000:.0f}")
