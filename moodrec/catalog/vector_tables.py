"""Tables with vectors are read from Parquet: one file, or the folder that ``moodrec embed`` writes."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from moodrec.errors import DataError, NotFoundError
from moodrec.given import path_of
from moodrec.schema import EMBEDDING

_ROW_NUMBERS: Final = "__index_level_"
"""How the names of columns begin that pandas writes for rows whose numbers are not 0, 1, 2, ..."""


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
    schema = common_schema(files, [table.schema for table in tables])
    whole = pa.concat_tables(conform(file, table, schema) for file, table in zip(files, tables, strict=True))
    told = schema.metadata or {}
    known = whole[embedding].is_valid()
    kept = whole.filter(known)
    found = about(told)
    return VectorTable(kept, whole.num_rows - kept.num_rows, found.moods, found.model_fingerprint)


def common_schema(files: Sequence[Path | str], schemas: Sequence[pa.Schema]) -> pa.Schema:
    """Find the types that hold the columns of all files: those of an empty part, of shorter numbers, of dictionaries,
    of Arrow's tensors and of other lists are brought to the wider ones. Row numbers that pandas wrote are left out.

    Args:
        files: their names, for messages.
        schemas: the schema of each.

    Raises:
        DataError: a file has two columns of one name, or files have different columns, values that do not go
            together, or models.
    """
    own = [_without_row_numbers(schema) for schema in schemas]
    for file, schema in zip(files, own, strict=True):
        refuse_repeated(file, schema.names)
    mixed = {
        name
        for name in own[0].names
        if len({_form(each.field(name).type) for each in own if name in each.names}) > 1
    }
    plain = [_written_out(schema, mixed) for schema in own]
    for file, schema in zip(files, own, strict=True):
        other = sorted(set(schema.names) ^ set(own[0].names))
        if other:
            raise DataError(f"{file}: has other columns than {files[0]}: {', '.join(other[:5])}")
        if _of_moodrec(schema) != _of_moodrec(own[0]):
            raise DataError(f"{file}: has another model, or other moods, than {files[0]}")
    try:
        found: pa.Schema = pa.unify_schemas(plain, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise DataError(f"{files[0]} and other files have columns of different kinds ({error})") from None
    return found.with_metadata(own[0].metadata)


def conform(file: Path | str, table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Bring a table of one file to the types of all, and its columns to their order.

    Args:
        file: the file, for messages.
        table: some of its columns, as they are in the file.
        schema: from :func:`common_schema`; columns that it lacks are left out.

    Raises:
        DataError: a value would change, such as a whole number that has no equal floating number.
    """
    names = [name for name in schema.names if name in table.column_names]
    wanted = pa.schema([schema.field(name) for name in names], schema.metadata)
    kept = table.select(names)
    if kept.schema.equals(wanted):
        return kept.replace_schema_metadata(schema.metadata)
    try:
        return kept.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(f"{file}: has a column of another kind than other files ({error})") from None


def _without_row_numbers(schema: pa.Schema) -> pa.Schema:
    kept = [
        field
        for field in schema
        if not (field.name.startswith(_ROW_NUMBERS) and pa.types.is_integer(field.type))
    ]
    return pa.schema(kept, schema.metadata)


def refuse_repeated(file: Path | str, names: Sequence[str]) -> None:
    """Check that each column of a file has a name of its own.

    Args:
        file: the file, for the message.
        names: its columns.

    Raises:
        DataError: two columns have one name.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{file}: has two columns called {twice[0]!r}; rename one, or leave it out")


def _form(kind: pa.DataType) -> str:
    """How values are held, where that may differ from file to file while the values themselves go together."""
    if pa.types.is_dictionary(kind):
        return "dictionary"
    return str(kind) if isinstance(kind, pa.FixedShapeTensorType) else "plain"


def _written_out(schema: pa.Schema, names: Collection[str]) -> pa.Schema:
    """The schema with plain values in place of the dictionaries and tensors of some columns."""
    return pa.schema(
        [field.with_type(_plain(field.type)) if field.name in names else field for field in schema]
    )


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return kind.value_type
    return kind.storage_type if isinstance(kind, pa.FixedShapeTensorType) else kind


def _of_moodrec(schema: pa.Schema) -> dict[bytes, bytes]:
    return {name: value for name, value in (schema.metadata or {}).items() if name.startswith(b"moodrec.")}


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
        table = pq.ParquetFile(pa.OSFile(os.fsencode(path))).read()
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
