"""Emotify has 400 excerpts, and for each of nine emotions the share of listeners in whom the excerpt induced it.

Aljanaki, Wiering, Veltkamp: Studying emotion induced by music through a crowdsourcing game, 2016. The emotions are
those of the GEMS scale; the data are for research use.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable
from moodrec.data.sources import reading
from moodrec.errors import DataError

NAME: Final = "emotify"
EMOTIONS: Final = (
    "amazement",
    "solemnity",
    "tenderness",
    "nostalgia",
    "calmness",
    "power",
    "joyful_activation",
    "tension",
    "sadness",
)
TRACKS_PER_GENRE: Final = 100
"""Number of excerpts of each genre in the official files."""


def load(root: Path) -> LabelTable:
    """Read ``tracks.csv`` (one row per track) or the official ``data.csv`` (one row per listener).

    The targets are ``emotify:<emotion>``, the share of listeners in [0, 1].

    Raises:
        DataError: neither file is there, a column is missing, or an audio file is.
    """
    if (root / "tracks.csv").is_file():
        return _load_tracks(root, root / "tracks.csv")
    if (root / "data.csv").is_file():
        return _load_official(root, root / "data.csv")
    raise DataError(f"{root}: holds neither tracks.csv nor Emotify's data.csv")


def _load_tracks(root: Path, path: Path) -> LabelTable:
    frame = reading.read_text_table(path, ["track_id", "audio", *EMOTIONS])
    columns: reading.Columns = {
        **reading.track_columns(path, frame),
        "audio": reading.audio_paths(root, reading.cells(frame, "audio")),
        "year": [reading.year_of(year) for year in reading.cells(frame, "year")],
        "genre": [reading.split_list(genre) for genre in reading.cells(frame, "genre")],
    }
    reading.require_audio(path, columns["audio"])
    shares = {emotion: reading.numbers(path, frame, emotion) for emotion in EMOTIONS}
    return LabelTable.build(NAME, columns, _targets(shares))


def _load_official(root: Path, path: Path) -> LabelTable:
    frame = reading.read_text_table(path, ["track id", "genre", *EMOTIONS])
    votes = pd.DataFrame({emotion: reading.numbers(path, frame, emotion) for emotion in EMOTIONS})
    votes["number"] = reading.numbers(path, frame, "track id").astype(np.int64)
    votes["genre"] = frame["genre"].str.strip()
    shares = votes.groupby(["number", "genre"], sort=True)[list(EMOTIONS)].mean().reset_index()
    numbers, genres = shares["number"].tolist(), shares["genre"].tolist()
    columns: reading.Columns = {
        "track_id": [str(number) for number in numbers],
        "audio": _official_audio(root, numbers, genres),
        "genre": [[genre] for genre in genres],
    }
    reading.require_audio(path, columns["audio"])
    return LabelTable.build(NAME, columns, _targets({name: shares[name].to_numpy() for name in EMOTIONS}))


def _official_audio(root: Path, numbers: Sequence[int], genres: Sequence[str]) -> list[str]:
    """Name the audio files: track ids count on over the genres, file names start again at 1 in each genre."""
    pairs = zip(numbers, genres, strict=True)
    return [str(root / genre / f"{(number - 1) % TRACKS_PER_GENRE + 1}.mp3") for number, genre in pairs]


def _targets(shares: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float32]]:
    return {f"{NAME}:{emotion}": values.astype(np.float32) for emotion, values in shares.items()}
