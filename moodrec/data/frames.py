"""Tables of tracks are read as people have them: Parquet, CSV or TSV, each column by its name, each cell as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from moodrec.data.cells import DECIMAL, text_of
from moodrec.data.delimited import read_texts
from moodrec.data.sources.reading import require_file
from moodrec.errors import DataError, NotFoundError

PARQUET: Final = (".parquet", ".pq")
TRACK_ID_NAMES: Final = ("track_id", "trackid", "id")
"""Columns that may hold the ids of tracks, the best first; capitals and spaces do not count."""
_NO_NAME: Final = ""
"""Name of a column that has none, such as the row numbers that pandas writes."""
_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,17}")


def read_frame(path: Path) -> pd.DataFrame:
    """Read Parquet, TSV or CSV by the file's ending, all cells of the latter two as text.

    An index that pandas wrote is a column like any other; whole numbers in a column without a name are numbers in
    every format. Of a TSV, what a row has beyond its header belongs to the last column, with tabs between, as in the
    tables of MTG-Jamendo. Where semicolons part the cells, ``attrs`` of the table say that commas are decimal.

    Raises:
        NotFoundError: there is no such file.
        DataError: it cannot be read, or two columns have one name.
    """
    if not path.exists():
        raise NotFoundError(f"{path}: no such file")
    require_file(path)
    suffix = path.suffix.lower()
    try:
        if suffix in PARQUET:
            frame = _read_parquet(path)
        elif suffix == ".tsv":
            frame = _read_tsv(path)
        else:
            frame = _read_csv(path)
    except (OSError, ValueError, pa.ArrowException, OverflowError) as error:
        raise DataError(f"{path}: cannot be read as a table ({error})") from error
    frame.columns = [_name(column) for column in frame.columns]
    if (frame.columns == _NO_NAME).sum() > 1:
        first = list(frame.columns).index(_NO_NAME)
        frame = frame.loc[:, [c != _NO_NAME or i == first for i, c in enumerate(frame.columns)]]
    twice = frame.columns[frame.columns.duplicated()].unique().tolist()
    if twice:
        raise DataError(f"{path}: has two columns called {twice[0]!r}")
    if suffix not in PARQUET and _NO_NAME in frame.columns:
        frame[_NO_NAME] = _as_whole_numbers(frame[_NO_NAME])
    return frame


def column_called(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Find columns by their names, the best first; capitals, and spaces for underscores, do not count.

    Args:
        frame: the table.
        names: the names, the best first, in small letters with underscores.
    """
    there = {_plain(str(column)): str(column) for column in reversed(frame.columns)}
    return [there[name] for name in names if name in there]


def track_ids_of(
    frame: pd.DataFrame, names: Sequence[str] = TRACK_ID_NAMES, numbers: bool = True
) -> tuple[tuple[str, ...] | None, list[str]]:
    """Find the ids of a table's tracks.

    Args:
        frame: the table, from :func:`read_frame`.
        names: columns that may hold ids, the best first.
        numbers: whether numbers in a column without a name may be ids.

    Returns:
        The ids, "" where a row has none, None where the table has none; and the columns that are no data of tracks:
        that of the ids, and one without a name. Texts in a column without a name are ids; numbers there are row
        numbers where they count the rows from 0 or 1, and else ids.
    """
    nameless = [_NO_NAME] if _NO_NAME in frame.columns else []
    found = column_called(frame, names)[:1] or [
        column for column in nameless if not _are_row_numbers(frame[column], numbers)
    ]
    if not found:
        return None, nameless
    ids = tuple(text_of(cell) or "" for cell in frame[found[0]].tolist())
    return ids, list(dict.fromkeys([*found, *nameless]))


def _are_row_numbers(column: pd.Series, in_order: bool) -> bool:
    """Whether a column holds numbers alone, or nothing, and, if they must be in order, these count the rows."""
    known = [(row, cell) for row, cell in enumerate(column.tolist()) if text_of(cell) is not None]
    if not all(isinstance(cell, int | float | Decimal) for _, cell in known):
        return False
    return not in_order or any(all(cell == row + first for row, cell in known) for first in (0, 1))


def _as_whole_numbers(column: pd.Series) -> pd.Series:
    """A column of texts as numbers where these are all whole, as Parquet has them; else as it is."""
    texts = [text_of(cell) for cell in column.tolist()]
    if not all(text is None or _WHOLE.fullmatch(text) for text in texts):
        return column
    return pd.Series([None if text is None else int(text) for text in texts], column.index, dtype=object)


def _read_parquet(path: Path) -> pd.DataFrame:
    # What pandas noted about its types is left aside: it turns ids into an index and gaps into objects of its own.
    table = pq.ParquetFile(path).read()
    table.validate(full=True)  # texts that are not UTF-8 fail later, and less plainly
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True, integer_object_nulls=True)
    return frame


def _read_csv(path: Path) -> pd.DataFrame:
    # What is compressed has commas.
    texts, separator = read_texts(path, None if path.suffix.lower() == ".csv" else ",")
    frame = _with_row_names(texts)
    if separator == ";":
        frame.attrs[DECIMAL] = ","
    return frame


def _with_row_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Where rows have one cell more than the header, as R writes them, the first is the name of the row."""
    if isinstance(frame.index, pd.RangeIndex):
        return frame
    if frame.index.nlevels > 1:
        raise ValueError(f"its rows have {frame.index.nlevels} cells more than its header")
    return frame.reset_index(names=_NO_NAME)


def _read_tsv(path: Path) -> pd.DataFrame:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    width = len(rows[0]) if rows else 0
    quoted = any(cell.startswith('"') for row in rows for cell in row)
    longer = any(len(row) > width for row in rows)
    if longer and not quoted and _plain(rows[0][0]) in TRACK_ID_NAMES:
        cut = [[*row[: width - 1], "\t".join(row[width - 1 :])] for row in rows[1:]]
        return pd.DataFrame(
            [row + [""] * (width - len(row)) for row in cut], columns=[*map(str, rows[0])], dtype=str
        )
    return _with_row_names(read_texts(path, "\t", spaces=True)[0])


def _name(column: object) -> str:
    name = str(column).strip()
    return _NO_NAME if name.startswith(("Unnamed: ", "__index_level_")) else name


def _plain(name: str) -> str:
    return "_".join(name.strip().casefold().replace("-", " ").split())
