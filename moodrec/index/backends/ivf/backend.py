"""The ``ivf`` presets: inverted lists around centroids, visited until no list is left that can change the top k.

The lists are FAISS's. The kernel (:mod:`moodrec.index.backends.ivf.kernel_search`) searches them where it was built
codes; else FAISS does (:mod:`moodrec.index.backends.ivf.faiss_search`), by a plainer form of the stop rule.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from moodrec.config import IndexConfig
from moodrec.errors import CorruptStoreError, DataError
from moodrec.index.backends.base import (
    INDEX_FILE,
    UNBOUNDED,
    Candidates,
    Facts,
    PassesOver,
    read_index,
    write_index,
)
from moodrec.index.backends.ivf import calibration
from moodrec.index.backends.ivf.faiss_lists import centroids_of, fill, grown, nearest_lists, sizes_of, trained
from moodrec.index.backends.ivf.faiss_search import FaissLists
from moodrec.index.backends.ivf.kernel_search import Few, ListSearch
from moodrec.index.backends.ivf.list_shares import KnownShares
from moodrec.index.backends.ivf.sketches import Sketches
from moodrec.index.backends.ivf.stop_rule import INFORMED, UNINFORMED, StopRule, fit
from moodrec.index.kernel import binding as kernel
from moodrec.index.rows.segment import Segment
from moodrec.index.rows.stored_arrays import damaged, read_arrays, require
from moodrec.index.runtime import map_over, threads_for
from moodrec.index.search.request import Request

_RULE_FILE: Final = "stop-rule.npz"
_SHARES_FILE: Final = "list-shares.npz"
_MOST_LEVELS: Final = 64
_LEAST_FEW: Final = 300
_FEW_SHARE: Final = 0.002
"""Of the rows: so few are scored sooner than lists are visited for the best of them."""
_MOST_MARKED_SHARE: Final = 0.05
_MARKED: Final = 20
"""Times the square root of the rows: the same where they need not be looked for, up to that share."""
_SETTLED: Final = (True,)


@dataclass(eq=False)
class IvfBackend:
    """FAISS ``IndexIVFFlat``, ``IndexIVFScalarQuantizer`` (``ivf-sq8``) or ``IndexIVFPQ`` (``ivf-pq``).

    What is found gets its exact score from the stored vectors, like all candidates.
    """

    index: Any
    rule: StopRule
    config: IndexConfig
    learnt_from: int
    """Rows that there were when the lists were learnt."""
    shares: KnownShares = field(default_factory=KnownShares, repr=False)
    """Of moods and genres; an index of an earlier version has none, or knows less."""
    sketches: Sketches = field(default_factory=Sketches.none, repr=False)
    always_scans: bool = False
    passes_over: PassesOver = "any"
    deepest: int = UNBOUNDED
    _search: ListSearch | FaissLists | None = field(default=None, repr=False)
    _calibrating: bool = field(default=False, repr=False)
    """Whether lists are visited however few rows pass."""

    @property
    def name(self) -> str:
        """The preset's kind."""
        return self.config.kind

    @property
    def lists_are_scanned(self) -> bool:
        """Whether the kernel searches: it takes filters as they are, and ranks by mood as well."""
        return isinstance(self._searcher(), ListSearch)

    @classmethod
    def build(cls, segment: Segment, config: IndexConfig) -> tuple[Segment, Self]:
        """Learn the lists, put the rows of each beside one another, fill them, and calibrate the stop rule.

        Raises:
            DataError: there are no rows to learn from.
        """
        if len(segment) == 0:
            raise DataError(
                f"preset {config.kind!r} learns from tracks and there are none; use 'flat' or 'auto'"
            )
        index = trained(segment.vectors, config)
        list_of = nearest_lists(index, segment.vectors)
        by_list = np.argsort(list_of, kind="stable")
        arranged, list_of = segment.arranged(by_list), list_of[by_list]
        fill(index, arranged.vectors, list_of)
        rule = fit(arranged.vectors, centroids_of(index), list_of, config)
        backend = cls(index, rule, config, len(arranged))
        if config.kind != "ivf-pq":  # FAISS searches that, and takes no hints
            backend.shares = KnownShares.of(arranged, list_of, index.nlist)
            backend.sketches = Sketches.of(arranged.vectors, rule.centroids, list_of, config.seed)
        backend._calibrate(arranged, list_of)
        return (arranged if config.kind == "ivf-pq" else arranged.ordered()), backend

    def _calibrate(self, segment: Segment, list_of: NDArray[np.int64]) -> None:
        """Give the stop rule as much patience as sample searches need to find enough, and the same again where it is
        known which lists hold what a filter passes.
        """
        known = calibration.trials(segment, self.config)
        self._calibrating, self._search = True, None
        self._tune(UNINFORMED, calibration.UNINFORMED_GROUPS, segment, known)
        if self.lists_are_scanned:
            of_moods, self.shares = self.shares, calibration.shares_of(known, list_of, self.index.nlist)
            self._search = None
            self._tune(INFORMED, calibration.INFORMED_GROUPS, segment, known)
            self.shares = of_moods
        else:  # whoever opens it with the kernel goes by shares that nothing was measured with
            self.rule = self.rule.scaled(calibration.STEP**calibration.MOST_STEPS, INFORMED)
        self._calibrating, self._search = False, None

    def _tune(
        self,
        tables: Sequence[str],
        groups: calibration.Groups,
        segment: Segment,
        known: Sequence[calibration.Trial],
    ) -> None:
        for levels, kinds in groups:
            trials = [one for one in known if one.kind in kinds]
            for _ in range(calibration.MOST_STEPS):
                if calibration.enough(self, segment, trials, self.config.target_recall):
                    break
                self.rule, self._search = self.rule.scaled(calibration.STEP, tables, levels), None

    @classmethod
    def open(cls, folder: Path, config: IndexConfig, facts: Facts, files: Collection[str]) -> Self:
        """Read saved lists; ``files`` names what was saved.

        Raises:
            CorruptStoreError: they were written by a version that stopped by another rule.
        """
        if _RULE_FILE not in files:
            raise CorruptStoreError(f"{folder}: written by an earlier moodrec; build the index anew")
        index = read_index(folder / INDEX_FILE, mapped=True)
        saved = read_arrays(folder / _RULE_FILE)
        if set(saved) != StopRule.fields():
            raise CorruptStoreError(f"{folder}: written by an earlier moodrec; build the index anew")
        for name, array in saved.items():
            shape = {"spread": (index.nlist,), "shape": (index.d, index.d)}.get(name, (len(saved["ranks"]),))
            require(folder / _RULE_FILE, name, array, np.float32, shape)
        if not 1 <= len(saved["ranks"]) <= _MOST_LEVELS or "learnt_from" not in facts:
            raise damaged(folder / _RULE_FILE, "the stop rule does not fit the index")
        rule = StopRule(centroids_of(index), **saved)
        shares = KnownShares()
        if _SHARES_FILE in files:
            shares = KnownShares.open(folder / _SHARES_FILE, index.nlist)
        sketches = Sketches.open(folder, files, index.d, index.ntotal)
        return cls(index, rule, config, int(facts["learnt_from"]), shares, sketches)

    def find(self, segment: Segment, request: Request, depth: int) -> Candidates:
        """Probe lists from the most promising on, until none is left that can change the top ``depth`` of a query."""
        search, n = self._searcher(), len(request.queries)
        if isinstance(search, FaissLists):
            with threads_for(n):
                return search.find(request.queries, depth, request.passing.mask)
        if n == 1:
            one = search.search(segment, request, depth, 0)
            rows, complete, ranked = (one.ranked.rows,), (one.complete,), (one.ranked,)
            return Candidates(rows, _SETTLED, complete, one.visited, one.scored, ranked, one.every, one.exact)
        found = map_over(partial(search.search, segment, request, depth), n)
        return Candidates(
            [one.ranked.rows for one in found],
            [True] * n,
            [one.complete for one in found],
            sum([one.visited for one in found]),
            sum([one.scored for one in found]),
            [one.ranked for one in found],
            False not in [one.every for one in found],
            False not in [one.exact for one in found],
        )

    def _searcher(self) -> ListSearch | FaissLists:
        if self._search is None:
            if self.name != "ivf-pq" and not self.index.by_residual and kernel.library() is not None:
                few = Few(-1, -1) if self._calibrating else _few(self.index.ntotal)
                first = self.config.first_lists
                self._search = ListSearch(self.index, self.rule, first, self.shares, self.sketches, few)
            else:
                self._search = FaissLists(self.index, self.rule, self.config)
        return self._search

    def extended(self, segment: Segment, n_new: int) -> IvfBackend:
        """Return a backend with the new rows at the ends of its lists; this one stays as it is."""
        vectors = segment.vectors[len(segment) - n_new :]
        list_of = nearest_lists(self.index, vectors)
        sizes = sizes_of(self.index) + np.bincount(list_of, minlength=self.index.nlist)
        index = grown(self.index, vectors, list_of, self.config)
        shares = self.shares.added(segment, list_of, sizes)
        rule = self.rule.with_rows(vectors, list_of, sizes)
        backend = replace(self, index=index, rule=rule, shares=shares, _search=None)
        backend._searcher()  # now, in the thread that adds, and not in the first search
        return backend

    def outgrown(self, n: int, max_growth: float) -> bool:
        """Whether the lists were learnt from far fewer rows than ``n``."""
        return bool(n > max_growth * self.learnt_from)

    def save(self, folder: Path) -> Facts:
        """Write the lists and the stop rule."""
        write_index(self.index, folder / INDEX_FILE)
        np.savez(folder / _RULE_FILE, allow_pickle=False, **self.rule.fitted)
        self.shares.save(folder / _SHARES_FILE)
        self.sketches.save(folder)
        return {"learnt_from": self.learnt_from}


def _few(n: int) -> Few:
    unmarked = max(_LEAST_FEW, int(_FEW_SHARE * n))
    return Few(unmarked, max(unmarked, int(min(_MARKED * np.sqrt(n), _MOST_MARKED_SHARE * n))))
