"""Tables with vectors are read from Parquet: one file, or the folder that ``moodrec embed`` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from moodrec.arguments import brief
from moodrec.errors import DataError, NotFoundError
from moodrec.given import path_of
from moodrec.schema import EMBEDDING


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
    files = _files(path_of(path, "path"))
    tables = [_read(file, embedding) for file in files]
    about = tables[0].schema.metadata or {}
    for file, table in zip(files, tables, strict=True):
        if not table.schema.equals(tables[0].schema) or (table.schema.metadata or {}) != about:
            raise DataError(f"{file}: has other columns, or another model, than {files[0]}")
    whole = pa.concat_tables(tables)
    known = whole[embedding].is_valid()
    kept = whole.filter(known)
    found: dict[str, Any] = {
        name.decode(): value.decode() for name, value in about.items() if name != b"ARROW:schema"
    }
    moods = json.loads(found["moodrec.moods"]) if "moodrec.moods" in found else []
    return VectorTable(
        kept, whole.num_rows - kept.num_rows, tuple(moods), found.get("moodrec.model_fingerprint")
    )


def _files(path: Path) -> list[Path]:
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
        raise DataError(f"{path}: not a Parquet file ({str(error).splitlines()[0]})") from error
    if embedding not in table.column_names:
        raise DataError(f"{path}: has no column {brief(embedding)}; name another with --embedding")
    return table
