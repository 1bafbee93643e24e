"""Empirical-Bayes means over the other tracks of an artist or album.

A track's own prediction, and its own label, never enter its offsets. All sums are over groups, so that a track that
joins a library changes those of its own artist and album alone.

Robbins, An empirical Bayes approach to statistics, 1956; variance components as in Searle, Casella and McCulloch,
Variance Components, 1992, chapter 3; the beta-binomial as in Efron, Large-Scale Inference, 2010, chapter 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.model.context.tracks import UNKNOWN, Codes

Floats = NDArray[np.float64]

NO_GROUPS: Final = 1e6
"""Variance ratio where groups tell nothing: the mean of a million tracks would count half."""
RHO_RANGE: Final = (1e-3, 0.9)


@dataclass(frozen=True, eq=False)
class GroupSums:
    """Sums of each track's group, unknown groups empty.

    Attributes:
        counts: ``(n, M)`` known values in the group of each row, the row itself left out.
        sums: ``(n, M)`` of those values.
    """

    counts: Floats
    sums: Floats

    def minus(self, other: GroupSums) -> GroupSums:
        """Without the tracks of a finer group, which must lie within this one."""
        counts = np.maximum(self.counts - other.counts, 0)
        return GroupSums(counts, np.where(counts > 0, self.sums - other.sums, 0.0))


def sums_of_others(values: Floats, codes: Codes) -> GroupSums:
    """Counts and sums over the other rows of each row's group.

    Args:
        values: ``(n, M)``, NaN unknown.
        codes: ``(n,)`` group of each row, ``UNKNOWN`` none.

    Returns:
        Zeros where a row has no group or no others.
    """
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    has_group = codes != UNKNOWN
    totals = _totals(np.concatenate([known.astype(np.float64), filled], axis=1), codes)
    counts, sums = totals[:, : values.shape[1]] - known, totals[:, values.shape[1] :] - filled
    counts[~has_group], sums[~has_group] = 0, 0
    sums[counts == 0] = 0  # what rounding leaves of a - a
    return GroupSums(counts, sums)


def variance_ratio(values: Floats, codes: Codes) -> Floats:
    """Variance within groups over variance between them, by the method of moments.

    Args:
        values: ``(n, M)`` finite.
        codes: ``(n,)`` group of each row, ``UNKNOWN`` none.

    Returns:
        ``(M,)``, at most ``NO_GROUPS``: how many tracks it takes for a group's mean to count half.
    """
    use = codes != UNKNOWN
    values, groups = values[use], np.unique(codes[use], return_inverse=True)[1]
    sizes = np.bincount(groups) if len(groups) else np.zeros(0, np.int64)
    free = len(groups) - len(sizes)
    if len(sizes) < 2 or free < 1:
        return np.full(values.shape[1], NO_GROUPS)
    means = _totals(values, groups) / sizes[groups][:, None]
    within = ((values - means) ** 2).sum(0) / free
    spread = ((means - values.mean(0)) ** 2).sum(0) / (len(sizes) - 1)
    size = (len(groups) - (sizes**2).sum() / len(groups)) / (len(sizes) - 1)
    between = np.maximum((spread - within) / size, 0)
    ratio = np.divide(within, between, out=np.full(len(within), NO_GROUPS), where=between > 0)
    return np.asarray(np.minimum(ratio, NO_GROUPS))


def shrunken_mean(others: GroupSums, ratio: Floats) -> Floats:
    """Mean of the others, pulled towards 0 the more, the fewer they are: ``sum / (count + ratio)``, ``(n, M)``.

    It is the posterior mean of the group's effect where effects are normal around 0 and ``ratio`` (M,) is the
    variance within groups over that between them.

    Args:
        others: counts and sums of each row's group, the row itself left out, from :func:`sums_of_others`.
        ratio: ``(M,)`` from :func:`variance_ratio`; at least 1e-9 is taken.

    Returns:
        ``(n, M)`` in the units of the sums; 0 without others.
    """
    return others.sums / (others.counts + np.maximum(ratio, 1e-9))


def label_correlation(labels: Floats, expected: Floats, codes: Codes) -> Floats:
    """How much more alike labels of a group are than predicted probabilities tell: the beta-binomial's rho.

    Method of moments: the variance of a group's number of positives is ``sum p (1 - p) (1 + (size - 1) rho)``. Each
    mood's estimate is drawn halfway to that of all moods together.

    Args:
        labels: ``(n, M)`` in [0, 1], NaN unknown.
        expected: ``(n, M)`` predicted probabilities.
        codes: ``(n,)`` group of each row, ``UNKNOWN`` none.

    Returns:
        ``(M,)`` in ``RHO_RANGE``.
    """
    use = codes != UNKNOWN
    known = ~np.isnan(labels[use])
    groups = np.unique(codes[use], return_inverse=True)[1]
    size = _group_totals(known.astype(np.float64), groups)
    surplus = _group_totals(np.where(known, labels[use] - expected[use], 0.0), groups)
    variance = _group_totals(np.where(known, expected[use] * (1 - expected[use]), 0.0), groups)
    above = np.where(size > 1, surplus**2 - variance, 0.0).sum(0)
    scale = np.where(size > 1, variance * (size - 1), 0.0).sum(0)
    above, scale = above + above.mean(), scale + scale.mean()
    rho = np.divide(above, scale, out=np.zeros_like(above), where=scale > 0)
    return np.asarray(np.clip(rho, *RHO_RANGE))


def label_offset(known: GroupSums, expected: GroupSums, rho: Floats) -> Floats:
    """What the labels of the others say, as a shift of the logit: ``(n, M)``, 0 without labelled others.

    Labels of a group are positive at a rate from a beta distribution around the mean probability that is predicted of
    them; ``(1 - rho) / rho`` tracks would tell as much as that prior. The offset is the logit of the posterior mean
    less the logit of the prior mean.

    Args:
        known: counts and sums of the known labels of the others.
        expected: sums of their predicted probabilities, over the same tracks.
        rho: ``(M,)`` from :func:`label_correlation`.
    """
    has = known.counts > 0
    count = np.where(has, known.counts, 1.0)
    prior = np.clip(np.where(has, expected.sums / count, 0.5), 1e-6, 1 - 1e-6)
    weight = (1 - rho) / rho
    posterior = np.clip((known.sums + weight * prior) / (count + weight), 1e-6, 1 - 1e-6)
    return np.where(has, _logit(posterior) - _logit(prior), 0.0)


def _totals(values: Floats, codes: Codes) -> Floats:
    """``(n, M)`` sums over each row's group; the rows of ``UNKNOWN`` are one group here."""
    groups = np.unique(codes, return_inverse=True)[1]
    return _group_totals(values, groups)[groups]


def _group_totals(values: Floats, groups: NDArray[np.intp]) -> Floats:
    """``(groups, M)`` sums of the rows of each group, numbered from 0 without gaps."""
    if not len(groups):
        return np.zeros((0, values.shape[1]))
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    return np.asarray(np.add.reduceat(values[order], starts, axis=0), dtype=np.float64)


def _logit(p: Floats) -> Floats:
    return np.asarray(np.log(p) - np.log1p(-p))
