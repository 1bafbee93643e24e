"""What a cell of somebody's table says: a text, a number, or several names, whatever type the table gave it."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MISSING: Final = frozenset({"nan", "NaN", "-nan", "<NA>", "NaT", "null", "NULL", "None"})
"""Texts that programs write for nothing. "NA" is not among them: it is the name of artists and the id of tracks."""
NO_NUMBER: Final = frozenset({"na", "n/a", "#n/a", "#na", "#n/a n/a", "#nv"})
"""Texts, in small letters, that R and spreadsheets write where a number is missing; elsewhere they may be names."""
DECIMAL: Final = "decimal"
"""Key of ``DataFrame.attrs``: the decimal sign of a table's texts, where it is no point."""
_TRUTH: Final = {"true": 1.0, "false": 0.0}
_SEPARATORS: Final = re.compile(r"[|;\t,\0\n]")
_UNDIVIDED: Final = re.compile(r"""\[\s*(?:'[^']*'|"[^"]*")(?:\s+(?:'[^']*'|"[^"]*"))+\s*\]\Z""")
"""A list as NumPy writes it, without commas."""
_QUOTED: Final = re.compile(r"""'([^']*)'|"([^"]*)\"""")
_WRAPPED: Final = re.compile(r"[\[({].*[\])}]\Z", re.DOTALL)


def text_of(cell: Any) -> str | None:
    """Read a cell as text without spaces around it.

    Returns:
        None where the cell is empty or missing. Whole numbers have no point, and bytes are read as UTF-8, so that
        an id is the same text in every kind of file.
    """
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return None
    if isinstance(cell, bytes):
        cell = cell.decode("utf-8", errors="replace")
    if isinstance(cell, float | np.floating | Decimal):
        number = float(cell)
        if math.isnan(number):
            return None
        if number.is_integer():
            return str(int(cell))
    text = str(cell).strip()
    return None if text in MISSING else text or None


def number_of(cell: Any, decimal: str = ".") -> float | None:
    """Read a cell as a number: one of any type, a truth value, or their text.

    Args:
        cell: the cell.
        decimal: the decimal sign of its text beside the point, which is read always.

    Returns:
        NaN where the cell is empty or missing, or says that there is no number (``NO_NUMBER``); None where it says
        something else than a number.
    """
    if isinstance(cell, bool | int | float | np.number | np.bool_ | Decimal):
        return float(cell)
    text = text_of(cell) if cell is None or isinstance(cell, str | bytes) or cell is pd.NA else "no number"
    if text is None or text.casefold() in NO_NUMBER:
        return float("nan")
    try:
        return _TRUTH[text.casefold()] if text.casefold() in _TRUTH else float(text.replace(decimal, "."))
    except ValueError:
        return None


def numbers_of_column(column: pd.Series) -> NDArray[np.float64] | None:
    """Read a column as numbers, NaN where it is empty; None where it holds anything else, or nothing at all.

    Args:
        column: a column of a table, whose ``attrs`` tell the decimal sign of texts where it is no point.
    """
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return column.to_numpy(np.float64)
    decimal = column.attrs.get(DECIMAL, ".")
    found = [number_of(cell, decimal) for cell in column.tolist()]
    numbers = [number for number in found if number is not None]
    if len(numbers) < len(found) or np.isnan(numbers).all():
        return None
    return np.array(numbers, dtype=np.float64)


def names_of(cell: Any) -> tuple[str, ...]:
    """Read the names in a cell: a list of any kind, its text as JSON, Python or NumPy writes it, names with their
    weights, or text with commas, semicolons, bars, tabs or line breaks between them.
    """
    return tuple(name for part in _parts(cell) for text in _SEPARATORS.split(part) if (name := text_of(text)))


def listed(cell: Any) -> tuple[str, ...] | None:
    """Read the names of a list, undivided; None where the cell is no list."""
    found = _as_list(cell)
    return None if found is None else tuple(name for part in found for name in _parts(part))


def _parts(cell: Any) -> Iterator[str]:
    found = _as_list(cell)
    if found is not None:
        for part in found:
            yield from _parts(part)
    elif (text := text_of(cell)) is not None:
        yield text


def _as_list(cell: Any) -> Iterable[Any] | None:
    if isinstance(cell, str) and _WRAPPED.match(cell.strip()):
        cell = _read(cell.strip())
    if isinstance(cell, dict):
        named = cell.get("name", cell.get("title"))
        return [named] if isinstance(named, str) else [name for name, worth in cell.items() if worth]
    if isinstance(cell, list | tuple | set | frozenset | np.ndarray):
        return _without_weights(list(cell))
    return None


def _without_weights(cells: list[Any]) -> list[Any]:
    """Take the names of pairs of a name and a number, as maps of Arrow become; all else stays."""
    pairs = [len(cell) == 2 and isinstance(cell[0], str) for cell in cells if isinstance(cell, tuple)]
    if not cells or len(pairs) < len(cells) or not all(pairs):
        return cells
    return [name for name, worth in cells if isinstance(worth, str) or worth]


def _read(text: str) -> Any:
    """Read a list as JSON, Python or NumPy writes it; the text itself where it is neither."""
    if _UNDIVIDED.match(text):
        return [one or other for one, other in _QUOTED.findall(text)]
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        if isinstance(found, list | tuple | set | dict):
            return found
    return text
