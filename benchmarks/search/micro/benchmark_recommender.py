"""The calls of a recommender that look many ids up, over 200,000 tracks, to compare commits by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.recommender import ALLOWED, CANDIDATES, PAIRS, made
from moodrec import Recommender

ROWS = 200_000


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    return made(ROWS, tmp_path_factory.mktemp("index"))


def some(recommender: Recommender, n: int) -> list[str]:
    ids = recommender.index.track_ids
    return [ids[row] for row in np.random.default_rng(1).choice(len(ids), n, replace=False)]


@pytest.mark.parametrize("mood", [None, {"calm": 0.8}], ids=["sound", "sound and mood"])
def test_score_pairs(benchmark: Any, recommender: Recommender, mood: dict[str, float] | None) -> None:
    ids = some(recommender, PAIRS)
    pairs = list(zip(ids, ids[::-1], strict=True))
    assert benchmark(lambda: recommender.score(pairs, mood=mood)).shape == (PAIRS,)


def test_rerank(benchmark: Any, recommender: Recommender) -> None:
    candidates = dict(zip(some(recommender, CANDIDATES), np.linspace(1, 0, CANDIDATES).tolist(), strict=True))
    assert len(benchmark(lambda: recommender.rerank(candidates, mood={"calm": 0.8}))) == CANDIDATES


def test_allow_list(benchmark: Any, recommender: Recommender) -> None:
    ids = some(recommender, ALLOWED)
    query = recommender.index.vectors(ids[:1])
    assert benchmark(lambda: recommender.index.search(query, 10, only=ids)).counts[0] == 10


@pytest.mark.parametrize("n", [1, 10, 200, 28_000])
def test_vectors(benchmark: Any, recommender: Recommender, n: int) -> None:
    ids = some(recommender, n)
    assert len(benchmark(lambda: recommender.index.vectors(ids))) == n
