"""The tables of a catalogue in PostgreSQL: their columns, how rows are copied into them, and what is known of them.

``NAME_tracks`` holds one row a track: the columns of the track table under their own names, and beside them

- ``moodrec_seq``, the order of arrival,
- ``moodrec_embedding``, the embedding (pgvector's ``vector``),
- ``moodrec_completed``, the vector of :mod:`moodrec.index.search.completed`, which the HNSW index is over,
- ``moodrec_main`` and ``moodrec_credited``, the names of :mod:`moodrec.engines.keys`.

``NAME_facts`` holds one row of JSON: the moods, the model, and the Arrow types of the columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from moodrec.arguments import brief
from moodrec.engines.columns import Kind, StoredColumn
from moodrec.engines.facts import check_catalogue_name
from moodrec.engines.keys import artist_names
from moodrec.errors import DataError
from moodrec.index.search.completed import completed, completed_dim
from moodrec.schema import TRACK_ID
from moodrec.typing import Vectors

SEQ: Final = "moodrec_seq"
EMBEDDING: Final = "moodrec_embedding"
COMPLETED: Final = "moodrec_completed"
MAIN: Final = "moodrec_main"
CREDITED: Final = "moodrec_credited"
_OWN: Final = "moodrec_"
_LONGEST_NAME: Final = 63
"""PostgreSQL cuts longer names off, so that two of them could become one."""
_TYPES: Final[dict[Kind, str]] = {
    "float32": "real",
    "float64": "double precision",
    "whole": "bigint",
    "flag": "boolean",
    "text": "text",
    "null": "boolean",
}
_BINARY: Final[dict[Kind, str]] = {
    "float32": "float4",
    "float64": "float8",
    "whole": "int8",
    "flag": "bool",
    "text": "text",
    "null": "bool",
}


@dataclass(frozen=True)
class Names:
    """The quoted names of a catalogue's tables."""

    catalogue: str

    def __post_init__(self) -> None:
        check_catalogue_name(self.catalogue)

    @property
    def tracks(self) -> str:
        """The table of the tracks."""
        return f'"{self.catalogue}_tracks"'

    @property
    def next_tracks(self) -> str:
        """The table that takes the place of the table of tracks once it is complete."""
        return f'"{self.catalogue}_next"'

    @property
    def facts(self) -> str:
        """The table of what is known of all tracks."""
        return f'"{self.catalogue}_facts"'


def identifier(name: str) -> str:
    """Quote a name for SQL; a per cent sign is doubled, since it begins a parameter."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def check_names(columns: Iterable[StoredColumn]) -> None:
    """Check that PostgreSQL can hold columns under their own names.

    Raises:
        DataError: a name is empty, too long, begins with ``moodrec_`` or holds the character NUL.
    """
    for column in columns:
        name = column.name
        if not name or len(name.encode()) > _LONGEST_NAME or name.startswith(_OWN) or "\0" in name:
            raise DataError(
                f"PostgreSQL cannot hold a column called {brief(name)}: a name has 1 to {_LONGEST_NAME} bytes, and "
                f"does not begin with {_OWN}; rename it"
            )


def column_sql(column: StoredColumn) -> str:
    """Write a column as it stands in CREATE TABLE. Texts are ordered by code point, as in filters."""
    array = "[]" if column.lists else ""
    collation = ' COLLATE "C"' if column.kind == "text" else ""
    return f"{identifier(column.name)} {_TYPES[column.kind]}{array}{collation}"


def column_changes(table: str, added: Iterable[StoredColumn], retyped: Iterable[StoredColumn]) -> list[str]:
    """Write the statements that give a table of tracks further columns.

    Args:
        table: the quoted name of the table.
        added: columns that it lacks.
        retyped: columns that hold nothing but NULL, and are to hold other values.
    """
    new = [f"ALTER TABLE {table} ADD COLUMN {column_sql(column)}" for column in added]
    other = [
        f"ALTER TABLE {table} DROP COLUMN {identifier(column.name)}, ADD COLUMN {column_sql(column)}"
        for column in retyped
    ]
    return new + other


def create_tracks(table: str, columns: Sequence[StoredColumn], dim: int, n_moods: int) -> str:
    """Write the CREATE TABLE of a catalogue's tracks.

    Args:
        table: the quoted name of the table.
        columns: the columns of the track table.
        dim: the dimension of the embeddings.
        n_moods: the number of moods.
    """
    own = [
        f"{SEQ} bigint GENERATED ALWAYS AS IDENTITY",
        f"{EMBEDDING} vector({dim}) NOT NULL",
        f"{COMPLETED} vector({completed_dim(dim, n_moods)}) NOT NULL",
        f'{MAIN} text[] COLLATE "C"',
        f'{CREDITED} text[] COLLATE "C"',
    ]
    every = [*map(column_sql, columns), *own, f"PRIMARY KEY ({identifier(TRACK_ID)})"]
    return f"CREATE TABLE {table} ({', '.join(every)})"


def copy_rows(
    cursor: Any,
    table: str,
    columns: Sequence[StoredColumn],
    rows: pa.Table,
    vectors: Vectors,
    moods: Sequence[str],
) -> None:
    """Copy rows into the table of tracks.

    Args:
        cursor: a cursor of psycopg, on a connection that knows pgvector's types.
        table: the quoted name of the table.
        columns: the columns of ``rows``.
        rows: n rows as :func:`~moodrec.engines.columns.stored_table` makes them.
        vectors: (n, d) embeddings of unit length.
        moods: the mood columns.

    Raises:
        DataError: a mood score is out of [0, 1].
    """
    scores = [rows[mood].to_numpy() for mood in moods]
    whole = completed(vectors, np.stack(scores, axis=1) if scores else np.empty((len(vectors), 0)))
    names_of = artist_names(rows)
    names = [*(identifier(column.name) for column in columns), EMBEDDING, COMPLETED, MAIN, CREDITED]
    types = [_BINARY[column.kind] + ("[]" if column.lists else "") for column in columns]
    lists = [rows[column.name].to_pylist() for column in columns]
    # A COPY takes no parameters, so its per cent signs stand for themselves.
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN WITH (FORMAT BINARY)".replace("%%", "%")
    with cursor.copy(statement) as copy:
        copy.set_types([*types, "vector", "vector", "text[]", "text[]"])
        for row in zip(*lists, vectors, whole, *names_of, strict=True):
            copy.write_row(row)
