"""Conversion of Arrow tables to pandas frames that keeps what pandas' defaults lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd

_WIDTHS: Final = (8, 16, 32, 64)


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Convert a table to pandas: integers with NULLs stay integers (``<NA>``), and lists become Python lists."""
    import pandas as pd

    nullable = {getattr(pa, f"int{width}")(): getattr(pd, f"Int{width}Dtype")() for width in _WIDTHS}
    frame: pd.DataFrame = table.to_pandas(types_mapper=nullable.get)
    for field in table.schema:
        if pa.types.is_list(field.type) or pa.types.is_large_list(field.type):
            frame[field.name] = pd.Series(table[field.name].to_pylist(), index=frame.index, dtype=object)
    return frame
