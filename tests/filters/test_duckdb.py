"""Five thousand random filters, NULLs and lists among them, against DuckDB."""

from __future__ import annotations

import random

import duckdb
import numpy as np
import pyarrow as pa

from moodrec.filters.columns import ColumnTable, row_mask
from moodrec.filters.conditions import (
    And,
    Between,
    Comparison,
    Condition,
    Field,
    IsNull,
    Leaf,
    Like,
    Membership,
    Not,
    Or,
    Scalar,
    quote_name,
    quote_value,
)
from moodrec.filters.parse import parse
from tests.filters.generated import LISTS, as_table, random_condition, random_rows

TABLES, EACH = 40, 50


def test_random_filters_agree_with_duckdb() -> None:
    for seed in range(TABLES):
        rng = random.Random(1000 + seed)
        table = as_table(random_rows(rng, 30))
        columns = ColumnTable(table)
        tracks = table.append_column("row", pa.array(range(len(table))))
        with duckdb.connect() as connection:
            connection.register("tracks", tracks)
            connection.execute("CREATE TABLE held AS SELECT * FROM tracks")
            for _ in range(EACH):
                condition = random_condition(rng)
                query = f"SELECT row FROM held WHERE {in_duckdb(condition)} ORDER BY row"
                expected = [row for (row,) in connection.execute(query).fetchall()]
                found = np.flatnonzero(row_mask(parse(str(condition)), columns)).tolist()
                assert found == expected, str(condition)


def in_duckdb(condition: Condition) -> str:
    """The condition in DuckDB's SQL, where a list is no value that can be compared with an element."""
    if isinstance(condition, Not):
        return f"NOT ({in_duckdb(condition.part)})"
    if isinstance(condition, And | Or):
        word = " AND " if isinstance(condition, And) else " OR "
        return word.join(f"({in_duckdb(part)})" for part in condition.parts)
    if condition.field.column in LISTS:
        return _of_list(condition)
    return _test(condition, quote_name(condition.field.column))


def _of_list(condition: Leaf) -> str:
    column = quote_name(condition.field.column)
    known = f"len([x for x in {column} if x IS NOT NULL]) > 0"
    if isinstance(condition, IsNull):
        return f"NOT coalesce({known}, FALSE)"
    none = isinstance(condition, Comparison) and condition.operator == "<>"
    asked = Comparison(condition.field, "=", condition.value) if none else condition  # type: ignore[union-attr]
    any_of = f"len([x for x in {column} if {_test(asked, 'x')}]) > 0"
    return f"CASE WHEN {known} THEN {'NOT ' if none else ''}({any_of}) ELSE NULL END"


def _test(condition: Leaf, value: str) -> str:
    match condition:
        case IsNull():
            return f"{value} IS NULL"
        case Comparison():
            other = condition.value
            right = quote_name(other.column) if isinstance(other, Field) else _literal(other)
            return f"{value} {condition.operator} {right}"
        case Between():
            return f"{value} BETWEEN {_literal(condition.low)} AND {_literal(condition.high)}"
        case Membership():
            return f"{value} IN ({', '.join(map(_literal, condition.values))})"
        case Like():
            escape = "" if condition.escape is None else f" ESCAPE {quote_value(condition.escape)}"
            return f"{value} {'ILIKE' if condition.ignore_case else 'LIKE'} {quote_value(condition.pattern)}{escape}"


def _literal(value: Scalar) -> str:
    """A fraction is meant as it is stored: DuckDB would read it as a decimal number."""
    return f"CAST('{value!r}' AS DOUBLE)" if isinstance(value, float) else quote_value(value)
