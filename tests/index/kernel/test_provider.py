"""The two ways of computing over rows give the same answers; which one runs is decided in one place."""

from __future__ import annotations

import random

import numpy as np
import pytest

from moodrec.filters.columns import ColumnTable, select
from moodrec.index.kernel import binding
from moodrec.index.kernel.binding import Rows
from moodrec.index.kernel.program import Program
from moodrec.index.kernel.provider import Compiled, Plain, Target, provider
from tests.filters.generated import as_table, random_condition, random_rows

needs_kernel = pytest.mark.skipif(binding.library() is None, reason="the kernel was not built here")


def test_without_the_kernel_numpy_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "library", lambda: None)
    assert isinstance(provider(), Plain)


@needs_kernel
def test_with_the_kernel_it_computes() -> None:
    assert isinstance(provider(), Compiled)


@needs_kernel
@pytest.mark.parametrize("seed", range(5))
def test_masks_are_the_same(seed: int) -> None:
    rng = random.Random(seed)
    columns = ColumnTable(as_table(random_rows(rng, 300)))
    for _ in range(20):
        selection = select(random_condition(rng), columns)
        compiled, plain = Compiled().mask(selection, 300), Plain().mask(selection, 300)
        np.testing.assert_array_equal(compiled[0], plain[0])
        assert compiled[1] == plain[1]
        share = Compiled().share(Program(selection), 300)
        assert Plain().share(Program(selection), 300) <= share <= 1


@needs_kernel
@pytest.mark.parametrize("moods", [0, 1, 3])
def test_scores_are_the_same(moods: int) -> None:
    rng = np.random.default_rng(moods)
    vectors, query = rng.standard_normal((90, 33), np.float32), rng.standard_normal(33, np.float32)
    columns = [rng.random(90, np.float32) for _ in range(moods)]
    target = Target(columns, rng.random(moods, np.float32), 0.3) if moods else None
    wanted = rng.integers(0, 90, 50)
    rows = Rows.of(vectors, None)
    compiled, plain = (one.scores(rows, query, target, wanted) for one in (Compiled(), Plain()))
    np.testing.assert_allclose(compiled, plain, rtol=2e-7, atol=1e-7)


@needs_kernel
def test_rows_are_scaled_in_place_or_as_a_copy() -> None:
    rows = np.full((3, 4), 2, np.float32)
    copy = Compiled().unit_rows(rows, in_place=False)
    assert copy is not None
    np.testing.assert_array_equal(copy, np.full((3, 4), 0.5))
    assert rows[0, 0] == 2
    assert Compiled().unit_rows(rows, in_place=True) is rows
    np.testing.assert_array_equal(rows, copy)
    rows[1] = 0
    assert Compiled().unit_rows(rows, in_place=True) is None
    assert Plain().unit_rows(rows, in_place=True) is None
