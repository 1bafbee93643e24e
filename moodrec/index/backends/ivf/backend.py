"""The backend of the ``ivf`` presets: inverted lists, probed until the stop rule says that no list matters any more.

The lists are FAISS's. The kernel searches them where it was built and can read their codes
(:mod:`moodrec.index.backends.ivf.kernel_search`); else FAISS does
(:mod:`moodrec.index.backends.ivf.faiss_search`), by a plainer form of the stop rule.
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
)
from moodrec.index.backends.ivf import calibration
from moodrec.index.backends.ivf.faiss_lists import (
    centroids_of,
    fill,
    grown,
    nearest_lists,
    new_rows,
    sizes_of,
    trained,
)
from moodrec.index.backends.ivf.faiss_search import FaissLists
from moodrec.index.backends.ivf.kernel_search import ListSearch, ScanLimits
from moodrec.index.backends.ivf.list_shares import KnownShares
from moodrec.index.backends.ivf.sketches import Sketches
from moodrec.index.backends.ivf.stop_rule import INFORMED, UNINFORMED, StopRule, fit
from moodrec.index.backends.ivf.stored_lists import write_lists
from moodrec.index.kernel.provider import provider
from moodrec.index.rows.segment import Segment
from moodrec.index.rows.stored_arrays import damaged, read_arrays, require
from moodrec.index.runtime import give_back, map_over, threads_for
from moodrec.index.search.blending import Blend
from moodrec.index.search.request import Request
from moodrec.typing import RowNumbers, Vectors

_RULE_FILE: Final = "stop-rule.npz"
_SHARES_FILE: Final = "list-shares.npz"
_MOST_LEVELS: Final = 64
"""Levels that a stop rule may have: more than any number of rows needs."""
_MOST_ROWS: Final = 1 << 48
_LEAST_SCANNED: Final = 300
_SCANNED_SHARE: Final = 0.002
"""Where at most this share of the rows passes, or that many rows, scoring them all is faster than probing lists."""
_MOST_SORTED_SHARE: Final = 0.05
_SORTED_PER_ROOT: Final = 20
"""Where sorted columns find the rows that pass, all are scored up to so many times the square root of the rows,
and up to that share of them.
"""
_SETTLED: Final = (True,)
"""The answer for a single query, made once: making it anew shows in the time of a short search."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """Inverted lists that have been learnt from rows and hold none yet."""

    index: Any
    """The FAISS index, trained and empty."""
    by_list: RowNumbers
    """(n,) The rows in the order of their lists."""
    list_of: NDArray[np.int64]
    """(n,) The list of each row, in that order."""


def learn(vectors: Vectors, config: IndexConfig) -> Learnt:
    """Learn lists from rows, and find the list of each.

    Args:
        vectors: (n, d) float32 rows of unit length, which may be mapped from a file.
        config: the settled preset.

    Raises:
        DataError: there are no rows to learn from.
    """
    if len(vectors) == 0:
        raise DataError(f"preset {config.kind!r} learns from tracks and there are none; use 'flat' or 'auto'")
    index = trained(vectors, config)
    give_back()
    list_of = nearest_lists(index, vectors)
    by_list = np.argsort(list_of, kind="stable")
    return Learnt(index, by_list, list_of[by_list])


@dataclass(eq=False)
class IvfBackend:
    """Inverted lists of a FAISS ``IndexIVFFlat``, ``IndexIVFScalarQuantizer`` (``ivf-sq8``) or ``IndexIVFPQ``
    (``ivf-pq``).

    Candidates get their exact scores from the stored vectors, whatever the lists hold.
    """

    index: Any
    """The FAISS index."""
    rule: StopRule
    """The stop rule, fitted and calibrated."""
    config: IndexConfig
    """The settled preset."""
    learnt_from: int
    """The number of rows that the lists were learnt from."""
    shares: KnownShares = field(default_factory=KnownShares, repr=False)
    """What ranges of moods and which genres pass of each list; indexes of earlier versions have less of it,
    or none.
    """
    sketches: Sketches = field(default_factory=Sketches.none, repr=False)
    """The sketches of the rows that the lists were learnt from."""
    always_scans: bool = False
    passes_over: PassesOver = "any"
    deepest: int = UNBOUNDED
    _search: ListSearch | FaissLists | None = field(default=None, repr=False)
    _calibrating: bool = field(default=False, repr=False)
    """Whether lists are probed however few rows pass, because calibration measures nothing else."""

    @property
    def name(self) -> str:
        """The kind of the preset, such as ``ivf-sq8``."""
        return self.config.kind

    @property
    def lists_are_scanned(self) -> bool:
        """Whether the kernel searches the lists: it tests filters row by row, and ranks by mood as well."""
        return isinstance(self._searcher(), ListSearch)

    @classmethod
    def build(cls, segment: Segment, config: IndexConfig) -> tuple[Segment, Self]:
        """Learn the lists, put the rows of each list beside one another, fill the lists, and calibrate the stop rule.

        Args:
            segment: the n rows.
            config: the settled preset.

        Returns:
            The segment with its rows in the order of their lists, and the backend over it.

        Raises:
            DataError: there are no rows to learn from.
        """
        learnt = learn(segment.vectors, config)
        return cls.over(segment.arranged(learnt.by_list), learnt, config)

    @classmethod
    def over(cls, arranged: Segment, learnt: Learnt, config: IndexConfig) -> tuple[Segment, Self]:
        """Fill lists that were learnt, and calibrate the stop rule.

        Args:
            arranged: the n rows in the order of their lists.
            learnt: the lists.
            config: the settled preset.

        Returns:
            The segment with what searches read beside its rows, and the backend over it.
        """
        index, list_of = learnt.index, learnt.list_of
        fill(index, arranged.vectors, list_of)
        rule = fit(arranged.vectors, centroids_of(index), list_of, config)
        give_back()
        backend = cls(index, rule, config, len(arranged))
        if config.kind != "ivf-pq":  # FAISS searches ivf-pq, and it can use neither
            backend.shares = KnownShares.of(arranged, list_of, index.nlist)
            backend.sketches = Sketches.of(arranged.vectors, rule.centroids, list_of, config.seed)
            give_back()
        backend._calibrate(arranged, list_of)
        return (arranged if config.kind == "ivf-pq" else arranged.ordered()), backend

    def _calibrate(self, segment: Segment, list_of: NDArray[np.int64]) -> None:
        """Lower the shares that the stop rule may leave unprobed until sample searches reach the target recall.

        It does so twice: without tables of the lists, and with tables, where other shares of the rule hold.
        """
        known = calibration.trials(segment, self.config)
        self._calibrating, self._search = True, None
        self._tune(UNINFORMED, calibration.UNINFORMED_GROUPS, segment, known)
        if self.lists_are_scanned:
            of_moods, self.shares = self.shares, calibration.shares_of(known, list_of, self.index.nlist)
            self._search = None
            self._tune(INFORMED, calibration.INFORMED_GROUPS, segment, known)
            self.shares = of_moods
        else:  # A machine with the kernel may open this index, and no search of this one measured those shares.
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
                if calibration.reaches_target(self, segment, trials, self.config.target_recall):
                    break
                self.rule, self._search = self.rule.scaled(calibration.STEP, tables, levels), None

    @classmethod
    def open(cls, folder: Path, config: IndexConfig, facts: Facts, files: Collection[str]) -> Self:
        """Read a backend that :meth:`save` wrote.

        Args:
            folder: the folder of the version.
            config: the settled preset.
            facts: the numbers that :meth:`save` returned.
            files: the names of the version's files.

        Raises:
            CorruptStoreError: a version of moodrec with another stop rule wrote it.
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
        if not 1 <= len(saved["ranks"]) <= _MOST_LEVELS or not 1 <= facts.get("learnt_from", 0) <= _MOST_ROWS:
            raise damaged(folder / _RULE_FILE, "the stop rule does not fit the index")
        rule = StopRule(centroids_of(index), **saved)
        shares = KnownShares()
        if _SHARES_FILE in files:
            shares = KnownShares.open(folder / _SHARES_FILE, index.nlist)
        sketches = Sketches.open(folder, files, index.d, index.ntotal)
        return cls(index, rule, config, int(facts["learnt_from"]), shares, sketches)

    def follows(self, blend: Blend) -> bool:
        return False

    def find(self, segment: Segment, request: Request, depth: int) -> Candidates:
        search, n = self._searcher(), len(request.queries)
        if isinstance(search, FaissLists):
            with threads_for(n):
                return search.find(request.queries, depth, request.passing.mask)
        if n == 1:
            one = search.search(segment, request, depth, 0)
            rows, complete, ranked = (one.ranked.rows,), (one.complete,), (one.ranked,)
            return Candidates(rows, _SETTLED, complete, one.scanned, one.scored, ranked, one.every, one.exact)
        found = map_over(partial(search.search, segment, request, depth), n)
        return Candidates(
            [one.ranked.rows for one in found],
            [True] * n,
            [one.complete for one in found],
            sum([one.scanned for one in found]),
            sum([one.scored for one in found]),
            [one.ranked for one in found],
            False not in [one.every for one in found],
            False not in [one.exact for one in found],
        )

    def _searcher(self) -> ListSearch | FaissLists:
        """Return what searches the lists: the kernel where it was built and can read their codes, else FAISS."""
        if self._search is None:
            if self.name != "ivf-pq" and not self.index.by_residual and provider().searches_lists:
                limits = ScanLimits(-1, -1) if self._calibrating else _scan_limits(self.index.ntotal)
                first = self.config.first_lists
                self._search = ListSearch(self.index, self.rule, first, self.shares, self.sketches, limits)
            else:
                self._search = FaissLists(self.index, self.rule, self.config)
        return self._search

    def extended(self, segment: Segment, n_new: int) -> IvfBackend:
        vectors = segment.vectors[len(segment) - n_new :]
        list_of = nearest_lists(self.index, vectors)
        index = grown(self.index, vectors, list_of, self.config)
        rule, shares = self._with_rows(segment, vectors, list_of)
        backend = replace(self, index=index, rule=rule, shares=shares, _search=None)
        backend._searcher()  # The thread that adds prepares the lists, so that the first search need not.
        return backend

    def _with_rows(
        self, segment: Segment, vectors: Vectors, list_of: NDArray[np.int64]
    ) -> tuple[StopRule, KnownShares]:
        """Return the stop rule and the tables with the last rows of a segment counted in."""
        sizes = sizes_of(self.index) + np.bincount(list_of, minlength=self.index.nlist)
        return self.rule.with_rows(vectors, list_of, sizes), self.shares.added(segment, list_of, sizes)

    def outgrown(self, n: int, max_growth: float) -> bool:
        return bool(n > max_growth * self.learnt_from)

    def save(self, folder: Path) -> Facts:
        write_lists(folder / INDEX_FILE, self.config, self.index)
        return self._save_beside(folder, self.rule, self.shares)

    def save_extended(self, folder: Path, segment: Segment, n_new: int) -> Facts:
        vectors = segment.vectors[len(segment) - n_new :]
        list_of = nearest_lists(self.index, vectors)
        write_lists(
            folder / INDEX_FILE, self.config, self.index, new_rows(self.index, vectors, list_of, self.config)
        )
        return self._save_beside(folder, *self._with_rows(segment, vectors, list_of))

    def _save_beside(self, folder: Path, rule: StopRule, shares: KnownShares) -> Facts:
        """Write what lies beside the lists."""
        np.savez(folder / _RULE_FILE, allow_pickle=False, **rule.fitted)
        shares.save(folder / _SHARES_FILE)
        self.sketches.save(folder)
        return {"learnt_from": self.learnt_from}


def _scan_limits(n: int) -> ScanLimits:
    """Return up to how many of n rows may pass for all of them to be scored instead of probing lists."""
    sampled = max(_LEAST_SCANNED, int(_SCANNED_SHARE * n))
    return ScanLimits(sampled, max(sampled, int(min(_SORTED_PER_ROOT * np.sqrt(n), _MOST_SORTED_SHARE * n))))
