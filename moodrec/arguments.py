"""Checks of the arguments that users give: each returns the value as the code works with it, or says what to give."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from importlib import import_module
from itertools import islice
from numbers import Integral, Real
from typing import Any, Final, Literal, TypeGuard

from moodrec.errors import UsageError

OnConflict = Literal["error", "ignore"]
"""What to do about ids that are not there: refuse them all with an error that lists them, or go on without them."""
OnDuplicate = Literal["error", "ignore", "replace"]
"""What an addition does about ids that are there already: refuse them with an error, keep what is there, or replace
it."""

ERROR: Final = "error"
IGNORE: Final = "ignore"
REPLACE: Final = "replace"

_IDS: Final = "track_id"
_SHOWN: Final = 5
_LONGEST: Final = 80
_MOST: Final = 2**31 - 1
_MOST_VALUES: Final = 1 << 25
"""Values that one argument may hold, so that a range or a generator without end does not take all memory."""


def brief(value: object) -> str:
    """Write a value for an error message, as Python writes it, on one line, cut to some eighty characters."""
    try:
        text = repr(value[: _LONGEST + 1] if isinstance(value, str | bytes) else value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or lists within lists
        return f"a very large {type(value).__name__}"
    line = " ".join(text[: _LONGEST * 20].split())  # tables and series are written on several lines
    shown = line if len(line) <= _LONGEST else line[:_LONGEST] + "..."
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in shown)


def listed(names: Iterable[object], limit: int = _SHOWN) -> str:
    """Write the first few names for an error message, and how many more there are.

    Args:
        names: all names.
        limit: how many of them are written out.
    """
    every = list(names)
    more = f" and {len(every) - limit} more" if len(every) > limit else ""
    return ", ".join(map(brief, every[:limit])) + more


def on_conflict_of(value: object, adds: bool = False) -> Any:
    """Check the argument ``on_conflict``.

    Args:
        value: what the user gave.
        adds: whether the call adds ids, so that "replace" has a meaning.

    Returns:
        The value.

    Raises:
        UsageError: it is another word; the message lists the words that there are.
    """
    words = (ERROR, IGNORE, REPLACE) if adds else (ERROR, IGNORE)
    if not isinstance(value, str) or value not in words:
        raise UsageError(f"on_conflict is {brief(value)}; it must be {' or '.join(map(repr, words))}")
    return value


def whole(value: object, name: str, least: int = 1, most: int | None = _MOST) -> int:
    """Check a whole number.

    Args:
        value: what the user gave; an integer of Python or NumPy.
        name: what the argument is called.
        least: the smallest number that is allowed.
        most: the largest one; None is any.

    Raises:
        UsageError: it is no whole number (True and 2.0 are none), or out of range.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise UsageError(f"{name} is {brief(value)}; it must be a whole number, {least:,} or more")
    if most is not None and int(value) > most:
        raise UsageError(f"{name} is {brief(value)}; it must be {most:,} or less")
    return int(value)


def share(value: object, name: str) -> float:
    """Check a number in [0, 1].

    Args:
        value: what the user gave; a number of Python or NumPy.
        name: what the argument is called.

    Raises:
        UsageError: it is no number (True and NaN are none), or out of range.
    """
    number = real(value, name, "a number in [0, 1]")
    if not 0 <= number <= 1:
        raise UsageError(f"{name} is {number}; it must lie in [0, 1]")
    return number


def finite(value: object, name: str) -> float:
    """Check a finite number.

    Args:
        value: what the user gave.
        name: what the argument is called.

    Raises:
        UsageError: it is no number (True is none), infinite or NaN.
    """
    number = real(value, name, "a finite number")
    if not math.isfinite(number):
        raise UsageError(f"{name} is {number}; it must be a finite number")
    return number


def real(value: object, name: str, wanted: str = "a number") -> float:
    """Check a number of any size.

    Args:
        value: what the user gave.
        name: what the argument is called.
        wanted: what it should be, for the message.

    Raises:
        UsageError: it is no number (True is none).
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UsageError(f"{name} is {brief(value)}; it must be {wanted}")
    try:
        return float(value)
    except OverflowError:
        raise UsageError(f"{name} is {brief(value)}; it must be {wanted}") from None


def flag(value: object, name: str) -> bool:
    """Check a truth value.

    Args:
        value: what the user gave; True or False, of Python or NumPy.
        name: what the argument is called.

    Raises:
        UsageError: it is something else.
    """
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):  # NumPy's has both names
        return bool(value)
    raise UsageError(f"{name} is {brief(value)}; it must be True or False")


def texts(given: Collection[str] | None, name: str) -> tuple[str, ...]:
    """Check a collection of names.

    Args:
        given: texts; one alone may be given as it is, and None is none.
        name: what the argument is called.

    Returns:
        The texts in their order.

    Raises:
        UsageError: it is no collection, or holds something else than text.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Iterable):
        raise UsageError(f"{name} takes text, or a collection of texts, not {brief(given)}")
    values = plain(given)
    if not isinstance(values, Iterable):  # an array of NumPy without a dimension
        raise UsageError(f"{name} takes text, or a collection of texts, not {brief(given)}")
    every = tuple(every_of(values, name))
    if wrong := [one for one in every if not isinstance(one, str)]:
        raise UsageError(f"{name} takes text, not {', '.join(map(brief, wrong[:_SHOWN]))}")
    return every


def ids_of(given: object, name: str) -> tuple[str, ...]:
    """Check track ids: text, or whole numbers, which stand for their digits.

    Args:
        given: ids in a list, a set, an array of NumPy, a series of pandas or polars, an array of Arrow, or the keys
            of a mapping; one alone may be given as it is, and None is none.
        name: what the argument is called.

    Returns:
        The ids as text, in their order.

    Raises:
        UsageError: it is no collection, or holds something else than ids; the message names the first.
    """
    if given is None:
        return ()
    if isinstance(given, str) or is_whole(given):
        return (id_of(given, name),)
    if isinstance(given, bytes | bytearray) or not isinstance(values := plain(ids_in(given, name)), Iterable):
        raise UsageError(f"{name} takes track ids, not {brief(given)}")
    every = every_of(values, name)
    if set(map(type, every)) <= {str}:
        return tuple(every)
    return tuple(id_of(one, name) for one in every)


def every_of(values: Iterable[Any], name: str) -> list[Any] | tuple[Any, ...]:
    """Read the values of a collection, but not more of them than an argument may hold.

    Args:
        values: a list or a tuple, which comes back as it is, or anything else that gives values one by one.
        name: what the argument is called.

    Raises:
        UsageError: there are more.
    """
    if isinstance(values, list | tuple):
        return values
    try:
        count = len(values)  # type: ignore[arg-type]  # a generator has none
    except TypeError:
        count = 0
    except OverflowError:  # a range beyond what a machine can address
        count = _MOST_VALUES + 1
    found = [] if count > _MOST_VALUES else list(islice(values, _MOST_VALUES + 1))
    if max(count, len(found)) > _MOST_VALUES:
        raise UsageError(f"{name} holds more than {_MOST_VALUES:,} values: give fewer at a time")
    return found


def ids_in(given: Any, name: str) -> Any:
    """Return the column of ids of a table: ``track_id``, else its only one; what is no table comes back as it is.

    Args:
        given: what the user gave.
        name: what the argument is called.

    Raises:
        UsageError: the table has several columns, none of which is called ``track_id``.
    """
    if isinstance(given, str | Mapping):
        return given
    if not hasattr(given, "__getitem__"):
        given = _arrow(given)
    columns = getattr(given, "column_names", getattr(given, "columns", None))
    if columns is None or callable(columns):
        return given
    names = list(columns)
    if _IDS not in names and len(names) != 1:
        raise UsageError(f"{name} takes track ids: of a table give the column, such as table[{_IDS!r}]")
    return given[_IDS if _IDS in names else names[0]]


def _arrow(given: Any) -> Any:
    """Return what offers nothing but Arrow data as a column or a table of Arrow; all else as it is."""
    for name, function in (("__arrow_c_array__", "array"), ("__arrow_c_stream__", "chunked_array")):
        if hasattr(given, name) and not hasattr(given, "to_pylist"):
            arrow = import_module("pyarrow")
            column = getattr(arrow, function)(given)
            if not arrow.types.is_struct(column.type):
                return column
            chunks = getattr(column, "chunks", [column])
            batches = [arrow.RecordBatch.from_struct_array(chunk) for chunk in chunks]
            return arrow.Table.from_batches(batches, arrow.schema(list(column.type)))
    return given


def id_of(given: object, name: str) -> str:
    """Check one track id: text, or a whole number of Python or NumPy, which stands for its digits.

    Args:
        given: the id.
        name: what the argument is called.

    Raises:
        UsageError: it is something else.
    """
    value: Any = given
    if type(value).__module__ == "numpy" and getattr(value, "size", 0) == 1:
        value = value.item()
    if hasattr(value, "as_py"):  # a scalar of Arrow
        value = value.as_py()
    if isinstance(value, str):
        return str(value)
    if is_whole(value):
        return str(int(value))
    vectors = "; vectors go to MoodIndex.search" if isinstance(value, float | list) else ""
    raise UsageError(f"{name} takes track ids as text or whole numbers, not {brief(given)}{vectors}")


def is_whole(value: object) -> TypeGuard[Integral]:
    """Say whether a value is a whole number of Python or NumPy; True and 2.0 are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def plain(values: Any) -> Any:
    """An array of NumPy, pandas, polars, Arrow or PyTorch as a list of plain values; else what was given."""
    if getattr(values, "column_names", None) == []:  # of a table without columns Arrow makes no list
        return []
    for name in ("tolist", "to_pylist", "to_list"):
        if hasattr(values, name):
            return getattr(values, name)()
    found = _arrow(values)
    return values if found is values else plain(found)
