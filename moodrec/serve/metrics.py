"""Figures of the server for Prometheus: requests, their times, the index and the jobs."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moodrec.errors import EngineError
from moodrec.serve.problems import ProblemError
from moodrec.serve.state import ServerState

_TIMES: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The figures of one server, in a registry of their own."""

    content_type: Final = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, state: ServerState) -> None:
        self._state = state
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "moodrec_requests_total", "Requests", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "moodrec_request_seconds", "Time of requests", ["route"], buckets=_TIMES, registry=registry
        )
        self.working = Gauge("moodrec_requests_in_progress", "Requests at work", registry=registry)
        self._tracks = Gauge("moodrec_index_tracks", "Tracks of the index", registry=registry)
        self._swaps = Gauge("moodrec_index_versions", "Versions of the index so far", registry=registry)
        self._streams = Gauge("moodrec_event_streams", "Open streams of events", registry=registry)

    def text(self) -> bytes:
        """Write the figures in Prometheus's text format."""
        with suppress(
            EngineError, ProblemError
        ):  # the figure stays as it was where an engine is out of reach
            self._tracks.set(len(self._state.view().index) if self._state.ready else 0)
        self._swaps.set(self._state.swaps)
        self._streams.set(len(self._state.hub))
        return generate_latest(self._registry)


class Measured:
    """Counts and times every request by its route, never by its path: paths hold ids."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Wrap the application that is measured.

        Args:
            app: what is measured.
            metrics: where the figures go.
        """
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Args:
            scope: of the request.
            receive: gives its body.
            send: takes the answer.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.working.inc()
        try:
            await self._app(scope, receive, noted)
        finally:
            self._metrics.working.dec()
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.requests.labels(_method(scope), route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - started)


def _method(scope: Scope) -> str:
    known = ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH")
    return scope["method"] if scope["method"] in known else "other"
