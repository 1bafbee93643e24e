"""Music of free games as Debian packages it has metadata without mood labels, for metadata heads and demos."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from moodrec.data.groups import artist_groups
from moodrec.data.labels import LabelTable
from moodrec.data.sources import reading
from moodrec.errors import DataError
from moodrec.names import known_name

NAME: Final = "open_game_music"


def load(root: Path) -> LabelTable:
    """Read ``tracks.csv``; there are no targets.

    A track without an artist is grouped with the others of its game that have none. A track without an album takes
    the game as its album, because a soundtrack is one.

    Raises:
        DataError: ``tracks.csv``, a column or an audio file is missing.
    """
    path = root / "tracks.csv"
    if not path.is_file():
        raise DataError(f"{root}: holds no tracks.csv")
    frame = reading.read_text_table(path, ["track_id", "audio", "title", "artist", "source"])
    artists = [known_name(artist) for artist in reading.cells(frame, "artist")]
    genres = [known_name(genre) for genre in reading.cells(frame, "genre")]
    columns: reading.Columns = {
        "track_id": [track_id or "" for track_id in reading.cells(frame, "track_id")],
        "audio": reading.audio_paths(root, reading.cells(frame, "audio")),
        "artist": artists,
        "album": [
            known_name(album) or game
            for album, game in zip(reading.cells(frame, "album"), reading.cells(frame, "source"), strict=True)
        ],
        "title": reading.cells(frame, "title"),
        "year": [reading.year_of(year) for year in reading.cells(frame, "year")],
        "genre": [reading.split_list(genre) for genre in genres],
        "group": artist_groups(artists, [f"game:{source}" for source in reading.cells(frame, "source")]),
    }
    reading.require_audio(path, columns["audio"])
    return LabelTable.build(NAME, columns, {})
