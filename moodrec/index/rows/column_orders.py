"""The row numbers of an index sorted by the values of each column, as databases keep them in their indexes.

The rows that pass a range of values lie together in such an order, so a search finds them by bisection instead of
testing every row. Rows that are added later are in no order, and the kernel tests them one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from moodrec.errors import FilterError
from moodrec.files.npy import write_array
from moodrec.filters.arrow_columns import build_column
from moodrec.filters.column_types import NumberColumn, TextColumn
from moodrec.filters.selection import Order
from moodrec.index.rows.stored_arrays import damaged, read_array, read_arrays, require
from moodrec.schema import TRACK_ID

_ROWS_FILE: Final = "column-orders.npy"
_FACTS_FILE: Final = "column-orders.npz"
_MOST_ROWS: Final = 1 << 31
"""The orders hold row numbers of 32 bits, so an index of this many rows has none."""


def orders_of(table: pa.Table) -> dict[str, Order]:
    """Sort the rows by every column of numbers or texts but the ids, which :class:`TrackIds` finds."""
    if table.num_rows >= _MOST_ROWS:
        return {}
    found = {name: _order_of(table, name) for name in table.column_names if name != TRACK_ID}
    return {name: order for name, order in found.items() if order is not None}


def save(orders: Mapping[str, Order], folder: Path) -> None:
    """Write orders into a folder, if there are any.

    Args:
        orders: the sorted rows by the name of the column.
        folder: the folder of the version that is being written.
    """
    if orders:
        every = list(orders.values())
        ends = np.cumsum([len(order.rows) for order in every])
        write_array(folder / _ROWS_FILE, *[order.rows for order in every])
        names, count = np.array(list(orders), np.str_), np.int64(every[0].count)
        np.savez(folder / _FACTS_FILE, allow_pickle=False, names=names, ends=ends, count=count)


def read(folder: Path, n: int, files: Collection[str]) -> dict[str, Order]:
    """Map the orders that :func:`save` wrote into memory.

    Args:
        folder: the folder of the version.
        n: the number of rows of the index.
        files: the names of the version's files.

    Returns:
        The sorted rows by the name of the column; {} where the version has no orders.

    Raises:
        CorruptStoreError: the orders are of more rows than the index has.
    """
    if _FACTS_FILE not in files:
        return {}
    path = folder / _FACTS_FILE
    facts = read_arrays(path)
    if (
        set(facts) != {"names", "ends", "count"}
        or facts["names"].dtype.kind != "U"
        or facts["names"].ndim != 1
    ):
        raise damaged(path, "it holds other arrays than it should")
    require(path, "count", facts["count"], np.int64, (), (0, n))
    require(path, "ends", facts["ends"], np.int64, (len(facts["names"]),), (0, np.inf))
    names, ends, count = facts["names"].tolist(), facts["ends"].tolist(), int(facts["count"])
    rows = read_array(folder / _ROWS_FILE, mapped=True)
    require(folder / _ROWS_FILE, "rows", rows, np.int32, (ends[-1] if ends else 0,), (0, max(count - 1, 0)))
    if sorted(ends) != ends or len(set(names)) != len(names):
        raise damaged(path, "its parts do not follow one another")
    starts = [0, *ends[:-1]]
    parts = zip(names, starts, ends, strict=True)
    return {name: Order(np.asarray(rows[start:end]), count) for name, start, end in parts}


def _order_of(table: pa.Table, name: str) -> Order | None:
    try:
        column = build_column(name, table[name])
    except FilterError:  # no filter can name a column of this type
        return None
    if not isinstance(column, NumberColumn | TextColumn):
        return None
    values = column.values if isinstance(column, NumberColumn) else column.codes
    known = np.flatnonzero(column.known()).astype(np.int32)
    return Order(known[np.argsort(values[known], kind="stable")], table.num_rows)
