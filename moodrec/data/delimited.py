"""CSV and TSV files are read with every cell as text, and what is wrong with one is told by its row."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any, Final

import pandas as pd

_SEPARATORS: Final = (",", ";", "\t")
_STATED: Final = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)
"""The line that spreadsheets take the separator from."""
_WIDER: Final = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_UNCLOSED: Final = re.compile(r"EOF inside string starting at row (\d+)")


def read_texts(path: Path, separator: str | None = None, spaces: bool = False) -> tuple[pd.DataFrame, str]:
    """Read a table in UTF-8.

    Args:
        path: the file, which may be compressed where the separator is given.
        separator: what stands between two cells; None takes what the first line says or has alone: commas, semicolons
            or tabs.
        spaces: whether spaces in front of a cell count.

    Returns:
        Columns of str, and the separator. Rows that are shorter than the header are filled with NaN.

    Raises:
        OSError: the file cannot be opened.
        ValueError: it is no such table; the message is for people.
    """
    skipped = 0
    if separator is None:
        separator, skipped = _separator(path)
    options: dict[str, Any] = {
        "sep": separator,
        "dtype": str,
        "keep_default_na": False,
        "skipinitialspace": not spaces,
        "skiprows": skipped,
    }
    try:
        frame: pd.DataFrame = pd.read_csv(path, **options)
        header = pd.read_csv(path, header=None, nrows=1, **options)
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise ValueError(f"it is not in UTF-8: byte 0x{byte:02x}; save it as UTF-8") from None
    except pd.errors.EmptyDataError:
        raise ValueError("it is empty") from None
    except pd.errors.ParserError as error:
        raise ValueError(_plainly(str(error))) from None
    names = [str(name).strip() for name in header.iloc[0].tolist() if isinstance(name, str)]
    if twice := next((name for name in names if name and names.count(name) > 1), None):
        raise ValueError(f"it has two columns called {twice!r}")
    cells = (cell for column in frame for cell in frame[column].tolist() if isinstance(cell, str))
    if any("\n" in cell or "\r" in cell for cell in cells):
        _check_quotes(path, separator)
    return frame, separator


def _separator(path: Path) -> tuple[str, int]:
    """Find what parts the cells, and the number of lines in front of the header."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline()
    if stated := _STATED.fullmatch(first):
        return stated[1], 1
    there = [separator for separator in _SEPARATORS if separator in first]
    return (there[0] if there else ","), 0


def _check_quotes(path: Path, separator: str) -> None:
    """Refuse a cell that begins with a quote and holds the rows up to the next one, as a title may.

    Raises:
        ValueError: behind the quote that closes a cell stands something else than the end of the cell.
    """
    if path.suffix.lower() not in (".csv", ".tsv"):
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=separator, strict=True)
        before = 0
        try:
            for _ in rows:
                before = rows.line_num
        except csv.Error:
            raise ValueError(_no_end_of_quote(before + 1)) from None


def _plainly(said: str) -> str:
    """Say what pandas says of a table, in words that need no knowledge of its parser."""
    if wider := _WIDER.search(said):
        return f"line {wider[2]} has {wider[3]} cells, those before it {wider[1]}"
    if unclosed := _UNCLOSED.search(said):
        return _no_end_of_quote(int(unclosed[1]) + 1)
    return said.strip()


def _no_end_of_quote(line: int) -> str:
    return f"in line {line} a cell begins with a quote that nothing ends; quotes within cells are doubled"
