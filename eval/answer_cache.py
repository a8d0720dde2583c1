"""Recorded answers: a question is not asked again while code, settings, corpus and date are what they were.

One JSON Lines file a state, `answers/<state>.jsonl`, its rows under the digest of question and history. What cannot be
read there was never recorded. Answers that say that something failed are not kept.
"""

import contextlib
import datetime
import hashlib
import importlib.metadata
import json
import logging
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.gold import REPOSITORY, Case

PACKAGES = ("app", "ingest", "prompts")  # what an answer is made by; eval only asks and scores
OWN = ("asking.py", "corpus.py")  # and what of eval shapes the rows
FILES, BYTES = 8, 200_000_000  # kept at most; those used last stay
_log = logging.getLogger(__name__)


def state_of(described: Mapping[str, Any], store: str, models: Iterable[Path]) -> str:
    """Return the digest of all that an answer depends on but its question.

    `described` are the settings, `store` the fingerprint of the store, `models` files or folders of models. The date is
    part of it (whether a text is in force depends on it), and so are Python and the packages.
    """
    digest = hashlib.sha256()
    for folder in PACKAGES:
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                _add(digest, path.relative_to(REPOSITORY).as_posix(), path.read_bytes())
    for name in OWN:
        _add(digest, name, (Path(__file__).parent / name).read_bytes())
    for path in models:
        for part in [path] if path.is_file() else sorted(path.rglob("*")):
            _add(digest, str(part), f"{part.stat().st_size} {part.stat().st_mtime_ns}".encode())
    installed = sorted(f"{found.name} {found.version}" for found in importlib.metadata.distributions())
    machine = [sys.version, platform.machine(), datetime.date.today().isoformat(), *installed]
    for text in (json.dumps(described, sort_keys=True), store, *machine):
        _add(digest, "", text.encode())
    return digest.hexdigest()[:24]


def _add(digest: Any, name: str, content: bytes) -> None:
    digest.update(f"{name}\n{len(content)}\n".encode() + content)


class AnswerCache:
    """The recorded rows of one state."""

    def __init__(self, folder: Path, state: str) -> None:
        self._path = folder / f"{state}.jsonl"
        self._rows: dict[str, dict[str, Any]] = {}
        for line in self._path.read_bytes().split(b"\n") if self._path.is_file() else ():
            try:
                kept = json.loads(line)
                self._rows[kept["key"]] = kept["row"]
            except (ValueError, KeyError, TypeError):
                continue

    def get(self, case: Case) -> dict[str, Any] | None:
        """Return the recorded row of a question under the case's id, marked as cached; its times are those of then."""
        row = self._rows.get(_key(case))
        if row is None:
            return None
        return {**row, "id": case.id, "answer": {**row["answer"], "id": case.id}, "cached": True}

    def keep(self, rows: Sequence[tuple[Case, dict[str, Any]]]) -> None:
        """Add the answers among the rows, write all in one step and drop the files of other states that are too many.

        A disk that takes nothing costs the next run its time, not this one its result.
        """
        part = self._path.with_suffix(".part")
        try:
            self._write(rows, part)
        except OSError as error:
            _log.warning("answers cannot be recorded in %s: %s", self._path.parent, error.strerror)
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _write(self, rows: Sequence[tuple[Case, dict[str, Any]]], part: Path) -> None:
        new = {_key(case): row for case, row in rows if _is_sound(row)}
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True)
        if new:
            self._rows.update(new)
            lines = (json.dumps({"key": key, "row": row}, ensure_ascii=False) for key, row in self._rows.items())
            part.write_text("\n".join(lines) + "\n", encoding="utf-8")
            part.replace(self._path)
        elif self._path.is_file():
            self._path.touch()
        others = sorted((p for p in folder.glob("*.jsonl") if p != self._path), key=lambda p: -p.stat().st_mtime_ns)
        room = BYTES - (self._path.stat().st_size if self._path.is_file() else 0)
        for number, path in enumerate(others, 2):
            room -= path.stat().st_size
            if number > FILES or room < 0:
                path.unlink(missing_ok=True)


def _key(case: Case) -> str:
    asked = [[message.role, message.content] for message in case.history] + [["user", case.question]]
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()[:24]


def _is_sound(row: Mapping[str, Any]) -> bool:
    return row["answer"] is not None and not row["error"] and "LLM failed" not in row["answer"]["model"]
