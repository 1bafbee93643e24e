"""What a library knows of its tracks beside their audio, as arrays."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.errors import DataError
from moodrec.model.context.genres import genre_matrix, vocabulary

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

UNKNOWN: Final = -1
"""Code of an artist or album that is not known."""
YEAR_COLUMNS: Final = ("year", "year_squared")
"""Names of the year's columns: decades since 1990, and their square."""
_YEARS: Final = (1900.0, 2050.0)


@dataclass(frozen=True, eq=False)
class TrackContext:
    """Artist, album, genres and year of ``n`` tracks.

    Attributes:
        artists, albums: ``(n,)`` codes from 0, ``UNKNOWN`` where not known. Equal codes are the same artist or album.
        genres: ``(n, genres)`` of 0 and 1, in the order of the vocabulary; a row of zeros is unknown.
        years: ``(n,)`` NaN where not known.
    """

    artists: Codes
    albums: Codes
    genres: Floats
    years: Floats

    def __post_init__(self) -> None:
        n = len(self.artists)
        if self.albums.shape != (n,) or self.years.shape != (n,) or self.genres.shape != (n, n_genres()):
            raise DataError(
                f"artists {self.artists.shape}, albums {self.albums.shape}, years {self.years.shape} and genres "
                f"{self.genres.shape} are not those of the same tracks"
            )

    def __len__(self) -> int:
        return len(self.artists)

    @classmethod
    def of(
        cls,
        artists: Sequence[str | None],
        albums: Sequence[str | None] | None = None,
        genres: Sequence[Iterable[str]] | None = None,
        years: ArrayLike | None = None,
    ) -> TrackContext:
        """Make it from names; names are the same only if they are equal, so fold them first.

        Args:
            artists: ``n`` names, None or "" where unknown.
            albums: ``n`` names; albums of the same name by different known artists are different albums. None where
                no album is known.
            genres: for each track its genre names as the library spells them. None where none is known.
            years: ``(n,)``; NaN, and anything outside 1900 to 2050, counts as unknown. None where none is known.

        Raises:
            DataError: the columns differ in length.
        """
        n = len(artists)
        names = [None] * n if albums is None else list(albums)
        labels: list[Iterable[str]] = [[] for _ in range(n)] if genres is None else list(genres)
        told = np.full(n, np.nan) if years is None else np.asarray(years, dtype=np.float64)
        if not len(names) == len(labels) == len(told) == n:
            raise DataError(f"{n} artists, {len(names)} albums, {len(labels)} genres and {len(told)} years")
        keys = [
            (artist or None, album) if album else None for artist, album in zip(artists, names, strict=True)
        ]
        valid = (told >= _YEARS[0]) & (told <= _YEARS[1])
        return cls(
            codes_of([artist or None for artist in artists]),
            codes_of(keys),
            genre_matrix(labels),
            np.where(valid, told, np.nan),
        )

    def select(self, rows: ArrayLike) -> TrackContext:
        """The tracks of some rows, by number or mask."""
        at = np.asarray(rows)
        return TrackContext(self.artists[at], self.albums[at], self.genres[at], self.years[at])

    def descriptors(self) -> Floats:
        """``(n, genres + 2)``: genres, then the year's columns, 0 where unknown."""
        decades = (np.nan_to_num(self.years, nan=1990.0) - 1990) / 10
        return np.column_stack([self.genres, decades, decades**2])

    def known(self) -> NDArray[np.bool_]:
        """``(n, genres + 2)``: whether a track's genres, or its year, are known at all."""
        genres = np.repeat((self.genres.sum(axis=1) > 0)[:, None], self.genres.shape[1], axis=1)
        years: NDArray[np.bool_] = np.isfinite(self.years)
        return np.column_stack([genres, *[years] * len(YEAR_COLUMNS)])


def n_genres() -> int:
    """How many genres the vocabulary has."""
    return len(vocabulary().genres)


def descriptor_names() -> tuple[str, ...]:
    """Names of the columns of :meth:`TrackContext.descriptors`."""
    return (*vocabulary().genres, *YEAR_COLUMNS)


def codes_of(keys: Sequence[Hashable | None]) -> Codes:
    """Number keys from 0 in the order in which they come first; None is ``UNKNOWN``."""
    number: dict[Hashable, int] = {}
    found = [UNKNOWN if key is None else number.setdefault(key, len(number)) for key in keys]
    return np.array(found, dtype=np.int64)
