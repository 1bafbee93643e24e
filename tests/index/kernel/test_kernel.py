"""The compiled kernel against NumPy and FAISS; and moodrec without it.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from moodrec.filters.columns import ColumnTable, select
from moodrec.filters.conditions import And, Comparison, Field, Membership, Not, Or
from moodrec.filters.selection import row_mask
from moodrec.index.backends.ivf.faiss_search import FaissLists
from moodrec.index.backends.ivf.kernel_search import ListSearch
from moodrec.index.backends.ivf.stop_rule import normal_tail
from moodrec.index.kernel import binding as kernel
from moodrec.index.kernel.program import Program
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from tests.catalogues import MOODS, sample_catalogue
from tests.contracts import IndexContract, assert_same, recall
from tests.index.inside import ivf

needs_kernel = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not built here")


@pytest.fixture(scope="class")
def no_kernel() -> Iterator[None]:
    """moodrec as it is where nobody compiled anything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "library", lambda: None)
        yield


@pytest.mark.usefixtures("no_kernel")
class TestIvfByFaiss(IndexContract):
    preset = "ivf"

    def test_faiss_searches(self, index: MoodIndex) -> None:
        assert isinstance(ivf(index)._searcher(), FaissLists)


@pytest.mark.usefixtures("no_kernel")
class TestIvfSq8ByFaiss(IndexContract):
    preset = "ivf-sq8"


@needs_kernel
@pytest.mark.parametrize("preset", ["ivf", "ivf-sq8"])
def test_the_kernel_searches_these_presets(preset: str) -> None:
    sample = sample_catalogue()
    index = MoodIndex.build(sample.vectors, sample.table, MOODS, preset)
    assert isinstance(ivf(index)._searcher(), ListSearch)


@needs_kernel
def test_rows_of_one_score_come_as_they_came_in_when_few_pass() -> None:
    table = pa.table({"track_id": [f"t{row}" for row in range(500)], "kind": ["a", "b"] * 250})
    vectors = np.tile(np.eye(4, dtype=np.float32)[:2], (250, 1))
    index = MoodIndex.build(vectors, table, (), "ivf-sq8")
    hits = index.search([1.0, 0.2, 0, 0], 4, where="kind = 'a'")
    assert hits.explanation.path == "exact"
    assert hits.track_ids.tolist() == [["t0", "t2", "t4", "t6"]]


@needs_kernel
def test_a_filter_that_the_sample_of_rows_does_not_see() -> None:
    """The blocks that are looked at to tell how much passes hold none of it: the search turns to the lists."""
    sample = sample_catalogue(8000)
    order = MoodIndex.build(sample.vectors, sample.table, MOODS, "ivf-sq8")._catalogue.base.segment.order
    unseen = np.empty(8000, np.int32)
    unseen[order] = np.arange(8000) % 500 >= 256
    table = sample.table.append_column("unseen", pa.array(unseen))
    index = MoodIndex.build(sample.vectors, table, MOODS, "ivf-sq8")
    found = index.search(sample.vectors[:7], where="unseen = 1")
    assert found.explanation.passed > 3000
    assert found.explanation.path == "ivf-sq8"
    assert recall(found, index.search(sample.vectors[:7], where="unseen = 1", exact=True)) > 0.95


@needs_kernel
@pytest.mark.parametrize("preset", ["ivf", "ivf-sq8"])
def test_rows_added_out_of_order_are_found(preset: str) -> None:
    """The rows of a list then no longer follow one another."""
    sample = sample_catalogue(600)
    index = MoodIndex.build(sample.vectors[:300], sample.table.slice(0, 300), MOODS, preset)
    for start in range(300, 600, 50):
        index.add(sample.vectors[start : start + 50], sample.table.slice(start, 50))
    for where in (None, "calm >= 0.5", "genre = 'rock' AND year < 2000"):
        found = index.search(sample.vectors[:100], 5, where=where)
        truth = index.search(sample.vectors[:100], 5, where=where, exact=True)
        assert np.mean(found.track_ids == truth.track_ids) > 0.97


@needs_kernel
def test_the_kernel_and_faiss_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = sample_catalogue(2000)
    exhaustive = load_preset("ivf").model_copy(
        update={"first_lists": 10_000, "exact_rows": 0, "most_lists": 1.0}
    )
    index = MoodIndex.build(sample.vectors, sample.table, MOODS, exhaustive)
    ours = index.search(sample.vectors[:40], 20, where="happy < 0.7")
    monkeypatch.setattr(kernel, "library", lambda: None)
    ivf(index)._search = None
    theirs = index.search(sample.vectors[:40], 20, where="happy < 0.7")
    assert (ours.explanation.path, theirs.explanation.path) == ("ivf", "ivf")
    assert ours.track_ids.tolist() == theirs.track_ids.tolist()
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-7)


@needs_kernel
def test_many_queries_go_over_threads_and_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = sample_catalogue(2000)
    index = MoodIndex.build(sample.vectors, sample.table, MOODS, "ivf-sq8")
    alone = index.search(sample.vectors[:200], 5)
    monkeypatch.setattr("moodrec.index.runtime.max_threads", lambda: 4)
    assert_same(index.search(sample.vectors[:200], 5), alone)


@needs_kernel
def test_a_search_leaves_nothing_behind_for_the_next() -> None:
    sample = sample_catalogue(2000)
    asked = [(3, None), (60, "happy < 0.9"), (5, "happy < 0.02"), (3, None), (5, "happy < 0.02")]
    used = MoodIndex.build(sample.vectors, sample.table, MOODS, "ivf-sq8")
    for k, where in asked:
        fresh = MoodIndex.build(sample.vectors, sample.table, MOODS, "ivf-sq8")
        hits, alone = (index.search(sample.vectors[7], k, where=where) for index in (used, fresh))
        assert_same(hits, alone)
        assert hits.explanation == alone.explanation
        assert hits.explanation.scanned <= len(sample.vectors)


def test_the_kernel_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.library.cache_clear()
    monkeypatch.setenv(kernel.KERNEL_VARIABLE, "0")
    assert kernel.library() is None
    kernel.library.cache_clear()


def test_the_share_above_is_about_that_of_a_normal_distribution() -> None:
    t = np.linspace(-5, 5, 201)
    exact = [0.5 * math.erfc(value / math.sqrt(2)) for value in t]
    np.testing.assert_allclose(normal_tail(t.astype(np.float32)), np.array(exact), atol=0.007)


@needs_kernel
def test_conditions_without_parts_are_all_rows_or_none() -> None:
    columns = ColumnTable(pa.table({"x": [1.0, 2.0, 3.0]}))
    above = Comparison(Field("x"), ">", 1.5)
    for condition, rows in (
        (And(()), [True] * 3),
        (Or(()), [False] * 3),
        (Membership(Field("x"), ()), [False] * 3),
        (And((above, Membership(Field("x"), ()))), [False] * 3),
        (Or((above, Or(()))), [False, True, True]),
        (And((above, And(()))), [False, True, True]),
        (Not(Or(())), [True] * 3),
    ):
        selection = select(condition, columns)
        assert row_mask(selection, 3).tolist() == rows
        assert Program(selection).mask(3)[0].tolist() == rows
    assert Program(None).mask(3)[0].tolist() == [True] * 3


@pytest.mark.parametrize("compiled", [True, False])
def test_a_cap_under_a_filter_goes_on_until_k_are_found(
    compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Artists whose tracks sound alike: a search may stop with fewer candidates than there was room for."""
    if not compiled:
        monkeypatch.setattr(kernel, "library", lambda: None)
    rng = np.random.default_rng(0)
    centres, artist = rng.normal(size=(400, 32)), np.arange(8000) % 400
    vectors = centres[artist] + 0.15 * rng.normal(size=(8000, 32))
    x = rng.random(8000).astype(np.float32)
    ids, artists = [f"t{row}" for row in range(8000)], [f"a{number}" for number in artist]
    table = pa.table({"track_id": ids, "artist": artists, "x": x})
    index = MoodIndex.build(vectors, table, preset=load_preset("ivf").model_copy(update={"nlist": 400}))
    for vector in vectors[:60]:
        hits = index.search(vector, 10, where="x < 0.5", max_per_artist=1)
        assert hits.counts.tolist() == [10]


def test_without_the_kernel_calibration_still_lets_searches_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "library", lambda: None)
    sample = sample_catalogue(20_000)
    index = MoodIndex.build(sample.vectors, sample.table, MOODS, "ivf")
    hits = index.search(sample.vectors[:20], 5)
    assert hits.explanation.path == "ivf"
    assert hits.explanation.scanned < 0.5 * 20 * 20_000
