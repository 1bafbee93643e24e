"""How much of each inverted list passes a test of a text column, such as a genre.

Genres follow from embeddings as moods do, so a list holds much of one genre and nothing of another. The table of a
column says what share of each list's rows holds each category. Columns of more than a few hundred texts, such as
artists and titles, have no table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from moodrec.filters.column_types import Column, ListColumn, TextColumn
from moodrec.filters.selection import AnyLookup, Lookup, Range
from moodrec.typing import BoolArray

WHOLE: Final = 65_535
"""The number that stands for a whole list: shares are integers in 1/65535, so that a table takes two bytes a
list, and the kernel reads them without conversion.
"""
_MOST_CATEGORIES: Final = 256
"""Columns of more categories than this have no table."""
_LARGEST_MEAN_SHARE: Final = 0.5
"""A test that passes more than this share of the lists' rows, on average, does not use the table: a search that
probes lists in the order of their centroids finds such rows as soon.
"""
_POOR_LISTS: Final = 0.25
"""The table is used only if at least this share of the lists hold less than half of the mean."""
_SAMPLED_ROWS: Final = 4096
"""The first rows of a column, which show whether it has too many categories."""

_TEXTS: Final = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)

Texts = tuple[str, ...]
CategoryTest = Range | Lookup | AnyLookup


@dataclass(frozen=True, eq=False)
class CategoryShares:
    """The shares of the lists that hold each category of one column."""

    texts: Texts
    """The categories in the order of their codes."""
    holding: NDArray[np.uint16]
    """(categories, nlist) The share of each list's rows that hold a category, in 1/65535."""

    @classmethod
    def of(
        cls, column: Column, list_of: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> CategoryShares | None:
        """Count the categories of a column in each list.

        Args:
            column: the n rows of the column.
            list_of: (n,) the list of each row.
            sizes: (nlist,) the number of rows in each list.

        Returns:
            The table, or None where the column has too many categories or holds no text.
        """
        return cls((), np.zeros((0, len(sizes)), np.uint16)).added(column, list_of, sizes)

    def added(
        self, column: Column, list_of: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> CategoryShares | None:
        """Return the table of a column that new rows were appended to.

        Args:
            column: all rows of the column, the m new ones last.
            list_of: (m,) the list of each new row.
            sizes: (nlist,) the number of rows in each list, new rows included.

        Returns:
            The table, or None where the column's categories are not the former ones followed by new ones.
        """
        texts = texts_of(column)
        if texts is None or texts[: len(self.texts)] != self.texts:
            return None
        categories, rows = _holders(column, len(list_of))
        lists, own = changed_lists(list_of, len(sizes))
        shape = (len(texts), len(lists))
        cells = categories * len(lists) + own[rows]
        counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
        after = sizes[lists]
        before = after - np.bincount(own, minlength=len(lists))
        counts[: len(self.texts)] += self.holding[:, lists] * (before / WHOLE)
        holding = np.zeros((len(texts), len(sizes)), np.uint16)
        holding[: len(self.texts)] = self.holding
        holding[:, lists] = np.maximum(np.rint(counts / np.maximum(after, 1) * WHOLE), counts > 0).astype(
            np.uint16
        )
        return CategoryShares(texts, holding)

    def passing(self, test: CategoryTest, column: Column) -> NDArray[np.uint16] | None:
        """Add up the shares of the categories that pass a test.

        Args:
            test: a test of the column.
            column: the column.

        Returns:
            (nlist,) an upper bound on the share of each list's rows that pass, in 1/65535; it is exact unless a row
            holds several categories. None where the table does not tell.
        """
        if texts_of(column) != self.texts or (isinstance(test, AnyLookup) and test.none):
            return None
        passes = _passes(test, len(self.texts))
        if passes is None:
            return None
        shares = self.holding[passes].sum(axis=0, dtype=np.int64)
        passed: NDArray[np.uint16] = np.minimum(shares, WHOLE).astype(np.uint16)
        return passed


def changed_lists(list_of: NDArray[np.int64], nlist: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Say which lists get new rows: the shares of the others stay as they are.

    Args:
        list_of: (m,) the list of each new row.
        nlist: the number of lists.

    Returns:
        (c,) Those lists, or all where most get some, and (m,) which of them is that of each new row.
    """
    if len(list_of) >= nlist:
        return np.arange(nlist), list_of
    lists, own = np.unique(list_of, return_inverse=True)
    return lists, own


def tells_lists_apart(passed: NDArray[np.uint16]) -> bool:
    """Whether (nlist,) shares in 1/65535 differ enough between lists for a search to use them."""
    mean = passed.mean()
    return bool(mean <= _LARGEST_MEAN_SHARE * WHOLE and np.quantile(passed, _POOR_LISTS) <= mean / 2)


def has_few_texts(values: pa.ChunkedArray) -> bool:
    """Whether an Arrow column seems to hold few different texts, or lists of them, judged by its first rows."""
    kind, some = values.type, values.slice(0, _SAMPLED_ROWS)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind, some = kind.value_type, pc.list_flatten(some)
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not any(is_text(kind) for is_text in _TEXTS):
        return False
    return len(pc.unique(some)) <= min(_MOST_CATEGORIES, max(1, len(some) // 2))


def texts_of(column: Column) -> Texts | None:
    """Return the categories of a column of texts or of lists of texts; None where there are too many, or none."""
    of = column.categories if isinstance(column, ListColumn) else column
    return of.texts if isinstance(of, TextColumn) and 0 < len(of.categories) <= _MOST_CATEGORIES else None


def _holders(column: Column, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (h,) codes and (h,) rows: each pair says that one of the last ``count`` rows holds a code."""
    if isinstance(column, ListColumn):
        offsets = column.offsets[len(column.offsets) - 1 - count :]
        rows, codes = np.repeat(np.arange(count), np.diff(offsets)), column.codes[offsets[0] :]
        pairs = np.unique(codes[codes >= 0].astype(np.int64) * count + rows[codes >= 0])
        return pairs // max(count, 1), pairs % max(count, 1)
    codes = (
        column.codes[len(column.codes) - count :] if isinstance(column, TextColumn) else np.empty(0, np.int64)
    )
    rows = np.flatnonzero(codes >= 0)
    return codes[rows].astype(np.int64), rows


def _passes(test: CategoryTest, count: int) -> BoolArray | None:
    """Return (categories,) whether each category passes a test; None where a test passes NULL too."""
    if isinstance(test, Range):
        codes = np.arange(count)
        inside: BoolArray = (codes >= test.low) & (codes <= test.high)
        return ~inside if test.outside else inside
    if len(test.table) != count + 1 or (isinstance(test, Lookup) and test.table[0]):
        return None
    passing: BoolArray = test.table[1:] == (1 if isinstance(test, Lookup) else 3)
    return passing
