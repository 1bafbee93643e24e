"""An index of tracks that need not fit in memory is built straight into its folder.

Vectors are read in batches, scaled, and written to a file, which is mapped into memory while lists are learnt from a
sample of it. The rows are then written once more in the order of their lists, and the first file goes. The other
columns are read one at a time. So the most memory that a build takes is that of the finished index and of one column,
and the finished index is the one that :meth:`moodrec.index.mood_index.MoodIndex.build` makes of the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from moodrec.arguments import brief
from moodrec.config import IndexConfig
from moodrec.errors import DataError
from moodrec.files.npy import RowWriter
from moodrec.index.backends.factory import build_arranged, has_lists
from moodrec.index.presets import settled
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.column_kinds import storable
from moodrec.index.rows.given_vectors import vectors_of
from moodrec.index.rows.in_context import TableContext, tracks_in_context
from moodrec.index.rows.segment import Part, Segment
from moodrec.index.rows.stored_arrays import read_array
from moodrec.index.rows.track_table import checked_column, require_columns
from moodrec.index.rows.unit_vectors import unit_rows
from moodrec.index.snapshot import Origin, Snapshot
from moodrec.index.storage.format import VECTORS, saver
from moodrec.index.storage.manifest import Manifest
from moodrec.index.storage.store import publish
from moodrec.schema import TRACK_ID
from moodrec.typing import RowNumbers, Vectors

_ARRIVING: Final = "arriving.npy"
"""The vectors in the order of arrival, while lists are learnt from them."""
_ROWS_AT_ONCE: Final = 1 << 14
_CODES: Final = {"ivf": 4, "ivf-sq8": 1}
"""Bytes a number that inverted lists hold."""


@runtime_checkable
class TrackSource(Protocol):
    """A table of tracks with their vectors, read a few columns and some rows at a time."""

    @property
    def names(self) -> Sequence[str]:
        """The names of all columns, that of the vectors included."""

    @property
    def rows(self) -> int:
        """The number of rows."""

    def batches(self, names: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns of all rows, some rows at a time, in one order at every call; at least one table, of no
        rows where there are none.

        Args:
            names: the names of the columns.
        """


def build_saved(
    root: Path,
    source: TrackSource,
    embedding: str,
    moods: Sequence[str],
    config: IndexConfig,
    origin: Origin,
    context: TableContext | None = None,
) -> None:
    """Build an index of a source, and publish it as the newest version of a folder.

    Args:
        root: the folder of the index.
        source: the tracks.
        embedding: the column of their vectors.
        moods: the columns that hold mood scores.
        config: the preset.
        origin: where the rows come from.
        context: what corrects the moods.

    Raises:
        DataError, DuplicateIdError: rows or columns are wrong; the message names them.
        UsageError, StoreLockedError, DiskFullError: as :func:`moodrec.index.storage.store.publish`.
    """
    columns = [name for name in source.names if name != embedding]
    if len(set(source.names)) != len(source.names):
        raise DataError("the track table has two columns of one name")
    if embedding not in source.names:
        raise DataError(f"the table has no column {brief(embedding)}")
    require_columns(columns, moods)
    config = settled(config, source.rows)
    write = partial(_write, source, embedding, columns, moods, config, origin, context)
    publish(root, write, _size(source, embedding, config))


def _size(source: TrackSource, embedding: str, config: IndexConfig) -> int:
    """Estimate the bytes that a build writes, a little too low: vectors twice where they are arranged, and codes."""
    first = next(_with_rows(source, [embedding]), None)
    if first is None:
        return 0
    length = vectors_of(first[embedding].slice(0, 1), embedding).shape[1]
    each = 4 * (1 + has_lists(config)) + _CODES.get(config.kind, 0)
    return int(source.rows * length * each)


def _write(
    source: TrackSource,
    embedding: str,
    columns: Sequence[str],
    moods: Sequence[str],
    config: IndexConfig,
    origin: Origin,
    context: TableContext | None,
    folder: Path,
) -> Manifest:
    """Write all files of a version, and return its manifest."""
    arriving = folder / _ARRIVING
    n = _write_vectors(source, embedding, arriving)
    pa.default_memory_pool().release_unused()
    table = pa.table({name: _read_column(source, name, moods) for name in columns})
    if table.num_rows != n:
        raise DataError(f"{n} vectors were given for {table.num_rows} tracks")
    table = tracks_in_context(table, moods, context)
    if not has_lists(config):
        arriving.rename(folder / VECTORS)
        segment = Segment.of(read_array(folder / VECTORS, mapped=True), table, moods)
        return saver(Snapshot.build(Catalogue(Part.whole(segment)), config, origin))(folder)
    rows = _Arriving(arriving, table)
    del table
    segment, backend = build_arranged(rows.vectors, config, partial(rows.arranged, moods, folder / VECTORS))
    return saver(Snapshot(Catalogue(Part.whole(segment)), backend, config, origin))(folder)


class _Arriving:
    """Rows in the order of arrival, which are given up piece by piece while they are arranged."""

    def __init__(self, path: Path, table: pa.Table) -> None:
        self._path = path
        self.vectors: Vectors = read_array(path, mapped=True)
        self._columns = dict(zip(table.column_names, table.columns, strict=True))

    def arranged(self, moods: Sequence[str], path: Path, by_list: RowNumbers) -> Segment:
        """Write the vectors in another order, and return the rows in that order; the file of before is removed.

        Args:
            moods: the names of the columns that hold mood scores.
            path: the file of the vectors.
            by_list: (n,) row i of the result is row ``by_list[i]`` of those that arrived.
        """
        with RowWriter(path, np.float32, self.vectors.shape[1]) as writer:
            for start in range(0, len(by_list), _ROWS_AT_ONCE):
                writer.append(self.vectors[by_list[start : start + _ROWS_AT_ONCE]])
        del self.vectors  # unmaps the file, so that its pages count no more and its room is free
        self._path.unlink()
        order, taken = pa.array(by_list), {}
        for name in list(self._columns):
            taken[name] = self._columns.pop(name).take(order).combine_chunks()
        pa.default_memory_pool().release_unused()
        return Segment.of(read_array(path, mapped=True), pa.table(taken), moods, by_list)


def _write_vectors(source: TrackSource, embedding: str, path: Path) -> int:
    """Write the vectors of a source, scaled to unit length, and return how many there are."""
    n, length = 0, None
    with ExitStack() as opened:
        writer: RowWriter | None = None
        for batch in _with_rows(source, [embedding, TRACK_ID]):
            names = batch[TRACK_ID].to_pylist()
            vectors = unit_rows(vectors_of(batch[embedding], embedding), length, names, first=n)
            if writer is None:
                length = vectors.shape[1]
                writer = opened.enter_context(RowWriter(path, np.float32, length))
            writer.append(vectors)
            n += len(vectors)
        if writer is None:
            opened.enter_context(RowWriter(path, np.float32, 1))
    return n


def _with_rows(source: TrackSource, names: Sequence[str]) -> Iterator[pa.Table]:
    return (storable(batch) for batch in source.batches(names) if batch.num_rows)


def _read_column(source: TrackSource, name: str, moods: Sequence[str]) -> pa.Array:
    """Read one column of all rows, and check it."""
    column = checked_column(name, pa.concat_tables(source.batches([name])).column(0), moods)
    pa.default_memory_pool().release_unused()  # what reading and checking took
    return column
