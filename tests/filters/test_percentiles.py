"""Tests of percentiles are tests of the values: against a column of percentiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from moodrec.errors import FilterError
from moodrec.filters.column_types import NumberColumn
from moodrec.filters.conditions import Field, Like, Operator
from moodrec.filters.percentiles import PercentileColumn
from moodrec.filters.selection import Selection, row_mask

OPERATORS: tuple[Operator, ...] = ("=", "<>", "<", "<=", ">", ">=")
some_floats = st.lists(st.sampled_from([np.nan, -1.0, 0.0, 0.25, 0.3, 0.5, 1.0]), max_size=25)
some_whole = st.lists(st.integers(-3, 3), max_size=25)


def passing(selection: Selection, n: int) -> Any:
    return row_mask(selection, n)


@given(st.one_of(some_floats, some_whole), st.sampled_from(OPERATORS), st.data())
def test_a_test_of_percentiles(values: list[float], op: Operator, data: st.DataObject) -> None:
    n, whole = len(values), all(isinstance(value, int) for value in values)
    array = np.array(values, np.int32 if whole else np.float32)
    present = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool) if whole else None
    alive = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool)
    numbers = NumberColumn("x", array, present)
    column = PercentileColumn(numbers, np.sort(array[numbers.known() & alive]))
    wanted = data.draw(
        st.one_of(st.floats(-0.5, 1.5), st.sampled_from(column.numbers.values.tolist() or [0.5]))
    )
    if np.isnan(wanted):
        wanted = 0.5
    ours, theirs = column.compare(op, wanted), column.numbers.compare(op, wanted)
    np.testing.assert_array_equal(passing(ours, n)[alive], passing(theirs, n)[alive])
    np.testing.assert_array_equal(passing(ours.opposite(), n)[alive], passing(theirs.opposite(), n)[alive])
    np.testing.assert_array_equal(
        passing(column.among([wanted, 0.5]), n)[alive], passing(column.numbers.among([wanted, 0.5]), n)[alive]
    )


def test_percentiles_are_those_of_scipy() -> None:
    values = np.random.default_rng(0).integers(0, 9, 40).astype(np.float32)
    expected = [stats.percentileofscore(values, value, "mean") / 100 for value in values]
    np.testing.assert_allclose(
        PercentileColumn(NumberColumn("x", values), np.sort(values)).numbers.values, expected, rtol=1e-6
    )


def test_what_percentiles_cannot_be_asked() -> None:
    column = PercentileColumn(NumberColumn("x", np.zeros(3, np.float32)), np.zeros(3, np.float32))
    with pytest.raises(FilterError, match=r"pct\(x\)"):
        column.compare("=", "high")
    with pytest.raises(FilterError, match="LIKE"):
        column.like(Like(Field("x"), "a%"))
