"""What reads during a request share one memory, in whatever thread they run."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'moodrec[serve]'")

import asyncio

import httpx
import pyarrow as pa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from moodrec.engines.facts import CatalogueFacts
from moodrec.engines.memory import memory_of
from moodrec.serve.guard.one_reading import in_one_reading


def test_a_request_has_a_memory_of_its_own_in_every_thread() -> None:
    facts, met = CatalogueFacts((), 2, pa.schema([("track_id", pa.string())]), None, None), []

    def answer(request: Request) -> PlainTextResponse:  # no coroutine, so that it runs in another thread
        met.append(memory_of(facts))
        return PlainTextResponse("same" if memory_of(facts) is met[-1] else "another")

    app = Starlette(routes=[Route("/", answer)])
    app.add_middleware(in_one_reading)

    async def texts() -> list[str]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return [(await client.get("/")).text for _ in range(2)]

    assert asyncio.run(texts()) == ["same", "same"]
    assert None not in met
    assert met[0] is not met[1]
    assert memory_of(facts) is None
