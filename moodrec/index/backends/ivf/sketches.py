"""Sketches of rows: a bit for each number, from which the kernel knows the rows that need no closer look.

They are those of RaBitQ (Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound
for Approximate Nearest Neighbor Search", SIGMOD 2024). A row is a share s of its list's centroid c, and an offset y
across it; the sketch x is the signs of the offset, -1 or 1, after a random rotation. For a query q ::

    <q, row> = s <q, c> + <q, y>,    <q, y> ~ f <q - <q, c> c / |c|^2, x>,    f = |y|^2 / <x, y>

with a standard error of about f sin(q, c) sin(x, y). Rows that come later have no sketch: they lie apart from one
another, and a sketch pays where many of a list are looked at.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from moodrec.index.rows.stored_arrays import damaged, read_array, read_arrays, require
from moodrec.index.rows.validation import Vectors

_ROWS: Final = 32
"""Of a block."""
_BITS: Final = 8
_MOST_BITS: Final = 2048
"""For which the kernel's sums have room."""
_FEWEST_ROWS: Final = 32
"""A list, on average, for which sketches are made."""
_ROWS_AT_ONCE: Final = 1 << 16
"""Whole blocks."""
_TINY: Final = 1e-12
_BLOCKS_FILE: Final = "sketches.npy"
_FACTS_FILE: Final = "sketch-facts.npz"


@dataclass(frozen=True, eq=False)
class Sketches:
    """Of the rows that there were when the lists were learnt, or none."""

    axes: NDArray[np.float32]
    """(D, d) rows of a random rotation, D a multiple of 8; (0, 0) where there are no sketches."""
    blocks: NDArray[np.uint8]
    """(b, 32 (D / 8 + 4)) for 32 rows each: (D / 8, 32) bits of x, then (32,) f and (32,) s - f <c, x> / |c|^2 as the
    upper halves of float32.
    """
    count: int
    """Rows."""
    noise: float
    """Root mean square of sin(x, y)."""

    @classmethod
    def none(cls) -> Self:
        """No sketches."""
        return cls(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.uint8), 0, 0.0)

    @classmethod
    def of(cls, vectors: Vectors, centroids: Vectors, list_of: NDArray[np.int64], seed: int) -> Self:
        """Of vectors (n, d) in the lists ``list_of`` (n,) around centroids (nlist, d); none where lists are short."""
        n, dim = vectors.shape
        n_bits = -(-dim // _BITS) * _BITS
        if n < _FEWEST_ROWS * len(centroids) or n_bits > _MOST_BITS:
            return cls.none()
        axes = np.ascontiguousarray(_rotation(n_bits, seed)[:, :dim])
        turned, squares = centroids @ axes.T, _products(centroids, centroids) + _TINY
        blocks = np.zeros((-(-n // _ROWS), _ROWS * (n_bits // _BITS + 4)), np.uint8)
        noise = 0.0
        for start in range(0, n, _ROWS_AT_ONCE):
            some, lists = vectors[start : start + _ROWS_AT_ONCE], list_of[start : start + _ROWS_AT_ONCE]
            share = _products(some, centroids[lists]) / squares[lists]
            offsets = some @ axes.T - share[:, None] * turned[lists]
            lengths, sums = _products(offsets, offsets), np.abs(offsets).sum(axis=1) + _TINY
            signs, scale = offsets > 0, lengths / sums
            of_centroid = _products(np.where(signs, np.float32(1), np.float32(-1)), turned[lists])
            own = share - scale * of_centroid / squares[lists]
            first = start // _ROWS
            _fill(blocks[first : first + -(-len(some) // _ROWS)], signs, scale, own)
            noise += float((1 - sums**2 / (lengths + _TINY) / n_bits).sum())
        return cls(axes, blocks, n, float(np.sqrt(max(noise, 0.0) / n)))

    def save(self, folder: Path) -> None:
        """Write them, if there are any."""
        if self.count:
            np.save(folder / _BLOCKS_FILE, self.blocks, allow_pickle=False)
            facts = {"count": np.int64(self.count), "noise": np.float64(self.noise)}
            np.savez(folder / _FACTS_FILE, allow_pickle=False, axes=self.axes, **facts)

    @classmethod
    def open(cls, folder: Path, files: Collection[str], dim: int, n: int) -> Self:
        """Read what :meth:`save` wrote, the blocks as they are needed; none where ``files`` names none of it.

        Args:
            folder: of the version.
            files: names of its files.
            dim: numbers a vector.
            n: rows of the index, of which the first have sketches.

        Raises:
            CorruptStoreError: the sketches do not fit them.
        """
        if _FACTS_FILE not in files:
            return cls.none()
        path, facts = folder / _FACTS_FILE, read_arrays(folder / _FACTS_FILE)
        if set(facts) != {"axes", "count", "noise"}:
            raise damaged(path, "it holds other arrays than it should")
        n_bits = -(-dim // _BITS) * _BITS
        require(path, "count", facts["count"], np.int64, (), (1, n))
        require(path, "noise", facts["noise"], np.float64, (), (0, 1))
        require(path, "axes", facts["axes"], np.float32, (n_bits, dim))
        count, blocks = int(facts["count"]), read_array(folder / _BLOCKS_FILE, mapped=True)
        shape = (-(-count // _ROWS), _ROWS * (n_bits // _BITS + 4))
        if blocks.shape != shape or blocks.dtype != np.uint8 or n_bits > _MOST_BITS:
            raise damaged(folder / _BLOCKS_FILE, f"the sketches are {blocks.dtype} {blocks.shape}")
        return cls(facts["axes"], blocks, count, float(facts["noise"]))


def _fill(
    blocks: NDArray[np.uint8], signs: NDArray[np.bool_], scale: NDArray[np.float32], own: NDArray[np.float32]
) -> None:
    """Write rows into blocks: their bits (m, D), and two numbers of each (m,)."""
    missing = len(blocks) * _ROWS - len(signs)
    n_bytes = signs.shape[1] // _BITS
    bits = np.pad(np.packbits(signs, axis=1, bitorder="little"), ((0, missing), (0, 0)))
    blocks[:, : _ROWS * n_bytes] = bits.reshape(-1, _ROWS, n_bytes).swapaxes(1, 2).reshape(len(blocks), -1)
    halves = blocks[:, _ROWS * n_bytes :].view(np.uint16).reshape(-1, 2, _ROWS)
    halves[:, 0] = np.pad(_upper_halves(scale), (0, missing)).reshape(-1, _ROWS)
    halves[:, 1] = np.pad(_upper_halves(own), (0, missing)).reshape(-1, _ROWS)


def _products(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    products: NDArray[np.float32] = np.einsum("ij,ij->i", a, b)
    return products


def _upper_halves(numbers: NDArray[np.float32]) -> NDArray[np.uint16]:
    """(n,) of the bits of floats, rounded up: a row is rather looked at twice than not at all."""
    bits = np.ascontiguousarray(numbers, np.float32).view(np.uint32)
    rounded: NDArray[np.uint32] = bits + np.where(numbers > 0, np.uint32(0xFFFF), np.uint32(0))
    return (rounded >> np.uint32(16)).astype(np.uint16)


def _rotation(size: int, seed: int) -> NDArray[np.float32]:
    """(size, size) a random orthogonal matrix."""
    turned, triangle = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))
    rotation: NDArray[np.float32] = (turned * np.sign(np.diagonal(triangle))).astype(np.float32)
    return rotation
