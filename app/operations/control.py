"""The control socket of a running server: commands of this machine that write to the index which the server has open.

A folder store has one owner process, so `policyqa ingest` beside `policyqa serve` has the server do it. Its socket is in no
network: the store's folder says where it is and holds the key to it, in a file that only its owner may read (who may read that
may write the store anyway). Messages are JSON, never pickles; app.operations.control_client is the other end.
"""

import contextlib
import json
import logging
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.documents import describe, remove_from
from app.library.work import Stopped
from app.operations.control_client import server_of
from ingest.errors import InputError, PolicyQAError, StoreError
from ingest.lock import SERVER

if TYPE_CHECKING:
    from app.engine import Engine
    from app.library.library import Library

LONGEST = 16 << 20  # bytes of a message; the system lets a command line have 2 MB, which JSON may make thrice as long
_ROOM = 90  # bytes of a socket's path; the system takes 107 (Linux), 103 (macOS)
_AT_ONCE = 8  # commands; more are turned away
_LOOK = 0.05  # seconds between looks at a job
_PAUSE = 0.2  # seconds after a connection that could not be taken: too many files are open, say
_log = logging.getLogger(__name__)
_LEAVE = 5.0  # seconds that what is under way gets at the end of the server


@contextlib.contextmanager
def control_socket(
    engine: "Engine", library: "Library | None", folder: Path, model: str, stopping: threading.Event
) -> Iterator[None]:
    """Take commands for the store of `folder` while the block runs. `model`: the embedding model as the server's setting names it.

    Where no socket can be made (a read-only folder, say) there is none: such a command is then told that the index is in use.
    """
    if (first := server_of(folder)) is not None:  # a second one, that only reads: commands stay with the first
        first.leave()
        yield
        return
    with contextlib.ExitStack() as opened:
        try:
            listener, key = opened.enter_context(_listening(folder))
        except OSError:
            yield
            return
        control = _Control(engine, library, model, stopping)
        threading.Thread(target=control.accept, args=(listener, key), name="policyqa-control", daemon=True).start()
        try:
            yield
        finally:
            stopping.set()
            control.leave()


@contextlib.contextmanager
def _listening(folder: Path) -> Iterator[tuple[Listener, bytes]]:
    key, place = secrets.token_bytes(32), folder / SERVER
    with contextlib.ExitStack() as opened:
        family, address = "AF_PIPE", rf"\\.\pipe\policyqa-{secrets.token_hex(8)}"
        if os.name == "posix":
            family, address = "AF_UNIX", opened.enter_context(_own_room()) + "/server.sock"
            Path(address).unlink(missing_ok=True)  # of a server that was killed
        mask = os.umask(0o177)  # nobody else's from its first moment on
        try:
            listener = opened.enter_context(Listener(address, family))
        finally:
            os.umask(mask)
        with contextlib.suppress(FileNotFoundError):
            place.unlink()
        opened.callback(place.unlink, missing_ok=True)
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            known = {"pid": os.getpid(), "family": family, "address": address, "key": key.hex()}
            # A folder that was copied meanwhile holds a copy of this, which must not lead its commands here.
            file.write(json.dumps({**known, "file": os.fstat(file.fileno()).st_ino}))
        yield listener, key


@contextlib.contextmanager
def _own_room() -> Iterator[str]:
    """A folder for the socket: what systemd gives (RuntimeDirectory=), else one of our own. Not the store's: most copying stumbles over a socket."""
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if given and Path(given).is_dir() and len(os.fsencode(given)) < _ROOM:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="policyqa-") as room:
        yield room


class _Control:
    """Does what the connections ask, each in a thread of its own; the engine has them write one after another."""

    def __init__(self, engine: "Engine", library: "Library | None", model: str, stopping: threading.Event) -> None:
        self._engine, self._library, self._model, self._stopping = engine, library, model, stopping
        self._threads: list[threading.Thread] = []

    def accept(self, listener: Listener, key: bytes) -> None:
        """Take connections until the server stops."""
        while not self._stopping.is_set():
            try:
                connection = listener.accept()
            except OSError:
                self._stopping.wait(_PAUSE)
                continue
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            if len(self._threads) >= _AT_ONCE:
                connection.close()
                continue
            thread = threading.Thread(target=self._serve, args=(connection, key), daemon=True)
            self._threads.append(thread)
            thread.start()

    def leave(self) -> None:
        """Wait for what is under way to be left."""
        until = time.monotonic() + _LEAVE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _serve(self, connection: Connection, key: bytes) -> None:
        from multiprocessing import AuthenticationError
        from multiprocessing.connection import answer_challenge, deliver_challenge

        with connection:
            try:
                deliver_challenge(connection, key)
                answer_challenge(connection, key)
                asked = json.loads(connection.recv_bytes(LONGEST))
                connection.send_bytes(_packed(self._do(asked, partial(_tell, connection))))
            except (OSError, EOFError, AuthenticationError, ValueError):
                return  # it left, or is none of ours; what was committed stays

    def _do(self, asked: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        if self._stopping.is_set():
            return _failed("网页服务正在停止", "等它停下后再运行一次")
        try:
            if asked["do"] == "remove":
                return {"removed": self._removed(asked["id"])}
            return self._ingest(asked, tell)
        except Stopped:
            return _failed("网页服务停止了，没有做完", "再运行一次，会接着做")
        except PolicyQAError as error:
            return _failed(error.message, error.hint, error.exit_code)
        except Exception:
            _log.exception("control: a command failed")
            return _failed("网页服务出错，没有做完", "服务的日志里有原因；已入库的资料不受影响", 1)

    def _removed(self, doc_id: str) -> dict[str, Any]:
        """Take a document out: by the library, if there is one, which would else read a file of its own again."""
        if self._library is None:
            with self._engine.writing() as store:
                return remove_from(store, doc_id)
        entry = self._engine.entry(doc_id)
        if entry is None:
            raise InputError(f"文档 {doc_id} 刚被移除")
        told = describe([entry])[0]
        job = self._library.remove(doc_id)
        while job.state in {"waiting", "running"}:
            if self._stopping.wait(_LOOK):
                raise Stopped
        if job.state == "failed":
            raise StoreError(job.reason or "移除没有做成", "稍后再试")
        return told

    def _ingest(self, asked: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        if asked["model"] != self._model:
            return _failed(
                f"网页服务用的向量模型是 {self._model}，这里设的是 {asked['model']}",
                "把 POLICYQA_EMBED_MODEL 设成一样；要换模型，先停止网页服务",
            )

        def progress(done: int, total: int, name: str) -> None:
            self._go_on()
            tell({"done": done, "total": total, "name": name})

        summary = self._engine.ingest(
            asked["paths"],
            asked["prune"],
            progress,
            allow_private=asked["allow_private"],
            on_embedded=lambda done, total: self._go_on(),
            collection=asked["collection"],
            base=Path(asked["base"]),
        )
        return {"summary": summary.to_json()}

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise Stopped


def _tell(connection: Connection, told: dict[str, Any]) -> None:
    try:
        connection.send_bytes(_packed(told))
    except OSError:
        raise Stopped from None  # it left (Ctrl-C), so nobody wants the rest


def _failed(message: str, hint: str, code: int = 2) -> dict[str, Any]:
    return {"error": {"message": message, "hint": hint, "code": code}}


def _packed(told: dict[str, Any]) -> bytes:
    return json.dumps(told).encode()
