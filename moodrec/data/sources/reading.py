"""All sources share these functions: they read tables as text, check columns, and convert cells to values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.audio.dates import plausible_year
from moodrec.data.cells import DECIMAL, number_of, text_of
from moodrec.data.delimited import read_texts
from moodrec.data.groups import artist_groups
from moodrec.data.labels import describe_rows
from moodrec.errors import DataError
from moodrec.names import known_name

Cells = list[str | None]
"""The texts of a column, None where it is empty."""
Columns = dict[str, Sequence[Any]]
"""Column name to its values, one per track."""


def read_text_table(path: Path, required: Sequence[str], separator: str = ",") -> pd.DataFrame:
    """Read a CSV file with every cell as text, so that an artist called "NA" stays one.

    Args:
        path: the file.
        required: names of the columns that it must have.
        separator: character between two cells.

    Returns:
        Columns of str or None (empty cell), their names stripped of spaces.

    Raises:
        DataError: the file cannot be read, or lacks columns; the message names what is there and what is not.
    """
    require_file(path)
    try:
        frame, _ = read_texts(path, separator)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a table ({error})") from error
    frame.columns = [str(column).strip() for column in frame.columns]
    require_columns(path, frame, required)
    return frame


def require_file(path: Path) -> None:
    """Refuse pipes and devices, which may never end: a recipe may be somebody else's.

    Raises:
        DataError: there is something, and it is no file.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: is no regular file")


def require_columns(path: Path, frame: pd.DataFrame, required: Sequence[str]) -> None:
    """Check that a table has some columns.

    Args:
        path: the file that the table comes from, for the message.
        frame: the table.
        required: names of the columns that it must have.

    Raises:
        DataError: a column is missing.
    """
    missing = [column for column in required if column not in frame.columns]
    if missing:
        raise DataError(
            f"{path}: no column {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}"
        )


def cells(frame: pd.DataFrame, column: str) -> Cells:
    """Read a column as stripped texts.

    Args:
        frame: the table.
        column: name of the column, which may be missing.

    Returns:
        One text per row, None where it is empty or the column is missing.
    """
    if column not in frame.columns:
        return [None] * len(frame)
    return [text_of(value) for value in frame[column].tolist()]


def numbers(path: Path, frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Read a column as float64.

    Args:
        path: the file that the table comes from, for messages.
        frame: the table, whose ``attrs`` tell the decimal sign of texts where it is no point.
        column: name of the column, which may be missing.

    Returns:
        (n,) numbers, NaN where empty.

    Raises:
        DataError: a cell is not a number; the rows are named.
    """
    texts = cells(frame, column)
    decimal = frame.attrs.get(DECIMAL, ".")
    found = [number_of(text, decimal) for text in texts]
    wrong = [row for row, number in enumerate(found) if number is None or np.isinf(number)]
    if wrong:
        where = describe_rows(wrong)
        raise DataError(f"{path}: column {column} must hold numbers, not {texts[wrong[0]]!r} ({where})")
    return np.array(found, dtype=np.float64)


def year_of(text: str | None) -> float:
    """Read the year of a date such as ``1998`` or ``19/05/1998`` as :mod:`moodrec.audio.dates` does; NaN where there
    is none.
    """
    year = plausible_year(text or "")
    return np.nan if year is None else float(year)


def split_list(text: str | None, separator: str = ";") -> list[str]:
    """Split a text at a separator: ``"Jazz; Vocal"`` gives ``["Jazz", "Vocal"]``, and None an empty list.

    Args:
        text: the text, or None.
        separator: what stands between two parts.
    """
    return [part.strip() for part in (text or "").split(separator) if part.strip()]


def track_columns(path: Path, frame: pd.DataFrame, ids: str = "track_id") -> Columns:
    """Read what the tables ``tracks.csv`` of datasets have in common: ids, names, the published parts, and groups by
    artist, where a track without one is a group of its own.

    Args:
        path: the file that the table comes from, for messages.
        frame: the table.
        ids: name of the column of track ids.

    Raises:
        DataError: a fold is not a whole number of at least 0.
    """
    track_ids = [track_id or "" for track_id in cells(frame, ids)]
    artists = [known_name(artist) for artist in cells(frame, "artist")]
    return {
        "track_id": track_ids,
        "artist": artists,
        "album": [known_name(album) for album in cells(frame, "album")],
        "title": cells(frame, "title"),
        "group": artist_groups(artists, [f"track:{track_id}" for track_id in track_ids]),
        "split": cells(frame, "split"),
        "fold": fold_numbers(path, frame),
    }


def audio_paths(root: Path, relative: Cells) -> list[str]:
    """Make absolute paths of the files that a column names.

    Args:
        root: folder that the paths are relative to.
        relative: the paths, None where there is no file.

    Returns:
        The absolute paths, "" where there is no file.
    """
    return [str(root / path) if path else "" for path in relative]


def require_audio(path: Path, audio: Iterable[str]) -> None:
    """Check that audio files exist.

    Args:
        path: the table that names them, for the message.
        audio: paths of the files; "" is skipped.

    Raises:
        DataError: some do not exist; the message names the first.
    """
    missing = [place for place in audio if place and not Path(place).is_file()]
    if missing:
        raise DataError(f"{path}: {len(missing)} of its audio files are missing, the first is {missing[0]}")


def fold_numbers(path: Path, frame: pd.DataFrame) -> list[int]:
    """Read the column ``fold`` as integers from 0, -1 where it is empty or missing.

    Args:
        path: the file that the table comes from, for the message.
        frame: the table.

    Raises:
        DataError: a cell is not a whole number of at least 0.
    """
    values = numbers(path, frame, "fold")
    wrong = np.flatnonzero(~np.isnan(values) & ((values < 0) | (values != np.floor(values))))
    if wrong.size:
        raise DataError(f"{path}: column fold must hold 0, 1, 2, ...; it does not in {describe_rows(wrong)}")
    return [-1 if np.isnan(value) else int(value) for value in values]
