"""Events for open pages: a new version of the index, and the progress of jobs, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from moodrec.serve.documents import encoded

_WAITING: Final = 256
"""Events that wait for a slow reader at most; older ones are dropped."""
_SILENCE_S: Final = 15.0
"""Seconds without an event after which a comment keeps the connection open."""


@dataclass(frozen=True, eq=False)
class Event:
    """Something that open pages are told of."""

    kind: str
    """One word: ``version`` or ``job``."""
    data: Any

    def encode(self) -> bytes:
        """Write the event as it goes over the wire."""
        return b"event: " + self.kind.encode() + b"\ndata: " + encoded(self.data) + b"\n\n"


class Hub:
    """Passes events from any thread on to the open streams."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._streams: dict[asyncio.Queue[Event | None], asyncio.AbstractEventLoop] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def end(self) -> None:
        """End the open streams, so that a server that stops need not wait for the pages that are open."""
        self._pass_on(None)

    def publish(self, event: Event) -> None:
        """Pass an event on; from any thread."""
        self._pass_on(event)

    def _pass_on(self, event: Event | None) -> None:
        with self._lock:
            streams = list(self._streams.items())
        for queue, loop in streams:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(_put, queue, event)

    async def stream(self, first: list[Event]) -> AsyncIterator[bytes]:
        """Yield events as they come, after some that are known already."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(_WAITING)
        with self._lock:
            self._streams[queue] = asyncio.get_running_loop()
        try:
            for event in first:
                yield event.encode()
            while True:
                try:
                    coming = await asyncio.wait_for(queue.get(), _SILENCE_S)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if coming is None:
                    return
                yield coming.encode()
        finally:
            with self._lock:
                self._streams.pop(queue, None)


def _put(queue: asyncio.Queue[Event | None], event: Event | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(event)
