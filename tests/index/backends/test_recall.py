"""On 100,000 vectors: what passes a filter is found, whatever share passes and wherever it lies from the query.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from tests.catalogues import clustered
from tests.contracts import assert_same, recall

N, DIM, QUERIES, K = 100_000, 64, 20, 10
SHARES = (0.5, 0.1, 0.01, 0.001)
RELATIONS = ("agrees", "random", "opposes")
PRESETS = ("flat", "ivf", "ivf-sq8", "hnsw")


@cache
def vectors() -> NDArray[np.float32]:
    return clustered(np.random.default_rng(7), N, DIM, n_clusters=1000)


def queries() -> NDArray[np.float32]:
    return vectors()[np.random.default_rng(8).choice(N, QUERIES, replace=False)]


@cache
def closeness() -> NDArray[np.float64]:
    """(QUERIES, N) closeness of each row to a query, blurred, as a share: 0 farthest, 1 nearest."""
    scores = queries() @ vectors().T + 0.02 * np.random.default_rng(9).standard_normal((QUERIES, N))
    return scores.argsort(axis=1).argsort(axis=1) / N


@cache
def table() -> pa.Table:
    rng = np.random.default_rng(10)
    return pa.table(
        {
            "track_id": [f"t{row}" for row in range(N)],
            "artist": [f"artist {row}" for row in rng.integers(0, 3000, N)],
            "calm": rng.random(N, np.float32),
            "chance": rng.random(N),
            **{f"close{i}": closeness()[i] for i in range(QUERIES)},
        }
    )


@pytest.fixture(scope="module", params=PRESETS)
def index(request: pytest.FixtureRequest) -> MoodIndex:
    # Less work on the graph makes recall no easier, and the tests faster.
    config = load_preset(request.param).model_copy(update={"ef_construction": 40})
    return MoodIndex.build(vectors(), table(), ["calm"], config)


def all_pass(ids: NDArray[np.object_], share: float, relation: str, query: int) -> bool:
    """Whether a condition lets these tracks pass, without the filter's code."""
    rows = [int(track_id[1:]) for track_id in ids]
    if relation == "random":
        return bool((table()["chance"].to_numpy()[rows] < share).all())
    near = closeness()[query][rows]
    return bool((near >= 1 - share if relation == "agrees" else near < share).all())


def condition(share: float, relation: str, query: int) -> str:
    if relation == "random":
        return f"chance < {share}"
    return f"close{query} >= {1 - share}" if relation == "agrees" else f"close{query} < {share}"


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("share", SHARES)
def test_filtered(index: MoodIndex, share: float, relation: str) -> None:
    recalls = []
    for i, query in enumerate(queries()):
        where = condition(share, relation, i)
        hits, truth = (index.search(query, K, where=where, exact=exact) for exact in (False, True))
        assert hits.counts.tolist() == [K]
        assert all_pass(hits.track_ids[0], share, relation, i)
        assert hits.explanation.passed == pytest.approx(share * N, rel=0.4)
        recalls.append(recall(hits, truth))
        if index.info().kind == "flat":
            assert_same(hits, truth)
    assert np.mean(recalls) >= 0.98


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("share", SHARES)
def test_filtered_through_the_lists_alone(index: MoodIndex, share: float, relation: str) -> None:
    if index.info().kind not in ("ivf", "ivf-sq8"):
        pytest.skip("this preset scans under filters")
    never_scan = index._snapshot.config.model_copy(update={"exact_rows": 0})
    lists = MoodIndex(replace(index._snapshot, config=never_scan))
    recalls = []
    for i, query in enumerate(queries()):
        where = condition(share, relation, i)
        hits = lists.search(query, K, where=where)
        assert hits.counts.tolist() == [K]
        assert all_pass(hits.track_ids[0], share, relation, i)
        assert share < SHARES[1] or hits.explanation.path == index.info().kind
        recalls.append(recall(hits, lists.search(query, K, where=where, exact=True)))
    assert np.mean(recalls) >= 0.98


def test_unfiltered(index: MoodIndex) -> None:
    hits, truth = (index.search(queries(), K, exact=exact) for exact in (False, True))
    assert hits.explanation.path == {"flat": "exact"}.get(index.info().kind, index.info().kind)
    assert recall(hits, truth) >= 0.98
    neighbours, true_neighbours = (
        index.similar_to([f"t{row}" for row in range(50)], K, exact=exact) for exact in (False, True)
    )
    assert recall(neighbours, true_neighbours) >= 0.98
    if index.info().kind == "flat":
        assert_same(hits, truth)
        assert_same(neighbours, true_neighbours)


def test_blended_and_capped_searches_find_k_whatever_the_weight(index: MoodIndex) -> None:
    for weight in (0.0, 0.5, 1.0):
        hits = index.search(queries()[:2], K, mood={"calm": 1.0}, mood_weight=weight, max_per_artist=1)
        truth = index.search(
            queries()[:2], K, mood={"calm": 1.0}, mood_weight=weight, max_per_artist=1, exact=True
        )
        assert_same(hits, truth)
        assert hits.counts.tolist() == [K, K]


@pytest.mark.parametrize("kind", ["ivf", "ivf-sq8"])
@pytest.mark.parametrize("own", [1.0, 0.04])
def test_vectors_that_have_most_in_common(kind: str, own: float) -> None:
    """Their lists are tight: what is rounded must be small beside them."""
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal(32) / np.sqrt(32) + own * clustered(rng, 8000, 32, 200)
    index = MoodIndex.build(vectors, pa.table({"track_id": [f"t{row}" for row in range(8000)]}), (), kind)
    found = index.search(vectors[::100], 10)
    assert recall(found, index.search(vectors[::100], 10, exact=True)) > 0.97
    assert found.explanation.scanned < 0.5 * 80 * 8000


def test_vectors_in_tight_groups_far_apart() -> None:
    """Beside the distances of the groups, whose centroids are rounded, those within them are small."""
    rng = np.random.default_rng(3)
    groups = clustered(rng, 40, 32, 40)[rng.integers(0, 40, 8000)]
    vectors = groups + 0.01 * clustered(rng, 8000, 32, 200)
    index = MoodIndex.build(vectors, pa.table({"track_id": [f"t{row}" for row in range(8000)]}), (), "ivf")
    found = index.search(vectors[::100], 10)
    assert recall(found, index.search(vectors[::100], 10, exact=True)) > 0.995


def test_a_few_removed_rows_cost_no_recall(index: MoodIndex) -> None:
    gone = [f"t{row}" for row in range(0, N, 20)]
    index.remove(gone)
    assert index.info().removed == len(gone)
    hits, truth = (index.search(queries(), K, exact=exact) for exact in (False, True))
    assert not {*hits.track_ids.ravel()} & {*gone}
    assert recall(hits, truth) >= 0.98
    assert hits.counts.tolist() == [K] * QUERIES
