"""A manifest is a Parquet table with one row for each audio file, read a piece at a time."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from moodrec.addresses import filesystem_of, is_local, local_path
from moodrec.catalog.vector_tables import common_schema, conform, refuse_repeated
from moodrec.errors import DataError, NotFoundError
from moodrec.schema import PATH

_GROUPS_HELD: Final = 2
"""Row groups that are kept in memory."""


@dataclass(frozen=True)
class RowGroup:
    """A piece of a manifest that is read at once."""

    file: str
    """Its Parquet file, as a path of the manifest's file system."""
    number: int
    """Its number in that file."""
    start: int
    """The number of its first row, in the whole manifest."""
    rows: int


class Manifest:
    """A Parquet file, or a folder of them in the order of their names."""

    def __init__(self, address: str) -> None:
        """Read the manifest's footers.

        Args:
            address: a path, or an address that fsspec opens.

        Raises:
            NotFoundError: there is nothing.
            DataError: it is not Parquet, has no column ``path`` of texts, or its files have different columns.
            MissingExtraError, UsageError: as :func:`moodrec.addresses.filesystem_of`.
        """
        self.address = address
        self._filesystem: Any = None
        path = ""
        if not is_local(address):
            self._filesystem, path = filesystem_of(address)
        digest = hashlib.blake2b(digest_size=12)
        groups: list[RowGroup] = []
        self.rows = 0
        files, schemas = self._files(path), []
        for file in files:
            with self._opened(file) as parquet:
                _require_paths(file, parquet.schema_arrow)
                schemas.append(parquet.schema_arrow)
                digest.update(repr(parquet.metadata.to_dict()).encode())
                for number in range(parquet.num_row_groups):
                    rows = parquet.metadata.row_group(number).num_rows
                    groups.append(RowGroup(file, number, self.rows, rows))
                    self.rows += rows
        self.schema: pa.Schema = common_schema(files, schemas)
        self.groups = tuple(groups)
        self.digest = digest.hexdigest()
        """24 hex digits that change with the manifest's rows."""
        self._starts = [group.start for group in groups]
        self._held: OrderedDict[RowGroup, pa.Table] = OrderedDict()

    @property
    def columns(self) -> list[str]:
        """Give the names of its columns."""
        return list(self.schema.names)

    def slice(self, start: int, rows: int) -> pa.Table:
        """Read rows with all columns.

        Args:
            start: the number of the first row.
            rows: how many; fewer where the manifest ends before.
        """
        pieces, end = [], min(start + rows, self.rows)
        while start < end:
            group = self.groups[bisect_right(self._starts, start) - 1]
            until = min(end, group.start + group.rows)
            pieces.append(self._table(group).slice(start - group.start, until - start))
            start = until
        return pa.concat_tables(pieces) if pieces else self._empty()

    def read(self, group: RowGroup, columns: list[str] | None = None) -> pa.Table:
        """Read a row group, or some columns of it."""
        with self._opened(group.file) as parquet:
            return conform(group.file, parquet.read_row_group(group.number, columns), self.schema)

    def _table(self, group: RowGroup) -> pa.Table:
        if group not in self._held:
            self._held[group] = self.read(group)
        self._held.move_to_end(group)
        while len(self._held) > _GROUPS_HELD:
            self._held.popitem(last=False)
        return self._held[group]

    def _empty(self) -> pa.Table:
        return self.schema.empty_table()

    def _files(self, path: str) -> list[str]:
        if self._filesystem is None:
            place = local_path(self.address)
            if place.is_dir():
                found = sorted(
                    str(file) for file in place.glob("*.parquet") if not file.name.startswith(("_", "."))
                )
            else:
                found = [str(place)] if place.exists() else []
        elif self._filesystem.isdir(path):
            names = [str(file) for file in self._filesystem.ls(path, detail=False)]
            found = sorted(
                name
                for name in names
                if name.endswith(".parquet") and not PurePosixPath(name).name.startswith(("_", "."))
            )
        else:
            found = [path] if self._filesystem.exists(path) else []
        if not found:
            raise NotFoundError(f"{self.address}: no such Parquet file, nor a folder with any")
        return found

    def _opened(self, file: str) -> Any:
        if self._filesystem is None and not Path(file).is_file():
            raise DataError(f"{file}: is no regular file")
        try:
            source = file if self._filesystem is None else self._filesystem.open(file, "rb")
            return pq.ParquetFile(source)
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(f"{file}: not a Parquet file ({str(error).splitlines()[0]})") from error


def _require_paths(file: str, schema: pa.Schema) -> None:
    if PATH not in schema.names:
        raise DataError(f"{file}: has no column {PATH!r}; a manifest names an audio file in each row")
    refuse_repeated(file, schema.names)
    kind = schema.field(PATH).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        raise DataError(f"{file}: column {PATH!r} holds {str(kind)[:80]}, and should hold texts")
