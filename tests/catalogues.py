"""Catalogues made up for tests: vectors in clusters, moods that follow them, and metadata with gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MOODS = ("calm", "happy")


@dataclass(frozen=True)
class Sample:
    """(n, d) unit vectors and a track table of n rows."""

    vectors: NDArray[np.float32]
    table: pa.Table

    def part(self, start: int, stop: int) -> Sample:
        return Sample(self.vectors[start:stop], self.table.slice(start, stop - start))


def clustered(
    rng: np.random.Generator, n: int, dim: int, n_clusters: int, noise: float = 0.7
) -> NDArray[np.float32]:
    """(n, dim) unit vectors scattered about ``n_clusters`` directions."""
    centres = rng.standard_normal((n_clusters, dim))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    rows = centres[rng.integers(0, n_clusters, n)] + noise * rng.standard_normal((n, dim)) / np.sqrt(dim)
    found: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found.astype(np.float32)


def sample_catalogue(n: int = 400, dim: int = 16, seed: int = 0) -> Sample:
    """A small catalogue: moods follow the vectors and are unknown now and then, and so are artists."""
    rng = np.random.default_rng(seed)
    vectors = clustered(rng, n, dim, max(2, n // 20))
    moods = {
        name: np.clip(0.5 + vectors[:, i] + 0.1 * rng.standard_normal(n), 0, 1).astype(np.float32)
        for i, name in enumerate(MOODS)
    }
    moods["happy"][rng.random(n) < 0.05] = np.nan
    artists = [None if rng.random() < 0.1 else f"Artist {rng.integers(0, n // 8 + 1)}" for _ in range(n)]
    columns = {
        "track_id": [f"t{row}" for row in range(n)],
        "artist": artists,
        "title": [f"Title {row}" for row in range(n)],
        "year": pa.array(
            [None if rng.random() < 0.1 else int(rng.integers(1960, 2020)) for _ in range(n)], pa.int32()
        ),
        "genre": pa.array([["rock"] if row % 3 else [] for row in range(n)], pa.list_(pa.string())),
        **{name: pa.array(values, pa.float32(), from_pandas=True) for name, values in moods.items()},
    }
    return Sample(vectors, pa.table(columns))
