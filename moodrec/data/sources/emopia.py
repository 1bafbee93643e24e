"""EMOPIA has clips of pop piano as MIDI, each with a valence/arousal quadrant.

Hung et al.: EMOPIA, a multi-modal pop piano dataset for emotion recognition and emotion-based music generation,
ISMIR 2021. CC BY-NC-SA 4.0. The clips have to be rendered to audio first, with :func:`render_midis`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pandas as pd

from moodrec.arguments import brief
from moodrec.data.groups import join_groups
from moodrec.data.labels import LabelTable
from moodrec.data.sources import reading
from moodrec.data.sources.midi import render_midi
from moodrec.data.sources.quadrants import quadrant_targets
from moodrec.errors import DataError, NotFoundError
from moodrec.names import fold

NAME: Final = "emopia"
RENDERED_SUFFIXES: Final = (".wav", ".flac", ".ogg", ".opus")

_CLIP_ID = re.compile(r"Q[1-4]_(?P<song>.+)_\d+\Z")


def load(root: Path, require_audio: bool = True) -> LabelTable:
    """Read ``tracks.csv`` or the official ``label.csv``; audio is ``audio/<id>.wav`` (or flac, ogg, opus).

    The targets are ``emopia:q1`` ... ``q4``, ``valence``, ``arousal``, 0 or 1 by the quadrant. Clips of one song,
    and songs of one artist, are one group.

    Args:
        root: folder of the dataset.
        require_audio: whether a clip without rendered audio is an error; otherwise its ``audio`` is "".

    Raises:
        DataError: neither file is there, a column is missing, or a clip has no rendered audio.
    """
    if (root / "tracks.csv").is_file():
        table = _load_tracks(root, root / "tracks.csv")
    elif (root / "label.csv").is_file():
        table = _load_official(root, root / "label.csv")
    else:
        raise DataError(f"{root}: holds neither tracks.csv nor EMOPIA's label.csv")
    if require_audio:
        _check_rendered(root, table)
    return table


def render_midis(root: Path, out: Path, soundfont: Path, sample_rate: int = 16_000) -> list[Path]:
    """Render every ``midis/*.mid`` to ``<id>.wav`` with the program fluidsynth; files that exist are kept.

    Args:
        root: folder of the dataset.
        out: folder of the rendered files; :func:`load` expects ``root / "audio"``.
        soundfont: the soundfont to render with.
        sample_rate: sample rate of the rendered files, in Hz.

    Returns:
        The audio files, sorted by name.

    Raises:
        NotFoundError: fluidsynth, the soundfont or the MIDI files are not there.
        DataError: fluidsynth fails on a file.
    """
    midis = sorted((root / "midis").glob("*.mid"))
    if not midis:
        raise NotFoundError(f"{root / 'midis'}: holds no .mid files")
    out.mkdir(parents=True, exist_ok=True)
    rendered = [out / f"{midi.stem}.wav" for midi in midis]
    for midi, wav in zip(midis, rendered, strict=True):
        if not wav.is_file():
            render_midi(midi, wav, soundfont, sample_rate)
    return rendered


def _load_tracks(root: Path, path: Path) -> LabelTable:
    frame = reading.read_text_table(path, ["id", "quadrant", "song_id"])
    known = reading.track_columns(path, frame, "id")
    columns: reading.Columns = {
        **known,
        "audio": [_rendered(root, clip) for clip in known["track_id"]],
        "year": [reading.year_of(year) for year in _release_years(frame)],
        "group": join_groups(
            [f"song:{song}" if song else None for song in reading.cells(frame, "song_id")],
            [f"artist:{fold(artist)}" if artist else None for artist in known["artist"]],
        ),
    }
    return LabelTable.build(NAME, columns, quadrant_targets(NAME, path, reading.cells(frame, "quadrant")))


def _release_years(frame: pd.DataFrame) -> reading.Cells:
    """Read the years, but for those in which somebody uploaded a cover: they say nothing about the music."""
    years, kinds = reading.cells(frame, "year"), reading.cells(frame, "year_kind")
    return [None if kind == "upload" else year for year, kind in zip(years, kinds, strict=True)]


def _load_official(root: Path, path: Path) -> LabelTable:
    frame = reading.read_text_table(path, ["ID", "4Q"])
    ids = [(clip or "").removesuffix(".mid") for clip in reading.cells(frame, "ID")]
    quadrants = [f"Q{(value or '').removeprefix('Q')}" for value in reading.cells(frame, "4Q")]
    columns: reading.Columns = {
        "track_id": ids,
        "audio": [_rendered(root, clip) for clip in ids],
        "group": [f"song:{_song_id(path, clip)}" for clip in ids],
    }
    return LabelTable.build(NAME, columns, quadrant_targets(NAME, path, quadrants))


def _song_id(path: Path, clip: str) -> str:
    match = _CLIP_ID.match(clip)
    if match is None:
        raise DataError(f"{path}: clip {brief(clip)} is not named Q<quadrant>_<song>_<number>")
    return match["song"]


def _rendered(root: Path, clip: str) -> str:
    places = (root / "audio" / f"{clip}{suffix}" for suffix in RENDERED_SUFFIXES)
    return next((str(place) for place in places if place.is_file()), "")


def _check_rendered(root: Path, table: LabelTable) -> None:
    missing = int((table.tracks["audio"] == "").sum())
    if missing:
        raise DataError(
            f"{root}: {missing} of {len(table)} clips have no audio/<id>.wav; EMOPIA is MIDI, render it with "
            f"moodrec.data.sources.emopia.render_midis(root, root / 'audio', soundfont)"
        )
