"""How the values of a column are spread over the inverted lists: what share of each list a range of values passes.

Moods follow from embeddings, so the rows of a list have much the same mood, and a condition on a mood passes most of
some lists and nothing of others. A search that knows the shares probes the first and skips the others. For every mood
there is a table: what share of each list lies below some forty values, which are quantiles of the whole column,
closer together towards the ends, where filters cut off few rows. For genres and other columns of few texts see
:mod:`moodrec.index.backends.ivf.category_shares`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.errors import FilterError
from moodrec.filters.columns import ColumnTable
from moodrec.filters.selection import AllOf, AnyLookup, Lookup, Range, Selection
from moodrec.index.backends.ivf.category_shares import (
    WHOLE,
    CategoryShares,
    CategoryTest,
    changed_lists,
    has_few_texts,
    tells_lists_apart,
)
from moodrec.index.rows.segment import Segment
from moodrec.index.rows.stored_arrays import damaged, read_arrays, require
from moodrec.schema import probability_column
from moodrec.typing import Float32Array

# Quantiles at which a column is cut: every 32nd part, and finer near both ends.
_TAIL: Final = np.array([0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02])
_ROWS_AT_ONCE: Final = 1 << 17
_QUANTILES: Final = np.concatenate([_TAIL, np.arange(1, 32) / 32, 1 - _TAIL[::-1]])


class End(NamedTuple):
    """The place of a range's end in the table: a row, and how far it lies on the way to the next row."""

    row: int
    """The row of the table."""
    fraction: float
    """How far the end lies between that row and the next, in [0, 1]."""


@dataclass(frozen=True, eq=False)
class ListShares:
    """The shares of the lists that lie below some values of one column."""

    edges: Float32Array
    """(e,) The values at which the column is cut, in ascending order."""
    below: NDArray[np.uint16]
    """(2 e + 2, nlist) Shares of each list's rows, in 1/65535. The first row is zero, then two rows for each
    edge hold the share below the edge and the share up to and including it, and the last row holds the share of
    known values.
    """

    @classmethod
    def of(cls, values: Float32Array, list_of: NDArray[np.int64], sizes: NDArray[np.int64]) -> ListShares:
        """Count the values of a column in each list.

        Args:
            values: (n,) the column, NaN where unknown.
            list_of: (n,) the list of each row.
            sizes: (nlist,) the number of rows in each list.
        """
        known = values[~np.isnan(values)]
        edges = np.unique(np.quantile(known, _QUANTILES, method="nearest")) if len(known) else known
        empty = np.zeros((2 * len(edges) + 2, len(sizes)), np.uint16)
        return cls(edges.astype(np.float32), empty).added(values, list_of, sizes)

    def added(self, values: Float32Array, list_of: NDArray[np.int64], sizes: NDArray[np.int64]) -> ListShares:
        """Return the table with new rows counted in.

        Args:
            values: (m,) the values of the new rows, NaN where unknown.
            list_of: (m,) the list of each new row.
            sizes: (nlist,) the number of rows in each list, new rows included.
        """
        lists, own = changed_lists(list_of, len(sizes))
        counts = np.zeros((len(self.below), len(lists)), np.int64)
        for start in range(0, len(values), _ROWS_AT_ONCE):
            counts += self._counted(
                values[start : start + _ROWS_AT_ONCE], own[start : start + _ROWS_AT_ONCE], counts.shape
            )
        after = sizes[lists]
        before = after - np.bincount(own, minlength=len(lists))
        rows_below = self.below[:, lists] * (before / WHOLE) + np.cumsum(counts, axis=0)
        below = self.below.copy()
        below[:, lists] = np.rint(rows_below / np.maximum(after, 1) * WHOLE).astype(np.uint16)
        return ListShares(self.edges, below)

    def _counted(
        self, values: Float32Array, own: NDArray[np.int64], shape: tuple[int, int]
    ) -> NDArray[np.int64]:
        """Count the rows in the cells of a table whose columns are the lists that ``own`` numbers."""
        known = ~np.isnan(values)
        place = np.searchsorted(self.edges, values[known])
        on_edge = np.append(self.edges, np.float32(np.nan))[place] == values[known]
        cells = (2 * place + on_edge + 1) * shape[1] + own[known]
        return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)

    def ends(self, test: Range) -> tuple[End, End]:
        """Find the two ends of a range in the table, between which the rows lie that pass."""
        low = self._end(_single(test.low, up=test.outside), 0.0)
        high = self._end(_single(test.high, up=not test.outside), 1.0)
        if low.row == high.row:  # Within one cell the share cannot be told, so the whole cell counts.
            return End(low.row, 0.0), End(high.row, 1.0)
        return low, high

    def _end(self, value: float, inclusive: float) -> End:
        place, edges = int(np.searchsorted(self.edges, value)), self.edges
        if place < len(edges) and edges[place] == value:
            return End(2 * place + 1, inclusive)
        if place in (0, len(edges)):
            return End(2 * place, inclusive)
        low, high = float(edges[place - 1]), float(edges[place])
        return End(2 * place, (value - low) / (high - low))


def _single(value: float, up: bool) -> float:
    """Round a number up or down to single precision, in which the values were counted."""
    with np.errstate(over="ignore"):
        near = np.float32(value)
    if float(near) < value if up else float(near) > value:
        near = np.nextafter(near, np.float32(np.inf if up else -np.inf))
    return float(near)


@dataclass(frozen=True, eq=False)
class KnownShares:
    """The tables of all columns whose spread over the lists is known."""

    columns: Mapping[str, ListShares] = field(default_factory=dict)
    """Tables of columns of numbers by the name of the column."""
    categories: Mapping[str, CategoryShares] = field(default_factory=dict)
    """Tables of columns of few texts, or of lists of texts, by the name of the column."""
    others: Sequence[tuple[Float32Array, ListShares]] = ()
    """Tables of columns that are not in the track table, as calibration makes them."""

    @classmethod
    def of(cls, segment: Segment, list_of: NDArray[np.int64], nlist: int) -> KnownShares:
        """Make the tables of moods, their probabilities and genres, which follow from the vectors and are often
        filtered.

        Args:
            segment: the n rows.
            list_of: (n,) the list of each row.
            nlist: the number of lists.
        """
        sizes, columns, table = np.bincount(list_of, minlength=nlist), segment.columns, segment.table
        of_numbers = {
            name: ListShares.of(columns.numbers(name), list_of, sizes) for name in _numbers(segment)
        }
        texts = [name for name in table.column_names if has_few_texts(table[name])]
        of_texts = {name: CategoryShares.of(columns.column(name), list_of, sizes) for name in texts}
        return cls(of_numbers, {name: known for name, known in of_texts.items() if known is not None})

    def added(self, segment: Segment, list_of: NDArray[np.int64], sizes: NDArray[np.int64]) -> KnownShares:
        """Return the tables with the last rows of a segment counted in.

        Args:
            segment: all rows, the m new ones last.
            list_of: (m,) the list of each new row.
            sizes: (nlist,) the number of rows in each list, new rows included.
        """
        columns, n_new = segment.columns, len(list_of)
        new = ColumnTable(segment.table.slice(len(segment) - n_new).combine_chunks())
        of_numbers: dict[str, ListShares] = {}
        of_texts: dict[str, CategoryShares] = {}
        for name, of_number in self.columns.items():
            with suppress(
                FilterError
            ):  # the column has another type now, or is gone, so its table is dropped
                of_numbers[name] = of_number.added(new.numbers(name), list_of, sizes)
        for name, of_text in self.categories.items():
            with suppress(FilterError):
                if known := of_text.added(columns.column(name), list_of, sizes):
                    of_texts[name] = known
        return KnownShares(of_numbers, of_texts)

    @classmethod
    def open(cls, path: Path, nlist: int) -> KnownShares:
        """Read the tables that :meth:`save` wrote.

        Args:
            path: the path of the file.
            nlist: the number of lists.

        Raises:
            CorruptStoreError: the tables do not fit the lists.
        """
        saved = read_arrays(path)
        names, texts = (saved[kind].tolist() if kind in saved else [] for kind in ("names", "texts"))
        try:
            of_numbers = [ListShares(saved[f"edges {i}"], saved[f"below {i}"]) for i in range(len(names))]
            of_texts = [
                CategoryShares(tuple(saved[f"categories {i}"].tolist()), saved[f"holding {i}"])
                for i in range(len(texts))
            ]
        except (KeyError, TypeError) as error:
            raise damaged(path, f"an array is missing ({error})") from None
        for number in of_numbers:
            require(path, "edges", number.edges, np.float32, (None,))
            require(path, "below", number.below, np.uint16, (2 * len(number.edges) + 2, nlist))
        for text in of_texts:
            require(path, "holding", text.holding, np.uint16, (len(text.texts), nlist))
        if not all(isinstance(name, str) for name in (*names, *texts)):
            raise damaged(path, "names are no texts")
        return cls(dict(zip(names, of_numbers, strict=True)), dict(zip(texts, of_texts, strict=True)))

    def save(self, path: Path) -> None:
        """Write the tables of the track table's columns, if there are any."""
        parts: dict[str, NDArray[Any]] = {
            "names": np.array(list(self.columns), np.str_),
            "texts": np.array(list(self.categories), np.str_),
        }
        for i, column in enumerate(self.columns.values()):
            parts |= {f"edges {i}": column.edges, f"below {i}": column.below}
        for i, text in enumerate(self.categories.values()):
            parts |= {f"categories {i}": np.array(text.texts, np.str_), f"holding {i}": text.holding}
        if self.columns or self.categories:
            np.savez(path, allow_pickle=False, **parts)

    def of_categories(
        self, selection: Selection | None, columns: ColumnTable
    ) -> Iterator[NDArray[np.uint16]]:
        """Find the tests of text columns with a table that tells lists apart.

        Args:
            selection: the condition of a search.
            columns: the columns of the track table.

        Yields:
            (nlist,) the share of each list that passes, in 1/65535, for each such test that all rows must meet.
        """
        for test in _tests(selection):
            name = columns.name_of(test.values if isinstance(test, Range) else test.codes)
            if name is not None and name in self.categories:
                passed = self.categories[name].passing(test, columns.column(name))
                if passed is not None and tells_lists_apart(passed):
                    yield passed

    def terms(self, selection: Selection | None, columns: ColumnTable) -> Iterator[tuple[Range, ListShares]]:
        """Find the ranges of columns with a table.

        Args:
            selection: the condition of a search.
            columns: the columns of the track table.

        Yields:
            Each such range that all rows must lie in, and the table of its column.
        """
        for test in _tests(selection):
            if not isinstance(test, Range):
                continue
            name = columns.name_of(test.values)
            others = (known for values, known in self.others if values is test.values)
            shares = next(others, None) if name is None else self.columns.get(name)
            if shares is not None:
                yield test, shares


def _numbers(segment: Segment) -> list[str]:
    probabilities = {probability_column(mood) for mood in segment.moods}
    floating = {field.name for field in segment.table.schema if pa.types.is_floating(field.type)}
    return [*segment.moods, *sorted(floating & probabilities)]


def _tests(selection: Selection | None) -> Iterator[CategoryTest]:
    """Yield the tests of a single column that all rows must meet: those that no OR contains."""
    if isinstance(selection, AllOf):
        for part in selection.parts:
            yield from _tests(part)
    elif isinstance(selection, Range | Lookup | AnyLookup):
        yield selection
