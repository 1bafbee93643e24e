"""MTG-Jamendo is published as TSV files with as many tag columns in a row as its track has tags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from moodrec.data.sources import reading
from moodrec.errors import DataError
from moodrec.names import known_name

COLUMNS: Final = ("TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS")
TAGS: Final = "TAGS"
NAME_COLUMNS: Final = 8
"""Number of columns of ``raw.meta.tsv``."""
COMPLETE: Final = (
    "raw_30s_cleantags_50artists.tsv",
    "autotagging.tsv",
    "raw_30s_cleantags.tsv",
    "raw_30s.tsv",
)
"""Files with the tags of every category, the preferred one first; ``autotagging.tsv`` is a link that some copies
lack.
"""
PARTS: Final = {"train": "train", "validation": "val", "test": "test"}
"""The dataset's name for a part of a split to moodrec's."""


@dataclass(frozen=True)
class TrackNames:
    """What ``raw.meta.tsv`` holds on a track; ``year`` is that of the release, NaN where unknown."""

    title: str | None
    artist: str | None
    album: str | None
    year: float


def read_parts(root: Path, split: int, subset: str) -> pd.DataFrame:
    """Read the tracks of a split.

    Args:
        root: as for :func:`moodrec.data.sources.jamendo.load`.
        split: number of the official split, 0 to 4.
        subset: ``"moodtheme"`` or ``"all"``.

    Returns:
        The text columns ``COLUMNS``, ``TAGS`` tab-separated, and ``split`` ("train", "val", "test" or None), in the
        order of the files.

    Raises:
        DataError: files or columns are missing.
    """
    if root.is_file():
        return _read_parquet(root, split)
    stem = "autotagging_moodtheme" if subset == "moodtheme" else "autotagging"
    data = _data_folder(root)
    folder = next(
        (f for f in (data / "splits" / f"split-{split}", data / f"split-{split}") if f.is_dir()), None
    )
    if folder is None:
        return _read_tsv(data / f"{stem}.tsv", None)
    parts = [_read_tsv(folder / f"{stem}-{part}.tsv", ours) for part, ours in PARTS.items()]
    return pd.concat(parts, ignore_index=True)


def read_names(root: Path) -> dict[str, TrackNames]:
    """Read the names of tracks from ``raw.meta.tsv``, by track id; empty where there is no such file.

    Quotes in that file are ordinary characters, and in a few rows an empty field follows the title.
    """
    path = _data_folder(root) / "raw.meta.tsv"
    if root.is_file() or not path.is_file():
        return {}
    rows = [line.split("\t") for line in _lines(path)[1:]]
    return {row[0]: _names(row) for row in rows if len(row) >= NAME_COLUMNS}


def read_all_tags(root: Path) -> dict[str, str]:
    """Read the tags of every category, tab-separated, by track id; empty where the dataset has no such file.

    The files of the mood and theme subset name moods and themes alone. A Parquet table holds every tag itself.

    Raises:
        DataError: the file is not as published.
    """
    places = [] if root.is_file() else [_data_folder(root) / name for name in COMPLETE]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        return {}
    tracks = _read_tsv(found, None)
    return dict(zip(tracks["TRACK_ID"], tracks[TAGS], strict=True))


def _names(row: list[str]) -> TrackNames:
    extra = len(row) - NAME_COLUMNS
    title, (artist, album, released) = row[3], row[4 + extra : 7 + extra]
    return TrackNames(title.strip() or None, known_name(artist), known_name(album), reading.year_of(released))


def _data_folder(root: Path) -> Path:
    return root / "data" if (root / "data").is_dir() else root


def _read_tsv(path: Path, split: str | None) -> pd.DataFrame:
    lines = _lines(path)
    header = lines[0].split("\t")[: len(COLUMNS)] if lines else []
    if tuple(header) != COLUMNS:
        raise DataError(
            f"{path}: its first line should name {', '.join(COLUMNS)}; it names {', '.join(header)}"
        )
    rows = [line.split("\t", len(COLUMNS) - 1) for line in lines[1:]]
    short = [number for number, row in enumerate(rows, start=2) if len(row) < len(COLUMNS)]
    if short:
        raise DataError(f"{path}: line {short[0]} has fewer than {len(COLUMNS)} fields")
    return pd.DataFrame([[*row, split] for row in rows], columns=[*COLUMNS, "split"], dtype=object)


def _lines(path: Path) -> list[str]:
    reading.require_file(path)
    try:
        return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error


def _read_parquet(path: Path, split: int) -> pd.DataFrame:
    if split != 0:
        raise DataError(f"{path}: holds split 0 alone, not split {split}")
    reading.require_file(path)
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error})") from error
    reading.require_columns(path, frame, [*(column.lower() for column in COLUMNS), "split0"])
    tracks = pd.DataFrame({column: frame[column.lower()].astype(object) for column in COLUMNS})
    tracks[TAGS] = [str(tags).replace("|", "\t") for tags in tracks[TAGS]]
    tracks["split"] = pd.Series([PARTS.get(str(part)) for part in frame["split0"]], dtype=object)
    return tracks
