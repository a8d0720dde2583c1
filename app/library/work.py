"""Work on the library: one job after another in a thread of its own, each with what is told of it."""

import contextlib
import itertools
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ingest.errors import PolicyQAError

State = Literal["waiting", "running", "done", "failed"]
Said = tuple[str, dict[str, Any]]  # a key of app.ui.strings and its values
FINISHED = 200  # jobs that are told of after their end
_LEAVE = 3.0  # seconds that a job gets at the end of the server
_log = logging.getLogger(__name__)


class Stopped(Exception):
    """The server ends: the job is left, and what it began is taken up at the next start."""


@dataclass(slots=True)
class Job:
    """One thing to do, and how far it is. Written by the worker, read by anyone."""

    name: str  # of a file, an address, a document's title: from strangers
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = "waiting"
    done: int = 0  # chunks embedded
    total: int = 0  # of so many; 0 while that is not known
    said: Sequence[Said] = (("work_waiting", {}),)
    reason: str = ""  # why it failed
    removed: str = ""  # the id of what it took out and can be brought back
    owner: str = ""  # the name of whose job it is, "" for the server's own


class Worker:
    """Does jobs one by one: those of a lower rank first, else in their order."""

    def __init__(self) -> None:
        self._waiting: queue.PriorityQueue[tuple[int, int, Job, Callable[[Job], None]]] = queue.PriorityQueue()
        self._jobs: dict[str, Job] = {}
        self._order = itertools.count()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self.stopping = threading.Event()
        self.on_end: Callable[[Job, float], None] = lambda job, seconds: None

    def submit(self, job: Job, work: Callable[[Job], None], rank: int = 1) -> Job:
        """Have a job done; `work` sets what is said of it at its end, and raises PolicyQAError where it cannot be done."""
        with self._starting:
            self._jobs[job.id] = job
            ended = [known.id for known in self._jobs.values() if known.state in {"done", "failed"}]
            for old in ended[: max(0, len(ended) - FINISHED)]:
                del self._jobs[old]
            self._waiting.put((rank, next(self._order), job, work))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="policyqa-library", daemon=True)
                self._thread.start()
        return job

    def jobs(self) -> list[Job]:
        """All jobs that are told of, in the order in which they came."""
        with self._starting:
            return list(self._jobs.values())

    def stop(self) -> None:
        """Begin nothing else, and leave what is under way, which costs nothing but its repetition; it is not waited for."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._waiting.put((-1, next(self._order), Job(""), lambda job: None))

    def close(self) -> None:
        """Stop, and wait for what is under way to be left."""
        self.stop()
        if self._thread is not None:
            self._thread.join(_LEAVE)

    def _run(self) -> None:
        while not self.stopping.is_set():
            _, _, job, work = self._waiting.get()
            if not self.stopping.is_set():
                self._do(job, work)

    def _do(self, job: Job, work: Callable[[Job], None]) -> None:
        job.state, job.said = "running", (("work_reading", {}),)
        began = time.monotonic()
        with contextlib.suppress(Stopped):
            try:
                work(job)
                job.state = "done"
            except PolicyQAError as error:
                job.said, job.reason = (("work_failed", {}),), str(error)
                job.state = "failed"
            except Stopped:
                raise
            except Exception:
                if not self.stopping.is_set():
                    _log.exception("library: a job failed")
                job.said = (("work_broken", {}),)
                job.state = "failed"
            if job.name:  # not those of the library's own
                self.on_end(job, time.monotonic() - began)
