"""The structure of a FAISS file is checked before FAISS reads it, because the file may be a stranger's.

FAISS believes what a file says: its sizes, the numbers of rows in its lists, the links of its graph, even the names
of other files. So only the types that moodrec writes are let through, every size must follow from the number of rows
and their length, and every number that FAISS or the kernel uses as a place must lie where it may. What is large is
not copied.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from moodrec.config import IndexConfig
from moodrec.index.rows.stored_arrays import all_finite, damaged

_HEADER: Final = "<iqqq?i"
"""The dimension, the number of rows, two numbers without meaning, whether it is trained, and the metric."""
_INNER_PRODUCT: Final = 0
_UNTOUCHED: Final = 1 << 20
"""The value of the two numbers without meaning."""
_TYPES: Final = {"ivf": b"IwFl", "ivf-sq8": b"IwSq", "ivf-pq": b"IwPQ", "hnsw": b"IHNf"}
_MOST_LEVELS: Final = 64
"""Levels of a graph: FAISS makes some ten for a million rows."""


def check_faiss_file(path: Path, config: IndexConfig, n: int, dim: int) -> None:
    """Check that a FAISS file is one that moodrec may have written for some rows.

    Args:
        path: the file.
        config: the settled preset.
        n: the number of rows.
        dim: the length of a row.

    Raises:
        CorruptStoreError: it is not.
    """
    file = _FaissFile(path)
    file.expect(_TYPES[config.kind], "another kind of index")
    file.header(dim, n)
    if config.kind == "hnsw":
        _check_graph(file, config, n)
        file.flat(dim, n)
    else:
        _check_lists(file, config, n, dim)
    file.require(file.place == len(file.data), "it goes on after its end")


class _FaissFile:
    """A FAISS file that is mapped into memory and read from its start on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = 0
        if not path.stat().st_size:
            raise damaged(path, "it is empty")
        self.data: NDArray[np.uint8] = np.memmap(path, np.uint8, "r")

    def require(self, holds: bool | np.bool_, otherwise: str) -> None:
        """Raise if something does not hold."""
        if not holds:
            raise damaged(self.path, otherwise)

    def take(self, layout: str) -> tuple[Any, ...]:
        """Read numbers as :mod:`struct` describes them."""
        return struct.unpack(layout, self.array(np.uint8, struct.calcsize(layout)).tobytes())

    def array(self, dtype: DTypeLike, count: int) -> NDArray[Any]:
        """Return the next ``count`` numbers of a type, without copying them."""
        size = count * np.dtype(dtype).itemsize
        self.require(0 <= size <= len(self.data) - self.place, "it ends too early")
        self.place += size
        if not count:
            return np.empty(0, dtype)
        return np.frombuffer(self.data, dtype, count, self.place - size)

    def vector(self, dtype: DTypeLike, count: int | None = None, each: int = 1) -> NDArray[Any]:
        """Return an array whose length is stored before it, as a multiple of ``each``, and must be ``count``."""
        (length,) = self.take("<Q")
        self.require(count is None or length * each == count, "an array has another size than it should")
        return self.array(dtype, length * each)

    def expect(self, name: bytes, otherwise: str) -> None:
        """Read the four letters that name what follows."""
        self.require(self.array(np.uint8, 4).tobytes() == name, otherwise)

    def header(self, dim: int, n: int) -> None:
        """Read what every index begins with; it must hold ``n`` rows of ``dim`` numbers."""
        found = self.take(_HEADER)
        wanted = (dim, n, _UNTOUCHED, _UNTOUCHED, True, _INNER_PRODUCT)
        self.require(found == wanted, "it does not fit the vectors")

    def flat(self, dim: int, n: int) -> None:
        """Read an index that holds ``n`` vectors as they are."""
        self.expect(b"IxFI", "its vectors are of another kind")
        self.header(dim, n)
        self.finite(self.vector(np.float32, n * dim))

    def finite(self, numbers: NDArray[Any]) -> None:
        """Raise if a number is not finite."""
        self.require(all_finite(numbers), "it holds numbers that are not finite")


def _check_lists(file: _FaissFile, config: IndexConfig, n: int, dim: int) -> None:
    """Read inverted lists: their centroids, their codes and the numbers of their rows."""
    nlist, probes = file.take("<QQ")
    file.require(0 < nlist <= len(file.data) and 0 < probes <= nlist, "the number of its lists is wrong")
    file.flat(dim, nlist)
    file.require(file.take("<bQ") == (0, 0), "it holds a map of rows")
    code_size = _check_codes(file, config.kind, dim)
    file.expect(b"ilar", "its lists are of another kind")
    file.require(file.take("<QQ") == (nlist, code_size), "its lists do not fit")
    form = file.array(np.uint8, 4).tobytes()
    file.require(form in (b"full", b"sprs"), "its lists are of another kind")
    sizes: NDArray[np.int64] = np.zeros(nlist, np.int64)
    if form == b"full":
        sizes[:] = file.vector(np.int64, nlist)
    else:
        flat = file.vector(np.int64)
        file.require(len(flat) % 2 == 0, "its lists are of another kind")
        pairs = flat.reshape(-1, 2)
        file.require(_ascend(pairs[:, 0], nlist), "its lists are out of range")
        sizes[pairs[:, 0]] = pairs[:, 1]
    file.require(_add_up(sizes, n), "its lists do not hold all rows once")
    seen, ascend = np.zeros(n, bool), True
    for size in sizes[sizes > 0].tolist():
        codes = file.array(np.uint8, size * code_size)
        if config.kind == "ivf":
            file.finite(codes.view(np.float32))
        rows = file.array(np.int64, size)
        file.require(rows.min() >= 0 and rows.max() < n, "rows in its lists are out of range")
        ascend = ascend and bool((rows[1:] > rows[:-1]).all())
        seen[rows] = True
    file.require(seen.all(), "its lists do not hold all rows once")
    file.require(ascend, "rows in its lists do not ascend")  # as the kernel believes


def _ascend(numbers: NDArray[np.int64], end: int) -> bool:
    """Whether numbers ascend from 0 or more to less than ``end``."""
    if not len(numbers):
        return True
    return bool(numbers[0] >= 0 and numbers[-1] < end and (np.diff(numbers) > 0).all())


def _add_up(sizes: NDArray[np.int64], n: int) -> bool:
    """Whether lists hold ``n`` rows together; sums of wrong sizes may overflow, so each is compared first."""
    return bool((sizes >= 0).all() and (sizes <= n).all() and sizes.sum() == n)


def _check_codes(file: _FaissFile, kind: str, dim: int) -> int:
    """Read how a row is coded, and return the bytes that a code takes."""
    code_size = 4 * dim
    if kind == "ivf-sq8":
        found = file.take("<iif")
        file.require(found == (0, 0, 0.0) and file.take("<QQ") == (dim, dim), "its codes are of another kind")
        file.finite(file.vector(np.float32, 2 * dim))
        file.require(file.take("<Q?") == (dim, False), "its codes are of another kind")
        return dim
    if kind == "ivf-pq":
        _, code_size = file.take("<?Q")
        of, pieces, bits = file.take("<QQQ")
        fits = of == dim and 0 < pieces <= dim and dim % pieces == 0 and 1 <= bits <= 8
        file.require(fits and code_size == -(-pieces * bits // 8), "its codes are of another kind")
        file.finite(file.vector(np.float32, dim << bits))
    return int(code_size)


def _check_graph(file: _FaissFile, config: IndexConfig, n: int) -> None:
    """Read a graph: the levels of its rows, where their links lie, and the rows that they name."""
    shares = file.vector(np.float64)
    file.require(0 < len(shares) <= _MOST_LEVELS and all_finite(shares), "its levels are wrong")
    file.require((shares > 0).all() and shares.sum() <= 1 + 1e-6, "its levels are wrong")
    room = file.vector(np.int32, len(shares) + 1).astype(np.int64)
    wanted = config.links * np.arange(1, len(shares) + 2)
    wanted[0] = 0
    file.require((room == wanted).all(), "its rows have another number of links")
    levels = file.vector(np.int32, n)
    file.require(not n or bool(levels.min() >= 1 and levels.max() <= len(shares)), "a level is out of range")
    offsets = file.vector(np.uint64, n + 1)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(room[levels])])
    file.require((offsets == ends.astype(np.uint64)).all(), "its links do not follow one another")
    links = file.vector(np.int32, int(ends[-1]))
    file.require(not n or bool(links.min() >= -1 and links.max() < n), "a link is out of range")
    _check_upper_links(file, links, levels, ends, room)
    first, top, effort, _, _ = file.take("<5i")
    file.require(effort == config.ef_construction, "it was built with other settings")
    if n:
        file.require(0 <= first < n, "its first row is out of range")
        file.require(
            top == levels.max() - 1 == levels[first] - 1, "its first row is not on its highest level"
        )
    else:
        file.require((first, top) == (-1, -1), "its first row is out of range")


def _check_upper_links(
    file: _FaissFile,
    links: NDArray[np.int32],
    levels: NDArray[np.int32],
    ends: NDArray[np.int64],
    room: NDArray[np.int64],
) -> None:
    """Check that a link on a level leads to a row of that level: FAISS reads on at that row's links there."""
    for level in range(1, int(levels.max(initial=0))):
        rows = np.flatnonzero(levels > level)
        places = ends[rows][:, None] + np.arange(room[level], room[level + 1])
        named = links[places]
        file.require((levels[named[named >= 0]] > level).all(), "a link leads to another level")
