"""Answers hold names as they are in JSON, but nothing that steers a terminal to which a client prints them."""

from __future__ import annotations

import json

import pytest

from tests.hostile_names import NAMES, STEERING
from tests.serve.running import needs_the_extra

needs_the_extra()

from moodrec.serve.documents import encoded  # noqa: E402
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
