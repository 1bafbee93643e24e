"""Folds keep groups together, stay even, honour what is settled, and repeat under a seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodrec.data.labels import LabelTable
from moodrec.data.splits import existing_folds, grouped_folds, within_group_holdout
from moodrec.errors import DataError

GROUPS = st.lists(st.integers(0, 30).map(str), min_size=1, max_size=200).filter(lambda g: len(set(g)) >= 3)


@given(GROUPS, st.integers(0, 5), st.dictionaries(st.integers(0, 35).map(str), st.integers(0, 2)))
def test_groups_stay_together_and_settled_folds_stay(
    groups: list[str], seed: int, fixed: dict[str, int]
) -> None:
    folds = grouped_folds(groups, 3, seed, fixed)
    assert folds.dtype == np.int64
    assert set(folds.tolist()) <= {0, 1, 2}
    for group in set(groups):
        mine = {int(fold) for fold, name in zip(folds, groups, strict=True) if name == group}
        assert mine == {fixed[group]} if group in fixed else len(mine) == 1


@given(GROUPS, st.integers(0, 3))
def test_folds_are_as_even_as_the_largest_group_lets_them(groups: list[str], seed: int) -> None:
    sizes = np.bincount(grouped_folds(groups, 3, seed), minlength=3)
    largest = max(groups.count(group) for group in set(groups))
    assert sizes.max() - sizes.min() <= largest


@given(GROUPS, st.integers(0, 3), st.randoms())
def test_row_order_does_not_matter(groups: list[str], seed: int, random: object) -> None:
    order = np.random.default_rng(random.randint(0, 9)).permutation(len(groups))  # type: ignore[attr-defined]
    folds = grouped_folds(groups, 3, seed)
    assert (grouped_folds([groups[i] for i in order], 3, seed) == folds[order]).all()


def test_seed_decides_ties() -> None:
    groups = [str(i) for i in range(60)]
    assert (grouped_folds(groups, 5, 1) == grouped_folds(groups, 5, 1)).all()
    assert (grouped_folds(groups, 5, 1) != grouped_folds(groups, 5, 2)).any()


def test_settled_groups_are_made_up_for() -> None:
    groups = ["big"] * 40 + [f"g{i}" for i in range(60)]
    assert np.bincount(grouped_folds(groups, 2, 0, {"big": 1})).tolist() == [50, 50]


def test_balance_spreads_a_label() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat([f"g{i}" for i in range(100)], 4)
    calm = np.repeat(rng.random(100) < 0.2, 4)
    plain = [calm[grouped_folds(list(groups), 5, s) == f].sum() for s in range(5) for f in range(5)]
    even = [
        calm[grouped_folds(list(groups), 5, s, balance=calm) == f].sum() for s in range(5) for f in range(5)
    ]
    assert np.std(even) < 0.5 * np.std(plain)


@pytest.mark.parametrize(
    ("n_folds", "fixed", "balance", "message"),
    [
        (1, None, None, "at least 2"),
        (4, None, None, "3 groups cannot fill 4"),
        (2, {"a": 2}, None, r"must be in 0..1: a: 2"),
        (2, None, [1.0, -1.0, 0.0], "not negative"),
        (2, None, [1.0, np.nan, 0.0], "finite"),
    ],
)
def test_refuses(
    n_folds: int, fixed: dict[str, int] | None, balance: list[float] | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        grouped_folds(["a", "b", "c"], n_folds, 0, fixed, balance)


def test_existing_folds() -> None:
    assert existing_folds(["a", "a", "b", "c"], [1, 1, -1, 0]) == {"a": 1, "c": 0}
    with pytest.raises(DataError, match="'a' lies in folds 1 and 2"):
        existing_folds(["a", "a"], [1, 2])


def test_holdout_takes_one_track_of_each_frequent_label() -> None:
    labels = ["a"] * 5 + ["b"] * 2 + [None] * 4 + ["c"] * 3
    held = within_group_holdout(labels, 3, seed=4)
    assert [labels[i] for i in np.flatnonzero(held)] == ["a", "c"]
    assert (held == within_group_holdout(iter(labels), 3, seed=4)).all()
    seeds = {tuple(np.flatnonzero(within_group_holdout(labels, 3, seed=s))) for s in range(20)}
    assert len(seeds) > 3


def test_holdout_never_takes_the_only_track() -> None:
    with pytest.raises(DataError, match="at least 2"):
        within_group_holdout(["a"], 1)
    assert within_group_holdout([], 2).shape == (0,)


def test_an_artist_in_two_unicode_forms_never_lies_in_two_folds() -> None:
    spellings = ["Sigur R\u00f3s", "SIGUR RO\u0301S", " Sigur  Ro\u0301s"]
    tables = [
        LabelTable.build(
            f"part{number}",
            {
                "track_id": [f"a{number}", *(f"x{number}{i}" for i in range(4))],
                "artist": [spelling, *(f"other {number} {i}" for i in range(4))],
            },
            {},
        )
        for number, spelling in enumerate(spellings)
    ]
    groups = list(LabelTable.concat(tables).tracks["group"])
    assert len({groups[0], groups[5], groups[10]}) == 1
    for seed in range(10):
        folds = grouped_folds(groups, 5, seed)
        assert folds[0] == folds[5] == folds[10]
