"""Tracks with their vectors in Parquet files, read a few columns and some rows at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from moodrec.catalog.vector_tables import (
    About,
    about,
    common_schema,
    conform,
    parquet_files,
    require_embedding,
    unreadable,
)
from moodrec.schema import EMBEDDING

_ROWS_AT_ONCE: Final = 1 << 14
_BUFFER: Final = 1 << 20
"""Bytes that are read of a column at a time; else a whole row group would lie in memory."""


class ParquetTracks:
    """A Parquet file, or a folder of them, as :class:`moodrec.index.streaming.TrackSource` reads it.

    Rows without a vector are left out.
    """

    def __init__(self, path: Path | str, embedding: str = EMBEDDING) -> None:
        """Read what the files say of themselves.

        Args:
            path: a Parquet file, or a folder of such files, which are read in the order of their names; names that
                begin with an underscore or a dot are passed over.
            embedding: the column that holds the vectors.

        Raises:
            NotFoundError: there is no such file, nor a folder with any.
            DataError: it is not Parquet, has no such column, or files of a folder have different columns or models.
        """
        self._files, self._embedding = parquet_files(Path(path)), embedding
        schemas = [_opened(file).schema_arrow for file in self._files]
        for file, schema in zip(self._files, schemas, strict=True):
            require_embedding(file, schema.names, embedding)
        self._schema = _with_lists(common_schema(self._files, schemas), embedding)

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return list(self._schema.names)

    @cached_property
    def about(self) -> About:
        """What the files say of their moods and their model."""
        return about(self._schema.metadata or {})

    @cached_property
    def rows(self) -> int:
        """The number of rows that have a vector."""
        return self._all_rows - self.left_out

    @cached_property
    def left_out(self) -> int:
        """The number of rows that have none."""
        if not self._may_lack_vectors:
            return 0
        return sum(batch[self._embedding].null_count for batch in self._batches([self._embedding]))

    def batches(self, names: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns of the rows that have a vector, some rows at a time.

        Args:
            names: the names of the columns.

        Raises:
            DataError: a file is damaged.
        """
        read = list(dict.fromkeys([*names, self._embedding])) if self.left_out else list(names)
        # Arrow makes empty arrays of few kinds of values, but tables without rows of all.
        yield pa.Table.from_batches([], pa.schema([self._schema.field(name) for name in names]))
        for batch in self._batches(read):
            kept = batch.filter(batch[self._embedding].is_valid()) if self.left_out else batch
            yield kept.select(list(names))

    @cached_property
    def _all_rows(self) -> int:
        return sum(_opened(file).metadata.num_rows for file in self._files)

    @property
    def _may_lack_vectors(self) -> bool:
        """Whether a row may have no vector; what the writers of the files counted shows mostly that none has."""
        for file in self._files:
            found = _opened(file).metadata
            for group in range(found.num_row_groups):
                columns = [found.row_group(group).column(i) for i in range(found.num_columns)]
                own = [one for one in columns if f"{one.path_in_schema}.".startswith(f"{self._embedding}.")]
                counts = [one.statistics.null_count for one in own if one.statistics is not None]
                if not own or len(counts) < len(own) or any(count is None or count > 0 for count in counts):
                    return True
        return False

    def _batches(self, names: Sequence[str]) -> Iterator[pa.Table]:
        for file in self._files:
            opened = _opened(file)
            try:
                # Threads of Arrow would keep the memory that they read into.
                for batch in opened.iter_batches(_ROWS_AT_ONCE, columns=list(names), use_threads=False):
                    yield conform(file, pa.Table.from_batches([batch]), self._schema).select(list(names))
            except (pa.ArrowInvalid, OSError) as error:
                raise unreadable(file, error) from error


def _with_lists(schema: pa.Schema, embedding: str) -> pa.Schema:
    """The schema with lists of numbers in the place of vectors that are Arrow's tensors."""
    field = schema.field(embedding)
    if not isinstance(field.type, pa.FixedShapeTensorType):
        return schema
    return schema.set(schema.get_field_index(embedding), field.with_type(field.type.storage_type))


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(pa.OSFile(os.fsencode(path)), buffer_size=_BUFFER, pre_buffer=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise unreadable(path, error) from error
