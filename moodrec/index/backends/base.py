"""What finds candidates: the interface that the presets' structures share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import CorruptStoreError
from moodrec.index.rows.segment import Rows, Segment
from moodrec.index.runtime import faiss
from moodrec.index.search.hits import Ranked
from moodrec.index.search.request import Request

INDEX_FILE: Final = "index.faiss"
SPARE: Final = 16
"""Candidates beyond those asked for, so that float32 rounding of a score does not cost a hit."""

Mask = NDArray[np.bool_]
Facts = dict[str, float]
UNBOUNDED: Final = 1 << 62
"""As :attr:`Backend.deepest`: as many as there are."""
PassesOver = Literal["any", "tombstones", "none"]
"""``any``: those that a filter drops; ``tombstones``: removed ones, which are few; ``none``."""


@dataclass(slots=True, eq=False)
class Candidates:
    """Rows that may be among the best of each query, in any order; they get exact scores unless they have them."""

    rows: Sequence[Rows]
    """Of each query."""
    settled: Sequence[bool]
    """Of each query: False where the search gave up, because a scan is cheaper than what is left to do."""
    complete: Sequence[bool]
    """Of each query: whether these are all rows that pass."""
    visited: int
    """Rows looked at, over all queries."""
    scored: int
    """Rows compared with a query, be it by their sketches alone."""
    ranked: Sequence[Ranked] | None = None
    """The same rows best first, if the structure knows their exact scores."""
    every: bool = False
    """Whether every row that passes was compared with the query, be it roughly."""
    exact: bool = False
    """Whether every one was, by its exact score."""


class Backend(Protocol):
    """A structure over the rows of a segment, which it finds candidates in. It never changes: rows are added to a
    copy, so that searches in other threads go on undisturbed.
    """

    @property
    def name(self) -> str:
        """The path's name in explanations."""

    @property
    def always_scans(self) -> bool:
        """Whether every search is a scan of the rows that pass."""

    @property
    def passes_over(self) -> PassesOver:
        """Which rows it can pass over without losing recall; where it cannot, the rows that pass are scanned."""

    @property
    def deepest(self) -> int:
        """Candidates a query that it can find at most."""

    @property
    def lists_are_scanned(self) -> bool:
        """Whether it takes any filter and mood target as they are, at no more than a scan's cost."""

    def find(self, segment: Segment, request: Request, depth: int) -> Candidates:
        """Find at least ``depth`` candidates a query (fewer: there may be no more) among the rows that pass."""

    def extended(self, segment: Segment, n_new: int) -> Backend:
        """Return a backend with the last ``n_new`` rows of ``segment`` added; this one stays as it is."""

    def outgrown(self, n: int, max_growth: float) -> bool:
        """Whether an index of ``n`` rows would be served better by a backend that is built anew."""

    def save(self, folder: Path) -> Facts:
        """Write what cannot be had from the vectors; the numbers returned go into the manifest."""


def from_table(rows: Rows, visited: int) -> Candidates:
    """The (q, m) rows that FAISS found, -1 where there are fewer; each query looked at ``visited`` rows."""
    n = len(rows)
    found = [one[one >= 0] for one in rows]
    return Candidates(found, [True] * n, [False] * n, n * visited, n * visited)


def bitmap(allowed: Mask) -> NDArray[np.uint8]:
    """The bits of a FAISS ``IDSelectorBitmap``; keep them while the selector is used."""
    return np.packbits(allowed, bitorder="little")


def write_index(index: Any, path: Path) -> None:
    """Write a FAISS index.

    FAISS's own files would lose the error of their last, buffered bytes.

    Raises:
        OSError: the file cannot be written.
    """
    faults: list[OSError] = []
    with path.open("wb") as file:

        def write(data: bytes) -> None:
            if not faults:
                try:
                    file.write(data)
                except OSError as error:  # FAISS can pass on no exception of Python
                    faults.append(error)

        faiss.write_index(index, faiss.PyCallbackIOWriter(write, 1 << 22))
        if faults:
            raise faults[0]


def read_index(path: Path, mapped: bool = False) -> Any:
    """Read a FAISS index whose checksum has been verified: FAISS itself reads damaged files.

    Args:
        path: of the file.
        mapped: leave inverted lists in the file, and map it into memory, where the system can.
    """
    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP if mapped and os.name == "posix" else 0)
    except RuntimeError as error:
        raise CorruptStoreError(f"{path}: FAISS cannot read the file ({_first_line(error)})") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
