"""An engine's work for one request: waited for its turn, bounded in time, left when the caller goes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from app.access.caller import Caller
from app.api.errors import ApiError
from app.api.limits import Bounds, Gate
from app.ui.background import in_background

if TYPE_CHECKING:
    from fastapi import Request

    from app.engine import Engine

T = TypeVar("T")


def engine_for(engine: "Engine", caller: Caller) -> "Engine":
    """Return the engine as a caller sees it."""
    return engine if caller.collections is None else engine.seen_by(caller)


class Work:
    """Where all requests of the API have their answers made."""

    def __init__(self, bounds: Bounds) -> None:
        self._gate, self._seconds = Gate(bounds.concurrent, bounds.waiting), bounds.seconds
        self._timeouts: set[asyncio.Timeout] = set()
        self._ended = False

    @property
    def waiting(self) -> int:
        """How many questions wait for their turn."""
        return self._gate.waiting

    def end(self) -> None:
        """End what is under way now: each answer's last word is that the server stops. Called in the event loop."""
        self._ended = True
        now = asyncio.get_running_loop().time()
        for timeout in self._timeouts:
            timeout.reschedule(now)

    @contextlib.asynccontextmanager
    async def _until(self, deadline: float) -> AsyncIterator[None]:
        """Bound what is waited for in the block. Raises ApiError: 504 it is late, 503 the server stops."""
        try:
            async with asyncio.timeout_at(0 if self._ended else deadline) as timeout:
                self._timeouts.add(timeout)
                try:
                    yield
                finally:
                    self._timeouts.discard(timeout)
        except TimeoutError:
            if self._ended:
                raise ApiError(503, "stopping", "服务正在停止", "稍后再试", 5) from None
            raise ApiError(504, "timeout", "回答超时", "缩短问题后重试，或稍后再试") from None

    async def events(self, start: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
        """Yield what the iterator yields, which runs in a thread. Raises ApiError: 429 too many wait, 504 it takes too long.

        Whoever leaves is not waited for, but the place is taken until the thread is done with the step it is in.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds
        async with self._until(deadline):
            await self._gate.enter()

        def done() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: the server has ended
                loop.call_soon_threadsafe(self._gate.leave)

        def run() -> Iterator[T]:
            try:
                yield from start()
            finally:
                done()

        async with contextlib.aclosing(in_background(run)) as items:  # type: ignore[type-var]
            while True:
                async with self._until(deadline):
                    try:
                        item = await anext(items)
                    except StopAsyncIteration:
                        return
                yield item

    async def last(self, request: "Request | None", start: Callable[[], Iterator[T]]) -> T:
        """Return the iterator's last item; the work ends early where the caller goes. Raises as `events` does."""
        working = asyncio.ensure_future(_last(self.events(start)))
        if request is None:
            return await working
        leaving = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise ApiError(499, "gone", "连接已断开")
            return working.result()
        finally:
            for task in (working, leaving):
                task.cancel()


async def begun(events: AsyncIterator[T], count: int) -> AsyncIterator[T]:
    """Return the same events with the first `count` drawn already, so that an early error is still one of the request."""
    first: list[T] = []
    with contextlib.suppress(StopAsyncIteration):
        while len(first) < count:
            first.append(await anext(events))

    async def all_of_them() -> AsyncIterator[T]:
        for item in first:
            yield item
        async for item in events:
            yield item

    return all_of_them()


async def _last(events: AsyncIterator[T]) -> T:
    item: list[T] = []
    async for event in events:
        item[:] = [event]
    return item[0]


async def _gone(request: "Request") -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
