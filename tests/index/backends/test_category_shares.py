"""What texts pass of each list: against counting, and in searches that go by it.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from moodrec.filters.columns import ColumnTable, select
from moodrec.filters.parse import parse
from moodrec.filters.selection import row_mask
from moodrec.index.backends.ivf.category_shares import WHOLE, CategoryShares, has_few_texts, texts_of
from moodrec.index.backends.ivf.list_shares import KnownShares
from moodrec.index.kernel import binding as kernel
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from tests.catalogues import MOODS, sample_catalogue
from tests.contracts import recall
from tests.index.inside import ivf

N, NLIST = 900, 12
GENRES = ("rock", "jazz", "pop", "drum'n'bass", "", "ünïcode")
TESTS = (
    "genre = 'rock'",
    "genre <> 'rock'",
    "genre IN ('jazz', 'pop', 'none')",
    "NOT genre IN ('jazz', 'pop')",
    "genre LIKE '%o%'",
    "genre > 'k'",
    "genre = 'unheard of'",
    "genre <> 'unheard of'",
)
LIST_TESTS = ("tags = 'rock'", "tags IN ('jazz', 'pop', 'none')", "tags LIKE '%o%'", "tags = 'unheard of'")


def table(seed: int, n: int = N) -> tuple[pa.Table, NDArray[np.int64]]:
    """Genres that go with the lists, some of them unknown, and lists of genres."""
    rng = random.Random(seed)
    list_of = np.array([rng.randrange(NLIST) for _ in range(n)])
    near = [
        GENRES[min(one * len(GENRES) // NLIST, 5)] if rng.random() < 0.8 else rng.choice(GENRES)
        for one in list_of
    ]
    genres = [None if rng.random() < 0.1 else genre for genre in near]
    tags = [rng.choice([None, [], [genre], [genre, "rock"], ["jazz", None, "pop", "pop"]]) for genre in near]
    return pa.table({"genre": genres, "tags": pa.array(tags, pa.list_(pa.string()))}), list_of


def shares_of(rows: pa.Table, name: str, list_of: NDArray[np.int64]) -> CategoryShares:
    found = CategoryShares.of(ColumnTable(rows).column(name), list_of, np.bincount(list_of, minlength=NLIST))
    assert found is not None
    return found


def known_and_counted(
    rows: pa.Table, name: str, list_of: NDArray[np.int64], text: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(nlist,) the share of each list that passes, as the search knows it, and as it is."""
    columns = ColumnTable(rows)
    selection = select(parse(text), columns)
    passed = shares_of(rows, name, list_of).passing(selection, columns.column(name))  # type: ignore[arg-type]
    assert passed is not None
    counts = np.bincount(list_of[row_mask(selection, len(rows))], minlength=NLIST)
    return passed / WHOLE, counts / np.maximum(np.bincount(list_of, minlength=NLIST), 1)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(TESTS))
def test_what_a_text_passes(seed: int, text: str) -> None:
    rows, list_of = table(seed)
    passed, counted = known_and_counted(rows, "genre", list_of, text)
    np.testing.assert_allclose(passed, counted, atol=len(GENRES) / WHOLE)
    assert (passed[counted > 0] > 0).all()


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(LIST_TESTS))
def test_lists_of_texts_pass_no_more_than_is_known(seed: int, text: str) -> None:
    rows, list_of = table(seed)
    passed, counted = known_and_counted(rows, "tags", list_of, text)
    assert (passed >= counted - len(GENRES) / WHOLE).all()
    if "=" in text:
        np.testing.assert_allclose(passed, counted, atol=1 / WHOLE)


def test_nothing_is_known_of_lists_without_a_text() -> None:
    rows, list_of = table(0)
    columns = ColumnTable(rows)
    known = KnownShares(categories={"tags": shares_of(rows, "tags", list_of)})
    assert not list(known.of_categories(select(parse("tags <> 'rock'"), columns), columns))


def test_what_all_lists_hold_alike_says_nothing() -> None:
    rows, list_of = table(6)
    rows = rows.append_column("letter", [[random.Random(row).choice("abcdef") for row in range(N)]])
    columns = ColumnTable(rows)
    known = KnownShares(categories={name: shares_of(rows, name, list_of) for name in ("genre", "letter")})
    for text, says in (("genre = 'rock'", True), ("genre <> 'rock'", False), ("letter = 'a'", False)):
        assert bool(list(known.of_categories(select(parse(text), columns), columns))) == says, text


@pytest.mark.parametrize("name", ["genre", "tags"])
def test_rows_that_come_later_are_counted_and_so_are_new_texts(name: str) -> None:
    rows, list_of = table(1)
    more, where = table(2, 200)
    more = more.set_column(0, "genre", [["new"] * 100 + more["genre"].to_pylist()[100:]])
    both, lists = pa.concat_tables([rows, more]), np.concatenate([list_of, where])
    sizes = np.bincount(lists, minlength=NLIST)
    grown = shares_of(rows, name, list_of).added(ColumnTable(both).column(name), where, sizes)
    whole = shares_of(both, name, lists)
    assert grown is not None
    assert grown.texts == whole.texts
    np.testing.assert_allclose(grown.holding.astype(int), whole.holding.astype(int), atol=2)


def test_other_texts_than_those_that_were_counted_are_not_mistaken_for_them() -> None:
    rows, list_of = table(3)
    shares = shares_of(rows, "genre", list_of)
    other = ColumnTable(rows.set_column(0, "genre", [["x"] * N]))
    assert shares.passing(select(parse("genre = 'x'"), other), other.column("genre")) is None  # type: ignore[arg-type]
    assert shares.added(other.column("genre"), list_of[:0], np.bincount(list_of, minlength=NLIST)) is None


def test_columns_of_many_texts_are_left_out() -> None:
    names = pa.chunked_array([[f"artist {row}" for row in range(2000)]])
    numbers, few = pa.chunked_array([list(range(2000))]), pa.chunked_array([["a", "b"] * 1000])
    assert [has_few_texts(one) for one in (names, numbers, few)] == [False, False, True]
    large = few.cast(pa.large_string())
    assert [has_few_texts(one) for one in (large, few.dictionary_encode(), names.dictionary_encode())] == [
        True,
        True,
        False,
    ]
    late = pa.chunked_array([["a"] * 5000 + [f"artist {row}" for row in range(300)]])
    assert has_few_texts(late)
    assert texts_of(ColumnTable(pa.table({"late": late})).column("late")) is None


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    rows, list_of = table(4)
    known = KnownShares(categories={name: shares_of(rows, name, list_of) for name in ("genre", "tags")})
    known.save(tmp_path / "shares.npz")
    again = KnownShares.open(tmp_path / "shares.npz", next(iter(known.categories.values())).holding.shape[1])
    assert list(again.categories) == ["genre", "tags"]
    for name, column in again.categories.items():
        assert column.texts == known.categories[name].texts
        np.testing.assert_array_equal(column.holding, known.categories[name].holding)


def test_a_column_that_changes_its_kind_is_forgotten() -> None:
    sample = sample_catalogue(900)
    codes = pa.array(["en" if row % 2 else "de" for row in range(900)])
    rows = sample.table.append_column("language", codes)
    index = MoodIndex.build(sample.vectors[:850], rows.slice(0, 850), MOODS, load_preset("ivf-sq8"))
    assert "language" in ivf(index).shares.categories
    late = sample.table.slice(850).append_column("language", pa.array([b"\xff"] * 50))
    index.add(sample.vectors[850:], late)
    assert "language" not in ivf(index).shares.categories
    assert index.search(sample.vectors[850], 1).track_ids[0, 0] == "t850"


@pytest.mark.skipif(kernel.library() is None, reason="the kernel was not built here")
def test_lists_of_other_genres_are_not_visited(tmp_path: Path) -> None:
    """An index that knows where a genre is looks at far fewer rows, and finds as much; also of tracks added later."""
    sample = sample_catalogue(6000, dim=24)
    genres = [f"genre {one}" for one in (sample.vectors[:, :8]).argmax(1)]
    rows = sample.table.set_column(sample.table.schema.get_field_index("genre"), "genre", [genres])
    index = MoodIndex.build(sample.vectors[:5500], rows.slice(0, 5500), MOODS, load_preset("ivf-sq8"))
    index.add(sample.vectors[5500:], rows.slice(5500))
    index.save(tmp_path / "index")
    index = MoodIndex.open(tmp_path / "index")
    assert "genre" in ivf(index).shares.categories
    queries = sample.vectors[np.array(genres) == "genre 1"][:60]
    informed = [index.search(query, where="genre = 'genre 5'") for query in queries]
    truth = [index.search(query, where="genre = 'genre 5'", exact=True) for query in queries]
    assert np.mean([recall(*pair) for pair in zip(informed, truth, strict=True)]) >= 0.97
    ivf(index).shares, ivf(index)._search = KnownShares(), None
    index._catalogue.base.filters.clear()
    blind = [index.search(query, where="genre = 'genre 5'") for query in queries]
    assert sum(one.explanation.scanned for one in informed) < 0.7 * sum(
        one.explanation.scanned for one in blind
    )
