"""Artist, album, genres and year of tracks, from a table as people have it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from moodrec.artists import credit
from moodrec.audio.dates import plausible_year
from moodrec.data.cells import listed, names_of, text_of
from moodrec.data.frames import column_called, read_frame, track_ids_of
from moodrec.data.groups import library_groups
from moodrec.data.labels import LabelTable
from moodrec.errors import DataError
from moodrec.model.context.tracks import TrackContext
from moodrec.names import fold, known_name

T = TypeVar("T")

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "artist": ("artist_id", "artist", "artist_name", "artists"),
    "album": ("album_id", "album", "album_name"),
    "genres": ("genres", "genre", "tags"),
    "year": ("year", "release_year", "date", "release_date", "releasedate"),
    "split": ("split", "split0"),
}
"""What is known of a track, and the columns that may hold it, the best first: where that is empty, the next one
counts. Capitals, and spaces for underscores, do not matter.
"""
MTG_MOOD: Final = "mood/theme---"
MTG_GENRE: Final = "genre---"
_MTG_CATEGORY: Final = "---"


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
        columns: what is known to the first column that it was read from.
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
        """The tracks of some rows, in their order; of a row -1 nothing is known."""
        at = [int(row) for row in rows]
        ids, tags = self.track_ids, self.tags
        return Metadata(
            None if ids is None else tuple(ids[row] if row >= 0 else f"row {i}" for i, row in enumerate(at)),
            tuple(self.artists[row] if row >= 0 else None for row in at),
            tuple(self.albums[row] if row >= 0 else None for row in at),
            tuple(self.genres[row] if row >= 0 else () for row in at),
            np.array([self.years[row] if row >= 0 else np.nan for row in at], dtype=np.float64),
            None if tags is None else tuple(tags[row] if row >= 0 else frozenset() for row in at),
            tuple(self.splits[row] if row >= 0 else None for row in at),
            self.columns,
        )

    def merged(self, path: Path) -> Metadata:
        """Each track that has an id once: the genres of all its rows, and what any of them says of its artist, album
        and year.

        Args:
            path: the table, for the message.

        Raises:
            DataError: rows of one track name different artists.
        """
        ids = self.track_ids or ()
        rows: dict[str, list[int]] = {}
        for row, track_id in enumerate(ids):
            if not track_id:
                continue
            rows.setdefault(track_id, []).append(row)
        if len(rows) == len(ids):
            return self
        for track_id, mine in rows.items():
            artists = sorted({artist for row in mine if (artist := self.artists[row])})
            if len(artists) > 1:
                raise DataError(
                    f"{path}: rows of track {track_id} name different artists: {', '.join(artists[:3])}"
                )
        first = self.select([mine[0] for mine in rows.values()])
        return replace(
            first,
            artists=tuple(_first(self.artists, mine) for mine in rows.values()),
            albums=tuple(_first(self.albums, mine) for mine in rows.values()),
            genres=tuple(
                tuple(dict.fromkeys(name for row in mine for name in self.genres[row]))
                for mine in rows.values()
            ),
            years=np.array(
                [
                    next((y for row in mine if np.isfinite(y := self.years[row])), np.nan)
                    for mine in rows.values()
                ]
            ),
        )

    def tracks(self) -> TrackContext:
        """As the context layer takes it."""
        return TrackContext.of(self.artists, self.albums, self.genres, self.years)

    def groups(self) -> list[str]:
        """What must share a fold; see :func:`moodrec.data.groups.library_groups`."""
        return library_groups(self.artists, self.albums, self.track_ids)


def metadata_of(table: LabelTable) -> Metadata:
    """The metadata of a label table."""
    tracks = table.tracks
    return Metadata(
        tuple(tracks["track_id"]),
        tuple(_folded(_artist(name)) for name in tracks["artist"]),
        tuple(_folded(name) for name in tracks["album"]),
        tuple(tuple(genres) for genres in tracks["genre"]),
        tracks["year"].to_numpy(np.float64),
        None,
        tuple(tracks["split"]),
        {name: name for name in ("track_id", "artist", "album", "year")} | {"genres": "genre"},
    )


def load_metadata(path: Path) -> Metadata:
    """Read a Parquet, CSV or TSV table; ``COLUMNS`` says which columns count.

    Genres are a list of any kind, or text with commas, semicolons, bars or tabs between them. Where tags have
    categories (``genre---ambient``), as MTG-Jamendo's, genres are those of the category genre. An artist is the main
    one of a credit ("A feat. B", "A; B", a list).

    Raises:
        NotFoundError: there is no such file.
        DataError: it cannot be read, or has no column for artists.
    """
    frame = read_frame(path)
    columns = {what: found for what, names in COLUMNS.items() if (found := column_called(frame, names))}
    if "artist" not in columns:
        raise DataError(
            f"{path}: no column for artists ({', '.join(COLUMNS['artist'])}), by which tracks are held apart; it has "
            f"{', '.join(filter(None, frame.columns)) or 'none'}"
        )
    told = {what: [frame[column].tolist() for column in found] for what, found in columns.items()}
    blank: list[list[Any]] = [[None] * len(frame)]
    names = _best([[names_of(cell) for cell in cells] for cells in told.get("genres", blank)], ())
    categories = any(_MTG_CATEGORY in name for mine in names for name in mine)
    years = _best([[_year(cell) for cell in cells] for cells in told.get("year", blank)], None)
    return Metadata(
        track_ids_of(frame)[0],
        _one_spelling(columns["artist"], told["artist"], _artist),
        _one_spelling(columns.get("album", ["album"]), told.get("album", blank), text_of),
        tuple(_under(mine, MTG_GENRE) if categories else mine for mine in names),
        np.array([np.nan if year is None else year for year in years], dtype=np.float64),
        tuple(frozenset(_under(mine, MTG_MOOD)) for mine in names) if categories else None,
        tuple(map(text_of, told.get("split", blank)[0])),
        {what: found[0] for what, found in columns.items()},
    )


def _one_spelling(
    columns: Sequence[str], cells: Sequence[Sequence[Any]], read: Callable[[Any], str | None]
) -> tuple[str | None, ...]:
    """Folded ids or names of artists or albums: of the best column that says anything, and the id, where another row
    has the name and the id beside it.
    """
    texts = [
        [_folded(text_of(cell) if column.casefold().endswith("id") else read(cell)) for cell in mine]
        for column, mine in zip(columns, cells, strict=True)
    ]
    best = texts[-1]
    for better in reversed(texts[:-1]):
        known = {name: own for name, own in zip(best, better, strict=True) if name and own}
        best = [
            own or (known.get(name, name) if name else None) for name, own in zip(best, better, strict=True)
        ]
    return tuple(best)


def _artist(cell: Any) -> str | None:
    """The main artist of a credit."""
    names = listed(cell)
    main = credit(None, names).main if names is not None else credit(text_of(cell)).main
    return main[0] if main else None


def _best(columns: Sequence[Sequence[T]], nothing: T) -> list[T]:
    """Each row's value of the first column that has one."""
    return [next((value for value in row if value), nothing) for row in zip(*columns, strict=True)]


def _first(values: Sequence[str | None], rows: Sequence[int]) -> str | None:
    return next((value for row in rows if (value := values[row])), None)


def _folded(name: str | None) -> str | None:
    known = known_name(name)
    return fold(known) if known else None


def _under(names: Iterable[str], category: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(category) for name in names if name.startswith(category))


def _year(cell: Any) -> float | None:
    return plausible_year(text_of(cell) or "")
