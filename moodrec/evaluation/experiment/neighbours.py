"""These figures tell what the nearest test tracks of a test track have in common with it, one value per query.

Queries and gallery are the test tracks, compared by cosine; the track itself is never its own neighbour. Figures
that end in ``_others`` leave out the tracks of the query's own artist, which an artist head pulls together.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.evaluation.experiment.figures import WORD, Figures, is_soft
from moodrec.evaluation.experiment.stored import StoredPredictions
from moodrec.evaluation.retrieval import QUADRANTS, nearest
from moodrec.typing import Float64Array, RowNumbers, Weights

K: Final = 10
"""Number of neighbours."""


class EmbeddingFigures:
    """Figures of an embedding.

    ``quadrant_p10``: share of the ten neighbours in the query's quadrant. ``word_jaccard10``: mean Jaccard index of
    its mood words with theirs, over tracks that have a word. ``share_r10``: mean correlation of its soft targets
    with theirs. Each also with ``_others``, and with ``_random``: the same for random neighbours (other artists).
    ``artist_mrr``, ``artist_p1``, ``album_mrr``, ``album_p1``: reciprocal rank of the first track by the same
    artist (of the same album), and whether it is the first of all, over tracks that have one.
    """

    def __init__(self, stored: StoredPredictions) -> None:
        self._stored = stored
        names = [str(target).partition(":")[2] for target in stored.targets]
        self._itself = np.arange(len(stored))
        self._artist = _codes(stored.groups)
        self.queries = self._alike(names) | self._same("artist", stored.artists)
        self.queries |= self._same("album", stored.albums)

    def of(self, weights: Weights) -> Figures:
        """Compute the mean of each figure under ``(b, n)`` weights of the queries; the neighbours stay the same."""
        return {name: _weighted_mean(values, weights) for name, values in self.queries.items()}

    def hubness(self) -> float:
        """Compute the skewness of how often a track is among the ten neighbours of others: 0 without hubs.

        Radovanovic et al., Hubs in Space, JMLR 2010. NaN with fewer than three tracks.
        """
        rows = self._neighbours(self._itself)
        counts = np.bincount(rows[rows >= 0], minlength=len(self._stored)).astype(np.float64)
        spread = counts.std()
        if len(counts) < 3 or spread == 0:
            return float("nan")
        return float((((counts - counts.mean()) / spread) ** 3).mean())

    def _alike(self, names: list[str]) -> dict[str, Float64Array]:
        """Average the agreement of mood labels, of each kind the dataset has, over the neighbours of each query."""
        found: dict[str, Float64Array] = {}
        for kind, agreement in _agreements(self._stored, names).items():
            found[kind] = _mean_at(agreement, self._neighbours(self._itself))
            found[f"{kind}_others"] = _mean_at(agreement, self._neighbours(self._artist))
            found[f"{kind}_random"] = self._expected(agreement)
        return found

    def _neighbours(self, groups: RowNumbers) -> RowNumbers:
        return nearest(self._stored.embeddings, groups, self._stored.folds, K).rows

    def _expected(self, agreement: Float64Array) -> Float64Array:
        folds = self._stored.folds
        allowed = (self._artist[:, None] != self._artist) & (folds[:, None] == folds)
        return _row_means(np.where(allowed, agreement, np.nan))

    def _same(self, kind: str, keys: NDArray[np.str_]) -> dict[str, Float64Array]:
        """Compute the rank of the first other track with the query's key; empty where no key occurs twice in a
        fold.
        """
        codes, folds = _codes(keys), self._stored.folds
        match = (codes[:, None] == codes) & (keys != "")[:, None] & (folds[:, None] == folds)
        np.fill_diagonal(match, False)
        if not match.any():
            return {}
        order = nearest(self._stored.embeddings, self._itself, folds, max(1, len(codes) - 1)).rows
        ranked = np.take_along_axis(match, np.maximum(order, 0), axis=1) & (order >= 0)
        has_one = ranked.any(axis=1)
        rank = np.where(has_one, ranked.argmax(axis=1) + 1.0, np.nan)
        return {f"{kind}_mrr": 1 / rank, f"{kind}_p1": np.where(has_one, (rank == 1) * 1.0, np.nan)}


def _agreements(stored: StoredPredictions, names: list[str]) -> dict[str, Float64Array]:
    """Compute how much the labels of two tracks agree, ``(n, n)``; NaN where the query has no such labels."""
    found: dict[str, Float64Array] = {}
    if set(QUADRANTS) <= set(names):
        found["quadrant_p10"] = _same_quadrant(stored.labels[:, [names.index(q) for q in QUADRANTS]])
    words = [i for i, name in enumerate(names) if name.startswith(WORD)]
    if words:
        found["word_jaccard10"] = _jaccard(stored.labels[:, words] == 1)
    soft = [i for i in range(len(names)) if is_soft(stored.truth[:, i])]
    if len(soft) > 2:
        found["share_r10"] = _correlation(stored.truth[:, soft])
    return found


def _same_quadrant(labels: Float64Array) -> Float64Array:
    member = labels == 1
    quadrant = member.argmax(axis=1)
    same: Float64Array = (quadrant[:, None] == quadrant).astype(np.float64)
    same[member.sum(axis=1) != 1] = np.nan
    return same


def _jaccard(has: NDArray[np.bool_]) -> Float64Array:
    """Compute |A and B| / |A or B| of the word sets of two tracks; tracks without a word are no queries."""
    flags = has.astype(np.float64)
    both = flags @ flags.T
    either = flags.sum(1)[:, None] + flags.sum(1) - both
    values: Float64Array = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    values[~has.any(axis=1)] = np.nan
    return values


def _correlation(shares: Float64Array) -> Float64Array:
    """Compute Pearson's r of the soft targets of two tracks.

    A track whose targets are all equal has the correlation 0 as a neighbour, and is no query.
    """
    centred = np.nan_to_num(shares - np.nanmean(shares, axis=1, keepdims=True))
    norm = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, norm, out=np.zeros_like(centred), where=norm > 0)
    values: Float64Array = unit @ unit.T
    values[norm[:, 0] == 0] = np.nan
    return values


def _mean_at(agreement: Float64Array, rows: RowNumbers) -> Float64Array:
    """Average over each query's neighbours; NaN for a query that has none. Places beyond the last do not count."""
    values = np.take_along_axis(agreement, np.maximum(rows, 0), axis=1)
    return _row_means(np.where(rows >= 0, values, np.nan))


def _row_means(values: Float64Array) -> Float64Array:
    known = ~np.isnan(values)
    counts = known.sum(axis=1)
    sums = np.where(known, values, 0.0).sum(axis=1)
    return np.asarray(np.divide(sums, counts, out=np.full(len(values), np.nan), where=counts > 0))


def _weighted_mean(values: Float64Array, weights: Weights) -> Float64Array:
    known = ~np.isnan(values)
    total = weights[:, known].sum(axis=1).astype(np.float64)
    sums = weights[:, known] @ values[known]
    return np.asarray(np.divide(sums, total, out=np.full(len(weights), np.nan), where=total > 0))


def _codes(names: NDArray[np.str_]) -> RowNumbers:
    return np.unique(names, return_inverse=True)[1].astype(np.int64)
