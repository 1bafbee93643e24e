"""What the micro-benchmarks search: one catalogue, and an index of it by preset."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from benchmarks.search.micro.catalogue import Catalogue
from moodrec.index import MoodIndex


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.make()


@pytest.fixture(scope="session")
def index_of(catalogue: Catalogue) -> Callable[[str], MoodIndex]:
    """An index by preset, built once."""
    return cache(
        lambda preset: MoodIndex.build(catalogue.vectors, catalogue.table, ["calm", "happy"], preset)
    )
