"""MTG-Jamendo has full tracks with mood and theme tags, and artist-disjoint splits.

Bogdanov et al.: The MTG-Jamendo dataset for automatic music tagging, ICML 2019 workshop. The metadata are CC
BY-NC-SA 4.0; each track has its own Creative Commons licence.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.arguments import brief
from moodrec.data.labels import LabelTable
from moodrec.data.sources import reading
from moodrec.data.sources.jamendo_files import TAGS, read_all_tags, read_names, read_parts
from moodrec.errors import DataError, UsageError
from moodrec.named_files import real_path

NAME: Final = "jamendo"
MOOD: Final = "mood/theme---"
GENRE: Final = "genre---"
INSTRUMENT: Final = "instrument---"
SUFFIXES: Final = {"audio": (".mp3", ".low.mp3"), "melspecs": (".npy",)}
"""For each kind of file, the suffixes that its files may have."""


def load(
    root: Path,
    split: int = 0,
    subset: str = "moodtheme",
    files: str | None = None,
    kind: str = "audio",
    instruments: bool = False,
    allow_missing: bool = False,
) -> LabelTable:
    """Read the official TSV files, or a Parquet table with the same columns in lower case and ``split0``.

    The targets are ``jamendo:<tag>`` (0 or 1), in the order of the tag names; all are NaN for a track without any
    mood tag. The group of a track is its artist id. ``artist`` and ``album`` are names where ``raw.meta.tsv`` has
    them, else ids. Genres come from the dataset's table of all tags where it exists.

    Args:
        root: a clone of the dataset's repository, its ``data`` folder, or a Parquet file.
        split: number of the official split, 0 to 4; a Parquet file has split 0 alone.
        subset: ``"moodtheme"`` for the tracks with mood tags, ``"all"`` to add the others for their metadata.
        files: folder of the audio, holding ``NN/<id>.mp3`` or ``.low.mp3``, relative to ``root`` or absolute; None
            for a table without audio.
        kind: ``"audio"``, or ``"melspecs"`` where ``files`` holds the dataset's own mel spectrograms
            ``NN/<id>.npy``.
        instruments: whether to add the instrument tags to ``genre``, as ``instrument:<tag>``, for the genre head to
            learn.
        allow_missing: whether to leave out tracks whose file is missing rather than raise.

    Raises:
        DataError: files or columns are missing.
        UsageError: ``subset`` or ``kind`` is none of those above.
    """
    if subset not in ("moodtheme", "all"):
        raise UsageError(f"subset must be 'moodtheme' or 'all', not {brief(subset)}")
    tracks = read_parts(root, split, subset)
    tags = [_tags(cell, MOOD) for cell in tracks[TAGS]]
    columns = _names_of(root, tracks) | {
        "audio": _find_files(root, tracks["PATH"].tolist(), files, kind),
        "genre": _genres(root, tracks, instruments),
        "split": tracks["split"].tolist(),
    }
    table = LabelTable.build(NAME, columns, _targets(tags))
    keep = np.array([bool(mine) for mine in tags]) if subset == "moodtheme" else np.ones(len(table), bool)
    if allow_missing and files is not None:
        keep &= (table.tracks["audio"] != "").to_numpy(dtype=np.bool_)
    table = table.select(keep)
    if files is not None:
        _check_files(files, table)
    return table


def _names_of(root: Path, tracks: pd.DataFrame) -> reading.Columns:
    names = read_names(root)
    ids = tracks["TRACK_ID"].tolist()
    known = [names.get(track_id) for track_id in ids]
    artist_ids, album_ids = tracks["ARTIST_ID"].tolist(), tracks["ALBUM_ID"].tolist()
    return {
        "track_id": ids,
        "artist": [(name and name.artist) or given for name, given in zip(known, artist_ids, strict=True)],
        "album": [(name and name.album) or given for name, given in zip(known, album_ids, strict=True)],
        "title": [name and name.title for name in known],
        "year": [np.nan if name is None else name.year for name in known],
        "group": [f"artist:{artist_id}" for artist_id in artist_ids],
    }


def _genres(root: Path, tracks: pd.DataFrame, instruments: bool) -> list[list[str]]:
    complete = read_all_tags(root)
    cells = [
        complete.get(track_id, tags) for track_id, tags in zip(tracks["TRACK_ID"], tracks[TAGS], strict=True)
    ]
    played = [_tags(cell, INSTRUMENT) if instruments else [] for cell in cells]
    return [
        _tags(cell, GENRE) + [f"instrument:{name}" for name in names]
        for cell, names in zip(cells, played, strict=True)
    ]


def _tags(cell: str, category: str) -> list[str]:
    return [tag.removeprefix(category) for tag in cell.split("\t") if tag.startswith(category)]


def _targets(tags: list[list[str]]) -> dict[str, NDArray[np.float32]]:
    vocabulary = sorted({tag for mine in tags for tag in mine})
    labelled = np.array([bool(mine) for mine in tags])
    return {
        f"{NAME}:{tag}": np.where(labelled, np.array([tag in mine for mine in tags]), np.nan).astype(
            np.float32
        )
        for tag in vocabulary
    }


def _find_files(root: Path, paths: list[str], files: str | None, kind: str) -> list[str]:
    if kind not in SUFFIXES:
        raise UsageError(f"kind must be one of {', '.join(SUFFIXES)}, not {brief(kind)}")
    if files is None:
        return [""] * len(paths)
    folder = real_path((root if root.is_dir() else root.parent) / os.path.expanduser(files))  # noqa: PTH111
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of audio")
    return [_find(folder / path.removesuffix(".mp3"), kind) for path in paths]


def _find(stem: Path, kind: str) -> str:
    places = (stem.with_name(stem.name + suffix) for suffix in SUFFIXES[kind])
    return next((str(place) for place in places if place.is_file()), "")


def _check_files(files: str, table: LabelTable) -> None:
    missing = table.tracks["track_id"][table.tracks["audio"] == ""].tolist()
    if missing or not len(table):
        raise DataError(
            f"{files}: has no file for {len(missing)} of {len(table)} tracks, such as {missing[:3]}; "
            f"with allow_missing such tracks are left out"
        )
