"""What finds candidates: the interface that the presets' structures share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from moodrec.index.rows.catalogue import Catalogue, Rows
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


@dataclass(slots=True, eq=False)
class Visit:
    """What a structure that knows exact scores found for one query, and what it took."""

    ranked: Ranked
    complete: bool
    """Whether these are all rows that pass."""
    every: bool
    """Whether all rows that pass were compared with the query, be it roughly."""
    exact: bool
    """Whether they were by their exact scores."""
    visited: int
    scored: int


class Backend(Protocol):
    """A structure over the rows of a catalogue; the preset ``flat`` has none, and always scans."""

    @property
    def name(self) -> str:
        """The path's name in explanations."""

    @property
    def passes_over(self) -> PassesOver:
        """Which rows it can pass over without losing recall; where it cannot, the rows that pass are scanned."""

    @property
    def deepest(self) -> int:
        """Candidates a query that it can find at most."""

    @property
    def lists_are_scanned(self) -> bool:
        """Whether it takes any filter and mood target as they are, at no more than a scan's cost."""

    def best(self, catalogue: Catalogue, request: Request, depth: int) -> Visit | None:
        """At least ``depth`` rows of a request of one query (fewer: there may be no more), best first; None where it
        does not know their exact scores.
        """

    def find(self, catalogue: Catalogue, request: Request, depth: int) -> Candidates:
        """At least ``depth`` candidates a query (fewer: there may be no more) among the rows that pass."""

    def extended(self, catalogue: Catalogue, n_new: int) -> Backend:
        """With the last ``n_new`` rows of ``catalogue`` added; the old backend is used up."""

    def outgrown(self, max_growth: float) -> bool:
        """Whether building anew would serve better than another addition has."""

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
    """Write a FAISS index."""
    faiss.write_index(index, str(path))


def read_index(path: Path, mapped: bool = False) -> Any:
    """Read a FAISS index whose checksum has been verified: FAISS itself reads damaged files.

    Args:
        path: of the file.
        mapped: leave inverted lists in the file, and map it into memory, where the system can.
    """
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP if mapped and os.name == "posix" else 0)


def in_memory(index: Any) -> None:
    """Bring inverted lists that are mapped from a file into memory, where they can grow and be written. The mapping
    stays as long as the index does: a search in another thread may be reading it.
    """
    mapped = faiss.downcast_InvertedLists(index.invlists)
    if isinstance(mapped, faiss.ArrayInvertedLists):
        return
    lists = faiss.ArrayInvertedLists(index.nlist, index.code_size)
    for i in range(index.nlist):
        if size := mapped.list_size(i):
            lists.add_entries(i, size, mapped.get_ids(i), mapped.get_codes(i))
    index.own_invlists = False
    mapped.this.acquire()
    faiss.add_to_referenced_objects(index, mapped)
    lists.this.disown()
    index.replace_invlists(lists, True)
