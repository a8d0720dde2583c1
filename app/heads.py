"""A request's head has to be there in time and is bounded: until it is whole no layer of ours sees the request."""

import asyncio
from typing import Any

HEAD_SECONDS = 30.0  # until it is whole; a browser opens some connections before it has anything to ask


def bounded_protocol() -> type[asyncio.Protocol]:
    """Return uvicorn's protocol for HTTP by h11, with connections closed whose next request is late.

    h11 bounds heads and trailers (64 KiB). The faster httptools, which uvicorn prefers where it is installed, takes endless ones.
    """
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Bounded(H11Protocol):  # type: ignore[misc]
        _due: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._due = self.loop.call_later(HEAD_SECONDS, self._late)

        def data_received(self, data: bytes) -> None:
            if self._due is None and self.conn.their_state is h11.IDLE:
                self._due = self.loop.call_later(HEAD_SECONDS, self._late)
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:  # the head is whole; what follows is for app.api.limits to bound
                self._forget()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _late(self) -> None:
            self._due = None
            if self.conn.their_state is h11.IDLE:
                self.transport.close()

        def _forget(self) -> None:
            if self._due is not None:
                self._due.cancel()
                self._due = None

    return Bounded
