"""Micro-costs of a search over 100,000 tracks: plan, search by preset, rank again, open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.search.micro.catalogue import Catalogue
from moodrec.index import MoodIndex

PRESETS = ("flat", "ivf", "ivf-sq8", "hnsw")
FILTERS = {
    "no filter": None,
    "10% agrees": "near >= 0.9",
    "10% random": "calm >= 0.9",
    "10% opposes": "near < 0.1",
    "1% random": "calm >= 0.99",
    "0.1% random": "calm >= 0.999",
}
K = 10
IndexOf = Callable[[str], MoodIndex]


@pytest.mark.parametrize("where", FILTERS)
@pytest.mark.parametrize("preset", PRESETS)
def test_search(benchmark: Any, catalogue: Catalogue, index_of: IndexOf, preset: str, where: str) -> None:
    index = index_of(preset)
    hits = benchmark(lambda: index.search(catalogue.query, K, where=FILTERS[where]))
    assert hits.counts[0] == K


def test_plan(benchmark: Any, catalogue: Catalogue, index_of: IndexOf) -> None:
    """Nothing passes: what is left is checking, mask, plan, and the account of it."""
    index = index_of("ivf")
    hits = benchmark(lambda: index.search(catalogue.query, K, where="calm >= 0.5 AND year < 0"))
    assert hits.counts[0] == 0


@pytest.mark.parametrize("moods", [{}, {"calm": 0.9}, {"calm": 0.9, "happy": 0.2}], ids=len)
@pytest.mark.parametrize("cap", [None, 1], ids=["no cap", "one per artist"])
def test_rank_again(
    benchmark: Any, catalogue: Catalogue, index_of: IndexOf, moods: dict[str, float], cap: int | None
) -> None:
    index = index_of("ivf")
    hits = benchmark(lambda: index.search(catalogue.query, K, mood=moods or None, max_per_artist=cap))
    assert hits.counts[0] == K


@pytest.mark.parametrize("preset", ["flat", "ivf"])
def test_batch_of_64(benchmark: Any, catalogue: Catalogue, index_of: IndexOf, preset: str) -> None:
    index = index_of(preset)
    benchmark(lambda: index.search(catalogue.vectors[:64], K, where="calm >= 0.5"))


def test_open(benchmark: Any, index_of: IndexOf, tmp_path: Path) -> None:
    index_of("ivf").save(tmp_path / "index")
    benchmark(lambda: MoodIndex.open(tmp_path / "index"))


def test_open_and_search(benchmark: Any, catalogue: Catalogue, index_of: IndexOf, tmp_path: Path) -> None:
    index_of("ivf").save(tmp_path / "index")
    benchmark(lambda: MoodIndex.open(tmp_path / "index").search(catalogue.query, K, where="calm >= 0.9"))
