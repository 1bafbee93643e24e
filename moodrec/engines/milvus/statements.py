"""The expressions of searches, and what is evaluated outside of Milvus because it has no expression."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from moodrec.engines.columns import StoredColumn
from moodrec.engines.leaves import column_of
from moodrec.engines.milvus.expressions import Outcomes, Translator
from moodrec.engines.milvus.fields import CREDITED, ROW, FilterField
from moodrec.engines.milvus.terms import EVERY, among, both, contains
from moodrec.engines.request import EngineRequest
from moodrec.errors import FilterError
from moodrec.filters.columns import ColumnTable, row_mask
from moodrec.filters.conditions import Comparison, Condition, Field, IsNull, Leaf, Not
from moodrec.schema import TRACK_ID

MOST_EVALUATED: Final = 1_000_000
"""In larger catalogues, conditions without an expression are refused: each search would read a column whole."""
Pages = Callable[[str, Sequence[str]], Iterator[list[dict[str, Any]]]]
"""Reads fields of all rows that meet an expression, some at a time."""


@dataclass(frozen=True)
class Statements:
    """Writes the expressions of searches over one catalogue."""

    columns: dict[str, StoredColumn]
    """The stored columns by name."""
    fields: Mapping[str, FilterField]
    """The fields for filters, by column."""
    pages: Pages
    """Reads the catalogue."""

    def condition(self, condition: Condition) -> Outcomes:
        """Translate a condition; it raises what :class:`Translator` raises.

        Raises:
            FilterError: a part of it has no expression, and the catalogue is too large to evaluate it outside.
        """
        return Translator(self.columns, self.fields, self._evaluated).condition(condition)

    def passing(self, request: EngineRequest) -> str:
        """Write the expression that a track must meet to be a hit, but for the seed itself.

        Raises:
            FilterError: as :meth:`condition`.
            UsageError: an option needs a column that the track table lacks.
        """
        options = request.options
        request.require_columns(self.columns)
        parts = [self.condition(one).true for one in request.conditions]
        parts += [self._has(mood) for mood in request.needed_moods]
        if options.only is not None:
            parts.append(among(TRACK_ID, options.only))
        if options.exclude:
            parts.append(f"not ({among(TRACK_ID, options.exclude)})")
        if options.exclude_artist:
            parts.append(f"not ({contains(CREDITED, request.excluded_artists)})")
        return both(*parts) if parts else EVERY

    def _has(self, mood: str) -> str:
        return self.condition(Not(IsNull(Field(mood)))).true

    def _evaluated(self, leaf: Leaf) -> tuple[list[str], list[str]]:
        """Return the ids of the tracks for which a test is TRUE, and FALSE, from the columns that it reads."""
        names = {TRACK_ID, column_of(leaf.field, self.columns).name}
        if isinstance(leaf, Comparison) and isinstance(leaf.value, Field):
            names.add(column_of(leaf.value, self.columns).name)
        whole = any(name != TRACK_ID and name not in self.fields for name in names)
        read = (
            [ROW] if whole else [TRACK_ID if name == TRACK_ID else self.fields[name].name for name in names]
        )
        tables, seen = [], 0
        for page in self.pages(EVERY, read):
            seen += len(page)
            if seen > MOST_EVALUATED:
                raise FilterError(
                    f"{leaf}: Milvus has no expression for this, and a catalogue of more than {MOST_EVALUATED:,} "
                    "tracks is not read for it; use =, <, IN, or a LIKE pattern whose only % is at its end"
                )
            tables.append(self._values(page, sorted(names), whole))
        if not tables:
            return [], []
        table = pa.concat_tables(tables).combine_chunks()
        columns, ids = ColumnTable(table), np.array(table[TRACK_ID].to_pylist(), object)
        true, false = (ids[row_mask(one, columns)].tolist() for one in (leaf, Not(leaf)))
        return true, false

    def _values(self, page: Sequence[dict[str, Any]], names: Sequence[str], whole: bool) -> pa.Table:
        """Make a table of some columns of a page, from stored rows or from fields."""
        rows = [json.loads(row[ROW]) for row in page] if whole else []
        arrays = []
        for name in names:
            if whole:
                values = [row.get(name) for row in rows]
            elif name == TRACK_ID:
                values = [row[TRACK_ID] for row in page]
            else:
                values = [self.fields[name].known(row[self.fields[name].name]) for row in page]
            arrays.append(pa.array(values, self.columns[name].type))
        return pa.table(arrays, names=list(names))
