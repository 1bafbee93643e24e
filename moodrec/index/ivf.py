"""The ``ivf`` and ``ivf-sq8`` presets: inverted lists, visited from the nearest on until the top k is settled."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from moodrec.config import IndexConfig
from moodrec.errors import DataError
from moodrec.index.catalogue import Catalogue
from moodrec.index.checks import Vectors
from moodrec.index.engine import (
    INDEX_FILE,
    SPARE,
    UNBOUNDED,
    Candidates,
    Facts,
    Mask,
    PassesOver,
    bitmap,
    read_index,
    write_index,
)
from moodrec.index.runtime import faiss
from moodrec.index.stopping import StopRule, Visits, calibrate

_SPREAD_FILE: Final = "spread.npy"
_ROUNDS: Final = 10
"""Of k-means."""
_ROWS_AT_ONCE: Final = 1 << 16


@dataclass(eq=False)
class IvfEngine:
    """FAISS ``IndexIVFFlat`` or, with ``ivf-sq8``, ``IndexIVFScalarQuantizer`` of 8 bits a number.

    What the latter finds gets its exact score from the stored vectors, like all candidates.
    """

    index: Any
    rule: StopRule
    config: IndexConfig
    learnt_from: int
    """Rows that there were when the lists were learnt."""
    passes_over: PassesOver = "any"
    deepest: int = UNBOUNDED
    _sizes: NDArray[np.int64] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The preset's kind."""
        return self.config.kind

    @classmethod
    def build(cls, vectors: Vectors, config: IndexConfig) -> Self:
        """Learn the lists, fill them, and calibrate the stop rule.

        Raises:
            DataError: there are no rows to learn from.
        """
        if len(vectors) == 0:
            raise DataError(
                f"preset {config.kind!r} learns from tracks and there are none; use 'flat' or 'auto'"
            )
        index = _trained(vectors, config)
        list_of = _fill(index, vectors)
        centroids = index.quantizer.reconstruct_n(0, index.nlist)
        rule = calibrate(vectors, centroids, list_of, config)
        return cls(index, rule, config, len(vectors))

    @classmethod
    def open(cls, folder: Path, config: IndexConfig, facts: Facts) -> Self:
        """Read saved lists."""
        index = read_index(folder / INDEX_FILE)
        centroids = index.quantizer.reconstruct_n(0, index.nlist)
        spread = np.load(folder / _SPREAD_FILE, allow_pickle=False)
        return cls(index, StopRule(centroids, spread, facts["z"]), config, int(facts["learnt_from"]))

    def find(self, queries: Vectors, depth: int, allowed: Mask | None) -> Candidates:
        """Visit lists in growing steps, until no list is left that can change the top ``depth`` of a query.

        A query gives up when that takes more lists than a scan of the rows is worth.
        """
        wanted = depth + SPARE if self.name == "ivf" else 2 * depth + 2 * SPARE
        bits = None if allowed is None else bitmap(allowed)
        selector = None if bits is None else faiss.IDSelectorBitmap(bits)
        visits = self.rule.visits(queries)
        best = _Best(len(queries), wanted)
        active, done, visited = np.arange(len(queries)), 0, 0
        settled = np.ones(len(queries), bool)
        most = self.config.most_lists * self.index.nlist
        while len(active) and done < self.index.nlist:
            step = slice(done, min(max(self.config.first_lists, 2 * done), self.index.nlist))
            best.merge(active, *self._scan(queries[active], visits, active, step, wanted, selector))
            visited += int(self.list_sizes[visits.lists[active, step]].sum())
            done = step.stop
            needed = visits.needed(active, best.scores[active, depth - 1])
            open_ended = needed == self.index.nlist  # fewer than depth found yet
            hopeless = (needed > done) & ((done >= most) | ((needed > most) & ~open_ended))
            settled[active[hopeless]] = False
            active = active[(needed > done) & ~hopeless]
        return Candidates(best.rows, settled, visited)

    def _scan(
        self,
        queries: Vectors,
        visits: Visits,
        active: NDArray[np.int64],
        step: slice,
        wanted: int,
        selector: Any,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The best rows of one step's lists: scores and rows, (active, wanted)."""
        lists = np.ascontiguousarray(visits.lists[active, step])
        near = np.ascontiguousarray(visits.centroid_scores[active, step])
        scores = np.empty((len(active), wanted), np.float32)
        rows = np.empty((len(active), wanted), np.int64)
        parameters = faiss.SearchParametersIVF(nprobe=lists.shape[1], sel=selector)
        # The Python method of this name without _c refuses parameters, so the C++ one is called.
        self.index.search_preassigned_c(
            len(active),
            faiss.swig_ptr(queries),
            wanted,
            faiss.swig_ptr(lists),
            faiss.swig_ptr(near),
            faiss.swig_ptr(scores),
            faiss.swig_ptr(rows),
            False,
            parameters,
            None,
        )
        return np.where(rows < 0, -np.inf, scores).astype(np.float32), rows

    @property
    def list_sizes(self) -> NDArray[np.int64]:
        """(nlist,) rows of each list."""
        if self._sizes is None:
            sizes = (self.index.invlists.list_size(i) for i in range(self.index.nlist))
            self._sizes = np.fromiter(sizes, np.int64, self.index.nlist)
        return self._sizes

    def extended(self, catalogue: Catalogue, n_new: int) -> IvfEngine:
        """Put the new rows into their lists."""
        self.index.add(catalogue.vectors[len(catalogue) - n_new :])
        self._sizes = None
        return self

    def outgrown(self, max_growth: float) -> bool:
        """Whether the lists were learnt from far fewer rows than they now hold."""
        return bool(self.index.ntotal > max_growth * self.learnt_from)

    def save(self, folder: Path) -> Facts:
        """Write the lists and the stop rule."""
        write_index(self.index, folder / INDEX_FILE)
        np.save(folder / _SPREAD_FILE, self.rule.spread, allow_pickle=False)
        return {"z": self.rule.z, "learnt_from": self.learnt_from}


class _Best:
    """The best rows so far, (q, wanted): scores falling, rows -1 where there are none yet."""

    def __init__(self, n_queries: int, wanted: int) -> None:
        self.scores = np.full((n_queries, wanted), -np.inf, np.float32)
        self.rows = np.full((n_queries, wanted), -1, np.int64)

    def merge(self, queries: NDArray[np.int64], scores: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
        """Take in more rows for some of the queries."""
        both = np.concatenate([self.scores[queries], scores], axis=1)
        both_rows = np.concatenate([self.rows[queries], rows], axis=1)
        order = np.argsort(-both, axis=1, kind="stable")[:, : self.scores.shape[1]]
        self.scores[queries] = np.take_along_axis(both, order, axis=1)
        self.rows[queries] = np.take_along_axis(both_rows, order, axis=1)


def _trained(vectors: Vectors, config: IndexConfig) -> Any:
    n, dim = vectors.shape
    nlist = min(config.nlist or max(1, int(4 * np.sqrt(n))), n)
    quantizer = faiss.IndexFlatIP(dim)
    if config.kind == "ivf-sq8":
        bits = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexIVFScalarQuantizer(quantizer, dim, nlist, bits, faiss.METRIC_INNER_PRODUCT)
    else:
        index = faiss.IndexIVFFlat(quantizer, dim, nlist, faiss.METRIC_INNER_PRODUCT)
    index.cp.spherical = True
    index.cp.niter = _ROUNDS
    index.cp.seed = config.seed
    index.cp.min_points_per_centroid = 1  # small catalogues are no reason for a warning
    index.cp.max_points_per_centroid = config.training_rows
    index.train(np.ascontiguousarray(vectors))
    return index


def _fill(index: Any, vectors: Vectors) -> NDArray[np.int64]:
    """Add all rows; returns the list of each, (n,)."""
    parts = []
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        part = np.ascontiguousarray(vectors[start : start + _ROWS_AT_ONCE])
        _, lists = index.quantizer.search(part, 1)
        index.add_core(len(part), faiss.swig_ptr(part), None, faiss.swig_ptr(lists))
        parts.append(lists[:, 0])
    return np.concatenate(parts)
