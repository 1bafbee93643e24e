"""A library of tracks of the sample index, as if their files had been analysed; nothing is decoded."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from moodrec.audio.probe import Tags
from moodrec.catalog.refresh import refresh_index
from moodrec.demo.sample import find_sample_index
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from moodrec.library.records import FileResult, ModelRecord, Outcome, TrackAnalysis
from tests.library.tracks import failed, file_state

MUSIC = "/home/ann/Music"
"""Where the files of the library are said to be, whatever folder the tests run in."""
TRACKS = 60
MISREAD = "/home/ann/Music/Downloads/a letter that somebody named like a song.mp3"


WELL_KNOWN = (
    {"title": "Teardrop", "artist": "Massive Attack", "album": "Mezzanine", "year": 1998},
    {"title": "Angel", "artist": "Massive Attack", "album": "Mezzanine", "year": 1998},
    {"title": "Breathe", "artist": "Pink Floyd", "album": "The Dark Side of the Moon", "year": 1973},
    {"title": "La femme d'argent", "artist": "Air", "album": "Moon Safari", "year": 1998},
)
"""Tracks that the documentation speaks of."""


def write_sample_library(
    place: Path, well_known: bool = False, content: bytes = b"x", moved: bool = True, folder: str = "lib"
) -> Path:
    """Make a library of sixty tracks, a silent file and two failures, with its index.

    Args:
        place: where its folder and that of the music go.
        well_known: whether the first tracks have the names that the documentation uses.
        content: what every file holds.
        moved: whether the library takes its files to be under ``MUSIC``, the same on every machine.
        folder: the name of its folder.
    """
    index = MoodIndex.open(find_sample_index())
    rows = index.table.slice(100, TRACKS).to_pylist()
    for row, names in zip(rows, WELL_KNOWN if well_known else (), strict=False):
        row.update(names)
    vectors = index.vectors([row["track_id"] for row in rows])
    model = ModelRecord(index.model_fingerprint or "f00d", "default", index.moods, vectors.shape[1])
    music = place / "music"
    with Library.create(place / folder) as library:
        with library.writer():
            library.register_model(model)
            for number, (row, vector) in enumerate(zip(rows, vectors, strict=True)):
                # The last is without tags, and called by the name of its file.
                tags = Tags() if number == TRACKS - 1 else _tags(row)
                state = file_state(
                    music / (row["package"] or "unknown") / f"{number:02} {_name(row)}.flac", content
                )
                scores = np.array([row[mood] for mood in index.moods], np.float32)
                chances = np.array([row[f"prob_{mood}"] for mood in index.moods], np.float32)
                track = TrackAnalysis(row["track_id"], tags, 60.0 + 3 * number, vector, scores, chances)
                library.acknowledge(model, FileResult(state, Outcome.OK, track=track))
            silence = file_state(music / "Hidden" / "00 before the first track.flac")
            library.acknowledge(model, FileResult(silence, Outcome.SILENT, "silent", "the audio is silent"))
            for path in (MISREAD, f"{MUSIC}/old.ogg"):
                library.acknowledge(model, failed(file_state(music / Path(path).relative_to(MUSIC))))
            library.promote(model.fingerprint)
            library.record_run(model, TRACKS, 240.0)
        if moved:
            _move(place / folder, music)
        with library.writer():
            refresh_index(library)
    return place / folder


def _tags(row: dict[str, object]) -> Tags:
    title, artist, album, year, genres = (row[name] for name in ("title", "artist", "album", "year", "genre"))
    assert isinstance(genres, list)
    assert year is None or isinstance(year, int)
    texts = [value if isinstance(value, str) else None for value in (title, artist, album)]
    return Tags(texts[0], texts[1], None, texts[2], None, year, tuple(genres))


def _name(row: dict[str, object]) -> str:
    return str(row["title"]).replace("/", "-")


def _move(library: Path, music: Path) -> None:
    """Let the library know its files by paths that are the same on every machine."""
    with closing(sqlite3.connect(library / "library.sqlite")) as database:
        database.execute(
            "UPDATE files SET path = CAST(replace(path, ?, ?) AS BLOB)", (os.fsencode(music), MUSIC.encode())
        )
        database.commit()
