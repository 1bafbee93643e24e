"""Two arms are compared by paired differences, with intervals over tracks and seeds.

A resample draws groups of tracks (artists) with replacement, the same for both arms, and draws seeds with
replacement, keeping the two networks of a seed together; its figure is the mean over the seeds drawn. With few
seeds their share in the interval is somewhat too small: drawn from three, their variance comes out a third low.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from moodrec.errors import DataError
from moodrec.evaluation.experiment.figures import Figures
from moodrec.evaluation.experiment.scores import AllFigures
from moodrec.evaluation.experiment.stored import StoredPredictions
from moodrec.metrics.bootstrap import DEFAULT_RESAMPLES, Difference, difference_of, resamples
from moodrec.typing import Float64Array

SEED: Final = 0
"""Seed of all draws."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """Figures of one network's test tracks, on all tracks and on resamples.

    Attributes:
        track_ids: ``(n,)`` sorted.
        plain: figure to its value on all tracks.
        draws: figure to its ``(resamples,)`` values.
    """

    track_ids: tuple[str, ...]
    plain: dict[str, float]
    draws: Figures


@dataclass(frozen=True, eq=False)
class Contrast:
    """A figure of a candidate minus that of a baseline.

    Attributes:
        baseline: mean over the seeds of the baseline's figure.
        candidate: mean over the seeds of the candidate's figure.
        difference: their difference with its interval.
        values: estimate, then draws, ``(1 + resamples,)``, for means over contrasts.
        per_seed: the difference of each seed.
    """

    baseline: float
    candidate: float
    difference: Difference
    values: Float64Array
    per_seed: tuple[float, ...]

    @property
    def excludes_zero(self) -> bool:
        """Say whether the interval lies wholly on one side of zero."""
        return self.difference.interval.low > 0 or self.difference.interval.high < 0


def sample(stored: StoredPredictions, n_resamples: int = DEFAULT_RESAMPLES) -> Sampled:
    """Compute the figures of all tracks and of resamples, which are the same for all predictions of the same
    tracks.

    Args:
        stored: predictions of one network.
        n_resamples: number of resamples.
    """
    ordered = stored.in_order()
    figures = AllFigures(ordered)
    blocks = resamples(len(ordered), ordered.groups.tolist(), n_resamples, SEED)
    found = [figures.of(weights) for weights in blocks]
    plain = figures.of(np.ones((1, len(ordered))))
    return Sampled(
        track_ids=tuple(ordered.track_ids.tolist()),
        plain={name: float(value[0]) for name, value in plain.items()},
        draws={name: np.concatenate([block[name] for block in found]) for name in plain},
    )


def contrast(baseline: Mapping[int, Sampled], candidate: Mapping[int, Sampled], figure: str) -> Contrast:
    """Compare two arms, seed by seed.

    Args:
        baseline: seed to figures of the one arm; seeds that only one arm has are left out.
        candidate: seed to figures of the other arm.
        figure: name of the figure.

    Raises:
        DataError: the arms have no seed in common, or were not scored on the same tracks.
    """
    seeds = sorted(set(baseline) & set(candidate))
    if not seeds:
        raise DataError("the two arms have no seed in common")
    if len({samples[seed].track_ids for samples in (baseline, candidate) for seed in seeds}) > 1:
        raise DataError("the two arms were not scored on the same tracks")
    before = [baseline[seed].plain[figure] for seed in seeds]
    after = [candidate[seed].plain[figure] for seed in seeds]
    differences = np.stack(
        [candidate[seed].draws[figure] - baseline[seed].draws[figure] for seed in seeds], axis=1
    )
    draws = _over_seeds(differences)
    per_seed = np.subtract(after, before)
    estimate = float(per_seed.mean())
    return Contrast(
        float(np.mean(before)),
        float(np.mean(after)),
        difference_of(estimate, draws),
        np.append(estimate, draws),
        tuple(per_seed.tolist()),
    )


def mean_contrast(contrasts: Sequence[Contrast]) -> Contrast:
    """Average several contrasts, with an interval; contrasts on the same tracks stay paired."""
    values = np.mean([one.values for one in contrasts], axis=0)
    return Contrast(
        float(np.mean([one.baseline for one in contrasts])),
        float(np.mean([one.candidate for one in contrasts])),
        difference_of(float(values[0]), values[1:]),
        values,
        (),
    )


def _over_seeds(differences: Float64Array) -> Float64Array:
    """Average (resamples, seeds) over as many seeds drawn with replacement: (resamples,)."""
    n, seeds = differences.shape
    chosen = np.random.default_rng(SEED).integers(seeds, size=(n, seeds))
    return np.asarray(np.take_along_axis(differences, chosen, axis=1).mean(axis=1), np.float64)
