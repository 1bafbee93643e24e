"""Tables with vectors are read from Parquet: one file, or the folder that ``moodrec embed`` writes."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from moodrec.errors import DataError, NotFoundError
from moodrec.given import path_of
from moodrec.schema import EMBEDDING


class About(NamedTuple):
    """What a table says of itself."""

    moods: tuple[str, ...]
    """Columns that hold mood scores; none where it does not say."""
    model_fingerprint: str | None
    """The model that made the vectors, if it says."""


@dataclass(frozen=True, eq=False)
class VectorTable:
    """Tracks with their vectors, and what their file says of them."""

    table: pa.Table
    """One row for each track that has a vector."""
    left_out: int
    """Rows without a vector: files that could not be embedded."""
    moods: tuple[str, ...]
    """Columns that hold mood scores, as the file says; none where it does not."""
    model_fingerprint: str | None
    """The model that made the vectors, as the file says."""


def read_vector_table(path: Path | str, embedding: str = EMBEDDING) -> VectorTable:
    """Read tracks with their vectors.

    Args:
        path: a Parquet file, or a folder of such files, which are read in the order of their names; names that
            begin with an underscore or a dot are passed over.
        embedding: the column that holds the vectors; rows that have none are left out.

    Raises:
        NotFoundError: there is no such file, nor a folder with any.
        DataError: it is not Parquet, has no such column, or files of a folder have different columns or models.
    """
    files = parquet_files(path_of(path, "path"))
    tables = [_read(file, embedding) for file in files]
    told = tables[0].schema.metadata or {}
    for file, table in zip(files, tables, strict=True):
        if not table.schema.equals(tables[0].schema) or (table.schema.metadata or {}) != told:
            raise DataError(f"{file}: has other columns, or another model, than {files[0]}")
    whole = pa.concat_tables(tables)
    known = whole[embedding].is_valid()
    kept = whole.filter(known)
    found = about(told)
    return VectorTable(kept, whole.num_rows - kept.num_rows, found.moods, found.model_fingerprint)


def about(metadata: Mapping[bytes, bytes]) -> About:
    """Read what the metadata of a table's schema say of its moods and its model."""
    texts: dict[str, Any] = {
        name.decode(): value.decode() for name, value in metadata.items() if name != b"ARROW:schema"
    }
    try:
        moods = json.loads(texts.get("moodrec.moods", "[]"))
    except (ValueError, RecursionError):
        moods = None
    if not isinstance(moods, list) or not all(isinstance(mood, str) for mood in moods):
        raise DataError("what the table says of its moods in its metadata is no list of names; write it anew")
    return About(tuple(moods), texts.get("moodrec.model_fingerprint"))


def parquet_files(path: Path) -> list[Path]:
    """List the Parquet files at a path: the file itself, or those of a folder in the order of their names.

    Raises:
        NotFoundError: there is no such file, nor a folder with any.
    """
    if path.is_dir():
        files = sorted(file for file in path.glob("*.parquet") if not file.name.startswith(("_", ".")))
        if not files:
            raise NotFoundError(f"{path}: a folder without Parquet files")
        return files
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file")
    return [path]


def _read(path: Path, embedding: str) -> pa.Table:
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowInvalid, OSError) as error:
        raise unreadable(path, error) from error
    require_embedding(path, table.column_names, embedding)
    return table


def require_embedding(path: Path, names: Collection[str], embedding: str) -> None:
    """Check that a file has a column of vectors.

    Args:
        path: the file.
        names: its columns.
        embedding: the name of the column.

    Raises:
        DataError: there is none.
    """
    if embedding not in names:
        raise DataError(f"{path}: has no column {embedding!r}; name another with --embedding")


def unreadable(path: Path, error: Exception) -> DataError:
    """Make the error for a file that Arrow cannot read.

    Args:
        path: the file.
        error: what Arrow said.
    """
    return DataError(f"{path}: not a Parquet file ({str(error).splitlines()[0]})")
