"""What a range passes of each list: against counting, and in searches that go by it.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from moodrec.filters.columns import ColumnTable
from moodrec.filters.selection import AllOf, AnyOf, Range, all_of
from moodrec.index.backends.ivf.category_shares import WHOLE
from moodrec.index.backends.ivf.list_shares import KnownShares, ListShares
from moodrec.index.kernel import binding as kernel
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from tests.catalogues import MOODS, sample_catalogue
from tests.contracts import recall
from tests.index.inside import ivf

N, NLIST = 4000, 30


def made_up(seed: int, steps: int | None = None) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """A column that goes with the lists, some of it unknown; with ``steps``, of few different values."""
    rng = np.random.default_rng(seed)
    list_of = rng.integers(0, NLIST, N)
    values = np.clip(list_of / NLIST + 0.1 * rng.standard_normal(N), 0, 1)
    values = values if steps is None else np.round(values * steps) / steps
    values[rng.random(N) < 0.05] = np.nan
    return values.astype(np.float32), list_of


def passing(shares: ListShares, test: Range) -> NDArray[np.float64]:
    """(nlist,) as the kernel reads the table."""
    below, up_to = (
        shares.below[row] + way * (shares.below[row + 1].astype(float) - shares.below[row])
        for row, way in shares.ends(test)
    )
    return np.asarray(np.maximum(up_to - below, 0) / WHOLE, np.float64)


def counted(values: NDArray[np.float32], list_of: NDArray[np.int64], test: Range) -> NDArray[np.float64]:
    inside = (values >= test.low) & (values <= test.high)
    return np.bincount(list_of[inside], minlength=NLIST) / np.bincount(list_of, minlength=NLIST)


def shares_of(values: NDArray[np.float32], list_of: NDArray[np.int64]) -> ListShares:
    return ListShares.of(values, list_of, np.bincount(list_of, minlength=NLIST))


@given(st.integers(0, 3), st.floats(-0.25, 1.25, width=32), st.floats(-0.25, 1.25, width=32))
def test_shares_err_by_no_more_than_lies_between_the_edges_about_an_end(
    seed: int, one: float, other: float
) -> None:
    values, list_of = made_up(seed)
    shares, test = shares_of(values, list_of), Range(values, min(one, other), max(one, other))
    between = sum(
        np.diff(shares.below[end.row : end.row + 2].astype(float), axis=0)[0] for end in shares.ends(test)
    )
    wrong = np.abs(passing(shares, test) - counted(values, list_of, test))
    assert (wrong <= (between + 3) / WHOLE).all()


@pytest.mark.parametrize("steps", [1, 4, 20])
def test_shares_of_few_values_are_exact(steps: int) -> None:
    values, list_of = made_up(5, steps)
    shares = shares_of(values, list_of)
    ends = [-np.inf, *(np.arange(steps + 1) / steps).astype(np.float32).tolist(), np.inf]
    for low in ends:
        for high in [end for end in ends if end >= low]:
            test = Range(values, low, high)
            np.testing.assert_allclose(passing(shares, test), counted(values, list_of, test), atol=2 / WHOLE)


def test_a_value_between_two_edges_is_not_thought_absent() -> None:
    values, list_of = made_up(9, 100)
    shares = shares_of(values, list_of)
    for value in (np.arange(101) / 100).astype(np.float32).tolist():
        test = Range(values, value, value)
        assert (passing(shares, test)[counted(values, list_of, test) > 0] > 0).all()


def test_ranges_of_one_column_count_as_one() -> None:
    values, list_of = made_up(10)
    columns = ColumnTable(pa.table({"calm": values}))
    values = columns.numbers("calm")
    known = KnownShares({"calm": shares_of(values, list_of)})
    parts = (Range(values, 0.2, np.inf), Range(values, 0.3, np.inf), Range(values, -np.inf, 0.6))
    ((test, _),) = known.terms(all_of(parts), columns)
    assert (test.low, test.high) == (0.3, 0.6)


def test_rows_beyond_what_was_known_count_when_they_come() -> None:
    values, list_of = made_up(6)
    shares = shares_of(np.clip(values, 0.3, 0.7), list_of)
    more, where = np.array([0.1, 0.9, np.nan], np.float32), np.array([2, 3, 4])
    sizes = np.bincount(np.concatenate([list_of, where]), minlength=NLIST)
    grown = shares.added(more, where, sizes)
    assert np.flatnonzero(passing(grown, Range(more, -np.inf, 0.2))).tolist() == [2]
    assert np.flatnonzero(passing(grown, Range(more, 0.8, np.inf))).tolist() == [3]
    known = counted(np.clip(values, 0.3, 0.7), list_of, Range(values, -np.inf, np.inf))
    everything = passing(grown, Range(more, -np.inf, np.inf))
    np.testing.assert_allclose(np.delete(everything, [2, 3, 4]), np.delete(known, [2, 3, 4]), atol=2 / WHOLE)
    assert everything[4] < known[4]


def test_a_column_of_which_nothing_is_known() -> None:
    values = np.full(N, np.nan, np.float32)
    shares = shares_of(values, made_up(0)[1])
    assert not passing(shares, Range(values, -np.inf, np.inf)).any()


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    values, list_of = made_up(7)
    known = KnownShares({"ein, zwei ": shares_of(values, list_of), "calm": shares_of(values[::-1], list_of)})
    known.save(tmp_path / "shares.npz")
    again = KnownShares.open(tmp_path / "shares.npz", known.columns["calm"].below.shape[1])
    assert list(again.columns) == ["ein, zwei ", "calm"]
    for name, column in again.columns.items():
        np.testing.assert_array_equal(column.edges, known.columns[name].edges)
        np.testing.assert_array_equal(column.below, known.columns[name].below)


def test_only_what_all_rows_must_meet_says_where_they_are() -> None:
    values, list_of = made_up(8)
    columns = ColumnTable(pa.table({"calm": values}))
    values = columns.numbers("calm")
    known = KnownShares({"calm": shares_of(values, list_of)})
    calm, other = Range(values, 0, 0.5), Range(values.copy(), 0, 0.5)
    found = [test for test, _ in known.terms(AllOf((other, AllOf((calm,)), AnyOf((calm, other)))), columns)]
    assert [(test.values is values, test.low, test.high) for test in found] == [(True, calm.low, calm.high)]


@pytest.mark.parametrize("outside", [False, True])
def test_ends_in_double_precision_lose_nothing(outside: bool) -> None:
    """The shares are counted in single precision: .7 is less there."""
    values, list_of = np.full(N, 0.7, np.float32), made_up(9)[1]
    shares = shares_of(values, list_of)
    test = Range(values.astype(np.float64), 0.7, 0.7, outside)
    inside = passing(shares, test)
    assert (inside == (0 if outside else 1)).all()


@pytest.mark.skipif(kernel.library() is None, reason="the kernel was not built here")
def test_lists_that_hold_nothing_that_passes_are_not_visited(tmp_path: Path) -> None:
    """Where the nearest lists pass nothing, an index that knows it looks at far fewer rows, and finds as much."""
    sample = sample_catalogue(6000, dim=24)
    config = load_preset("ivf-sq8")
    index = MoodIndex.build(sample.vectors[:5500], sample.table.slice(0, 5500), MOODS, config)
    index.add(sample.vectors[5500:], sample.table.slice(5500))
    index.save(tmp_path / "index")
    index = MoodIndex.open(tmp_path / "index")
    calm = np.array(sample.table["calm"])
    limit = float(np.quantile(calm, 0.9))
    queries = sample.vectors[calm < np.quantile(calm, 0.2)][:60]
    informed = [index.search(query, where=f"calm >= {limit:.6f}") for query in queries]
    truth = [index.search(query, where=f"calm >= {limit:.6f}", exact=True) for query in queries]
    assert np.mean([recall(*pair) for pair in zip(informed, truth, strict=True)]) >= 0.97
    scanned = sum(hits.explanation.scanned for hits in informed)
    by_share = [index.search(query, where="pct(calm) >= 0.9") for query in queries]
    assert sum(hits.explanation.scanned for hits in by_share) < 1.2 * scanned
    ivf(index).shares, ivf(index)._search = KnownShares(), None
    index._catalogue.base.filters.clear()
    blind = [index.search(query, where=f"calm >= {limit:.6f}") for query in queries]
    assert scanned < 0.6 * sum(hits.explanation.scanned for hits in blind)
