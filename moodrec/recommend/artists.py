"""Artists that sound alike: the mean sound of each artist's tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from moodrec.arguments import brief
from moodrec.errors import NotFoundError
from moodrec.filters.names import hint
from moodrec.index.front import SearchFront
from moodrec.names import fold
from moodrec.schema import ARTIST
from moodrec.typing import Float32Array, RowNumbers

_BLOCK: Final = 1 << 16


@dataclass(frozen=True)
class SimilarArtist:
    """An artist who sounds like another one."""

    name: str
    cosine: float
    """The cosine of the mean sounds of the two."""


class ArtistSounds:
    """The mean embedding of each artist of an index, of unit length."""

    def __init__(self, index: SearchFront) -> None:
        """Compute the means; tracks without an artist do not count.

        Args:
            index: whose tracks they are.
        """
        self._index = index
        column = index.table[ARTIST].to_pylist() if ARTIST in index.column_names else []
        self._names: list[str] = []
        self._place: dict[str, int] = {}
        codes = np.full(len(column), -1, np.int64)
        for row, name in enumerate(column):
            if name and (key := fold(name)):
                place = self._place.setdefault(key, len(self._names))
                if place == len(self._names):
                    self._names.append(name)
                codes[row] = place
        self._codes = codes
        self._means = self._mean_sounds()

    def similar(self, name: str, n: int) -> list[SimilarArtist]:
        """Find the n artists nearest to one, who is not among them.

        Args:
            name: of the artist, in any case.
            n: at most so many.

        Raises:
            NotFoundError: there is no such artist.
        """
        place = self._found(name)
        cosines = self._means @ self._means[place]
        cosines[place] = -np.inf
        best = np.argsort(-cosines, kind="stable")[: min(n, len(self._names) - 1)]
        return [SimilarArtist(self._names[one], float(cosines[one])) for one in best.tolist()]

    def tracks(self, name: str, n: int) -> list[str]:
        """Return the ids of the n tracks of an artist that are nearest to the mean of theirs.

        Args:
            name: of the artist, in any case.
            n: at most so many.

        Raises:
            NotFoundError: there is no such artist.
        """
        place = self._found(name)
        rows = np.flatnonzero(self._codes == place)
        ids = self._ids(rows)
        cosines = self._index.vectors(ids) @ self._means[place]
        return [ids[one] for one in np.argsort(-cosines, kind="stable")[:n].tolist()]

    def _found(self, name: str) -> int:
        place = self._place.get(fold(name))
        if place is None:
            raise NotFoundError(
                f"no artist is called {brief(name)}; {hint(name, self._names[:5000], 'artists')}"
            )
        return place

    def _ids(self, rows: RowNumbers) -> list[str]:
        ids: list[str] = self._index.table["track_id"].take(rows).to_pylist()
        return ids

    def _mean_sounds(self) -> Float32Array:
        sums = np.zeros((len(self._names), self._index.dim), np.float32)
        ids: Sequence[str] = self._index.track_ids
        for start in range(0, len(self._codes), _BLOCK):
            codes = self._codes[start : start + _BLOCK]
            known = codes >= 0
            vectors = self._index.vectors(ids[start : start + _BLOCK])[known]
            np.add.at(sums, codes[known], vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.asarray(sums / np.maximum(lengths, 1e-12), np.float32)
