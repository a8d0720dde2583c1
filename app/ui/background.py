"""Run a blocking iterator beside an event loop, so that waiting for it can be cancelled at once."""

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


async def in_background(start: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
    """Yield what the iterator yields; it runs in a thread of its own. An exception of the iterator is raised here.

    Gradio's own threads cannot be left: a hung language model would hold the stop button and Ctrl-C until its timeout.
    When the consumer goes away the thread ends with the item it is waiting for.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[tuple[T] | BaseException | None] = asyncio.Queue()
    unwanted = threading.Event()

    def put(item: tuple[T] | BaseException | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: the server has ended
            loop.call_soon_threadsafe(arrived.put_nowait, item)

    def produce() -> None:
        try:
            for item in start():
                if unwanted.is_set():
                    return
                put((item,))
        except BaseException as error:
            put(error)
        else:
            put(None)

    # In the handler's context: who asks is told by it.
    threading.Thread(target=contextvars.copy_context().run, args=(produce,), daemon=True).start()
    try:
        while (item := await arrived.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0]
    finally:
        unwanted.set()
