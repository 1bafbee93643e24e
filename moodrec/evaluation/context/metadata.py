"""Artist, album, genres and year of tracks, from a table as people have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.groups import join_groups
from moodrec.data.labels import LabelTable
from moodrec.errors import DataError, NotFoundError
from moodrec.model.context.tracks import TrackContext
from moodrec.names import fold, known_name

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "track_id": ("track_id", "id"),
    "artist": ("artist_id", "artist", "artist_name"),
    "album": ("album_id", "album", "album_name"),
    "genres": ("genres", "genre", "tags"),
    "year": ("year", "release_year", "date", "releasedate"),
    "split": ("split", "split0"),
}
"""What is known of a track, and the columns that may hold it, the best first; capitals do not count."""
MTG_MOOD: Final = "mood/theme---"
MTG_GENRE: Final = "genre---"
_MTG_CATEGORY: Final = "---"
_LISTS: Final = re.compile(r"[|;\t,]")
_YEAR: Final = re.compile(r"\b(1[89]\d\d|20\d\d)\b")


@dataclass(frozen=True, eq=False)
class Metadata:
    """Metadata of ``n`` tracks.

    Attributes:
        track_ids: ``n`` ids, None where the table has none.
        artists, albums: ``n`` folded names or ids, None where unknown.
        genres: genre names of each track, as the library spells them.
        years: ``(n,)`` NaN unknown.
        tags: MTG-Jamendo's own mood tags of each track, without their category; None where the table has none.
        splits: name of the part of the dataset that each track is in, None where there is none.
        columns: what is known to the column that it was read from.
    """

    track_ids: tuple[str, ...] | None
    artists: tuple[str | None, ...]
    albums: tuple[str | None, ...]
    genres: tuple[tuple[str, ...], ...]
    years: NDArray[np.float64]
    tags: tuple[frozenset[str], ...] | None
    splits: tuple[str | None, ...]
    columns: dict[str, str]

    def __len__(self) -> int:
        return len(self.artists)

    def select(self, rows: Sequence[int] | NDArray[np.int64]) -> Metadata:
        """The tracks of some rows, in their order."""
        at = [int(row) for row in rows]
        return Metadata(
            None if self.track_ids is None else tuple(self.track_ids[row] for row in at),
            tuple(self.artists[row] for row in at),
            tuple(self.albums[row] for row in at),
            tuple(self.genres[row] for row in at),
            self.years[at],
            None if self.tags is None else tuple(self.tags[row] for row in at),
            tuple(self.splits[row] for row in at),
            self.columns,
        )

    def tracks(self) -> TrackContext:
        """As the context layer takes it."""
        return TrackContext.of(self.artists, self.albums, self.genres, self.years)

    def groups(self) -> list[str]:
        """What must share a fold: an artist's tracks; where the artist is not known, an album's."""
        fallback = [
            None if artist or not album else f"album:{album}"
            for artist, album in zip(self.artists, self.albums, strict=True)
        ]
        return join_groups([f"artist:{artist}" if artist else None for artist in self.artists], fallback)


def metadata_of(table: LabelTable) -> Metadata:
    """The metadata of a label table."""
    tracks = table.tracks
    return Metadata(
        tuple(tracks["track_id"]),
        tuple(_folded(name) for name in tracks["artist"]),
        tuple(_folded(name) for name in tracks["album"]),
        tuple(tuple(genres) for genres in tracks["genre"]),
        tracks["year"].to_numpy(np.float64),
        None,
        tuple(tracks["split"]),
        {name: name for name in ("track_id", "artist", "album", "year")} | {"genres": "genre"},
    )


def load_metadata(path: Path) -> Metadata:
    """Read a Parquet, CSV or TSV table; ``COLUMNS`` says which columns count.

    Genres are a list, or text with commas, semicolons, bars or tabs between them. Where tags have categories
    (``genre---ambient``), as MTG-Jamendo's, genres are those of the category genre.

    Raises:
        NotFoundError: there is no such file.
        DataError: it cannot be read, or has no column for artists.
    """
    frame = read_table(path)
    columns = _columns(frame)
    if "artist" not in columns:
        raise DataError(
            f"{path}: no column for artists ({', '.join(COLUMNS['artist'])}), by which tracks are held apart; it has "
            f"{', '.join(map(str, frame.columns)) or 'none'}"
        )
    told = {what: frame[column].tolist() for what, column in columns.items()}
    blank: list[Any] = [None] * len(frame)
    listed = [_names(cell) for cell in told.get("genres", blank)]
    categories = any(_MTG_CATEGORY in name for names in listed for name in names)
    return Metadata(
        tuple(_text(cell) or "" for cell in told["track_id"]) if "track_id" in told else None,
        tuple(_folded(_text(cell)) for cell in told["artist"]),
        tuple(_folded(_text(cell)) for cell in told.get("album", blank)),
        tuple(_under(names, MTG_GENRE) if categories else names for names in listed),
        np.array([_year(cell) for cell in told.get("year", blank)], dtype=np.float64),
        tuple(frozenset(_under(names, MTG_MOOD)) for names in listed) if categories else None,
        tuple(_text(cell) for cell in told.get("split", blank)),
        columns,
    )


def read_table(path: Path) -> pd.DataFrame:
    """Read Parquet, TSV or CSV by the file's ending, all cells of the latter two as text.

    Raises:
        NotFoundError: there is no such file.
        DataError: it cannot be read.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        separator = "\t" if path.suffix.lower() == ".tsv" else ","
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a table ({error})") from error


def _columns(frame: pd.DataFrame) -> dict[str, str]:
    there = {str(column).strip().casefold(): column for column in reversed(frame.columns)}
    found = {what: [there[name] for name in names if name in there] for what, names in COLUMNS.items()}
    return {what: columns[0] for what, columns in found.items() if columns}


def _text(cell: Any) -> str | None:
    """A cell as text, None where it is empty; whole numbers without a point."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip() or None


def _folded(name: str | None) -> str | None:
    known = known_name(name)
    return fold(known) if known else None


def _names(cell: Any) -> tuple[str, ...]:
    parts: Iterable[Any] = (
        cell if isinstance(cell, list | tuple | np.ndarray) else _LISTS.split(_text(cell) or "")
    )
    return tuple(name for part in parts if (name := _text(part)))


def _under(names: Iterable[str], category: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(category) for name in names if name.startswith(category))


def _year(cell: Any) -> float:
    found = _YEAR.search(_text(cell) or "")
    return float(found.group()) if found else float("nan")
