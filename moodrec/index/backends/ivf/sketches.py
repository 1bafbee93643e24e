"""Sketches of rows: one bit for each number, by which the kernel drops rows without computing their scores.

They are those of RaBitQ (Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound
for Approximate Nearest Neighbor Search", SIGMOD 2024). A row is a multiple s of its list's centroid c, plus an offset
y across it; the sketch x holds the signs of the offset, -1 or 1, after a random rotation. For a query q ::

    <q, row> = s <q, c> + <q, y>,    <q, y> ~ f <q - <q, c> c / |c|^2, x>,    f = |y|^2 / <x, y>

with a standard error of about f sin(q, c) sin(x, y). Rows that are added later have no sketch: their sketches would
lie apart from one another in memory, and sketches pay only where many of a list are read together.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from moodrec.files.npy import write_array
from moodrec.index.rows.stored_arrays import damaged, read_array, read_arrays, require
from moodrec.typing import BoolArray, Float32Array, Vectors

_ROWS: Final = 32
"""Rows of a block, whose bits lie beside one another, so that one instruction reads a byte of each."""
_BITS: Final = 8
"""Bits of a byte."""
_MOST_BITS: Final = 2048
"""The longest sketch that the kernel's integer sums have room for."""
_FEWEST_ROWS: Final = 32
"""Sketches are made where the lists hold at least so many rows on average."""
_ROWS_AT_ONCE: Final = 1 << 13
"""Rows that are sketched at a time; a multiple of the rows of a block."""
_TINY: Final = 1e-12
"""It keeps quotients finite for rows that equal their centroid."""
_BLOCKS_FILE: Final = "sketches.npy"
_FACTS_FILE: Final = "sketch-facts.npz"


@dataclass(frozen=True, eq=False)
class Sketches:
    """The sketches of the rows that the lists were learnt from, or of no rows."""

    axes: Float32Array
    """(D, d) The rows of a random rotation, where D is a multiple of 8; (0, 0) without sketches."""
    blocks: NDArray[np.uint8]
    """(b, 32 (D / 8 + 4)) One block for 32 rows: (D / 8, 32) bytes with the bits of x, then (32,) f and (32,)
    s - f <c, x> / |c|^2, both as the upper halves of float32.
    """
    count: int
    """The number of rows that have a sketch."""
    noise: float
    """The root mean square of sin(x, y), which the error of an estimate is proportional to."""

    @classmethod
    def none(cls) -> Self:
        """Return the sketches of no rows."""
        return cls(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.uint8), 0, 0.0)

    @classmethod
    def of(cls, vectors: Vectors, centroids: Vectors, list_of: NDArray[np.int64], seed: int) -> Self:
        """Sketch rows; where lists are short, sketches do not pay, and there are none.

        Args:
            vectors: (n, d) float32 rows of unit length, in the order of their lists.
            centroids: (nlist, d) the centroids of the lists.
            list_of: (n,) the list of each row.
            seed: the seed of the rotation.
        """
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
        """Write the sketches into a folder, if there are any."""
        if self.count:
            write_array(folder / _BLOCKS_FILE, self.blocks)
            facts = {"count": np.int64(self.count), "noise": np.float64(self.noise)}
            np.savez(folder / _FACTS_FILE, allow_pickle=False, axes=self.axes, **facts)

    @classmethod
    def open(cls, folder: Path, files: Collection[str], dim: int, n: int) -> Self:
        """Read the sketches that :meth:`save` wrote; the blocks are mapped into memory.

        Args:
            folder: the folder of the version.
            files: the names of its files; without sketches among them, there are none.
            dim: the length of a vector.
            n: the number of rows of the index, of which the first have sketches.

        Raises:
            CorruptStoreError: the sketches do not fit the index.
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


def _fill(blocks: NDArray[np.uint8], signs: BoolArray, scale: Float32Array, own: Float32Array) -> None:
    """Write the (m, D) bits of rows and the two numbers of each row into blocks."""
    missing = len(blocks) * _ROWS - len(signs)
    n_bytes = signs.shape[1] // _BITS
    bits = np.pad(np.packbits(signs, axis=1, bitorder="little"), ((0, missing), (0, 0)))
    blocks[:, : _ROWS * n_bytes] = bits.reshape(-1, _ROWS, n_bytes).swapaxes(1, 2).reshape(len(blocks), -1)
    halves = blocks[:, _ROWS * n_bytes :].view(np.uint16).reshape(-1, 2, _ROWS)
    halves[:, 0] = np.pad(_upper_halves(scale), (0, missing)).reshape(-1, _ROWS)
    halves[:, 1] = np.pad(_upper_halves(own), (0, missing)).reshape(-1, _ROWS)


def _products(a: Float32Array, b: Float32Array) -> Float32Array:
    products: Float32Array = np.einsum("ij,ij->i", a, b)
    return products


def _upper_halves(numbers: Float32Array) -> NDArray[np.uint16]:
    """Return (n,) the upper 16 bits of floats, rounded up.

    Rounding up makes estimates too high rather than too low: a row may be scored in vain, but none is dropped
    wrongly.
    """
    bits = np.ascontiguousarray(numbers, np.float32).view(np.uint32)
    rounded: NDArray[np.uint32] = bits + np.where(numbers > 0, np.uint32(0xFFFF), np.uint32(0))
    return (rounded >> np.uint32(16)).astype(np.uint16)


def _rotation(size: int, seed: int) -> Float32Array:
    """Return a (size, size) random orthogonal matrix."""
    turned, triangle = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))
    rotation: Float32Array = (turned * np.sign(np.diagonal(triangle))).astype(np.float32)
    return rotation
