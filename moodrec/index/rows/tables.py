"""Tables of other libraries become Arrow tables: pandas, polars, and whatever hands out Arrow data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from moodrec.index.rows.frames import to_pandas

if TYPE_CHECKING:
    import pandas as pd


def is_table(given: object) -> bool:
    """Whether something is a table with named columns, and not a single column or a mapping."""
    if isinstance(given, pa.Table | pa.RecordBatch | pa.RecordBatchReader) or _is_pandas(given):
        return True
    if hasattr(given, "__arrow_c_stream__"):
        return bool(pa.types.is_struct(_type_of(given)))
    return (
        hasattr(given, "__arrow_c_array__")
        and not isinstance(given, pa.Array)
        and bool(pa.types.is_struct(pa.array(given).type))
    )


def as_arrow(given: Any) -> pa.Table:
    """Return a table as an Arrow table, without copying where its library allows it.

    Raises:
        pa.ArrowInvalid, pa.ArrowTypeError, ValueError: a column holds mixed values, or two have one name.
    """
    if isinstance(given, pa.Table):
        return given
    if isinstance(given, pa.RecordBatch):
        return pa.Table.from_batches([given])
    if isinstance(given, pa.RecordBatchReader):
        return given.read_all()
    return pa.Table.from_pandas(given, preserve_index=False) if _is_pandas(given) else pa.table(given)


def to_frame(given: Any) -> pd.DataFrame:
    """Return a table as a pandas frame; one of pandas as it is."""
    frame: pd.DataFrame = given if _is_pandas(given) else to_pandas(as_arrow(given))
    return frame


def columns_of(given: Any) -> dict[str, list[Any]]:
    """Read the columns of a table as lists of Python's own values, by name."""
    table = as_arrow(given)
    return {name: table[name].to_pylist() for name in table.column_names}


def _is_pandas(given: object) -> bool:
    return hasattr(given, "iloc") and hasattr(given, "columns")


def _type_of(given: Any) -> pa.DataType:
    """Return the type that a stream has: a struct for a table, something else for a column."""
    if hasattr(given, "column_names") or hasattr(given, "columns"):
        return pa.struct([])
    try:
        return pa.chunked_array(given).type
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError):
        return pa.struct([])
