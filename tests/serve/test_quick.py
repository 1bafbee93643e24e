"""Routes that read their parameters by themselves read what FastAPI reads; and what cuts a connection early."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serve.running import needs_the_extra, serving, settings_for

needs_the_extra()

from fastapi import FastAPI, Query  # noqa: E402
from fastapi.exceptions import RequestValidationError  # noqa: E402
from starlette.datastructures import QueryParams  # noqa: E402

from moodrec.serve.quick import query_of  # noqa: E402
from moodrec.serve.schemas.requests import SimilarQuery, TracksQuery  # noqa: E402

NAMES = (*SimilarQuery.model_fields, "unknown", "SEED", "")
VALUES = st.one_of(
    st.sampled_from(["", "t1", "1", "0.5", "true", "no", "nan", "1e9", "-3", "[]", "calm=0.5", "2.0", " 7 "]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)


def by_fastapi(text: str) -> dict[str, Any]:
    """What FastAPI reads in the query of a URL, or why it refuses it."""
    import httpx

    app = FastAPI()

    @app.get("/")
    async def read(query: Annotated[SimilarQuery, Query()]) -> dict[str, Any]:
        return query.model_dump()

    async def asked() -> dict[str, Any]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            found: dict[str, Any] = (await client.get(f"/?{text}")).json()
            return found

    return asyncio.run(asked())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6), st.booleans())
def test_parameters_are_read_as_fastapi_reads_them(pairs: list[tuple[str, str]], seeded: bool) -> None:
    text = urlencode([("seed", "t1"), *pairs] if seeded else pairs)
    theirs = by_fastapi(text)
    try:
        ours: Any = query_of(SimilarQuery, QueryParams(text)).model_dump()
    except RequestValidationError as error:
        assert "detail" in theirs
        faults = [(list(fault["loc"]), fault["msg"]) for fault in error.errors()]
        assert faults == [(fault["loc"], fault["msg"]) for fault in theirs["detail"]]
    else:
        assert ours == theirs


def test_lists_take_each_value_and_others_the_last() -> None:
    given = QueryParams("columns=title&columns=artist&limit=3&limit=4")
    read = query_of(TracksQuery, given)
    assert isinstance(read, TracksQuery)
    assert (read.columns, read.limit) == (["title", "artist"], 4)


@pytest.mark.parametrize("parser", ["httptools", "h11"])
def test_a_head_without_end_is_cut(sample_folder: Path, parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if parser == "httptools":
        pytest.importorskip("httptools")
    else:
        monkeypatch.setitem(sys.modules, "uvicorn.protocols.http.httptools_impl", None)
    with serving(settings_for(sample_folder)) as client:
        with socket.create_connection((str(client.base_url.host), client.base_url.port or 0)) as endless:
            endless.settimeout(20)
            endless.sendall(b"GET /v1/tracks HTTP/1.1\r\n")
            for _ in range(1000):
                try:
                    endless.sendall(b"X-More: " + b"x" * 4000 + b"\r\n")
                except OSError:
                    break  # reset
            else:
                pytest.fail("four megabytes of head were taken")
        long = client.get("/v1/tracks", params={"q": "x" * 64_000})
        assert (long.status_code, long.headers["content-type"]) == (431, "application/problem+json")
        assert client.get("/v1/tracks", params={"q": "x" * 50_000}).status_code == 422
        body = {"seed": "t1", "exclude": ["x" * 900 for _ in range(500)]}  # the head comes with a part of it
        assert client.post("/v1/similar", json=body).json()["count"] == 20
        assert client.get("/healthz").status_code == 200
        assert client.get("/v1/similar", params={"seed": "t1"}).json()["count"] == 20
