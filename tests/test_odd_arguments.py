"""Odd values for every argument of an index and of a recommender: one of moodrec's errors, or an answer."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from moodrec import MoodIndex, Recommender, SearchOptions
from tests.odd import faults, faults_of_methods, samples

SAMPLE = Path(__file__).parents[1] / "indexes" / "open-game-music"
NOT_TRIED = ("open", "save", "refresh", "verify", "close", "settle")


@pytest.fixture(scope="module")
def index() -> MoodIndex:
    return MoodIndex.open(SAMPLE)


def test_search_options(index: MoodIndex) -> None:
    names = [field.name for field in dataclasses.fields(SearchOptions)]
    query = index.vectors(index.track_ids[:1])
    found = faults("SearchOptions", SearchOptions, {}, names)
    found += faults("search", index.snapshot().search, {"queries": query, "k": 3}, names)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("kind", ["index", "recommender"])
def test_methods(kind: str, index: MoodIndex) -> None:
    given = samples(index)
    holder: Any = index.snapshot() if kind == "index" else Recommender.open(SAMPLE)
    found = faults_of_methods(holder, given, NOT_TRIED)
    assert not found, "\n".join(found)
