"""``HEAD`` is answered wherever ``GET`` is: checks of health and players ask so, before they ask for more."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moodrec.serve.lasting import lasts


class HeadAsGet:
    """Answers ``HEAD`` with the status and the headers of ``GET``.

    Endpoints whose answers last say their headers themselves: a stream of events has no end to wait for.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application that knows ``GET``.

        Args:
            app: what is wrapped.
        """
        self._app: Final = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Args:
            scope: of the request.
            receive: gives its body.
            send: takes the answer.
        """
        if scope["type"] != "http" or scope["method"] != "HEAD" or lasts(scope):
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, without_body)
        finally:
            if "route" in asked:  # by which requests are counted
                scope["route"] = asked["route"]
