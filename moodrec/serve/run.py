"""The server process: uvicorn with an application, and connections that are cut where a client stalls."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from moodrec.serve.app import create_app
from moodrec.serve.settings import ServeSettings


def run(settings: ServeSettings) -> None:
    """Serve until the process is told to end.

    Raises:
        NotFoundError, CorruptStoreError: as :func:`moodrec.serve.app.create_app`.
    """
    server_of(settings).run()


def server_of(settings: ServeSettings) -> uvicorn.Server:
    """Make the server, which does not run yet.

    Raises:
        NotFoundError, CorruptStoreError: as :func:`moodrec.serve.app.create_app`.
    """
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http=_protocol(settings.limits.head_s),
        ws="none",
        limit_concurrency=settings.limits.connections,
        backlog=512,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
    )
    return uvicorn.Server(config)


def _protocol(head_s: float) -> type[asyncio.Protocol]:
    """A protocol that cuts connections whose first head does not arrive in time."""

    class Protocol(H11Protocol):
        """Cuts a connection on which a head has begun, or should have, and does not become complete in time."""

        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._late = self.loop.call_later(head_s, self._cut)

        def connection_lost(self, exc: Exception | None) -> None:
            self._calm()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._at_work:
                self._calm()
            elif self._late is None:
                self._late = self.loop.call_later(head_s, self._cut)

        @property
        def _at_work(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _calm(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

        def _cut(self) -> None:
            self._late = None
            if not self._at_work:
                self.transport.close()

    return Protocol
