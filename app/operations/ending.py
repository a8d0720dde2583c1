"""The end of the server: no answer cut, nothing acknowledged lost, exit code 0 for a signal that asks for the end."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

from app.operations.attach import Operations
from app.operations.logs import say

if TYPE_CHECKING:
    from app.api.work import Work
    from app.library.library import Library

_LOOK = 0.05  # seconds between looks
_QUIET = 0.2  # seconds of nothing under way: the last piece of an answer has left by then
_LAST_WORD = 1.0  # seconds that answers which are ended early have for saying so


@contextlib.contextmanager
def ending_well() -> Iterator[None]:
    """Let SIGTERM end the block as if it had been left, so that everything in it is closed; then end the process, with code 0.

    uvicorn takes the signal while it serves, and passes it on here when it has ended; before that it comes here at once.
    The process ends without Python's own clearing up: under load that took seconds, and a thread that waits for a hung
    language model may hold it for ever.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not break the closing off
        sys.exit(0)

    before, code = signal.signal(signal.SIGTERM, end), 0
    try:
        yield
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    finally:
        signal.signal(signal.SIGTERM, before)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def drained(operations: Operations, work: "Work", library: "Library | None", forced: Callable[[], bool]) -> None:
    """Wait until what is under way has ended, at most for the time that is set; what is left then is told so and ended.

    The library's jobs stop meanwhile, each between two documents. `forced`: whether the operator insists (a second Ctrl-C).
    """
    watch, loop = operations.watch, asyncio.get_running_loop()
    until = loop.time() + operations.operating.grace
    say("ending", under_way=watch.busy, grace=operations.operating.grace)
    if library is not None:
        library.stop()
    quiet = 0.0
    while quiet < _QUIET and loop.time() < until and not forced():
        quiet = 0.0 if watch.busy else quiet + _LOOK
        await asyncio.sleep(_LOOK)
    if watch.busy and not forced():
        say("cut", under_way=watch.busy)
        work.end()
        until = loop.time() + _LAST_WORD
        while watch.busy and loop.time() < until:
            await asyncio.sleep(_LOOK)
