"""What is known of a track beside its audio becomes numbers that a mood head can read.

A vector holds the everyday genres of the track (:mod:`moodrec.model.context.genres`), its year, and whether each is
known. What is unknown is zero, so that a vector of zeros is a track of which only the audio is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from moodrec.model.context.genres import genre_matrix, vocabulary
from moodrec.typing import Float32Array

MetadataField = Literal["genre", "year"]
"""What may be an input. Artists and albums are not among them: labels of their other tracks are what tells, and that
is the library's context (:mod:`moodrec.model.context`)."""

_GENRE: Final = "genre:"
_GENRE_KNOWN: Final = "genre_known"
_YEAR: Final = ("year", "year_squared", "year_known")
_YEAR_CENTRE: Final = 1990.0
_YEARS_A_UNIT: Final = 20.0
_EARLIEST: Final = 1900.0
_LATEST: Final = 2050.0


def metadata_columns(fields: Sequence[MetadataField]) -> tuple[str, ...]:
    """Name the numbers of a vector, in their order; a model keeps these names, since the vocabulary may grow.

    Args:
        fields: which kinds of metadata it holds.
    """
    genres = (
        (*(f"{_GENRE}{genre}" for genre in vocabulary().genres), _GENRE_KNOWN) if "genre" in fields else ()
    )
    return (*genres, *(_YEAR if "year" in fields else ()))


def metadata_matrix(
    columns: Sequence[str], genres: Sequence[Iterable[str]], years: ArrayLike
) -> Float32Array:
    """Compute the vectors of ``n`` tracks.

    Args:
        columns: names of their numbers, as :func:`metadata_columns` gives them; a genre that is no longer in the
            vocabulary stays zero.
        genres: ``(n,)`` names of genres as a library spells them; none where they are unknown.
        years: ``(n,)`` NaN where unknown; years outside of 1900 to 2050 count as unknown.

    Returns:
        ``(n, columns)``.
    """
    matrix = genre_matrix(genres)
    place = {f"{_GENRE}{genre}": column for column, genre in enumerate(vocabulary().genres)}
    given = np.asarray(years, np.float64)
    known = (given >= _EARLIEST) & (given <= _LATEST)
    year = np.where(known, (np.where(known, given, _YEAR_CENTRE) - _YEAR_CENTRE) / _YEARS_A_UNIT, 0.0)
    values = {
        _GENRE_KNOWN: matrix.any(axis=1).astype(np.float64),
        **dict(zip(_YEAR, (year, year**2, known.astype(np.float64)), strict=True)),
        **{name: matrix[:, column] for name, column in place.items()},
    }
    nothing = np.zeros(len(matrix))
    found = [values.get(name, nothing) for name in columns]
    return np.stack(found, axis=1).astype(np.float32) if found else np.zeros((len(matrix), 0), np.float32)
