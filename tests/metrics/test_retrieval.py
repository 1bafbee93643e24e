"""Ranking metrics against scikit-learn and against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from moodrec.errors import DataError
from moodrec.metrics.retrieval import ndcg_at_k, other_group, overlap_at_k, precision_at_k, recall_at_k

SIZES = st.tuples(st.integers(1, 5), st.integers(2, 20), st.integers(1, 25), st.integers(0, 1000))


@given(SIZES)
def test_ndcg_agrees_with_scikit_learn(sizes: tuple[int, int, int, int]) -> None:
    q, n, k, seed = sizes
    rng = np.random.default_rng(seed)
    gains, scores = rng.integers(0, 4, (q, n)), rng.permuted(np.tile(np.arange(n), (q, 1)), axis=1)
    mine = ndcg_at_k(gains, scores, k)
    for row in range(q):
        if gains[row].any():
            theirs = ndcg_score(gains[row : row + 1], scores[row : row + 1], k=k, ignore_ties=True)
            assert mine[row] == pytest.approx(theirs, abs=1e-9)
        else:
            assert np.isnan(mine[row])


@given(SIZES)
def test_precision_and_recall_by_hand(sizes: tuple[int, int, int, int]) -> None:
    q, n, k, seed = sizes
    rng = np.random.default_rng(seed)
    relevant, scores, allowed = rng.random((q, n)) < 0.4, rng.random((q, n)), rng.random((q, n)) < 0.7
    precision = precision_at_k(relevant, scores, k, allowed)
    recall = recall_at_k(relevant, scores, k, allowed)
    for row in range(q):
        ranked = sorted(np.flatnonzero(allowed[row]), key=lambda item: -scores[row, item])[:k]
        hits = sum(bool(relevant[row, item]) for item in ranked)
        there = int((relevant[row] & allowed[row]).sum())
        assert precision[row] == pytest.approx(hits / k)
        assert np.isnan(recall[row]) if there == 0 else recall[row] == pytest.approx(hits / there)


@given(SIZES)
def test_excluded_items_might_as_well_not_exist(sizes: tuple[int, int, int, int]) -> None:
    _, n, k, seed = sizes
    rng = np.random.default_rng(seed)
    gains, scores, allowed = rng.random((1, n)), rng.random((1, n)), rng.random((1, n)) < 0.6
    allowed[0, 0] = True
    np.testing.assert_allclose(
        ndcg_at_k(gains, scores, k, allowed), ndcg_at_k(gains[allowed][None], scores[allowed][None], k)
    )


def test_other_group() -> None:
    assert other_group(["a", None], ["a", "b", None]).tolist() == [[False, True, True], [True, True, False]]


def test_overlap() -> None:
    found = overlap_at_k([[1, 2, -1], [4, 5, 6], [1, 2, 3]], [[2, 1, 9], [6, 5, 4], [-1, -1, -1]])
    np.testing.assert_allclose(found, [2 / 3, 1, np.nan])
    with pytest.raises(DataError, match=r"must be \(q, k\)"):
        overlap_at_k([1], [1])


@pytest.mark.parametrize(
    ("relevance", "scores", "k", "candidates", "message"),
    [
        ([1, 0], [1, 0], 1, None, r"must be \(q, n\)"),
        ([[1, 0]], [[1]], 1, None, "shapes differ"),
        ([[1, 0]], [[1, 0]], 0, None, "at least 1"),
        ([[1, 0]], [[1, np.nan]], 1, None, "NaN"),
        ([[1, 0]], [[1, 0]], 1, np.ones((1, 3), bool), "shapes differ"),
        ([[-1, 0]], [[1, 0]], 1, None, "not be negative"),
    ],
)
def test_refuses(relevance: object, scores: object, k: int, candidates: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        ndcg_at_k(relevance, scores, k, candidates)  # type: ignore[arg-type]
