"""The times of plays as programs write them: numbers since 1970 in any unit, ISO text, and the forms of Last.fm."""

from __future__ import annotations

import datetime
import re
from typing import Any, Final

import numpy as np
import pandas as pd

from moodrec.arguments import brief
from moodrec.errors import DataError

_UNITS: Final = (("s", 1e11), ("ms", 1e14), ("us", 1e17), ("ns", np.inf))
"""Units of numbers since 1970, each with the number from which on it is the next: 1e11 seconds are the year 5138."""
_NUMBER: Final = re.compile(r"\s*\d{1,19}(?:\.\d*)?\s*")
_YEAR: Final = re.compile(r"\s*[12]\d{3}\s*")
_FORMS: Final = (
    "%d %b %Y, %H:%M",
    "%d %b %Y %H:%M",
    "%d %b %Y, %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%b %d, %Y, %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%a, %d %b %Y %H:%M:%S %Z",
)
_EARLIEST: Final = pd.Timestamp("1700-01-01", tz="UTC")
_LATEST: Final = pd.Timestamp("2200-01-01", tz="UTC")


def times_of(values: pd.Series[Any], name: str) -> pd.Series[Any]:
    """Read times: whole or decimal numbers since 1970 in seconds, milliseconds, microseconds or nanoseconds (by their
    size), ISO text, other text of known forms, and the time types of Python, NumPy and pandas.

    Args:
        values: the times as they were given.
        name: what the column is called.

    Returns:
        The times, in UTC; what states no zone is in UTC.

    Raises:
        DataError: a value is empty or no time; the message names its row.
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        read = pd.to_datetime(values, utc=True)
    else:
        every = [_in_range(_time(value)) for value in values.tolist()]
        read = pd.Series(pd.DatetimeIndex(every, tz="UTC"), index=values.index)
    _refuse(read, values, name)
    return read.reset_index(drop=True)


def _in_range(time: Any) -> Any:
    """Keep times that nanoseconds can hold; NaT stands for the others."""
    return time if time is pd.NaT or _EARLIEST <= time <= _LATEST else pd.NaT


def is_time(text: str) -> bool:
    """Say whether a text is a time in one of the forms that :func:`times_of` reads, and not a number."""
    return not _NUMBER.fullmatch(text) and _text(text.strip()) is not pd.NaT


def _refuse(read: pd.Series[Any], values: pd.Series[Any], name: str) -> None:
    wrong = np.flatnonzero((read.isna() | (read > _LATEST)).to_numpy())
    if not len(wrong):
        return
    row, more = int(wrong[0]), f" (and {len(wrong) - 1} more rows)" if len(wrong) > 1 else ""
    value = values.iloc[row]
    empty = value is None or value is pd.NaT or value is pd.NA
    if empty or (isinstance(value, str) and not value) or (isinstance(value, float) and np.isnan(value)):
        raise DataError(f"{name} is empty in row {row}, counted from 0{more}")
    raise DataError(
        f"{name} holds a time that cannot be read in row {row}, counted from 0: {brief(value)}{more}; write ISO "
        "time, such as 2024-01-31T20:15:00Z, or numbers since 1970"
    )


def _time(value: Any) -> Any:
    """Read one time as a timestamp in UTC; NaT where it is none."""
    nothing = value is None or value is pd.NaT or (isinstance(value, np.datetime64) and np.isnat(value))
    if nothing or isinstance(value, bool | np.bool_):
        return pd.NaT
    if isinstance(value, int) and abs(value) >= 2**63:  # more than nanoseconds are counted to
        return pd.NaT
    if isinstance(value, int | float | np.number):
        return _since_1970(float(value))
    if isinstance(value, str):
        if _NUMBER.fullmatch(value) and not _YEAR.fullmatch(value):
            return _since_1970(float(value))
        return _text(value.strip())
    if isinstance(value, datetime.date | np.datetime64 | pd.Timestamp):
        return _in_utc(pd.to_datetime(value))
    return pd.NaT


def _since_1970(number: float) -> Any:
    if not np.isfinite(number) or number < 0:
        return pd.NaT
    unit = next(unit for unit, end in _UNITS if number < end)
    return pd.to_datetime(number, unit=unit, utc=True, errors="coerce")  # type: ignore[call-overload]


def _text(text: str) -> Any:
    """Read a time in ISO form, or in the first other form that fits."""
    if not text:
        return pd.NaT
    read = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    for form in _FORMS:
        if read is not pd.NaT:
            break
        read = pd.to_datetime(text, format=form, utc=True, errors="coerce")
    return read


def _in_utc(stamp: Any) -> Any:
    return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
