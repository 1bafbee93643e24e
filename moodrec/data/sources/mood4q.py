"""The 4Q audio emotion dataset has clips with a valence/arousal quadrant and editorial mood words.

Panda, Malheiro, Paiva: Novel audio features for music emotion recognition, IEEE TAFFC 2018. The moods are perceived
ones, named by the editors of AllMusic; the data are for research use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.groups import artist_groups
from moodrec.data.labels import LabelTable
from moodrec.data.sources import reading
from moodrec.data.sources.quadrants import quadrant_targets
from moodrec.errors import DataError
from moodrec.names import fold, known_name

NAME: Final = "mood4q"
ANNOTATIONS: Final = "panda_dataset_taffc_annotations.csv"
METADATA: Final = "panda_dataset_taffc_metadata.csv"


def load(root: Path, min_word_count: int = 20, keep_words: Sequence[str] = ()) -> LabelTable:
    """Read ``tracks.csv`` or the official annotation and metadata files beside the folders ``Q1`` ... ``Q4``.

    The targets are ``mood4q:q1`` ... ``q4``, ``valence``, ``arousal`` (0 or 1 by the quadrant) and
    ``mood4q:word:<word>`` (0 or 1) for each frequent word and each word to keep.

    Args:
        root: folder of the dataset.
        min_word_count: least number of tracks that a word must have to become a target.
        keep_words: words that become targets if any track has them: rare words here may be frequent in a dataset that
            these are pooled with.

    Raises:
        DataError: neither layout is there, a column is missing, or an audio file is.
    """
    if (root / "tracks.csv").is_file():
        return _load_tracks(root, root / "tracks.csv", _Kept(min_word_count, frozenset(keep_words)))
    if (root / ANNOTATIONS).is_file():
        return _load_official(root, _Kept(min_word_count, frozenset(keep_words)))
    raise DataError(f"{root}: holds neither tracks.csv nor the 4Q dataset's {ANNOTATIONS}")


class _Kept(NamedTuple):
    """Which words become targets."""

    from_count: int
    always: frozenset[str]


def _load_tracks(root: Path, path: Path, kept: _Kept) -> LabelTable:
    frame = reading.read_text_table(path, ["track_id", "audio", "quadrant", "moods"])
    columns: reading.Columns = {
        **_names(frame, "track_id", "artist", "title", "genres"),
        "audio": list(reading.audio_paths(root, reading.cells(frame, "audio"))),
        "split": list(reading.cells(frame, "split")),
        "fold": list(reading.fold_numbers(path, frame)),
    }
    return _build(path, columns, reading.cells(frame, "quadrant"), _words(frame, "moods"), kept)


def _load_official(root: Path, kept: _Kept) -> LabelTable:
    path = root / ANNOTATIONS
    frame = reading.read_text_table(path, ["Song", "Quadrant"])
    details = reading.read_text_table(
        root / METADATA, ["Song", "Artist", "Title", "MoodsStrSplit", "GenresStr"]
    )
    frame = frame[["Song", "Quadrant"]].merge(
        details.drop(columns="Quadrant", errors="ignore"), "left", "Song"
    )
    quadrants = reading.cells(frame, "Quadrant")
    clips = [f"{quadrant}/{song}.mp3" for quadrant, song in zip(quadrants, frame["Song"], strict=True)]
    columns: reading.Columns = {
        **_names(frame, "Song", "Artist", "Title", "GenresStr"),
        "audio": list(reading.audio_paths(root, list(clips))),
    }
    return _build(path, columns, quadrants, _words(frame, "MoodsStrSplit"), kept)


def _names(frame: pd.DataFrame, song: str, artist: str, title: str, genres: str) -> reading.Columns:
    ids = [track_id or "" for track_id in reading.cells(frame, song)]
    artists = [known_name(name) for name in reading.cells(frame, artist)]
    return {
        "track_id": list(ids),
        "artist": list(artists),
        "title": list(reading.cells(frame, title)),
        "genre": [reading.split_list(text) for text in reading.cells(frame, genres)],
        "group": list(artist_groups(artists, [f"track:{track_id}" for track_id in ids])),
    }


def _words(frame: pd.DataFrame, column: str) -> list[list[str]]:
    texts = reading.cells(frame, column)
    return [[fold(word) for word in reading.split_list(text)] for text in texts]


def _build(
    path: Path,
    columns: reading.Columns,
    quadrants: Sequence[str | None],
    words: list[list[str]],
    kept: _Kept,
) -> LabelTable:
    reading.require_audio(path, [str(place) for place in columns["audio"]])
    targets = quadrant_targets(NAME, path, quadrants) | _word_targets(words, kept)
    return LabelTable.build(NAME, columns, targets)


def _word_targets(words: list[list[str]], kept: _Kept) -> dict[str, NDArray[np.float32]]:
    counts = Counter(word for mine in words for word in set(mine))
    names = sorted(word for word, count in counts.items() if count >= kept.from_count or word in kept.always)
    return {
        f"{NAME}:word:{word}": np.array([word in mine for mine in words], dtype=np.float32) for word in names
    }
