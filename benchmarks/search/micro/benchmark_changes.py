"""What a small change of an index of 100,000 tracks takes: add one track, replace one, remove one."""

from __future__ import annotations

from itertools import count
from typing import Any

import pyarrow as pa
import pytest

from benchmarks.search.micro.benchmark_search import IndexOf
from benchmarks.search.micro.catalogue import Catalogue
from moodrec.index import MoodIndex

PRESETS = ("flat", "ivf-sq8", "hnsw")
ROUNDS = 200


@pytest.fixture
def index(index_of: IndexOf, preset: str, tmp_path_factory: pytest.TempPathFactory) -> MoodIndex:
    """An index of its own for each test, opened from a saved one."""
    folder = tmp_path_factory.mktemp(preset)
    index_of(preset).save(folder)
    opened = MoodIndex.open(folder)
    opened.compact()  # waits for the check of large files, which the first change would wait for
    return opened


def one_track(catalogue: Catalogue, track_id: str) -> pa.Table:
    """A table of one track under another id."""
    row = catalogue.table.slice(0, 1)
    return row.set_column(row.column_names.index("track_id"), "track_id", pa.array([track_id]))


@pytest.mark.parametrize("preset", PRESETS)
def test_add_one(benchmark: Any, catalogue: Catalogue, index: MoodIndex) -> None:
    number = count()
    vector = catalogue.vectors[:1]
    before = len(index)
    benchmark.pedantic(
        lambda: index.add(vector, one_track(catalogue, f"new {next(number)}")),
        rounds=ROUNDS,
        warmup_rounds=25,
    )
    assert len(index) > before


@pytest.mark.parametrize("preset", PRESETS)
def test_replace_one(benchmark: Any, catalogue: Catalogue, index: MoodIndex) -> None:
    vector = catalogue.vectors[:1]
    index.add(vector, one_track(catalogue, "new"))
    benchmark.pedantic(
        lambda: index.upsert(vector, one_track(catalogue, "new")), rounds=ROUNDS, warmup_rounds=25
    )
    assert "new" in index


@pytest.mark.parametrize("preset", PRESETS)
def test_remove_one(benchmark: Any, index: MoodIndex) -> None:
    ids = iter(index.track_ids)
    benchmark.pedantic(lambda: index.remove(next(ids)), rounds=ROUNDS, warmup_rounds=25)
    assert index.info().removed > 0
