"""Answers hold names as they are in JSON, but nothing that steers a terminal to which a client prints them.

Tests the inside of moodrec.serve.problems on purpose.
"""

from __future__ import annotations

import asyncio
import json

import pyarrow as pa
import pytest

from moodrec.errors import EngineError
from tests.hostile_names import NAMES, STEERING
from tests.serve.running import needs_the_extra

needs_the_extra()

from starlette.requests import Request  # noqa: E402

from moodrec.serve import problems  # noqa: E402
from moodrec.serve.documents import encoded, track_documents  # noqa: E402
from moodrec.serve.problems import problem  # noqa: E402


@pytest.mark.parametrize("name", sorted(NAMES.keys() - {"not UTF-8", "half a character"}))
def test_answers(name: str) -> None:
    value = {"title": NAMES[name], "known": [NAMES[name], float("nan"), 0.5]}
    text = encoded(value).decode()
    assert not STEERING & set(text)
    assert json.loads(text) == {**value, "known": [NAMES[name], None, 0.5]}


@pytest.mark.parametrize("name", NAMES)
def test_problems(name: str) -> None:
    body = bytes(problem(400, "Kind", NAMES[name]).body).decode()
    assert not STEERING & set(body)
    assert json.loads(body)["status"] == 400


@pytest.mark.parametrize("name", NAMES)
def test_the_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    request = Request({"type": "http", "path": "/v1/search", "headers": [], "query_string": b""})
    asyncio.run(problems._of_moodrec(request, EngineError(NAMES[name])))
    (line,) = caplog.messages
    assert not STEERING & set(line)
    assert "\n" not in line


def test_scores_of_the_audio_and_probabilities_are_told_on_request_alone() -> None:
    names = ["calm", "prob_calm", "audio_calm", "audio_prob_calm", "audio_engineer", "label_calm"]
    table = pa.table({"track_id": ["t"], "path": ["/m/a.mp3"], **{name: [0.5] for name in names}})
    (plain,) = track_documents(table, ["calm"])
    told = {
        "track_id": "t",
        "file": "a.mp3",
        "audio_engineer": 0.5,
        "label_calm": 0.5,
        "moods": {"calm": 0.5},
    }
    assert plain == told
    (asked,) = track_documents(table, ["calm"], ["prob_calm", "audio_prob_calm", "path"])
    assert asked == {
        "track_id": "t",
        "path": "/m/a.mp3",
        "audio_prob_calm": 0.5,
        "probabilities": {"calm": 0.5},
    }
