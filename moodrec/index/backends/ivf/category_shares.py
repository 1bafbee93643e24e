"""What the categories of a text column pass of each list: genres follow from embeddings as moods do.

The table of a column says what share of each list holds a category. Columns of more than a few hundred texts, such as
artists and titles, have none.
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
"""The share of a list that holds all of it."""
_MOST: Final = 256
"""Categories."""
_MUCH: Final = 0.5
"""Of a list, on average: what passes so much is found as soon by those who know nothing."""
_SOME_LISTS: Final = 0.25
"""That hold less than half of what others do, where it tells anything which ones."""
_SAMPLE: Final = 4096
"""Rows that show whether a column has more."""

_TEXTS: Final = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)

Texts = tuple[str, ...]
CategoryTest = Range | Lookup | AnyLookup


@dataclass(frozen=True, eq=False)
class CategoryShares:
    """One column."""

    texts: Texts
    """Its categories, in the order of their codes."""
    holding: NDArray[np.uint16]
    """(categories, nlist) the share of each list's rows that hold a category, in 1/65535."""

    @classmethod
    def of(
        cls, column: Column, list_of: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> CategoryShares | None:
        """Of a column of n rows; ``list_of`` (n,) and the sizes (nlist,) of the lists. None where it has too many
        categories, or is no text.
        """
        return cls((), np.zeros((0, len(sizes)), np.uint16)).added(column, list_of, sizes)

    def added(
        self, column: Column, list_of: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> CategoryShares | None:
        """With the last rows of the column, whose lists are ``list_of`` (m,); ``sizes`` (nlist,) count them already.
        None where its categories are not these and some more.
        """
        texts, nlist = texts_of(column), len(sizes)
        if texts is None or texts[: len(self.texts)] != self.texts:
            return None
        categories, rows = _holders(column, len(list_of))
        cells = categories * nlist + list_of[rows]
        counts = (
            np.bincount(cells, minlength=len(texts) * nlist).reshape(len(texts), nlist).astype(np.float64)
        )
        before = sizes - np.bincount(list_of, minlength=nlist)
        counts[: len(self.texts)] += self.holding * (before / WHOLE)
        shares = np.maximum(np.rint(counts / np.maximum(sizes, 1) * WHOLE), counts > 0)
        return CategoryShares(texts, shares.astype(np.uint16))

    def passing(self, test: CategoryTest, column: Column) -> NDArray[np.uint16] | None:
        """(nlist,) what a test passes of each list, or more; None where that is not known."""
        if texts_of(column) != self.texts or (isinstance(test, AnyLookup) and test.none):
            return None
        passes = _passes(test, len(self.texts))
        if passes is None:
            return None
        shares = self.holding[passes].sum(axis=0, dtype=np.int64)
        passed: NDArray[np.uint16] = np.minimum(shares, WHOLE).astype(np.uint16)
        return passed


def tells_lists_apart(passed: NDArray[np.uint16]) -> bool:
    """Whether (nlist,) shares of lists say much about where the rows are that pass."""
    mean = passed.mean()
    return bool(mean <= _MUCH * WHOLE and np.quantile(passed, _SOME_LISTS) <= mean / 2)


def has_few_texts(values: pa.ChunkedArray) -> bool:
    """Whether an Arrow column may be one of a few texts, or of lists of them, judged by its first rows."""
    kind, some = values.type, values.slice(0, _SAMPLE)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind, some = kind.value_type, pc.list_flatten(some)
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not any(is_text(kind) for is_text in _TEXTS):
        return False
    return len(pc.unique(some)) <= min(_MOST, max(1, len(some) // 2))


def texts_of(column: Column) -> Texts | None:
    """The categories of a column of text or of lists of text, None where there are many or none."""
    of = column.categories if isinstance(column, ListColumn) else column
    return of.texts if isinstance(of, TextColumn) and 0 < len(of.categories) <= _MOST else None


def _holders(column: Column, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(h,) codes and the rows that hold them, of the last ``count`` rows, once a row and code."""
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
    """(categories,) which pass."""
    if isinstance(test, Range):
        codes = np.arange(count)
        inside: BoolArray = (codes >= test.low) & (codes <= test.high)
        return ~inside if test.outside else inside
    if len(test.table) != count + 1 or (isinstance(test, Lookup) and test.table[0]):
        return None
    passing: BoolArray = test.table[1:] == (1 if isinstance(test, Lookup) else 3)
    return passing
