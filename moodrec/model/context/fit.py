"""Fitting the context: weights common to all moods first, then each mood's own.

``z``, the standardised audio score, the offsets from other tracks' predictions, and what the audio makes of the
track's genres on average (a ridge regression of ``z`` on genres and year, which needs no labels) get weights common
to all moods. From there each mood's weights move as far as its labels carry them against a penalty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import DataError
from moodrec.model.context.offsets import label_correlation, shrunken_mean, sums_of_others, variance_ratio
from moodrec.model.context.regression import CommonFit, deviations, fit_common, ridge_map, sigmoid
from moodrec.model.context.tracks import TrackContext
from moodrec.model.context.weights import (
    FROM_LABELS,
    KINDS,
    WITHOUT_LABELS,
    KnownLabels,
    Weights,
    centred_descriptors,
    label_offsets,
    parts_of,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Penalty:
    """How strongly a mood's own weights are held to the common ones; infinite leaves them there."""

    offsets: float
    """Of the squared steps of the weights of audio, artist and album."""
    genres: float
    """Of those of genres and year."""


PENALTIES: Final = (
    Penalty(float("inf"), float("inf")),
    Penalty(100.0, 300.0),
    Penalty(30.0, 100.0),
    Penalty(10.0, 100.0),
    Penalty(10.0, 30.0),
    Penalty(3.0, 30.0),
    Penalty(10.0, 10.0),
    Penalty(3.0, 3.0),
)
"""Those to choose from, the strongest first."""
MAP_PENALTY: Final = 10.0
"""Of the regression of audio scores on genres and year."""
LEAST_AUDIO: Final = 0.05
"""The common weight of the audio is at least this: all else is told in its units."""


@dataclass(frozen=True, eq=False)
class FitData:
    """Tracks to fit on.

    Attributes:
        logits: ``(n, M)`` audio logits, finite, of models that never had the track or its artist in training.
        labels: ``(n, M)`` in [0, 1], NaN unknown.
        tracks: their metadata.
        other_albums: whether the weight of labels is fitted for those of other albums alone.
    """

    logits: Floats
    labels: Floats
    tracks: TrackContext
    other_albums: bool = False

    def __post_init__(self) -> None:
        if (
            self.logits.ndim != 2
            or self.logits.shape != self.labels.shape
            or len(self.logits) != len(self.tracks)
        ):
            raise DataError(
                f"scores {self.logits.shape}, labels {self.labels.shape} and metadata of {len(self.tracks)} tracks"
            )
        if not np.isfinite(self.logits).all():
            raise DataError(f"audio scores must be finite; {int((~np.isfinite(self.logits)).sum())} are not")
        if ((self.labels < 0) | (self.labels > 1)).any():
            raise DataError("labels must be in [0, 1] or NaN")

    def select(self, rows: NDArray[np.bool_]) -> FitData:
        """The tracks of a mask."""
        return replace(
            self, logits=self.logits[rows], labels=self.labels[rows], tracks=self.tracks.select(rows)
        )

    @property
    def known(self) -> KnownLabels:
        """The labels, as other tracks may learn from them."""
        return KnownLabels(self.labels, self.other_albums)


def fit_weights(data: FitData, penalties: Sequence[Penalty] = PENALTIES) -> list[Weights]:
    """Weights of every kind of metadata but labels, one set for each penalty, all gates on.

    Each mood's logit is ``b + a * (z + artist + album + genres and year)``. Weights common to all moods maximise the
    likelihood of the labels; from there each mood takes one Newton step against the penalty.

    Args:
        data: ``n`` tracks with logits, labels and metadata.
        penalties: how strongly a mood's weights are held to the common ones, one result for each.

    Returns:
        Weights in the order of the penalties, those for labels of other tracks at 0.

    Raises:
        DataError: there are no tracks.
    """
    if not len(data.logits):
        raise DataError("there are no tracks to fit the context on")
    blank = _blank(data)
    z = blank.standardised(data.logits)
    ratios = {
        "artist": variance_ratio(z, data.tracks.artists),
        "album": variance_ratio(z, data.tracks.albums),
    }
    centred = centred_descriptors(data.tracks, blank.descriptor_means)
    genre_map = ridge_map(centred, z, MAP_PENALTY)
    artist = shrunken_mean(sums_of_others(z, data.tracks.artists), ratios["artist"])
    album = shrunken_mean(sums_of_others(z, data.tracks.albums), ratios["album"])
    features = np.stack([z, artist, album, centred @ genre_map], axis=2)
    common = fit_common(features, data.labels)
    moved = _moved(features, centred, common, data.labels, penalties)
    first = replace(blank, shrinkage=blank.shrinkage | ratios)
    prior = common.weights[3] * genre_map.T
    return [_own(first, common, prior, steps) for steps in moved]


def _moved(
    features: Floats, centred: Floats, common: CommonFit, labels: Floats, penalties: Sequence[Penalty]
) -> Floats:
    """``(P, M, 1 + 3 + D)`` steps away from the common weights; genres that no track has stay where they are."""
    used = np.flatnonzero(np.abs(centred).max(axis=0, initial=0) > 0)
    grid = np.array([[penalty.offsets] * 3 + [penalty.genres] * len(used) for penalty in penalties])
    steps = deviations(features[:, :, :3], centred[:, used], common.logits(features), labels, grid)
    whole = np.zeros((*steps.shape[:2], 4 + centred.shape[1]))
    whole[:, :, :4], whole[:, :, 4 + used] = steps[:, :, :4], steps[:, :, 4:]
    return whole


def _own(blank: Weights, common: CommonFit, prior: Floats, steps: Floats) -> Weights:
    """Each mood's weights, told in units of its audio weight."""
    audio = np.maximum(common.weights[0] + steps[:, 1], LEAST_AUDIO)
    artist, album = (np.maximum(common.weights[i] + steps[:, 1 + i], 0.0) for i in (1, 2))
    return replace(
        blank,
        intercept=common.intercepts + steps[:, 0],
        audio=audio,
        descriptors=(prior + steps[:, 4:]) / audio[:, None],
        offsets=blank.offsets | {"artist": artist / audio, "album": album / audio},
    )


def fit_labels(weights: Weights, data: FitData) -> Weights:
    """The same with weights for the labels of other tracks, each track's own label left out.

    Args:
        weights: of ``M`` moods, from :func:`fit_weights`; their gates are taken to be on.
        data: the ``n`` tracks that they were fitted to.

    Returns:
        The weights with those of ``artist_labels`` and ``album_labels``, the same for all moods and not negative,
        and with the correlation of the labels within artists and within albums.
    """
    parts = parts_of(replace(weights, on=_gates(len(weights.centre), True)), data.logits, data.tracks)
    cold = weights.standardised(data.logits) + sum(parts[kind] for kind in WITHOUT_LABELS) / weights.spread
    expected = sigmoid(weights.intercept + weights.audio * cold)
    rho = {
        "artist_labels": label_correlation(data.labels, expected, data.tracks.artists),
        "album_labels": label_correlation(data.labels, expected, data.tracks.albums),
    }
    offsets = label_offsets(expected, data.tracks, data.known, rho)
    logits = weights.intercept + weights.audio * cold
    common = fit_common(np.stack([logits, *(offsets[kind] for kind in FROM_LABELS)], axis=2), data.labels)
    scale = max(float(common.weights[0]), LEAST_AUDIO)
    found = {
        kind: np.full_like(weights.audio, common.weights[1 + i] / scale) for i, kind in enumerate(FROM_LABELS)
    }
    return replace(weights, offsets=weights.offsets | found, shrinkage=weights.shrinkage | rho)


def _blank(data: FitData) -> Weights:
    """All weights 0: the audio alone."""
    moods = data.logits.shape[1]
    spread = data.logits.std(0)
    centre = data.logits.mean(0)
    # Rounding gives a constant column a tiny spread.
    flat = spread <= 1e-9 * np.maximum(1.0, np.abs(centre))
    known, told = data.tracks.known(), data.tracks.descriptors()
    means = np.where(known, told, 0).sum(0) / np.maximum(known.sum(0), 1)
    return Weights(
        centre=centre,
        spread=np.where(flat, 1.0, spread),
        intercept=np.zeros(moods),
        audio=np.ones(moods),
        descriptors=np.zeros((moods, told.shape[1])),
        descriptor_means=means,
        offsets={kind: np.zeros(moods) for kind in ("artist", "album", *FROM_LABELS)},
        shrinkage={"artist": np.ones(moods), "album": np.ones(moods)}
        | {kind: np.full(moods, 0.1) for kind in FROM_LABELS},
        on=_gates(moods, True),
    )


def _gates(moods: int, on: bool) -> dict[str, NDArray[np.bool_]]:
    return {kind: np.full(moods, on) for kind in KINDS}
