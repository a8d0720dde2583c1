"""The other end of app.operations.control: have the server that holds a store's index do what this process may not."""

import json
import os
from collections.abc import Callable
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any, NoReturn

from app.settings import Settings
from ingest.errors import PolicyQAError, StoreError, StoreInUseError
from ingest.lock import SERVER
from ingest.summary import Summary

_WAIT = 5.0  # seconds for a server's first word


class Server:
    """A running server that takes commands. Made by `server_of`; each command closes it."""

    def __init__(self, connection: Connection, pid: int) -> None:
        self._connection, self.pid = connection, pid

    def ingest(
        self,
        paths: list[str],
        prune: bool,
        collection: str | None,
        model: str,
        allow_private: bool,
        on_progress: Callable[[int, int, str], None],
    ) -> Summary:
        """Have files and addresses ingested. Relative paths start where this process is. Raises PolicyQAError."""
        base = str(Path.cwd())
        asked = {
            "do": "ingest", "base": base, "paths": paths, "prune": prune, "collection": collection, "model": model,
            "allow_private": allow_private,
        }  # fmt: skip
        return Summary(**self._asked(asked, on_progress)["summary"])

    def remove(self, doc_id: str) -> dict[str, Any]:
        """Have a document taken out; return its record. Raises PolicyQAError."""
        removed: dict[str, Any] = self._asked({"do": "remove", "id": doc_id}, lambda done, total, name: None)["removed"]
        return removed

    def leave(self) -> None:
        """Ask for nothing."""
        self._connection.close()

    def _asked(self, asked: dict[str, Any], on_progress: Callable[[int, int, str], None]) -> dict[str, Any]:
        with self._connection as connection:
            try:
                connection.send_bytes(json.dumps(asked).encode())
                while True:
                    told: dict[str, Any] = json.loads(connection.recv_bytes())
                    if "done" not in told:
                        break
                    on_progress(told["done"], told["total"], told["name"])
            except (OSError, EOFError) as error:
                raise StoreError(
                    f"网页服务（进程 {self.pid}）中断了连接，可能没有做完", "再运行一次同样的命令，会接着做"
                ) from error
        if "error" in told:
            _raise(told["error"])
        return told


def server_of(store: Path | str) -> Server | None:
    """The server that holds a folder's index and takes commands of this user's; None where there is none."""
    from multiprocessing import AuthenticationError
    from multiprocessing.connection import answer_challenge, deliver_challenge

    if isinstance(store, str):  # a Chroma server: all may write to it
        return None
    try:
        with (store / SERVER).open(encoding="utf-8") as file:
            known, number = json.loads(file.read()), os.fstat(file.fileno()).st_ino
        if known["file"] != number:  # the folder is a copy; the server holds the index of the other one
            return None
        connection, key = Client(known["address"], known["family"]), bytes.fromhex(known["key"])
        if not connection.poll(_WAIT):  # a server that was halted
            connection.close()
            return None
        answer_challenge(connection, key)
        deliver_challenge(connection, key)
        return Server(connection, int(known["pid"]))
    except (OSError, EOFError, ValueError, KeyError, TypeError, AuthenticationError):
        return None  # none runs, it was killed, or it is another user's


def refuse_second(settings: Settings) -> None:
    """Raise StoreInUseError where a server has the index already: two would take up the same jobs, each for its own."""
    server = server_of(settings.store)
    if server is None:
        return
    server.leave()
    if settings.library is not None:
        raise StoreInUseError(
            f"网页服务（进程 {server.pid}）已经在用索引 {settings.store}",
            "先停止它；只想再开一个只读的，设 POLICYQA_LIBRARY=off 和 POLICYQA_HISTORY=off",
        )


def _raise(error: dict[str, Any]) -> NoReturn:
    raised = PolicyQAError(str(error["message"]), str(error["hint"]))
    raised.exit_code = int(error["code"])
    raise raised
