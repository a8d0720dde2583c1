"""The lock of a store's folder: readers share it, a writer has it alone, and a reader may become the writer for a while.

Locks are of the operating system (they end with their process). Changing one from shared to alone is not one step
there, so whoever takes or changes it holds the gate meanwhile: nobody can come in between, and a change that fails gives
back what was held.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ingest.errors import StoreError, StoreInUseError

SERVER = "server.json"  # where the server that holds the index takes commands (app.operations.control)
PASSING = frozenset(("lock", "lock.gate", "owner.json", SERVER))  # of this moment, not of the store
_POLL = 0.05  # seconds between looks at a lock that another process holds


class FolderLock:
    """A folder's lock, held by this process. Use `locked`."""

    def __init__(self, folder: Path, handle: IO[str], gate: IO[str]) -> None:
        self._folder, self._handle, self._gate = folder, handle, gate
        self._held: bool | None = None  # alone or shared; None before it was taken

    def take(self, alone: bool, wait: float) -> None:
        """Hold the lock alone or shared from now on. Raises StoreInUseError where another process does not let go."""
        until = time.monotonic() + wait
        while not self._change(alone):
            if time.monotonic() >= until:
                raise StoreInUseError(
                    f"索引 {self._folder} 正被另一进程使用{_owner(self._folder)}",
                    "等它结束后重试；如果是网页服务，先停止它（只是添加或移除资料，可在网页的资料库里做）",
                )
            time.sleep(_POLL)
        if alone:
            _write_owner(self._folder)

    @contextlib.contextmanager
    def alone(self, wait: float) -> Iterator[None]:
        """Hold the lock alone while the block runs, and as before after it. Raises StoreError as `take` does."""
        self.take(True, wait)
        try:
            yield
        finally:
            (self._folder / "owner.json").unlink(missing_ok=True)
            self.take(False, wait)

    def let_go(self) -> None:
        """Give the lock back."""
        import portalocker

        if self._held:
            (self._folder / "owner.json").unlink(missing_ok=True)
        if self._held is not None:
            portalocker.unlock(self._handle)
            self._held = None

    def _change(self, alone: bool) -> bool:
        import portalocker

        at_once = portalocker.LockFlags.NON_BLOCKING
        alone_or_shared = {True: portalocker.LockFlags.EXCLUSIVE, False: portalocker.LockFlags.SHARED}
        portalocker.lock(self._gate, portalocker.LockFlags.EXCLUSIVE)  # held for moments only
        try:
            if self._held is not None:
                portalocker.unlock(self._handle)
            try:
                portalocker.lock(self._handle, at_once | alone_or_shared[alone])
            except portalocker.exceptions.LockException:
                if self._held is not None:
                    portalocker.lock(self._handle, at_once | alone_or_shared[self._held])
                return False
            self._held = alone
            return True
        finally:
            portalocker.unlock(self._gate)


@contextlib.contextmanager
def locked(folder: Path, alone: bool, wait: float) -> Iterator[FolderLock]:
    """Hold a store's lock, alone or shared, while the block runs. Raises StoreError if another process does not let go."""
    with contextlib.ExitStack() as opened:
        try:
            folder.mkdir(parents=True, exist_ok=True) if alone else None
            handle, gate = (
                opened.enter_context((folder / name).open("a+", encoding="utf-8")) for name in ("lock", "lock.gate")
            )
        except OSError as error:
            raise StoreError(
                f"无法写入索引目录 {folder}：{error.strerror}", "检查目录权限，或用 --store 指定其他目录"
            ) from error
        lock = FolderLock(folder, handle, gate)
        opened.callback(lock.let_go)
        lock.take(alone, wait)
        yield lock


def _write_owner(folder: Path) -> None:
    command = " ".join(Path(part).name if i == 0 else part for i, part in enumerate(sys.argv[:2]))
    with contextlib.suppress(
        OSError
    ):  # the lock is held; who holds it is a courtesy, for which a full disk has no room
        (folder / "owner.json").write_text(json.dumps({"pid": os.getpid(), "command": command}), encoding="utf-8")


def _owner(folder: Path) -> str:
    try:
        owner = json.loads((folder / "owner.json").read_text(encoding="utf-8"))
        return f"（进程 {owner['pid']}：{owner['command']}）"
    except (OSError, ValueError, KeyError):
        return ""  # the owner is a reader, or has just let go: the message stands without its name
