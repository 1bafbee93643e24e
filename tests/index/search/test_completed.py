from __future__ import annotations

import numpy as np
import pytest

from moodrec.errors import DataError
from moodrec.index.search.completed import completed, completed_dim, completed_query
from moodrec.ranking import blend, mood_affinity

MOODS = ("calm", "happy", "sad")


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.1])
def test_inner_products_rank_by_the_blend_and_norms_are_equal(scale: float) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = rng.random((200, 3)).astype(np.float32)
    scores[:3] = [[0, 0, 0], [1, 1, 1], [1, 0, 1]]
    stored = completed(vectors, scores, scale)
    assert stored.shape == (200, completed_dim(8, 3))
    np.testing.assert_allclose(np.linalg.norm(stored, axis=1), np.sqrt(1 + 6 * scale**2), rtol=1e-6)
    for targets in ({}, {"calm": 0.3}, {"sad": 1.0, "calm": 0.0}):
        for weight in (0.0, 0.4, 1.0):
            query = completed_query(vectors[0], MOODS, targets, weight, scale)
            expected = vectors @ vectors[0]
            constant = 0.0
            if targets:
                places = [MOODS.index(name) for name in targets]
                goal = np.array(list(targets.values()))
                affinity = mood_affinity(scores[:, places].astype(np.float64), goal)
                expected = blend(expected.astype(np.float64), affinity, weight)
                constant = weight * (1 - np.mean(goal**2))
            np.testing.assert_allclose(stored @ query + constant, expected, atol=2e-6)


def test_scores_that_are_unknown_or_out_of_range() -> None:
    assert completed(np.eye(2, dtype=np.float32), np.array([[np.nan], [0.5]]))[0, 2:4].tolist() == [0, 0]
    with pytest.raises(DataError, match=r"out of \[0, 1\]"):
        completed(np.eye(1, dtype=np.float32), np.array([[1.5]]))
