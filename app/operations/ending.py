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
CLOSING = 9.0  # seconds after the grace by which the process has ended, whatever still holds it
INSISTED = 3.0  # and after a second Ctrl-C
_OURS = threading.Event()  # set where the process is to end with the server


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
    _OURS.set()
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


def must_end_within(seconds: float) -> None:
    """End the process after so many seconds, however far its closing has come: as safe as kill -9, and as the end was asked for, code 0.

    Each step of the closing has a bound of its own; this is for what nobody foresaw. Outside of `ending_well` it does
    nothing: there the process is another's.
    """
    if not _OURS.is_set():
        return

    def end() -> None:
        held = sorted({thread.name for thread in threading.enumerate() if not thread.daemon})
        telling = threading.Thread(target=say, args=("overdue", logging.ERROR), kwargs={"threads": held}, daemon=True)
        telling.start()
        telling.join(1.0)  # the log may be what holds it
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


async def drained(operations: Operations, work: "Work", library: "Library | None", forced: Callable[[], bool]) -> None:
    """Wait until what is under way has ended, at most for the time that is set; what is left then is told so and ended.

    The library's jobs stop meanwhile, each between two documents. `forced`: whether the operator insists (a second Ctrl-C).
    """
    watch, loop = operations.watch, asyncio.get_running_loop()
    must_end_within(operations.operating.grace + CLOSING)
    until = loop.time() + operations.operating.grace
    say("ending", under_way=watch.busy, grace=operations.operating.grace)
    if library is not None:
        library.stop()
    quiet = 0.0
    while quiet < _QUIET and loop.time() < until and not forced():
        quiet = 0.0 if watch.busy else quiet + _LOOK
        await asyncio.sleep(_LOOK)
    if forced():
        must_end_within(INSISTED)
    elif watch.busy:
        say("cut", under_way=watch.busy)
        work.end()
        until = loop.time() + _LAST_WORD
        while watch.busy and loop.time() < until:
            await asyncio.sleep(_LOOK)
