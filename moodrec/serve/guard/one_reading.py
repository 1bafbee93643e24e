"""One request sees each track of an engine's catalogue as it met it first."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from moodrec.engines.memory import one_reading


def in_one_reading(app: ASGIApp) -> ASGIApp:
    """Let an application answer each request from what it has read, where a track is removed meanwhile."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        with one_reading():
            await app(scope, receive, send)

    return serve
