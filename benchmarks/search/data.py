"""Catalogues for the search benchmarks: vectors, moods that follow them, metadata, and held-out tracks to ask about.

Three kinds of vectors, d = 128 and unit length:

- ``clustered``: Gaussian clusters of uneven size, some 100 rows each.
- ``diffuse``: one Gaussian cloud without clusters; the variances of its axes fall slowly.
- ``real``: embeddings of windows of music (windows.py). Beyond the windows there are, a row is a mix of a
  window and one of its 20 nearest windows of other tracks, in a random proportion, plus noise of a tenth of their
  distance, scaled to unit length.

A mood is the rank, in (0, 1), of a linear function of the vector plus noise of 0.3 of its spread; with real vectors
the function is the model's own logit, mixed like the vectors. ``genre`` (12 of uneven size) and ``artist`` (some 20
rows each) follow the vectors too; ``year`` and ``added_day`` do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import feather

Floats = NDArray[np.float32]
Rows = Callable[[np.random.Generator, int], tuple[Floats, Floats]]
"""Makes some rows: their vectors, and the linear scores that their moods are ranks of."""

DIM: Final = 128
HELD_OUT: Final = 10_000
DAYS: Final = 10_000
GENRES: Final = 12
WINDOWS: Final = "windows.npz"
"""In the cache; benchmarks/search/windows.py writes it."""
NAMES: Final = ("clustered", "diffuse", "real")
MADE_UP_MOODS: Final = ("happy", "calm", "sad", "tense", "energetic", "dark", "tender", "powerful")
_PART: Final = 100_000
_FORMAT: Final = 1


@dataclass(frozen=True, eq=False)
class SearchData:
    """A catalogue of n rows, and held-out rows of the same kind."""

    name: str
    vectors: Floats
    """(n, d), memory-mapped."""
    table: pa.Table
    """n rows."""
    moods: tuple[str, ...]
    queries: Floats
    """(held out, d)"""
    query_moods: Floats
    """(held out, moods) scores as they would be in the catalogue."""

    def __len__(self) -> int:
        return len(self.vectors)


def load_data(name: str, n: int, cache: Path) -> SearchData:
    """The catalogue called ``name`` of n rows, made once a cache folder."""
    folder = cache / f"{name}-{n}-v{_FORMAT}"
    if not (folder / "table.arrow").exists():
        folder.mkdir(parents=True, exist_ok=True)
        make_data(name, n, cache, folder)
    table = feather.read_table(folder / "table.arrow", memory_map=True)
    held_out = np.load(folder / "held-out.npz", allow_pickle=False)
    vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    moods = tuple(str(mood) for mood in held_out["moods"])
    return SearchData(name, vectors, table, moods, held_out["vectors"], held_out["scores"])


def make_data(name: str, n: int, cache: Path, folder: Path) -> None:
    """Write the files of a catalogue; they depend on its name and size alone."""
    rng = np.random.default_rng([NAMES.index(name), n])
    rows, moods = source(name, n, cache, rng)
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, (n, DIM))
    held_out, held_out_linear = rows(rng, HELD_OUT)
    linear = []
    for start in range(0, n, _PART):
        part = slice(start, min(start + _PART, n))
        vectors[part], scores = rows(rng, part.stop - start)
        linear.append(scores)
    ranks, places = mood_scores(np.concatenate(linear), held_out_linear, rng)
    table = {"track_id": [f"t{row}" for row in range(n)], **metadata(vectors, rng)}
    table |= {mood: ranks[:, j] for j, mood in enumerate(moods)}
    vectors.flush()
    np.savez(folder / "held-out.npz", vectors=held_out, scores=places, moods=np.array(moods))
    feather.write_feather(pa.table(table), folder / "table.arrow", compression="uncompressed")


def source(name: str, n: int, cache: Path, rng: np.random.Generator) -> tuple[Rows, tuple[str, ...]]:
    """What makes the rows of a catalogue, and the names of its moods."""
    if name == "real":
        with np.load(cache / WINDOWS, allow_pickle=False) as windows:
            rows = real_rows(
                windows["embeddings"], logits(windows["probabilities"]), windows["track"], n, rng
            )
            return rows, tuple(str(mood) for mood in windows["moods"])
    heads = rng.standard_normal((DIM, len(MADE_UP_MOODS))).astype(np.float32)
    make = clustered_rows(n, rng) if name == "clustered" else diffuse_rows()
    return (lambda rng, count: with_scores(make(rng, count), heads)), MADE_UP_MOODS


def with_scores(vectors: Floats, heads: Floats) -> tuple[Floats, Floats]:
    """Vectors with their products with the heads."""
    return vectors, vectors @ heads


def clustered_rows(n: int, rng: np.random.Generator) -> Callable[[np.random.Generator, int], Floats]:
    """Clusters about n / 100 centres; the axes of the centres differ in spread, the noise about them does not."""
    count = max(50, n // 100)
    centres = unit(rng.standard_normal((count, DIM)) * np.arange(1, DIM + 1) ** -0.25)
    sizes = rng.lognormal(0, 1, count)
    share = sizes / sizes.sum()

    def rows(rng: np.random.Generator, count: int) -> Floats:
        noise = rng.standard_normal((count, DIM), np.float32) * np.float32(0.7 / np.sqrt(DIM))
        return unit(centres[rng.choice(len(share), count, p=share)] + noise)

    return rows


def diffuse_rows() -> Callable[[np.random.Generator, int], Floats]:
    """One cloud: the standard deviation of axis i is i ** -0.5."""
    spread = (np.arange(1, DIM + 1) ** -0.5).astype(np.float32)
    return lambda rng, count: unit(rng.standard_normal((count, DIM), np.float32) * spread)


def real_rows(
    windows: Floats, scores: Floats, track: NDArray[np.int32], n: int, rng: np.random.Generator
) -> Rows:
    """Windows in random order, each once; when they are used up, mixes of near ones."""
    order = iter(rng.permutation(len(windows)))
    near = nearest_of_other_tracks(windows, track) if n + HELD_OUT > len(windows) else None

    def rows(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
        plain = [row for row, _ in zip(order, range(count), strict=False)]
        vectors, linear = windows[plain], scores[plain]
        if len(plain) == count or near is None:
            return vectors, linear
        more, of_more = mix(windows, scores, near, rng, count - len(plain))
        shuffled = rng.permutation(count)
        return np.concatenate([vectors, more])[shuffled], np.concatenate([linear, of_more])[shuffled]

    return rows


def mix(
    windows: Floats, scores: Floats, near: NDArray[np.int64], rng: np.random.Generator, count: int
) -> tuple[Floats, Floats]:
    """Points between windows and their neighbours, and a little off."""
    first = rng.integers(0, len(windows), count)
    second = near[first, rng.integers(0, near.shape[1], count)]
    share = rng.random((count, 1), np.float32)
    distance = np.linalg.norm(windows[first] - windows[second], axis=1, keepdims=True)
    noise = rng.standard_normal((count, DIM), np.float32) * (0.1 / np.sqrt(DIM)) * distance
    vectors = unit(share * windows[first] + (1 - share) * windows[second] + noise)
    return vectors, share * scores[first] + (1 - share) * scores[second]


def nearest_of_other_tracks(windows: Floats, track: NDArray[np.int32], count: int = 20) -> NDArray[np.int64]:
    """(windows, count) rows of the nearest windows of other tracks."""
    parts = []
    for start in range(0, len(windows), 1000):
        cosines = windows[start : start + 1000] @ windows.T
        cosines[track[start : start + 1000, None] == track] = -2
        parts.append(np.argpartition(-cosines, count, axis=1)[:, :count])
    return np.concatenate(parts)


def logits(probabilities: Floats) -> Floats:
    """Inverse of the logistic function, kept finite."""
    kept = probabilities.astype(np.float64).clip(1e-9, 1 - 1e-9)
    found: NDArray[np.float64] = np.log(kept / (1 - kept))
    return found.astype(np.float32)


def mood_scores(linear: Floats, held_out: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Ranks in (0, 1), among the rows of the catalogue, of linear scores with noise."""
    ranks, places = np.empty_like(linear), np.empty_like(held_out)
    n = len(linear)
    for j in range(linear.shape[1]):
        spread = 0.3 * linear[:, j].std()
        noisy = linear[:, j] + spread * rng.standard_normal(n, np.float32)
        order = np.argsort(noisy)
        ranks[order, j] = (np.arange(n) + 0.5) / n
        others = held_out[:, j] + spread * rng.standard_normal(len(held_out), np.float32)
        places[:, j] = np.searchsorted(noisy[order], others) / n
    return ranks, places


def metadata(vectors: Floats, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Columns that are no moods."""
    n = len(vectors)
    genre_heads = rng.standard_normal((DIM, GENRES)).astype(np.float32)
    fame = np.linspace(0.1, -0.1, GENRES, dtype=np.float32)
    sides = rng.standard_normal((DIM, min(12, max(1, int(np.log2(n / 80)))))).astype(np.float32)
    genres, places = [], []
    for part in parts(vectors):
        genres.append((part @ genre_heads / np.sqrt(DIM) + fame).argmax(1))
        places.append(((part @ sides) > 0) @ (1 << np.arange(sides.shape[1])))
    bands = max(1, round(n / 20 / (1 << sides.shape[1])))
    artists = np.concatenate(places) * bands + rng.integers(0, bands, n)
    return {
        "artist": pa.array([f"artist {number}" for number in artists]),
        "genre": pa.array([f"genre {number}" for number in np.concatenate(genres)]),
        "year": pa.array((2024 - 60 * rng.random(n) ** 2).astype(np.int32)),
        "added_day": pa.array((rng.permutation(n) * DAYS // n).astype(np.int32)),
    }


def parts(vectors: Floats) -> Iterator[Floats]:
    """The rows, some at a time."""
    return (vectors[start : start + _PART] for start in range(0, len(vectors), _PART))


def unit(rows: NDArray[np.floating]) -> Floats:
    """Rows scaled to unit length."""
    found: NDArray[np.floating] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found.astype(np.float32)
