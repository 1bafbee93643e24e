"""Rows so close together that their codes, or the first look at them, hardly tell them apart."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from moodrec.index.kernel import binding as kernel
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset

pytestmark = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not built here")

N, K = 10_000, 10


def tight(dim: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """(N, dim) rows in five clusters, and (30, dim) queries like them."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((5, dim))
    rows = centres[rng.integers(0, 5, N)] + spread * rng.standard_normal((N, dim))
    return rows, rows[:30] + 0.1 * spread * rng.standard_normal((30, dim))


@pytest.mark.parametrize(("dim", "spread"), [(2, 0.5), (16, 0.1), (64, 0.1), (64, 0.02)])
@pytest.mark.parametrize("mood", [None, {"calm": 0.3}])
def test_hits_score_as_high_as_those_of_a_scan(
    dim: int, spread: float, mood: dict[str, float] | None
) -> None:
    rows, queries = tight(dim, spread)
    assert share_as_high(rows, queries, mood) > 0.98


def test_rows_in_the_direction_of_the_query_are_told_apart_by_mood() -> None:
    rows = np.sign(np.random.default_rng(0).standard_normal((N, 1)))
    assert share_as_high(rows, rows[:30], {"calm": 0.3}) > 0.98


def share_as_high(rows: np.ndarray, queries: np.ndarray, mood: dict[str, float] | None) -> float:
    """The share of hits whose score reaches the last of an exact search."""
    calm = np.random.default_rng(1).random(N, np.float32)
    table = pa.table({"track_id": [f"t{row}" for row in range(N)], "calm": calm})
    index = MoodIndex.build(rows.astype(np.float32), table, ["calm"], "ivf-sq8")
    found, exact = (index.search(queries, K, mood=mood, exact=exact) for exact in (False, True))
    return float(np.mean(found.scores >= exact.scores[:, -1:] - 2e-7))


@pytest.mark.parametrize("preset", ["ivf", "ivf-sq8"])
def test_a_cap_counts_on_rows_that_were_not_looked_at_closely(preset: str) -> None:
    """All lists are visited, and fewer rows pass than there is room for; yet not all of them have been scored."""
    rng = np.random.default_rng(0)
    n, dim, k = 20_000, 64, 40
    near, far = (direction / np.linalg.norm(direction) for direction in rng.standard_normal((2, dim)))
    vectors = rng.standard_normal((n, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:200] = near + 0.5 * vectors[:200]
    vectors[200:345] = far + 0.5 * vectors[200:345]
    artists = ["one"] * 200 + [f"a{row}" for row in range(n - 200)]
    ids, flags = [f"t{row}" for row in range(n)], [row < 345 for row in range(n)]
    table = pa.table({"track_id": ids, "artist": artists, "flag": flags})
    index = MoodIndex.build(vectors, table, preset=load_preset(preset).model_copy(update={"nlist": 8}))
    assert index.search(near, k, where="flag", max_per_artist=1).counts.tolist() == [k]
