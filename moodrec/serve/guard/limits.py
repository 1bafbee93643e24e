"""What a request may cost: its rate, its body, its time, and how many are worked on at once.

Answers that last are counted apart from the requests that compute.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import Final

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moodrec.serve.lasting import lasts
from moodrec.serve.problems import problem
from moodrec.serve.settings import Limits

UPLOAD: Final = "/v1/analyze"
_FREE: Final = ("/healthz", "/readyz")
_READING: Final = 4
"""Bodies that may be on their way, for each request that may be worked on."""
_CLIENTS: Final = 10_000
"""The number of client addresses whose rates are remembered."""


class Buckets:
    """The rate of each client address: a bucket of tokens that fills as time goes on."""

    def __init__(self, rate: float, burst: int) -> None:
        """Start with full buckets.

        Args:
            rate: requests a second; 0 allows any number.
            burst: requests at once.
        """
        self._rate, self._burst = rate, float(burst)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """Take a token, and return 0; or return the seconds until there is one.

        Args:
            client: the address.
            now: the time in seconds.
        """
        if not self._rate:
            return 0.0
        left, before = self._left.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - before) * self._rate)
        self._left[client] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > _CLIENTS:
            self._left.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) / self._rate


class Guarded:
    """Cuts requests that cost more than they may; ``/healthz`` and ``/readyz`` always get through."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        """Wrap the application that is guarded.

        Args:
            app: what is guarded.
            limits: what requests may cost.
        """
        self._app, self._limits = app, limits
        self._buckets = Buckets(limits.rate, limits.burst)
        self._counts = {"working": 0, "reading": 0, "streaming": 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it.

        Args:
            scope: of the request.
            receive: gives its body.
            send: takes the answer.
        """
        if scope["type"] != "http" or scope["path"] in _FREE:
            await self._app(scope, receive, send)
            return
        client = scope["client"][0] if scope.get("client") else ""
        if wait := self._buckets.wait(client, time.monotonic()):
            detail = f"too many requests; the limit is {self._limits.rate:g} a second"
            await problem(429, "TooMany", detail, {"Retry-After": f"{wait:.0f}"})(scope, receive, send)
        elif lasts(scope):
            await self._stream(scope, receive, send)
        else:
            await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request if there is room; one whose body is still coming takes no place of those that compute."""
        counts, has_body = self._counts, _has_body(scope)
        busy = counts["working"] >= self._limits.concurrency
        if busy or (has_body and counts["reading"] >= _READING * self._limits.concurrency):
            detail = f"{counts['working']} requests are being worked on; try again in a moment"
            await problem(503, "Busy", detail, {"Retry-After": "1"})(scope, receive, send)
            return
        place = _Place(counts, "reading" if has_body else "working")
        try:
            await self._work(scope, receive, send, place)
        finally:
            place.leave()

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._counts["streaming"] >= self._limits.streams:
            detail = f"{self._counts['streaming']} streams are open, which is the limit; close one"
            await problem(503, "Busy", detail, {"Retry-After": "10"})(scope, receive, send)
            return
        place = _Place(self._counts, "streaming")
        try:
            await self._app(scope, receive, _not_stalling(send, self._limits.stall_s))
        finally:
            place.leave()

    async def _work(self, scope: Scope, receive: Receive, send: Send, place: _Place) -> None:
        upload = scope["path"] == UPLOAD
        most = self._limits.upload_bytes if upload else self._limits.body_bytes
        seconds = self._limits.upload_s if upload else self._limits.request_s
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        if _announced(scope) > most:
            await problem(413, "HttpError", _too_large(most), {"Connection": "close"})(scope, receive, send)
            return
        ends = _Ends(seconds, place)
        try:
            async with asyncio.timeout_at(ends.at) as ends.timeout:
                patient = _not_stalling(noted, self._limits.stall_s)
                await self._app(scope, _bounded(receive, most, ends), ends.noting(patient))
        except TimeoutError:
            if started:
                raise  # the answer cannot be completed: the connection is cut
            if ends.complete:
                detail = f"the request took longer than {seconds:g} seconds; ask for less"
                await problem(503, "TooLong", detail, {"Retry-After": "5"})(scope, receive, send)
            else:
                detail = f"the body did not arrive within {seconds:g} seconds"
                await problem(408, "TooSlow", detail, {"Connection": "close"})(scope, receive, send)


class _Place:
    """What a request counts as, until it ends."""

    def __init__(self, counts: dict[str, int], kind: str) -> None:
        self._counts, self._kind = counts, kind
        counts[kind] += 1

    def move(self, kind: str) -> None:
        """Count it as something else."""
        self._counts[self._kind] -= 1
        self._counts[kind] += 1
        self._kind = kind

    def leave(self) -> None:
        """Count it no more."""
        self._counts[self._kind] -= 1


class _Ends:
    """When a request is cut: an answer that has begun, such as a long file, may take its time."""

    def __init__(self, seconds: float, place: _Place) -> None:
        self.at = asyncio.get_running_loop().time() + seconds
        self.complete = False
        self.timeout: asyncio.Timeout | None = None
        self._place = place

    def body_is_here(self) -> None:
        """From now on the request computes."""
        self.complete = True
        self._place.move("working")

    def noting(self, send: Send) -> Send:
        async def noted(message: Message) -> None:
            if self.timeout is not None and message["type"] == "http.response.start":
                self.timeout.reschedule(None)
            await send(message)

        return noted


def _not_stalling(send: Send, seconds: float) -> Send:
    """Cut the connection of a client that takes nothing of its answer for so long."""

    async def patient(message: Message) -> None:
        async with asyncio.timeout(seconds):
            await send(message)

    return patient


def _has_body(scope: Scope) -> bool:
    return _announced(scope) > 0 or any(name == b"transfer-encoding" for name, _ in scope["headers"])


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _bounded(receive: Receive, most: int, ends: _Ends) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        if message["type"] == "http.request":
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                ends.body_is_here()
            if size > most:
                # The one kind of error that FastAPI passes on while it reads a body.
                raise HTTPException(413, _too_large(most), {"Connection": "close"})
        return message

    return counted


def _too_large(most: int) -> str:
    return f"the body is larger than {most / 1e6:,.1f} MB, which is the limit"
