"""The column of artists: a text to show, by which conditions, caps and exclusions find each artist it names.

Who a track is by follows from the text (``A feat. B``) and, where a table has a column ``artists``, from the names
that are listed there. Both are read once for each different text, so that a test of an artist is a test of a few
categories.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from moodrec.artists import SEVERAL, Credit, credit, is_artist
from moodrec.filters.arrow_numpy import flags_of
from moodrec.filters.column_types import ListColumn, TextColumn
from moodrec.filters.conditions import Operator, Scalar
from moodrec.filters.selection import AllOf, Lookup, NamedRows, Range, Selection
from moodrec.names import compose, fold
from moodrec.typing import RowMask, RowNumbers


@dataclass(frozen=True, eq=False)
class ArtistColumn(TextColumn):
    """A column of artists as they are shown.

    ``=``, ``<>`` and ``IN`` compare with the text and with each main artist that it names; all else compares with the
    text. Keys for caps are those of the first main artist; a stand-in such as "Various Artists" has none.
    """

    listed: ListColumn | TextColumn | None = None
    """The names of all artists of each row, the main ones first, where the table has them."""

    def compare(self, op: Operator, value: Scalar) -> Range | Lookup:
        if op not in ("=", "<>"):
            return super().compare(op, value)
        codes = self._naming([value])
        if len(codes) <= 1:
            code = int(codes[0]) if len(codes) else -1  # which no known row has
            return Range(self.codes, code, code, op == "<>", self._present, self.order)
        found = self._passing(codes)
        return found if op == "=" else found.opposite()

    def among(self, values: Sequence[Scalar]) -> Lookup:
        return self._passing(self._naming(values))

    def not_credited_among(self, folded: Collection[str]) -> Selection:
        """Select the rows that none of some artists takes part in, as a guest either; NULL passes.

        Args:
            folded: names, folded.
        """
        table = np.ones(len(self.categories) + 1, np.uint8)
        for name in folded:
            table[np.array(self._credited.get(name, []), np.int64) + 1] = 0
        by_text = Lookup(self.codes, table)
        rows = self._further.rows_of(folded)
        if not len(rows):
            return by_text
        named = np.zeros(len(self.codes), bool)
        named[rows] = True
        return AllOf((by_text, NamedRows(~named, named)))

    def _passing(self, codes: Sequence[int]) -> Lookup:
        table = np.zeros(len(self.categories) + 1, np.uint8)
        table[np.array(codes, np.int64) + 1] = 1
        return Lookup(self.codes, table, self.order)

    def _naming(self, values: Iterable[Scalar]) -> list[int]:
        """Return the codes of the texts that are, or name as a main artist, one of some names."""
        names = [compose(self._text(value)) for value in values]
        whole = np.flatnonzero(flags_of(pc.is_in(self._composed, pa.array(names, pa.string()))))
        return sorted({*whole.tolist(), *(code for name in names for code in self._by_main.get(name, ()))})

    @cached_property
    def _composed(self) -> pa.Array:
        return pc.utf8_normalize(self.categories.cast(pa.string()), "NFC")

    @cached_property
    def _credits(self) -> dict[int, Credit]:
        """The credits of the texts that name several artists, or another one than they show, by code."""
        lists = self._first_lists
        several = flags_of(pc.match_substring_regex(self.categories, SEVERAL))
        codes = {*np.flatnonzero(several).tolist(), *lists}
        texts = self.categories
        return {code: credit(texts[code].as_py(), lists.get(code, ())) for code in codes}

    @cached_property
    def _first_lists(self) -> dict[int, tuple[str, ...]]:
        """The names that are listed beside each text, where they are not that text alone, by code."""
        if self.listed is None:
            return {}
        filled = self.listed.known() & (self.codes >= 0)
        rows = np.flatnonzero(filled)
        codes, first = np.unique(self.codes[rows], return_index=True)
        read = _names_at(self.listed)
        found = {code: read(row) for code, row in zip(codes.tolist(), rows[first].tolist(), strict=True)}
        return {code: names for code, names in found.items() if names != (self.categories[code].as_py(),)}

    @cached_property
    def _by_main(self) -> dict[str, list[int]]:
        """The codes of the texts that name each main artist beside others, by the artist's composed name."""
        found: dict[str, list[int]] = {}
        for code, made_by in self._credits.items():
            for name in made_by.main:
                found.setdefault(compose(name), []).append(code)
        return found

    @cached_property
    def _folded(self) -> dict[str, list[int]]:
        """Group the categories by the folded name of their first main artist; those without one are left out."""
        found: dict[str, list[int]] = {}
        for code, text in enumerate(self.categories.to_pylist()):
            made_by = self._credits.get(code)
            name = text if made_by is None else next(iter(made_by.main), "")
            if folded := fold(name):
                found.setdefault(folded, []).append(code)
        return {name: codes for name, codes in found.items() if is_artist(name)}

    @cached_property
    def _credited(self) -> dict[str, list[int]]:
        """Group the categories by each folded name in them, guests too, and by their folded text."""
        found: dict[str, list[int]] = {}
        for code, text in enumerate(self.categories.to_pylist()):
            made_by = self._credits.get(code, Credit())
            for name in {fold(text), *map(fold, made_by.everyone)}:
                found.setdefault(name, []).append(code)
        return found

    @cached_property
    def _further(self) -> _Further:
        """The artists that are listed for single rows and that the texts of these do not name."""
        if not isinstance(self.listed, ListColumn) or not isinstance(self.listed.categories, TextColumn):
            return _Further({}, np.empty(0, np.int64), np.empty(0, np.int64))
        rows = np.repeat(np.arange(len(self.codes)), np.diff(self.listed.offsets))
        names = self.listed.codes.astype(np.int64)
        kept = names >= 0
        pairs = (self.codes[rows[kept]].astype(np.int64) + 1) * max(self.listed.n_categories, 1) + names[kept]
        different, place = np.unique(pairs, return_inverse=True)
        texts = self.listed.categories.texts
        new = np.array([self._is_new(pair, texts) for pair in different.tolist()], bool)
        chosen = np.flatnonzero(new[place]) if len(different) else np.empty(0, np.int64)
        folded: dict[str, list[int]] = {}
        for code in np.unique(names[kept][chosen]).tolist():
            folded.setdefault(fold(texts[code]), []).append(code)
        return _Further(folded, rows[kept][chosen], names[kept][chosen])

    def _is_new(self, pair: int, texts: Sequence[str]) -> bool:
        code, name = divmod(pair, len(texts))
        return code - 1 not in self._credited.get(fold(texts[name]), ())


@dataclass(frozen=True, eq=False)
class _Further:
    """Rows that list an artist whom the text of the row does not name."""

    codes: dict[str, list[int]]
    """The codes of the listed names, by folded name."""
    rows: RowNumbers
    names: NDArray[np.int64]
    """(m,) the code of the name that each of the m rows lists."""

    def rows_of(self, folded: Collection[str]) -> RowNumbers:
        """Return the rows that list one of some folded names."""
        codes = [code for name in folded for code in self.codes.get(name, ())]
        return self.rows[np.isin(self.names, codes)] if codes else self.rows[:0]


def _names_at(listed: ListColumn | TextColumn) -> Any:
    """Return the function that reads the names of a row."""
    if isinstance(listed, TextColumn):
        return lambda row: (listed.texts[int(listed.codes[row])],)
    of = listed.categories
    texts: Sequence[str] = of.texts if isinstance(of, TextColumn) else ()

    def read(row: int) -> tuple[str, ...]:
        codes = listed.codes[listed.offsets[row] : listed.offsets[row + 1]]
        return tuple(texts[code] for code in codes.tolist() if 0 <= code < len(texts))

    return read


def holding(column: TextColumn, texts: Collection[str]) -> RowMask:
    """Compute the mask (n,) of rows that hold one of some texts.

    Args:
        column: a column of n texts.
        texts: the texts.
    """
    codes = np.flatnonzero(flags_of(pc.is_in(column.categories, pa.array(list(texts), pa.string()))))
    return np.isin(column.codes, codes)
