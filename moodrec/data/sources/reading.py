"""What all sources share: tables read as text, columns checked, cells turned into values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.labels import describe_rows
from moodrec.errors import DataError

Cells = list[str | None]
Columns = dict[str, Sequence[Any]]

_YEAR = re.compile(r"\s*(\d{4})(?!\d)")


def read_text_table(path: Path, required: Sequence[str], separator: str = ",") -> pd.DataFrame:
    """Read a CSV file with every cell as text, so that an artist called "NA" stays one.

    Returns:
        Columns of str or None (empty cell), their names stripped of spaces.

    Raises:
        DataError: the file cannot be read, or lacks columns; the message names what is there and what is not.
    """
    try:
        frame = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, skipinitialspace=True)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a table ({error})") from error
    frame.columns = [str(column).strip() for column in frame.columns]
    require_columns(path, frame, required)
    return frame


def require_columns(path: Path, frame: pd.DataFrame, required: Sequence[str]) -> None:
    """Raise DataError unless ``frame`` has the ``required`` columns."""
    missing = [column for column in required if column not in frame.columns]
    if missing:
        raise DataError(
            f"{path}: no column {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}"
        )


def cells(frame: pd.DataFrame, column: str) -> Cells:
    """A column as stripped text, None where it is empty or the column is missing."""
    if column not in frame.columns:
        return [None] * len(frame)
    return [_text(value) for value in frame[column].tolist()]


def _text(value: object) -> str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    return str(value).strip() or None


def numbers(path: Path, frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """A column as float64, NaN where empty.

    Raises:
        DataError: a cell is not a number; the rows are named.
    """
    texts = cells(frame, column)
    values = np.array([_number(text) for text in texts], dtype=np.float64)
    wrong = [row for row, text in enumerate(texts) if text is not None and not np.isfinite(values[row])]
    if wrong:
        where = describe_rows(wrong)
        raise DataError(f"{path}: column {column} must hold numbers, not {texts[wrong[0]]!r} ({where})")
    return values


def _number(text: str | None) -> float:
    if text is None:
        return np.nan
    if text in ("True", "true", "False", "false"):
        return float(text in ("True", "true"))
    try:
        return float(text)
    except ValueError:
        return np.inf


def year_of(text: str | None) -> float:
    """The first four digits of a date such as ``1998`` or ``1998-05-01``; NaN where there are none."""
    match = _YEAR.match(text or "")
    return float(match.group(1)) if match and match.group(1) != "0000" else np.nan


def split_list(text: str | None, separator: str = ";") -> list[str]:
    """``"Jazz; Vocal"`` -> ``["Jazz", "Vocal"]``; nothing -> ``[]``."""
    return [part.strip() for part in (text or "").split(separator) if part.strip()]


def audio_paths(root: Path, relative: Cells) -> list[str]:
    """Absolute paths of the files that a column names relative to ``root``; "" where it names none."""
    return [str(root / path) if path else "" for path in relative]


def require_audio(path: Path, audio: Iterable[str]) -> None:
    """Raise DataError naming the first of the audio files that are not there."""
    missing = [place for place in audio if place and not Path(place).is_file()]
    if missing:
        raise DataError(f"{path}: {len(missing)} of its audio files are missing, the first is {missing[0]}")


def fold_numbers(path: Path, frame: pd.DataFrame) -> list[int]:
    """The column ``fold`` as integers from 0, -1 where it is empty or missing."""
    values = numbers(path, frame, "fold")
    wrong = np.flatnonzero(~np.isnan(values) & ((values < 0) | (values != np.floor(values))))
    if wrong.size:
        raise DataError(f"{path}: column fold must hold 0, 1, 2, ...; it does not in {describe_rows(wrong)}")
    return [-1 if np.isnan(value) else int(value) for value in values]
