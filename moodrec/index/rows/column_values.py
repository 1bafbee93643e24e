"""Values that a type allows and that no filter reads as what they are: an index refuses them when it is built."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_FIRST_DAY: Final = -719_162
"""The first day of the year 1, in days since 1970: ISO text of years with other than four digits does not sort."""
_LAST_DAY: Final = 2_932_896
"""The last day of the year 9999."""
_PER_DAY: Final = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_MOST: Final = (1 << 63) - 1


def unreadable_values(values: pa.Array) -> str | None:
    """Tell what is wrong with plain values, and what to do, to be read after "column x holds"; None if nothing is.

    Args:
        values: of any type that is no list and no dictionary.
    """
    kind = values.type
    if pa.types.is_uint64(kind):
        most = pc.max(values).as_py()
        if most is not None and most > _MOST:
            return (
                f"whole numbers above {_MOST}, which filters would round: make it texts, or floating numbers"
            )
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        try:
            pa.array([0], kind).cast(pa.string())
        except pa.ArrowInvalid:
            return f"times of the zone {kind.tz[:80]!r}, which is not known here: convert it to UTC"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        unit = 1 if pa.types.is_date32(kind) else _PER_DAY["ms" if pa.types.is_date64(kind) else kind.unit]
        ends = pc.min_max(values)
        low, high = ends["min"], ends["max"]
        if low.is_valid and (low.value < _FIRST_DAY * unit or high.value >= (_LAST_DAY + 1) * unit):
            return "dates before the year 1 or after 9999: make them NULL, or texts"
    return None
