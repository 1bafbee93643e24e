"""The search of inverted lists by FAISS alone, for presets and machines that the kernel does not serve.

It is also the reference that the kernel's results are tested against.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.config import IndexConfig
from moodrec.index.backends.base import EXTRA_CANDIDATES, Candidates, bitmap
from moodrec.index.backends.ivf.stop_rule import ProbeOrder, StopRule
from moodrec.index.runtime import faiss
from moodrec.typing import Float32Array, RowMask, Vectors

_OVERSAMPLING: Final = {"ivf": 1, "ivf-sq8": 2, "ivf-pq": 10}
"""Candidates for each row that a search needs: the coarser the codes of the kind, the more."""


class FaissLists:
    """Inverted lists that FAISS probes from the nearest centroid on, in growing steps."""

    def __init__(self, index: Any, rule: StopRule, config: IndexConfig) -> None:
        """Take over an index.

        Args:
            index: a FAISS index with inverted lists.
            rule: the stop rule.
            config: the settled preset.
        """
        self.index = index
        self.rule = rule
        self.config = config

    def find(self, queries: Vectors, depth: int, allowed: RowMask | None) -> Candidates:
        """Probe lists in growing steps, until no list is left that can change the top ``depth`` of a query.

        A query is given up where it would have to probe more lists than a scan of the rows is worth.

        Args:
            queries: (q, d) float32 queries of unit length.
            depth: the number of rows that each query needs.
            allowed: (n,) the rows that pass; None: all.
        """
        kept = (depth + EXTRA_CANDIDATES) * _OVERSAMPLING[self.config.kind]
        bits = None if allowed is None else bitmap(allowed)
        selector = None if bits is None else faiss.IDSelectorBitmap(bits)
        probes = self.rule.probe_order(queries, self.list_sizes, depth if allowed is None else None)
        best = _Best(len(queries), kept)
        active, done, scanned = np.arange(len(queries)), 0, 0
        settled = np.ones(len(queries), bool)
        most = self.config.most_lists * self.index.nlist
        while len(active) and done < self.index.nlist:
            step = slice(done, min(max(self.config.first_lists, 2 * done), self.index.nlist))
            best.merge(active, *self._scan(queries[active], probes, active, step, kept, selector))
            scanned += int(self.list_sizes[probes.lists[active, step]].sum())
            done = step.stop
            needed = probes.needed(active, best.scores[active, depth - 1])
            open_ended = np.isneginf(best.scores[active, depth - 1])  # fewer than depth found yet
            more = (needed > done) | open_ended
            # Where more lists are needed than a scan is worth, the planner scans instead.
            hopeless = more & ((done >= most) | ((needed > most) & ~open_ended))
            settled[active[hopeless]] = False
            active = active[more & ~hopeless]
        rows = [found[found >= 0] for found in best.rows]
        return Candidates(rows, settled.tolist(), [False] * len(queries), scanned, scanned)

    def _scan(
        self,
        queries: Vectors,
        probes: ProbeOrder,
        active: NDArray[np.int64],
        step: slice,
        kept: int,
        selector: Any,
    ) -> tuple[Float32Array, NDArray[np.int64]]:
        """Return the scores and the rows of the best in one step's lists, each (active, kept)."""
        lists = np.ascontiguousarray(probes.lists[active, step])
        near = np.ascontiguousarray(probes.centroid_scores[active, step])
        scores = np.empty((len(active), kept), np.float32)
        rows = np.empty((len(active), kept), np.int64)
        parameters = faiss.SearchParametersIVF(nprobe=lists.shape[1], sel=selector)
        # The Python method of this name without _c refuses parameters, so the C++ one is called.
        self.index.search_preassigned_c(
            len(active),
            faiss.swig_ptr(queries),
            kept,
            faiss.swig_ptr(lists),
            faiss.swig_ptr(near),
            faiss.swig_ptr(scores),
            faiss.swig_ptr(rows),
            False,
            parameters,
            None,
        )
        return np.where(rows < 0, -np.inf, scores).astype(np.float32), rows

    @cached_property
    def list_sizes(self) -> NDArray[np.int64]:
        """(nlist,) The number of rows in each list."""
        sizes = (self.index.invlists.list_size(i) for i in range(self.index.nlist))
        return np.fromiter(sizes, np.int64, self.index.nlist)


class _Best:
    """The best rows that each query has found so far: (q, kept) descending scores, and rows, -1 where there
    is none.
    """

    def __init__(self, n_queries: int, kept: int) -> None:
        self.scores = np.full((n_queries, kept), -np.inf, np.float32)
        self.rows = np.full((n_queries, kept), -1, np.int64)

    def merge(self, queries: NDArray[np.int64], scores: Float32Array, rows: NDArray[np.int64]) -> None:
        """Merge more rows into those of some queries.

        Args:
            queries: (a,) the numbers of the queries.
            scores: (a, m) the scores of the rows.
            rows: (a, m) the rows, -1 where there is none.
        """
        both = np.concatenate([self.scores[queries], scores], axis=1)
        both_rows = np.concatenate([self.rows[queries], rows], axis=1)
        order = np.argsort(-both, axis=1, kind="stable")[:, : self.scores.shape[1]]
        self.scores[queries] = np.take_along_axis(both, order, axis=1)
        self.rows[queries] = np.take_along_axis(both_rows, order, axis=1)
