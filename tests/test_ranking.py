"""The blend and the caps against their definitions, row by row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from moodrec.ranking import blend, cap_per_key, mood_affinity, pick
from tests.oracles import blend_scores, cap_rows


def unit_rows(rng: np.random.Generator, n: int, d: int) -> NDArray[np.float32]:
    rows = rng.standard_normal((n, d)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_affinity_is_one_on_target_and_falls_to_zero_at_the_opposite_end() -> None:
    scores = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [np.nan, 0.0]])
    affinity = mood_affinity(scores, np.array([1.0, 0.0]))
    np.testing.assert_array_equal(affinity, [1.0, 0.0, 0.75, np.nan])


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("n_moods", [1, 3])
def test_the_blend_is_its_definition(weight: float, n_moods: int) -> None:
    rng = np.random.default_rng(n_moods)
    rows, query = unit_rows(rng, 200, 32), unit_rows(rng, 1, 32)
    scores, targets = rng.random((200, n_moods), np.float32), rng.random(n_moods).astype(np.float32)
    expected = blend_scores(rows, query[0], scores, targets.tolist(), weight)
    np.testing.assert_allclose(
        blend(rows @ query[0], mood_affinity(scores, targets), weight), expected, atol=1e-6
    )


@given(
    keys=st.lists(st.integers(-1, 4), max_size=40),
    limit=st.integers(1, 3),
    k=st.integers(1, 12),
    seed=st.integers(0, 9),
)
def test_caps_agree_with_a_walk_down_the_list(keys: list[int], limit: int, k: int, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(keys))
    artists = [None if key < 0 else f"artist {key}" for key in keys]
    kept = cap_per_key(order, np.array(keys, np.int32), limit, k)
    assert kept.tolist() == cap_rows(order.tolist(), artists, limit, k)


@given(
    keys=st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=25),
    limits=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    k=st.integers(1, 12),
    diversity=st.sampled_from([0.0, 0.3, 1.0]),
    same=st.sampled_from([0.5, 2.0]),
    seed=st.integers(0, 99),
)
def test_a_choice_agrees_with_its_definition(
    keys: list[tuple[int, int]], limits: tuple[int, int], k: int, diversity: float, same: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores, vectors = -np.sort(-rng.random(len(keys))), unit_rows(rng, len(keys), 3)
    known = unit_rows(rng, 1, 3)
    caps = [(np.array(column), limit) for column, limit in zip(zip(*keys, strict=True), limits, strict=True)]
    allowed = vectors @ known[0] < same
    chosen = pick(scores, k, caps, vectors, lambda _, near: near >= same, diversity, allowed)
    assert chosen.tolist() == _chosen(scores, k, caps, vectors, same, diversity, known)


def _chosen(
    scores: NDArray[np.float64],
    k: int,
    caps: list[tuple[NDArray[np.int64], int]],
    vectors: NDArray[np.float32],
    same: float,
    diversity: float,
    known: NDArray[np.float32],
) -> list[int]:
    """Step by step, every rule checked anew for every candidate."""
    chosen: list[int] = []
    while len(chosen) < k:
        worth = {}
        for i in set(range(len(scores))) - set(chosen):
            full = any(
                column[i] >= 0 and sum(column[j] == column[i] for j in chosen) >= limit
                for column, limit in caps
            )
            near = [float(vectors[i] @ vectors[j]) for j in chosen]
            copy = max([*near, float(vectors[i] @ known[0])]) >= same
            if not full and not copy:
                worth[i] = (
                    (1 - diversity) * scores[i] - diversity * max(near, default=0.0) if chosen else scores[i]
                )
        if not worth:
            break
        chosen.append(max(sorted(worth), key=lambda i: worth[i]))
    return chosen
