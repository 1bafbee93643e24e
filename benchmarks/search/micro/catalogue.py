"""The catalogue that the micro-benchmarks search: clustered vectors and columns of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tests.catalogues import clustered

ROWS, DIM = 100_000, 128


@dataclass(frozen=True)
class Catalogue:
    """``near`` is the rank of each row's cosine to ``query``, blurred, in (0, 1)."""

    vectors: NDArray[np.float32]
    table: pa.Table
    query: NDArray[np.float32]

    @classmethod
    def make(cls) -> Catalogue:
        """The same one every time."""
        rng = np.random.default_rng(0)
        vectors = clustered(rng, ROWS, DIM, ROWS // 100)
        query = vectors[0]
        near = (vectors @ query + 0.02 * rng.standard_normal(ROWS)).argsort().argsort() / ROWS
        names = {"track_id": [f"t{row}" for row in range(ROWS)]}
        table = pa.table({**names, **columns(rng, ROWS), "near": near.astype(np.float32)})
        return cls(vectors, table, query)


def columns(rng: np.random.Generator, rows: int) -> dict[str, Any]:
    """Columns of each kind: numbers, text, lists."""
    genres = np.array([f"genre {number}" for number in range(40)])
    artists = np.array([f"artist {number}" for number in range(rows // 30)])
    lists = pa.ListArray.from_arrays(
        np.arange(0, 2 * rows + 1, 2, dtype=np.int32), genres[rng.integers(0, 40, 2 * rows)]
    )
    return {
        "artist": artists[rng.integers(0, len(artists), rows)],
        "genre": genres[rng.integers(0, 40, rows)],
        "tags": lists,
        "year": rng.integers(1950, 2025, rows).astype(np.int32),
        "calm": rng.random(rows, np.float32),
        "happy": rng.random(rows, np.float32),
    }
