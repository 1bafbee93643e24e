"""Rows in the order of a column: searches find what they find without, on every way that a filter can take.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from moodrec.errors import CorruptStoreError
from moodrec.filters.columns import ColumnTable, select
from moodrec.filters.conditions import And
from moodrec.filters.parse import parse
from moodrec.filters.selection import Lookup, Range, all_of, row_mask
from moodrec.index.kernel import binding as kernel
from moodrec.index.mood_index import MoodIndex
from moodrec.index.rows import column_orders
from moodrec.index.rows.column_orders import orders_of
from tests.catalogues import MOODS, sample_catalogue
from tests.filters.generated import as_table, random_condition, random_rows

needs_kernel = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not built")
N = 4000
FILTERS = (
    "days = 7",
    "days BETWEEN 100 AND 120",
    "days >= 100 AND days < 103",
    "days >= 120 AND days < 103",
    "days IN (1, 5, 5, 900)",
    "days = 3 OR half BETWEEN 0.5 AND 0.51",
    "days < 40 AND label <> 'label 3'",
    "label = 'label 3'",
    "label IN ('label 3', 'label 4', 'no such label')",
    "label LIKE 'label 1%' AND days < 500",
    "half < -1",
    "half >= 0.99 OR NOT half >= 0.01",
    "pct(half) > 0.98",
    "NOT (days >= 30 AND days <= 990)",
    "calm < 0.02 AND days > 10",
)


def indexed(preset: str, n: int = N) -> MoodIndex:
    sample = sample_catalogue(n)
    return MoodIndex.build(sample.vectors, with_columns(sample.table, 0), MOODS, preset)


def with_columns(table: pa.Table, seed: int) -> pa.Table:
    """Whole numbers, floats and texts, NULLs among all three."""
    rng = np.random.default_rng(seed)
    missing = rng.random(table.num_rows) < 0.1
    halves = rng.random(table.num_rows).astype(np.float32)
    labels = [f"label {number}" for number in rng.integers(0, 60, table.num_rows)]
    table = table.append_column("days", pa.array(rng.integers(0, 1000, table.num_rows), mask=missing))
    table = table.append_column("half", pa.array(halves, mask=~missing & (halves > 0.9) & (halves < 0.95)))
    return table.append_column("label", pa.array(labels, mask=missing))


def assert_finds_all(index: MoodIndex, where: str) -> None:
    queries = index._catalogue.base.segment.vectors[:5]
    found, exact = (index.search(queries, where=where, k=10, exact=exact) for exact in (False, True))
    for query in range(len(queries)):
        assert found.track_ids[query].tolist() == exact.track_ids[query].tolist(), where


def test_known_rows_lie_in_the_order_of_their_values() -> None:
    for seed in range(10):
        table = as_table(random_rows(random.Random(seed), 300))
        columns = ColumnTable(table)
        for name, order in orders_of(table).items():
            column = columns.column(name)
            values = getattr(column, "values", None)
            ordered = (getattr(column, "codes") if values is None else values)[order.rows]  # noqa: B009
            assert (np.diff(ordered.astype(np.float64)) >= 0).all()
            assert sorted(order.rows.tolist()) == np.flatnonzero(column.known()).tolist()
            assert order.count == 300


def test_ids_are_not_ordered_nor_what_no_filter_can_test() -> None:
    table = pa.table({"track_id": ["a", "b"], "x": [2, 1], "blob": pa.array([b"1", b"2"])})
    assert {name: order.rows.tolist() for name, order in orders_of(table).items()} == {"x": [1, 0]}


@needs_kernel
@pytest.mark.parametrize("preset", ["ivf", "ivf-sq8"])
@pytest.mark.parametrize("where", FILTERS)
def test_filters_find_what_an_exact_search_finds(preset: str, where: str) -> None:
    assert_finds_all(whole(preset), where)


@needs_kernel
@pytest.mark.parametrize("where", FILTERS)
def test_rows_that_came_later_and_tombstones(where: str) -> None:
    assert_finds_all(grown(), where)


@needs_kernel
@pytest.mark.parametrize("seed", range(5))
def test_any_filter_passes_the_rows_that_it_passes_without(seed: int) -> None:
    rng = random.Random(seed)
    n = 1500
    table = as_table(random_rows(rng, n)).append_column("track_id", pa.array([f"t{row}" for row in range(n)]))
    index = MoodIndex.build(sample_catalogue(n).vectors, table, (), "ivf")
    columns = index._catalogue.base.segment.columns
    for _ in range(60):
        condition = random_condition(rng)
        passing = row_mask(select(condition, columns), n)
        hits = index.search(index._catalogue.base.segment.vectors[:1], where=condition, k=n)
        wanted = index._catalogue.ids_at(np.flatnonzero(passing))
        assert sorted(hits.track_ids[0, : hits.counts[0]].tolist()) == sorted(wanted.tolist()), str(condition)
        few = index.search(index._catalogue.base.segment.vectors[:1], where=condition, k=5)
        assert set(few.track_ids[0, : few.counts[0]].tolist()) <= set(wanted.tolist()), str(condition)
        assert few.counts[0] == min(5, len(wanted)), str(condition)


@needs_kernel
@pytest.mark.parametrize("seed", range(5))
def test_so_does_any_filter_beside_a_narrow_one(seed: int) -> None:
    rng = random.Random(seed)
    n = 1500
    table = as_table(random_rows(rng, n)).append_column("track_id", pa.array([f"t{row}" for row in range(n)]))
    table = table.append_column("day", pa.array(rng.sample(range(n), n)))
    index = MoodIndex.build(sample_catalogue(n).vectors, table, (), "ivf-sq8")
    columns = index._catalogue.base.segment.columns
    for _ in range(100):
        condition = And((parse("day BETWEEN 500 AND 600"), random_condition(rng)))
        passing = row_mask(select(condition, columns), n)
        hits = index.search(index._catalogue.base.segment.vectors[:1], where=condition, k=120)
        wanted = index._catalogue.ids_at(np.flatnonzero(passing))
        assert sorted(hits.track_ids[0, : hits.counts[0]].tolist()) == sorted(wanted.tolist()), str(condition)


@needs_kernel
def test_what_few_rows_pass_is_not_looked_for() -> None:
    index = whole("ivf-sq8")
    hits = index.search(index._catalogue.base.segment.vectors[:1], where="days = 7", k=3)
    assert hits.explanation.scanned < 20


@needs_kernel
def test_where_more_pass_all_are_compared_by_their_codes() -> None:
    index = indexed("ivf-sq8", 20_000)
    where = "days < 40"
    queries = index._catalogue.base.segment.vectors[:3]

    assert_finds_all(index, where)
    hits = index.search(queries, where=where, k=10)
    assert hits.explanation.path == "ivf-sq8"
    assert hits.explanation.scored == len(queries) * hits.explanation.passed > 300

    added = sample_catalogue(20_100)
    new = with_columns(added.table, 0).slice(20_000)
    index.add(added.vectors[20_000:], new)
    assert_finds_all(index, where)
    index.remove(index.search(queries[0], where=where, k=3).track_ids[0].tolist())
    assert_finds_all(index, where)


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    index = whole("ivf-sq8")
    index.save(tmp_path / "index")
    opened = MoodIndex.open(tmp_path / "index")
    before, after = (
        index._catalogue.base.segment.columns.orders,
        opened._catalogue.base.segment.columns.orders,
    )
    assert list(before) == list(after)
    for name, order in before.items():
        np.testing.assert_array_equal(order.rows, after[name].rows)
        assert order.count == after[name].count == N
    assert_finds_all(opened, "days = 7 OR label = 'label 4'")


def test_orders_of_more_rows_than_there_are_do_not_fit(tmp_path: Path) -> None:
    column_orders.save(orders_of(pa.table({"x": [3, 1, 2]})), tmp_path)
    files = [path.name for path in tmp_path.iterdir()]
    assert column_orders.read(tmp_path, 3, files)["x"].rows.tolist() == [1, 2, 0]
    with pytest.raises(CorruptStoreError, match="build the index anew"):
        column_orders.read(tmp_path, 2, files)
    assert column_orders.read(tmp_path, 2, ["vectors.npy"]) == {}


def test_ranges_of_a_column_become_one() -> None:
    columns = ColumnTable(pa.table({"x": [1, 2, 3, 4], "y": [0.1, 0.2, 0.3, 0.4]}))
    for text, low, high in (
        ("x > 1 AND x <= 3", 2, 3),
        ("x BETWEEN 2 AND 3", 2, 3),
        ("x > 3 AND x < 2", 4, 1),
    ):
        selection = select(parse(text), columns)
        assert isinstance(selection, Range)
        assert (selection.low, selection.high) == (low, high)
        np.testing.assert_array_equal(row_mask(selection.opposite(), 4), ~row_mask(selection, 4))
    parts = select(parse("x > 1 AND (y > 0.1 AND x < 4) AND x <> 2"), columns)
    assert row_mask(parts, 4).tolist() == [False, False, True, False]
    assert all_of(()).opposite().parts == ()  # type: ignore[union-attr]


def test_a_lookup_keeps_its_order() -> None:
    table = pa.table({"label": ["b", "a", "b"]})
    column = ColumnTable(table, orders=orders_of(table)).text("label")
    assert column is not None
    test = column.among(["a"])
    assert isinstance(test, Lookup)
    assert test.order is test.opposite().order is not None


@cache
def whole(preset: str) -> MoodIndex:
    return indexed(preset)


@cache
def grown() -> MoodIndex:
    """With rows added after its orders were made, new labels, and tombstones."""
    index, more = indexed("ivf-sq8"), sample_catalogue(N + 600).part(N, N + 600)
    table = with_columns(more.table, 1)
    labels = pa.array([f"label {number % 7 + (100 if number % 2 else 0)}" for number in range(600)])
    index.add(more.vectors, table.set_column(table.column_names.index("label"), "label", labels))
    index.remove([f"t{row}" for row in range(0, 300, 2)])
    return index
