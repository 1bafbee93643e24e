"""Odd values in the place of every parameter and every field of every operation: an answer or one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    import httpx

LONGEST: Final = 600
"""Characters of what a client is told."""
JSON: Final = {"content-type": "application/json"}
TEXTS: Final = (
    "", "2.5", "-1", "nan", "1e400", str(2**63), "9" * 5_000, "x" * 10_000, "\0", "\u202e\x1b[31m\n", "../../x",
    "calm=nan", "=", "١", "1_000", "null",
)  # fmt: skip
VALUES: Final = (
    "null", "true", "-1", "2.5", "NaN", "1e400", str(2**64), "9" * 5_000, '""', '"\\ud800"', '"a\\u0000b"',
    json.dumps("x" * 10_000), "[]", "{}", '["\\ud800"]', '{"\\ud800":0.5}', '{"":1e308}', "[NaN]", "[[]]", "[null]",
    "[" * 5_000 + "]" * 5_000, '{"a":' * 5_000 + "1" + "}" * 5_000, json.dumps([0] * 100_000), '{"t1":5e-324}',
)  # fmt: skip
BODIES: Final = (
    b"",
    b"\0",
    b"\xff\xfe{",
    b"\x1f\x8b\x00",
    b"{",
    b"[]",
    b'"t1"',
    b"null",
    "{}".encode("utf-16"),
)
TYPES: Final[tuple[dict[str, str], ...]] = (
    {"content-type": "text/plain"},
    {"content-type": "application/json; charset=utf-7"},
    {"content-type": "application/json", "content-encoding": "gzip"},
    {"content-type": "multipart/form-data"},
    {"content-type": "multipart/form-data; boundary=" + "x" * 500},
    {},
)
SOUND: Final[dict[str, Any]] = {
    "seed": "t1", "seeds": ["t1"], "track_id": "t1", "track_ids": ["t1"], "moods": {"calm": 0.5},
    "weights": {"t1": 1.0}, "tracks": {"t1": 1.0}, "plays": [{"track_id": "t1", "played_at": 1e9}],
    "mood": {"calm": 0.5}, "items": [{"id": "t1", "op": "ADD"}], "playlist_name": "x", "scores": {"calm": 0.5},
    "method": "getSonicSimilarTracks", "item_id": "t1", "id": "t1", "start_song_id": "t1", "end_song_id": "t2",
    "name": "x",
}  # fmt: skip
ENDS: Final[dict[str, tuple[Any, Any]]] = {
    "/v1/playlists/arc": ({"calm": 0.1}, {"calm": 0.9}),
}


@pytest.fixture(scope="module")
def operations(client: httpx.Client) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Method, path, description and the schema of the body of each operation that answers at once."""
    document = client.get("/v1/openapi.json").json()
    schemas = document["components"]["schemas"]
    found = []
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            content = about.get("requestBody", {}).get("content", {}).get("application/json", {})
            named = content.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
            found.append((method.upper(), path, about, schemas.get(named, {})))
    return [one for one in found if one[1] not in ("/v1/events", "/v1/analyze")]


def sound(path: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A body with what it needs."""
    start, end = ENDS.get(path, ("t1", "t2"))
    needed = set(schema.get("required", ())) | (
        {"seed", "mood", "tracks"} & schema.get("properties", {}).keys()
    )
    known = SOUND | {"start": start, "end": end}
    return {name: known[name] for name in needed if name in known}


def place(path: str, about: dict[str, Any], changed: str = "", value: str = "") -> str:
    """The path with its parameters filled in."""
    for parameter in about.get("parameters", ()):
        name = parameter["name"]
        if parameter["in"] == "path":
            text = value if name == changed else str(SOUND.get(name, "x"))
            path = path.replace(f"{{{name}}}", quote(text, safe=""))
    return path


def requests(
    method: str, path: str, about: dict[str, Any], schema: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Addresses and what else ``httpx`` takes: one thing is odd in each."""
    parameters = [(one["in"], one["name"]) for one in about.get("parameters", ())]
    body = sound(path, schema)
    given: dict[str, Any] = {"json": body} if schema else {}
    in_query = SOUND | {"mood": "calm=0.5"}
    query = {name: in_query[name] for where, name in parameters if where == "query" and name in in_query}
    for where, name in parameters:
        for text in TEXTS:
            if where == "path":
                yield place(path, about, name, text), {"params": query, **given}
            elif where == "query":
                yield place(path, about), {"params": query | {name: text}, **given}
        if where == "query":
            yield place(path, about), {"params": {**query, name: ["1", "x", "1"]}, **given}
            yield f"{place(path, about)}?{name}=%ff%ed%a0%80", given
    if not schema:
        return
    for content in [*map(str.encode, VALUES), *BODIES]:
        yield place(path, about), {"content": content, "headers": JSON}
    for headers in TYPES:
        yield place(path, about), {"content": json.dumps(body).encode(), "headers": headers}
    for name in schema.get("properties", ()):
        others = [f"{json.dumps(one)}:{json.dumps(value)}" for one, value in body.items() if one != name]
        for text in VALUES:
            document = "{" + ",".join([*others, f"{json.dumps(name)}:{text}"]) + "}"
            yield place(path, about), {"content": document.encode(), "headers": JSON}


def fault(answer: httpx.Response) -> str:
    """What is wrong with an answer, "" if nothing."""
    if answer.status_code >= 500:
        return f"{answer.status_code} {answer.text[:100]}"
    if answer.status_code < 400 or answer.request.method == "HEAD":
        return ""
    theirs = answer.request.url.path.startswith("/api/")  # clients of another server read its form
    kind = "application/json" if theirs else "application/problem+json"
    if answer.headers["content-type"] != kind:
        return f"{answer.status_code} as {answer.headers['content-type']}"
    told = answer.json()["error" if theirs else "detail"]
    return f"{len(told)} characters: {told[:100]!r}" if len(told) > LONGEST or "\n" in told else ""


def test_every_parameter_and_field(
    client: httpx.Client, operations: list[tuple[str, str, dict[str, Any], dict[str, Any]]]
) -> None:
    found, accepted = [], set()
    for method, path, about, schema in operations:
        for address, more in requests(method, path, about, schema):
            answer = client.request(method, address, **more)
            if what := fault(answer):
                found.append(f"{method} {address[:80]} {str(more)[:100]}: {what}")
            if answer.status_code == 200:
                accepted.add(path)
    assert not found, "\n".join(found[:30])
    # Otherwise requests would be refused before the odd value is looked at.
    searches = {
        "/v1/similar",
        "/v1/by-mood",
        "/v1/playlists/radio",
        "/v1/playlists/path",
        "/v1/playlists/mix",
    }
    assert searches <= accepted


def test_every_header(client: httpx.Client) -> None:
    headers = {
        "origin": ("http://[", "x" * 5_000, "http://a:99999999"), "range": ("bytes=9-1", "bytes=x", "bytes=-"),
        "cookie": ("=;;=", "moodrec_session=\xff"), "authorization": ("Bearer \xff", "Basic"),
        "accept-encoding": ("gzip;q=nan",), "if-none-match": ('"' * 100,), "if-modified-since": ("x",),
        "host": ("[", "", "a" * 5_000), "accept": ("\xff",), "last-event-id": ("x",),
    }  # fmt: skip
    found = []
    for name, values in headers.items():
        for value in values:
            for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
                for path in ("/v1/tracks", "/v1/similar", "/v1/tracks/t1/audio", "/rest/ping", "/v1/session"):
                    answer = client.request(method, path, headers={name.encode(): value.encode("latin-1")})
                    if what := fault(answer):
                        found.append(f"{method} {path} {name}={value[:20]!r}: {what}")
    assert not found, "\n".join(found[:30])
