"""The ``ivf`` presets: inverted lists around centroids, visited until no list is left that can change the top k.

The lists are FAISS's. The kernel (:mod:`moodrec.index.backends.ivf.kernel_search`) searches them where it was built
codes; else FAISS does (:mod:`moodrec.index.backends.ivf.faiss_search`), by a plainer form of the stop rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    Visit,
    in_memory,
    read_index,
    write_index,
)
from moodrec.index.backends.ivf import calibration
from moodrec.index.backends.ivf.clustering import some_rows, split_centroids
from moodrec.index.backends.ivf.faiss_search import FaissLists
from moodrec.index.backends.ivf.kernel_search import Few, ListSearch
from moodrec.index.backends.ivf.list_shares import KnownShares
from moodrec.index.backends.ivf.sketches import Sketches
from moodrec.index.backends.ivf.stop_rule import INFORMED, UNINFORMED, StopRule, fit
from moodrec.index.kernel import binding as kernel
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.validation import Vectors
from moodrec.index.runtime import faiss, map_over, threads_for
from moodrec.index.search.request import Request

_RULE_FILE: Final = "stop-rule.npz"
_SHARES_FILE: Final = "list-shares.npz"
_LEAST_FEW: Final = 300
_FEW_SHARE: Final = 0.002
"""Of the rows: so few are scored sooner than lists are visited for the best of them."""
_MOST_MARKED_SHARE: Final = 0.05
_MARKED: Final = 20
"""Times the square root of the rows: the same where they need not be looked for, up to that share."""
_SOME_ROWS: Final = 250_000
_MANY_LISTS: Final = 3_000
"""From here on, they are learnt group by group."""
_ROUNDS: Final = 10
"""Of k-means."""
_ROWS_AT_ONCE: Final = 1 << 16


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
    def build(cls, catalogue: Catalogue, config: IndexConfig) -> tuple[Catalogue, Self]:
        """Learn the lists, put the rows of each beside one another, fill them, and calibrate the stop rule.

        Raises:
            DataError: there are no rows to learn from.
        """
        if len(catalogue) == 0:
            raise DataError(
                f"preset {config.kind!r} learns from tracks and there are none; use 'flat' or 'auto'"
            )
        index = _trained(catalogue.vectors, config)
        list_of = _nearest_lists(index, catalogue.vectors)
        by_list = np.argsort(list_of, kind="stable")
        arranged, list_of = catalogue.arranged(by_list), list_of[by_list]
        _fill(index, arranged.vectors, list_of)
        rule = fit(arranged.vectors, _centroids(index), list_of, config)
        backend = cls(index, rule, config, len(arranged))
        if config.kind != "ivf-pq":  # FAISS searches that, and takes no hints
            backend.shares = KnownShares.of(arranged, list_of, index.nlist)
            backend.sketches = Sketches.of(arranged.vectors, rule.centroids, list_of, config.seed)
        backend._calibrate(arranged, list_of)
        return (arranged if config.kind == "ivf-pq" else arranged.ordered()), backend

    def _calibrate(self, catalogue: Catalogue, list_of: NDArray[np.int64]) -> None:
        """Give the stop rule as much patience as sample searches need to find enough, and the same again where it is
        known which lists hold what a filter passes.
        """
        known = calibration.trials(catalogue, self.config)
        self._calibrating, self._search = True, None
        self._tune(UNINFORMED, calibration.UNINFORMED_GROUPS, catalogue, known)
        if self.lists_are_scanned:
            of_moods, self.shares = self.shares, calibration.shares_of(known, list_of, self.index.nlist)
            self._search = None
            self._tune(INFORMED, calibration.INFORMED_GROUPS, catalogue, known)
            self.shares = of_moods
        else:  # whoever opens it with the kernel goes by shares that nothing was measured with
            self.rule = self.rule.scaled(calibration.STEP**calibration.MOST_STEPS, INFORMED)
        self._calibrating, self._search = False, None

    def _tune(
        self,
        tables: Sequence[str],
        groups: calibration.Groups,
        catalogue: Catalogue,
        known: Sequence[calibration.Trial],
    ) -> None:
        for levels, kinds in groups:
            trials = [one for one in known if one.kind in kinds]
            for _ in range(calibration.MOST_STEPS):
                if calibration.enough(self, catalogue, trials, self.config.target_recall):
                    break
                self.rule, self._search = self.rule.scaled(calibration.STEP, tables, levels), None

    @classmethod
    def open(cls, folder: Path, config: IndexConfig, facts: Facts) -> Self:
        """Read saved lists.

        Raises:
            CorruptStoreError: they were written by a version that stopped by another rule.
        """
        if not (folder / _RULE_FILE).exists():
            raise CorruptStoreError(f"{folder}: written by an earlier moodrec; build the index anew")
        index = read_index(folder / INDEX_FILE, mapped=True)
        with np.load(folder / _RULE_FILE, allow_pickle=False) as saved:
            if set(saved) != StopRule.fields():
                raise CorruptStoreError(f"{folder}: written by an earlier moodrec; build the index anew")
            rule = StopRule(_centroids(index), **saved)
        shares = KnownShares.open(folder / _SHARES_FILE)
        return cls(index, rule, config, int(facts["learnt_from"]), shares, Sketches.open(folder))

    def best(self, catalogue: Catalogue, request: Request, depth: int) -> Visit | None:
        """What the kernel finds."""
        search = self._searcher()
        return search.search(catalogue, request, depth, 0) if isinstance(search, ListSearch) else None

    def find(self, catalogue: Catalogue, request: Request, depth: int) -> Candidates:
        """Visit lists from the most promising on, until none is left that can change the top ``depth`` of a query."""
        search = self._searcher()
        if isinstance(search, FaissLists):
            with threads_for(len(request.queries)):
                return search.find(request.queries, depth, request.passing.mask)
        visits = map_over(partial(search.search, catalogue, request, depth), len(request.queries))
        return Candidates(
            [visit.ranked.rows for visit in visits],
            [True] * len(visits),
            [visit.complete for visit in visits],
            sum([visit.visited for visit in visits]),
            sum([visit.scored for visit in visits]),
            [visit.ranked for visit in visits],
            False not in [visit.every for visit in visits],
            False not in [visit.exact for visit in visits],
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

    def extended(self, catalogue: Catalogue, n_new: int) -> IvfBackend:
        """Put the new rows into their lists."""
        self._search = None  # it knows where lists lie, and they move
        in_memory(self.index)
        new = slice(len(catalogue) - n_new, None)
        vectors = catalogue.vectors[new]
        list_of = _nearest_lists(self.index, vectors)
        sizes = _sizes(self.index) + np.bincount(list_of, minlength=self.index.nlist)
        shares = self.shares.added(catalogue, list_of, sizes)  # before anything has changed, for it may raise
        _fill(self.index, vectors, list_of)
        self.shares = shares
        self.rule = self.rule.with_rows(vectors, list_of, sizes)
        return self

    def outgrown(self, max_growth: float) -> bool:
        """Whether the lists were learnt from far fewer rows than they now hold."""
        return bool(self.index.ntotal > max_growth * self.learnt_from)

    def save(self, folder: Path) -> Facts:
        """Write the lists and the stop rule."""
        in_memory(self.index)
        write_index(self.index, folder / INDEX_FILE)
        np.savez(folder / _RULE_FILE, allow_pickle=False, **self.rule.fitted)
        self.shares.save(folder / _SHARES_FILE)
        self.sketches.save(folder)
        return {"learnt_from": self.learnt_from}


def _few(n: int) -> Few:
    unmarked = max(_LEAST_FEW, int(_FEW_SHARE * n))
    return Few(unmarked, max(unmarked, int(min(_MARKED * np.sqrt(n), _MOST_MARKED_SHARE * n))))


def _trained(vectors: Vectors, config: IndexConfig) -> Any:
    n, dim = vectors.shape
    nlist = min(config.nlist or _n_lists(n), n)
    index = _empty(n, dim, nlist, config)
    index.cp.spherical = True
    index.cp.niter = _ROUNDS
    index.cp.seed = config.seed
    index.cp.min_points_per_centroid = 1  # small catalogues are no reason for a warning
    index.cp.max_points_per_centroid = config.training_rows
    if nlist >= _MANY_LISTS:
        sample = some_rows(vectors, config.training_rows * nlist, config.seed)
        index.quantizer.add(split_centroids(sample, nlist, config.seed))
    index.train(np.ascontiguousarray(_enough_to_learn_from(vectors, config)))  # what is left to learn
    return index


def _n_lists(n: int) -> int:
    """Four times the square root of the rows; between a quarter of a million and a whole one this doubles. Fewer rows
    do not repay the look at more centroids.
    """
    return max(1, int(4 * np.sqrt(n) * np.clip(np.sqrt(n / _SOME_ROWS), 1, 2)))


def _empty(n: int, dim: int, nlist: int, config: IndexConfig) -> Any:
    quantizer, product = faiss.IndexFlatIP(dim), faiss.METRIC_INNER_PRODUCT
    if config.kind == "ivf-sq8":
        bits = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexIVFScalarQuantizer(quantizer, dim, nlist, bits, product, False)
    elif config.kind == "ivf-pq":
        index = faiss.IndexIVFPQ(quantizer, dim, nlist, _pieces(dim, config.pq_bytes), _bits(n), product)
        index.pq.cp.min_points_per_centroid = 1
    else:
        index = faiss.IndexIVFFlat(quantizer, dim, nlist, product)
    return index


def _pieces(dim: int, most: int) -> int:
    """Into how many pieces of one length a vector of ``dim`` numbers is cut, at most ``most``."""
    return max(pieces for pieces in range(1, min(dim, most) + 1) if dim % pieces == 0)


def _enough_to_learn_from(vectors: Vectors, config: IndexConfig) -> Vectors:
    """The rows, repeated where they are fewer than the codes of ``ivf-pq``."""
    codes = 1 << _bits(len(vectors)) if config.kind == "ivf-pq" else 1
    return vectors if len(vectors) >= codes else np.tile(vectors, (codes, 1))


def _bits(n: int) -> int:
    """Of a code of ``ivf-pq``: 8, fewer where there are too few rows to learn so many codes from."""
    return min(8, max(1, n.bit_length() - 1))


def _centroids(index: Any) -> NDArray[np.float32]:
    centroids: NDArray[np.float32] = index.quantizer.reconstruct_n(0, index.nlist)
    return centroids


def _sizes(index: Any) -> NDArray[np.int64]:
    """(nlist,) rows of each list."""
    return np.array([index.invlists.list_size(i) for i in range(index.nlist)], np.int64)


def _nearest_lists(index: Any, vectors: Vectors) -> NDArray[np.int64]:
    """(n,) the list of each row: the nearest, for a row that lies elsewhere is easily missed by a search."""
    parts = []
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        part = np.ascontiguousarray(vectors[start : start + _ROWS_AT_ONCE])
        parts.append(index.quantizer.search(part, 1)[1][:, 0])
    return np.concatenate(parts)


def _fill(index: Any, vectors: Vectors, list_of: NDArray[np.int64]) -> None:
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        part = np.ascontiguousarray(vectors[start : start + _ROWS_AT_ONCE])
        lists = np.ascontiguousarray(list_of[start : start + _ROWS_AT_ONCE])
        index.add_core(len(part), faiss.swig_ptr(part), None, faiss.swig_ptr(lists))
