"""The server process: uvicorn with an application, and connections that are cut where a client stalls."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import uvicorn

from moodrec.serve.app import create_app
from moodrec.serve.binding import BACKLOG, bind, close, port_of
from moodrec.serve.events import Hub
from moodrec.serve.problems import problem
from moodrec.serve.settings import ServeSettings

_LARGEST_HEAD: Final = 60 << 10
"""Bytes of a request without its body; the parsers refuse addresses that are a little longer."""
_END_OF_HEAD: Final = b"\r\n\r\n"


def _refusal() -> bytes:
    answer = problem(431, "TooLarge", f"the address and the headers have more than {_LARGEST_HEAD:,} bytes")
    lines = [b"HTTP/1.1 431 Request Header Fields Too Large", b"connection: close"]
    lines += [name + b": " + value for name, value in answer.raw_headers]
    return b"\r\n".join(lines) + _END_OF_HEAD + bytes(answer.body)


_TOO_LARGE: Final = _refusal()


def run(settings: ServeSettings, ready: Callable[[ServeSettings], None]) -> None:
    """Serve until the process is told to end.

    Args:
        settings: of the server.
        ready: called before the first request, with the port that was taken.

    Raises:
        UsageError, MoodrecError: as :func:`moodrec.serve.binding.bind`.
        NotFoundError, CorruptStoreError: as :func:`moodrec.serve.app.create_app`.
    """
    taken = bind(settings)
    try:
        settings = replace(settings, port=port_of(taken))
        server = server_of(settings)
        ready(settings)
        server.run(sockets=taken)
    finally:
        close(taken)


def server_of(settings: ServeSettings) -> uvicorn.Server:
    """Make the server, which does not run yet.

    Raises:
        NotFoundError, CorruptStoreError: as :func:`moodrec.serve.app.create_app`.
    """
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=_protocol(settings.limits.head_s),
        ws="none",
        limit_concurrency=settings.limits.connections,
        backlog=BACKLOG,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
    )
    return _Server(config, app.state.server.hub)


class _Server(uvicorn.Server):
    """Ends the streams of events before it waits for the requests that are under way."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.end()
        await super().shutdown(sockets)


def _protocol(head_s: float) -> type[asyncio.Protocol]:
    """The fastest protocol that is installed, which cuts connections whose heads do not arrive in time."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Fastest
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol as Fastest  # type: ignore[assignment]
    return type("Protocol", (_Cutting, Fastest), {"head_s": head_s})


class _Cutting(asyncio.Protocol):
    """Cuts a connection on which a head has begun, or should have, and does not become complete in time or room."""

    head_s: float
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    cycle: Any
    _late: asyncio.TimerHandle | None = None
    _head = 0
    _tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._late = self.loop.call_later(self.head_s, self._cut)

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._at_work and self._is_too_large(data):
            self.transport.write(_TOO_LARGE)
            self.transport.close()
            return
        super().data_received(data)
        if self._at_work:
            self._calm()
        elif self._late is None:
            self._late = self.loop.call_later(self.head_s, self._cut)

    def _is_too_large(self, data: bytes) -> bool:
        """Count the bytes of a head, whose end may lie across two pieces of data."""
        end = (self._tail + data).find(_END_OF_HEAD)
        self._head += len(data) if end < 0 else max(0, end - len(self._tail))
        self._tail = (self._tail + data)[1 - len(_END_OF_HEAD) :]
        return self._head > _LARGEST_HEAD

    @property
    def _at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _calm(self) -> None:
        self._head, self._tail = 0, b""
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _cut(self) -> None:
        self._late = None
        if not self._at_work:
            self.transport.close()
