"""What was asked of the library and is not done yet, kept on the disk: a job that was acknowledged outlives the server."""

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from ingest.errors import InputError

Kind = Literal["fetch", "again", "remove", "undo"]
_KINDS = frozenset(("fetch", "again", "remove", "undo"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job that was asked for: `what` is an address, a document's id or a removal's."""

    job: str
    kind: Kind
    what: str
    name: str  # what users are shown
    owner: str = ""  # whose job it is, "" for the server's own
    collection: str | None = None  # that a page is put into, where one was named


class Pending:
    """Jobs by their ids, a file each in a folder that is made with the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, wanted: Wanted) -> None:
        """Keep a job before it is acknowledged. Raises InputError where it cannot be kept."""
        fresh = self._folder / f"{wanted.job}.new"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(asdict(wanted)), encoding="utf-8")
            fresh.replace(self._folder / f"{wanted.job}.json")
        except OSError as error:
            raise InputError(
                f"无法写入资料文件夹 {self._folder.parent}：{error.strerror}", "检查磁盘空间与目录权限"
            ) from error

    def forget(self, job: str) -> None:
        """Let go of a job that has ended."""
        with contextlib.suppress(OSError):
            (self._folder / f"{job}.json").unlink()

    def all(self) -> list[Wanted]:
        """What is not done, the oldest first; files that are no notes are passed over."""
        found = []
        for path in sorted(self._folder.glob("*.json"), key=_when) if self._folder.is_dir() else ():
            with contextlib.suppress(OSError, ValueError, TypeError):
                wanted = Wanted(**json.loads(path.read_text(encoding="utf-8")))
                if wanted.kind in _KINDS:
                    found.append(wanted)
        return found


def _when(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
