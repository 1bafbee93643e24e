"""Tables of other libraries become Arrow tables: pandas, polars, and whatever hands out Arrow data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from moodrec.arguments import brief
from moodrec.errors import DataError
from moodrec.index.rows.frames import to_pandas

if TYPE_CHECKING:
    import pandas as pd


_LONGEST: Final = 300
"""Most characters of what Arrow says that a message repeats."""


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


def as_arrow(given: Any, name: str = "the table") -> pa.Table:
    """Return a table as an Arrow table, without copying where its library allows it.

    Args:
        given: the table.
        name: what it is called in messages.

    Raises:
        DataError: a column holds what Arrow cannot hold, such as values of several types, or two have one name.
    """
    try:
        return _as_arrow(given)
    except UnicodeEncodeError as error:
        raise DataError(f"{name} holds a text that is no Unicode: {brief(error.object)}") from None
    except OverflowError:
        raise DataError(f"{name} holds a whole number of more than 64 bits") from None
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise DataError(f"{name} holds a column of mixed values: {_brief(error)}") from None
    except (ValueError, TypeError, pa.ArrowException) as error:  # two columns of one name; sparse columns
        raise DataError(f"{name} cannot be read: {_brief(error)}") from None


def _brief(error: Exception) -> str:
    text = ": ".join(map(str, error.args)) or type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _as_arrow(given: Any) -> pa.Table:
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
