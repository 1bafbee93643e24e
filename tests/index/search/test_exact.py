"""Exact search where order is hard: ties, near-ties, many blocks, and its two kernels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from moodrec.index.mood_index import MoodIndex
from moodrec.index.search.exact_scan import ROUNDING, leading
from moodrec.index.search.products import products
from tests.catalogues import clustered
from tests.contracts import assert_same


def test_equal_vectors_keep_the_order_of_the_rows() -> None:
    rng = np.random.default_rng(0)
    vectors = np.repeat(clustered(rng, 40, 24, 5), 50, axis=0)[rng.permutation(2000)]
    index = MoodIndex.build(vectors, pa.table({"track_id": [f"{row:04d}" for row in range(2000)]}))
    for exact in (False, True):
        hits = index.search(vectors[:5], k=70, exact=exact)
        for query, (ids, scores) in enumerate(zip(hits.track_ids, hits.scores, strict=True)):
            assert [*zip(-scores, ids, strict=True)] == sorted(zip(-scores, ids, strict=True))
            same = [f"{row:04d}" for row in np.flatnonzero((vectors == vectors[query]).all(axis=1))]
            assert ids[: len(same)].tolist() == same


@pytest.mark.parametrize("n", [50, 1000, 50_000])
@pytest.mark.parametrize("depth", [1, 10, 300])
def test_the_leading_scores_are_all_there(n: int, depth: int) -> None:
    rng = np.random.default_rng(n + depth)
    scores = rng.normal(0, 1e-4, n).astype(np.float32)
    found = leading(scores, depth)
    last = np.sort(scores)[::-1][: min(depth, n)].min()
    expected = set(np.flatnonzero(scores >= last - 1.5 * ROUNDING).tolist())
    assert expected <= set(found.tolist())
    assert len(found) < len(expected) + 0.3 * n


@pytest.mark.parametrize("n_queries", [1, 3])
@pytest.mark.parametrize("share", [None, 0.001, 0.1, 0.9])
def test_the_kernels_agree(n_queries: int, share: float | None) -> None:
    rng = np.random.default_rng(1)
    vectors, queries = clustered(rng, 3000, 48, 9), clustered(rng, n_queries, 48, 2)
    rows = None if share is None else np.sort(rng.choice(3000, int(share * 3000), replace=False))
    kept = vectors if rows is None else vectors[rows]
    np.testing.assert_allclose(products(vectors, rows, queries), queries @ kept.T, atol=ROUNDING)
    turned = np.asfortranarray(vectors)
    np.testing.assert_allclose(products(turned, rows, queries), queries @ kept.T, atol=ROUNDING)


def test_scores_are_the_same_whatever_found_them() -> None:
    vectors = clustered(np.random.default_rng(2), 30_000, 32, 300)
    table = pa.table({"track_id": [f"t{row}" for row in range(30_000)], "x": np.arange(30_000)})
    flat, ivf = (MoodIndex.build(vectors, table, preset=preset) for preset in ("flat", "ivf"))
    one, many = flat.search(vectors[3], k=20), flat.search(vectors[:90], k=20)
    np.testing.assert_array_equal(one.scores[0], many.scores[3])
    assert_same(flat.search(vectors[:9], k=20, exact=True), flat.search(vectors[:9], k=20))
    through = ivf.search(vectors[3], k=20)
    assert through.explanation.path == "ivf"
    by_id = dict(zip(one.track_ids[0], one.scores[0], strict=True))
    shared = [
        (score, by_id[i])
        for i, score in zip(through.track_ids[0], through.scores[0], strict=True)
        if i in by_id
    ]
    assert len(shared) >= 19
    assert all(a == b for a, b in shared)
