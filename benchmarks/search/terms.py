"""Conditions on a track table as data: their SQL text, and their mask in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Operator = Literal[">=", "<", "BETWEEN", "IN", "<>"]
Value = float | int | str


@dataclass(frozen=True)
class Term:
    """One comparison: ``values`` are one value, the two ends of BETWEEN, or the members of IN."""

    column: str
    operator: Operator
    values: tuple[Value, ...]

    def __str__(self) -> str:
        shown = [f"'{value}'" if isinstance(value, str) else repr(value) for value in self.values]
        if self.operator == "BETWEEN":
            return f"{self.column} BETWEEN {shown[0]} AND {shown[1]}"
        if self.operator == "IN":
            return f"{self.column} IN ({', '.join(shown)})"
        return f"{self.column} {self.operator} {shown[0]}"


@dataclass(frozen=True)
class Filter:
    """Terms that AND joins."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return " AND ".join(map(str, self.terms))

    def mask(self, columns: Columns) -> Mask:
        """(n,) rows that meet every term."""
        return reduce(np.logical_and, (columns.test(term) for term in self.terms))


@dataclass(frozen=True, eq=False)
class Columns:
    """A table as NumPy reads it fastest: numbers as they are, text as codes into its categories."""

    numbers: Mapping[str, NDArray[np.generic]]
    codes: Mapping[str, NDArray[np.int32]]
    categories: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, table: pa.Table) -> Columns:
        """All columns but ``track_id``."""
        numbers, codes, categories = {}, {}, {}
        for name in table.column_names:
            values = table[name].combine_chunks()
            if name == "track_id":
                continue
            if pa.types.is_string(values.type):
                coded = values.dictionary_encode()
                codes[name] = coded.indices.to_numpy()
                categories[name] = {text: code for code, text in enumerate(coded.dictionary.to_pylist())}
            else:
                numbers[name] = values.to_numpy()
        return cls(numbers, codes, categories)

    def test(self, term: Term) -> Mask:
        """(n,) rows that meet one term."""
        if term.column in self.codes:
            return self._test_text(term)
        values = self.numbers[term.column]
        low, high = (values.dtype.type(value) for value in (term.values[0], term.values[-1]))
        if term.operator == ">=":
            return np.asarray(np.greater_equal(values, low), bool)
        if term.operator == "<":
            return np.asarray(np.less(values, low), bool)
        if term.operator == "BETWEEN":
            return np.asarray(np.greater_equal(values, low) & np.less_equal(values, high), bool)
        raise ValueError(f"{term}: not a test of numbers")

    def _test_text(self, term: Term) -> Mask:
        codes, categories = self.codes[term.column], self.categories[term.column]
        wanted = [categories[str(value)] for value in term.values]
        if term.operator == "<>":
            return np.not_equal(codes, wanted[0])
        if term.operator != "IN":
            raise ValueError(f"{term}: not a test of text")
        chosen = np.zeros(len(categories), bool)
        chosen[wanted] = True
        return chosen[codes]
