"""One request sees each track of an engine's catalogue as it met it first."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from moodrec.engines.memory import one_reading


class OneReading:
    """Answers a request from what it has read, where a track is removed from the engine meanwhile."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application that serves an engine's catalogue.

        Args:
            app: what is wrapped.
        """
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Args:
            scope: of the request.
            receive: gives its body.
            send: takes the answer.
        """
        with one_reading():
            await self._app(scope, receive, send)
