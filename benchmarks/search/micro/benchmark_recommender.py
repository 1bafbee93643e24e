"""What a recommender asks of 200,000 tracks beside searches: pairs scored, candidates put in order, ids looked up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.search.micro.catalogue import columns
from moodrec import MoodIndex, Recommender, SearchOptions
from tests.catalogues import clustered

ROWS, DIM = 200_000, 128
PAIRS, CANDIDATES, LISTS, ALLOWED = 100_000, 200, 50, 28_000


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    """Over an index that was saved and opened, as in a service; ids are in no order."""
    rng = np.random.default_rng(0)
    names = {"track_id": [f"track-{row:07d}" for row in rng.permutation(ROWS)]}
    table = pa.table({**names, **columns(rng, ROWS)})
    folder = tmp_path_factory.mktemp("index")
    MoodIndex.build(clustered(rng, ROWS, DIM, ROWS // 100), table, ["calm", "happy"], "ivf-sq8").save(folder)
    return Recommender.open(folder)


def some(recommender: Recommender, n: int) -> list[str]:
    ids = recommender.index.track_ids
    return [ids[row] for row in np.random.default_rng(1).choice(len(ids), n, replace=False)]


@pytest.mark.parametrize("mood", [None, {"calm": 0.8}], ids=["sound", "sound and mood"])
def test_score_pairs(benchmark: Any, recommender: Recommender, mood: dict[str, float] | None) -> None:
    ids = some(recommender, PAIRS)
    pairs = list(zip(ids, ids[::-1], strict=True))
    scores = benchmark(lambda: recommender.score(pairs, mood=mood))
    assert scores.shape == (PAIRS,)


def test_rerank(benchmark: Any, recommender: Recommender) -> None:
    candidates = dict(zip(some(recommender, CANDIDATES), np.linspace(1, 0, CANDIDATES).tolist(), strict=True))
    found = benchmark(lambda: recommender.rerank(candidates, mood={"calm": 0.8}))
    assert len(found) == CANDIDATES


def test_rerank_a_batch(benchmark: Any, recommender: Recommender) -> None:
    ids = some(recommender, CANDIDATES * LISTS)
    lists = [ids[place::LISTS] for place in range(LISTS)]
    found = benchmark(lambda: recommender.rerank(lists, mood={"calm": 0.8}))
    assert len(found) == LISTS


@pytest.mark.parametrize("n", [1, 10, 200, 28_000])
def test_vectors(benchmark: Any, recommender: Recommender, n: int) -> None:
    ids = some(recommender, n)
    assert benchmark(lambda: recommender.index.vectors(ids)).shape == (n, DIM)


@pytest.mark.parametrize("made", ["anew", "once"])
def test_allow_list(benchmark: Any, recommender: Recommender, made: str) -> None:
    ids = some(recommender, ALLOWED)
    query, once = recommender.index.vectors(ids[:1]), SearchOptions(only=ids)
    benchmark(
        lambda: recommender.index.search(query, 10, once if made == "once" else SearchOptions(only=ids))
    )
