"""Music of the user's own is a CSV or Parquet table of tracks, or a folder of audio files whose tags are read.

docs/data-formats.md documents the columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.artists import credit
from moodrec.audio.decode import AUDIO_SUFFIXES
from moodrec.audio.probe import read_tags
from moodrec.data.cells import NO_NUMBER, listed, text_of
from moodrec.data.frames import column_called, read_frame, track_ids_of
from moodrec.data.groups import artist_groups
from moodrec.data.labels import NO_FOLD, LabelTable, describe_rows
from moodrec.data.sources import reading
from moodrec.data.sources.quadrants import QUADRANTS, quadrant_targets
from moodrec.errors import DataError
from moodrec.names import known_name

NAME: Final = "table"
MOOD_PREFIX: Final = "mood:"
"""Prefix of the columns that hold moods where none are named."""
READERS: Final = (".csv", ".tsv", ".parquet", ".pq")
"""Suffixes of the tables that can be read."""

_NAMES: Final = (
    "track_id",
    "audio",
    "path",
    "artist",
    "album",
    "title",
    "year",
    "date",
    "genre",
    "quadrant",
    "group",
    "split",
    "fold",
)
"""Columns that are read beside those of moods."""
_NAMESPACED = re.compile(r"[a-z][a-z0-9_]*:", re.IGNORECASE)


def load(root: Path, moods: Sequence[str] | None = None, name: str = NAME) -> LabelTable:
    """Read a table (``.csv``, ``.tsv``, ``.parquet``) or a folder of audio files.

    A column ``quadrant`` that holds any of Q1 to Q4 makes the targets q1 to q4, valence and arousal.

    Args:
        root: the table, or the folder. Audio paths in a table are relative to the folder the table is in.
        moods: columns that hold moods, in [0, 1] or empty; by default those called ``mood:<name>``.
        name: dataset name; targets are called ``<name>:<mood>``.

    Raises:
        DataError: the table cannot be read, lacks columns, or holds wrong values; rows and columns are named.
    """
    if root.is_dir():
        return _load_folder(root, name)
    frame = _read(root)
    mood_columns = _mood_columns(root, frame, moods)
    targets = {
        f"{name}:{mood}": reading.numbers(root, frame, column).astype(np.float32)
        for mood, column in mood_columns.items()
    }
    targets |= {target: own for target, own in _quadrants(root, frame, name).items() if target not in targets}
    columns = _columns(root, frame)
    reading.require_audio(root, [str(place) for place in columns["audio"]])
    return LabelTable.build(name, columns, targets)


def _read(path: Path) -> pd.DataFrame:
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise DataError(f"{path}: a table must be one of {', '.join(READERS)}")
    frame = read_frame(path)
    there = {name: column_called(frame, [name]) for name in _NAMES if name not in frame.columns}
    return frame.rename(columns={column: name for name, columns in there.items() for column in columns})


def _mood_columns(path: Path, frame: pd.DataFrame, moods: Sequence[str] | None) -> dict[str, str]:
    """Find the column of each mood, by the name of the mood."""
    chosen = moods
    if chosen is None:
        chosen = [str(column) for column in frame.columns if str(column).lower().startswith(MOOD_PREFIX)]
    reading.require_columns(path, frame, chosen)
    found: dict[str, str] = {}
    for column in chosen:
        mood = _NAMESPACED.sub("", column, count=1).strip()
        if found.setdefault(mood, column) != column:
            raise DataError(f"{path}: columns {found[mood]!r} and {column!r} hold the same mood")
    return found


def _quadrants(path: Path, frame: pd.DataFrame, name: str) -> dict[str, NDArray[np.float32]]:
    given = [
        None if cell is None or cell.casefold() in NO_NUMBER else cell.upper()
        for cell in reading.cells(frame, "quadrant")
    ]
    known = np.array([cell is not None for cell in given], np.bool_)
    if not set(QUADRANTS) & set(given):
        return {}
    wrong = [row for row, cell in enumerate(given) if cell is not None and cell not in QUADRANTS]
    if wrong:
        raise DataError(f"{path}: column quadrant must hold Q1 to Q4; it does not in {describe_rows(wrong)}")
    filled = [cell or QUADRANTS[0] for cell in given]
    return {
        target: np.where(known, values, np.nan).astype(np.float32)
        for target, values in quadrant_targets(name, path, filled).items()
    }


def _columns(path: Path, frame: pd.DataFrame) -> reading.Columns:
    audio = reading.cells(frame, "audio" if "audio" in frame.columns else "path")
    ids = _track_ids(path, frame, audio)
    artists = [_known_artist(artist) for artist in reading.cells(frame, "artist")]
    splits, folds = reading.cells(frame, "split"), reading.fold_numbers(path, frame)
    by_artist = _artist_groups(artists, ids, splits, folds)
    groups = [given or other for given, other in zip(reading.cells(frame, "group"), by_artist, strict=True)]
    dates = reading.cells(frame, "year" if "year" in frame.columns else "date")
    return {
        "track_id": ids,
        "audio": reading.audio_paths(path.parent, audio),
        "artist": artists,
        "album": [known_name(album) for album in reading.cells(frame, "album")],
        "title": reading.cells(frame, "title"),
        "year": [reading.year_of(date) for date in dates],
        "genre": _genres(frame),
        "group": groups,
        "split": splits,
        "fold": folds,
    }


def _known_artist(name: str | None) -> str | None:
    known = known_name(name)
    return known if known and credit(known).main else None


def _artist_groups(
    artists: Sequence[str | None], ids: Sequence[str], splits: reading.Cells, folds: Sequence[int]
) -> list[str]:
    """Group the tracks of a main artist, guests aside; by the artist as it is written where splits or folds that are
    given part these.
    """
    alone = [f"track:{track_id}" for track_id in ids]
    main = [credit(artist).main[0] if artist else None for artist in artists]
    groups = artist_groups(main, alone)
    for parts in (splits, [None if fold == NO_FOLD else str(fold) for fold in folds]):
        told = {(group, part) for group, part in zip(groups, parts, strict=True) if part is not None}
        if len(told) > len({group for group, _ in told}):
            return artist_groups(artists, alone)
    return groups


def _track_ids(path: Path, frame: pd.DataFrame, audio: reading.Cells) -> list[str]:
    paths_tell = bool(audio) and all(audio)
    found, _ = track_ids_of(frame, ("track_id",), numbers=not paths_tell)
    if found is not None:
        return list(found)
    if paths_tell:
        return [place or "" for place in audio]
    raise DataError(f"{path}: needs a column track_id, or a column audio (or path) without empty cells")


def _genres(frame: pd.DataFrame) -> list[list[str]]:
    """Read the genres: lists as they are, text split at ``;``."""
    if "genre" not in frame.columns:
        return [[] for _ in range(len(frame))]
    return [_genre(value) for value in frame["genre"].tolist()]


def _genre(value: object) -> list[str]:
    names = listed(value)
    return reading.split_list(text_of(value)) if names is None else list(names)


def _load_folder(root: Path, name: str) -> LabelTable:
    files = sorted(
        path for path in root.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file()
    )
    if not files:
        raise DataError(f"{root}: holds no audio files")
    tags = [read_tags(path) for path in files]
    ids = [path.relative_to(root).as_posix() for path in files]
    artists = [_known_artist(tag.artist) for tag in tags]
    columns: reading.Columns = {
        "track_id": ids,
        "audio": [str(path) for path in files],
        "artist": artists,
        "album": [known_name(tag.album) for tag in tags],
        "title": [tag.title for tag in tags],
        "year": [np.nan if tag.year is None else float(tag.year) for tag in tags],
        "genre": [list(tag.genre) for tag in tags],
        "group": _artist_groups(artists, ids, [None] * len(ids), [NO_FOLD] * len(ids)),
    }
    no_targets: dict[str, NDArray[np.float32]] = {}
    return LabelTable.build(name, columns, no_targets)
