"""The track table of a saved index, which may be a stranger's: it is mapped and checked, never unpacked."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa

from moodrec.index.rows.column_kinds import is_bounded
from moodrec.index.rows.conforming import joined
from moodrec.index.rows.stored_arrays import damaged

_MAGIC: Final = b"ARROW1\0\0"
_HEADER: Final = 2
"""The field of a message that describes what it holds."""
_VALUES: Final = 1
"""The field of a dictionary's description that describes its values, as that of a record batch does."""
_COMPRESSION: Final = 3
"""The field of the description of values that says how they are compressed."""


def write_table(table: pa.Table, path: Path) -> None:
    """Write a track table as an Arrow file.

    Args:
        table: the track table.
        path: the file.
    """
    with pa.OSFile(os.fsencode(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def write_joined(tables: Sequence[pa.Table], path: Path) -> None:
    """Write tables one below another as one, of which no more than a column is in memory at a time.

    An Arrow file that is mapped with one chunk a column was written in one piece, so each column goes to a file of
    its own first, which is mapped and removed again.

    Args:
        tables: some with the same columns.
        path: the file; those of the columns lie beside it.

    Raises:
        DataError: they hold more than 2 GB of text in one column.
    """
    first = tables[0]
    if len(tables) == 1:
        write_table(first, path)
        return
    beside, columns, fields = [], [], []
    for place, name in enumerate(first.column_names):
        beside.append(path.with_name(f"{path.stem}-{place}{path.suffix}"))
        write_table(joined([table.select([name]) for table in tables]), beside[-1])
        pa.default_memory_pool().release_unused()
        columns.append(mapped_table(beside[-1]).column(0))
        fields.append(first.schema.field(place).with_type(columns[-1].type))
    write_table(pa.table(columns, schema=pa.schema(fields, first.schema.metadata)), path)
    del columns  # what is mapped cannot be removed everywhere
    for scratch in beside:
        scratch.unlink()


def mapped_table(path: Path) -> pa.Table:
    """Map a table into memory that this process has just written, and that needs no checks therefore."""
    return _in_one_chunk(pa.ipc.open_file(pa.memory_map(os.fsencode(path))).read_all())


def _in_one_chunk(table: pa.Table) -> pa.Table:
    return table.combine_chunks() if any(column.num_chunks > 1 for column in table.columns) else table


def read_table(path: Path) -> pa.Table:
    """Map a table into memory, and check every offset in it, which Arrow itself does not do.

    An Arrow file is a stream of messages with a table of contents at its end. The stream is read, so that what is
    checked is what is read; compressed messages are refused, because they could hold more than the machine.

    Raises:
        CorruptStoreError: it is no table, or not one that moodrec wrote.
    """
    try:
        mapped = pa.memory_map(os.fsencode(path)).read_buffer()
        if mapped.size < len(_MAGIC) or mapped.slice(0, len(_MAGIC)).to_pybytes() != _MAGIC:
            raise damaged(path, "it is no table")
        stream = mapped.slice(len(_MAGIC))
        if any(map(_is_compressed, pa.ipc.MessageReader.open_stream(stream))):
            raise damaged(path, "the table is compressed")
        reader = pa.ipc.open_stream(stream)
        for field in reader.schema:
            if not is_bounded(field.type):
                raise damaged(path, f"the table has a column of {str(field.type)[:80]}")
        table = reader.read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, MemoryError, struct.error) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise damaged(path, f"no table can be read ({str(error)[:200]})") from None
    return _in_one_chunk(table)


def _is_compressed(message: pa.Message) -> bool:
    """Whether the values of a message are compressed, as its FlatBuffers metadata say."""
    if message.type not in ("record batch", "dictionary"):
        return False
    data = message.metadata
    place = _table_at(data, 0)
    header = _field(data, place, _HEADER)
    if header is None:
        return False
    place = _table_at(data, header)
    if message.type == "dictionary":
        values = _field(data, place, _VALUES)
        if values is None:
            return False
        place = _table_at(data, values)
    return _field(data, place, _COMPRESSION) is not None


def _table_at(data: pa.Buffer, place: int) -> int:
    """Follow the offset that stands at a place."""
    return place + int(struct.unpack_from("<I", data, place)[0])


def _field(data: pa.Buffer, table: int, number: int) -> int | None:
    """Return where a field of a table stands; None where the table has no such field."""
    shape = table - struct.unpack_from("<i", data, table)[0]
    (size,) = struct.unpack_from("<H", data, shape)
    slot = 4 + 2 * number
    if slot + 2 > size:
        return None
    (offset,) = struct.unpack_from("<H", data, shape + slot)
    return table + int(offset) if offset else None
