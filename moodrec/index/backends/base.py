"""The protocol that every backend follows: a backend finds candidates for a search among the rows of a segment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import CorruptStoreError
from moodrec.index.rows.segment import Segment
from moodrec.index.runtime import faiss
from moodrec.index.search.blending import Blend
from moodrec.index.search.hits import Ranked
from moodrec.index.search.request import Request
from moodrec.typing import RowMask, RowNumbers

INDEX_FILE: Final = "index.faiss"
EXTRA_CANDIDATES: Final = 16
"""Candidates beyond those that a search needs, so that rounding of an approximate score does not lose a hit."""

Facts = dict[str, float]
"""The numbers of a backend that the manifest of a saved version holds, by name."""
UNBOUNDED: Final = 1 << 62
"""The value of :attr:`Backend.deepest` for a backend that can find any number of candidates."""
PassesOver = Literal["any", "tombstones", "none"]
"""The rows that a backend can skip: ``any`` that a filter drops, the few ``tombstones``, or ``none``."""


@dataclass(slots=True, eq=False)
class Candidates:
    """Rows that may be among the best of each query, in any order; the planner computes scores that are missing."""

    rows: Sequence[RowNumbers]
    """The candidates of each query."""
    settled: Sequence[bool]
    """False for a query that the search gave up, because a scan is cheaper than the lists that are left to probe."""
    complete: Sequence[bool]
    """Whether the candidates of a query are all rows that pass."""
    scanned: int
    """Rows that were tested against the conditions, over all queries."""
    scored: int
    """Rows that were compared with a query, some of them by their sketches alone, over all queries."""
    ranked: Sequence[Ranked] | None = None
    """The candidates of each query with their exact scores, best first; None where the scores are not exact."""
    every: bool = False
    """Whether every row that passes was compared with the query, if only by its code."""
    exact: bool = False
    """Whether every row that passes was compared by its exact score."""


class Backend(Protocol):
    """A structure over the rows of a segment that finds candidates among them.

    It never changes: rows are added to a copy, so that searches in other threads go on undisturbed.
    """

    @property
    def name(self) -> str:
        """The name of the search's path in explanations."""

    @property
    def always_scans(self) -> bool:
        """Whether every search is a scan of the rows that pass."""

    @property
    def passes_over(self) -> PassesOver:
        """The rows that it can skip without losing recall; a search that must skip others becomes a scan."""

    @property
    def deepest(self) -> int:
        """The largest number of candidates that it can find for a query."""

    @property
    def lists_are_scanned(self) -> bool:
        """Whether it applies any filter and mood target itself, at no more than the cost of a scan."""

    def follows(self, blend: Blend) -> bool:
        """Whether it finds candidates by their blended scores, where :attr:`lists_are_scanned` does not say so.

        Args:
            blend: the mood targets of a search.
        """

    def find(self, segment: Segment, request: Request, depth: int) -> Candidates:
        """Find candidates among the rows that pass.

        Args:
            segment: the rows that the backend was built over.
            request: the search.
            depth: the number of candidates that each query needs.

        Returns:
            At least ``depth`` candidates a query; fewer where no more rows pass, or where the search missed some.
        """

    def extended(self, segment: Segment, n_new: int) -> Backend:
        """Return a copy of the backend with new rows added.

        Args:
            segment: the rows of the backend, followed by the new ones.
            n_new: the number of new rows.
        """

    def outgrown(self, n: int, max_growth: float) -> bool:
        """Check whether the backend was built for far fewer rows than the index has.

        Args:
            n: the number of rows that the index has.
            max_growth: how many times larger than when the backend was built the index may be.
        """

    def save(self, folder: Path) -> Facts:
        """Write what cannot be worked out from the vectors into a folder, and return numbers for the manifest."""

    def save_extended(self, folder: Path, segment: Segment, n_new: int) -> Facts:
        """Write what :meth:`save` of a copy with new rows would, where possible without making that copy.

        Args:
            folder: the folder of the version.
            segment: the rows of the backend, followed by the new ones.
            n_new: the number of new rows.
        """


def from_table(rows: RowNumbers, scanned: int) -> Candidates:
    """Make candidates of the table that FAISS returns.

    Args:
        rows: (q, m) rows, -1 where FAISS found fewer.
        scanned: the number of rows that each query was compared with.
    """
    n = len(rows)
    found = [one[one >= 0] for one in rows]
    return Candidates(found, [True] * n, [False] * n, n * scanned, n * scanned)


def bitmap(allowed: RowMask) -> NDArray[np.uint8]:
    """Pack (n,) truth values for a FAISS ``IDSelectorBitmap``, which reads the bits as long as it is used."""
    return np.packbits(allowed, bitorder="little")


def write_index(index: Any, path: Path) -> None:
    """Write a FAISS index to a file.

    FAISS's own files would lose the error of their last, buffered bytes.

    Args:
        index: the index.
        path: the path of the file.

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
    """Read a FAISS index whose checksum has been verified, because FAISS itself does not notice damage.

    Args:
        path: the path of the file.
        mapped: whether inverted lists stay in the file, which is mapped into memory where the system can.

    Raises:
        CorruptStoreError: FAISS cannot read the file.
    """
    try:
        flags = faiss.IO_FLAG_MMAP if mapped and os.name == "posix" else 0
        if _is_utf8(path):
            return faiss.read_index(str(path), flags)
        with path.open(
            "rb"
        ) as file:  # FAISS takes names in UTF-8 alone; the system knows an open file by another
            return faiss.read_index(f"/dev/fd/{file.fileno()}", flags)
    except RuntimeError as error:
        raise CorruptStoreError(f"{path}: FAISS cannot read the file ({_first_line(error)})") from None


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
