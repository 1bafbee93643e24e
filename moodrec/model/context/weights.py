"""The weights of the context as arrays, and what each kind of metadata adds to a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import DataError
from moodrec.model.context.offsets import GroupSums, label_offset, shrunken_mean, sums_of_others
from moodrec.model.context.regression import sigmoid
from moodrec.model.context.tracks import YEAR_COLUMNS, TrackContext

Floats = NDArray[np.float64]
Parts = dict[str, Floats]
"""Kind of metadata to what it adds, ``(n, M)``."""

WITHOUT_LABELS: Final = ("genres", "year", "artist", "album")
FROM_LABELS: Final = ("artist_labels", "album_labels")
KINDS: Final = (*WITHOUT_LABELS, *FROM_LABELS)


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of ``M`` moods.

    Attributes:
        centre, spread: ``(M,)`` mean and standard deviation of the audio logits that the weights were fitted to.
        intercept, audio: ``(M,)`` the logit of a label is ``intercept + audio * z``; z is the score in context,
            standardised.
        descriptors: ``(M, D)`` weights of genres and year.
        descriptor_means: ``(D,)`` means of genres and year over the tracks that have any.
        offsets: kind ("artist", "album", "artist_labels", "album_labels") to ``(M,)`` weights, not negative.
        shrinkage: kind to ``(M,)``: variance ratio of the predictions' offsets, rho of the labels'.
        on: kind to ``(M,)`` bool, whether held-out folds showed a gain; the weights of a mood are 0 where not.
    """

    centre: Floats
    spread: Floats
    intercept: Floats
    audio: Floats
    descriptors: Floats
    descriptor_means: Floats
    offsets: dict[str, Floats]
    shrinkage: dict[str, Floats]
    on: dict[str, NDArray[np.bool_]]

    def standardised(self, logits: Floats) -> Floats:
        """Audio logits ``(n, M)`` to mean 0 and variance 1 on the tracks of the fit."""
        return np.asarray((logits - self.centre) / self.spread)


@dataclass(frozen=True, eq=False)
class KnownLabels:
    """Mood labels that a user, editor or training set gave to some tracks.

    Attributes:
        labels: ``(n, M)`` in [0, 1], NaN unknown.
        other_albums: whether a track learns from labels of its artist's other albums alone, never of its own.
        of_group: ``(n, M)`` labels that were given to a track's whole artist or album; the track itself learns from
            these too. None where there are none.
    """

    labels: Floats
    other_albums: bool = False
    of_group: NDArray[np.bool_] | None = None

    def of_moods(self, columns: Sequence[int]) -> KnownLabels:
        """The labels of some moods, by the numbers of their columns."""
        of_group = None if self.of_group is None else self.of_group[:, columns]
        return KnownLabels(self.labels[:, columns], self.other_albums, of_group)


def prediction_sums(logits: Floats, tracks: TrackContext) -> dict[str, GroupSums]:
    """Sums of the audio logits ``(n, M)`` of each track's artist and album, the track itself left out.

    Args:
        logits: ``(n, M)`` finite.
        tracks: metadata of the ``n`` tracks.

    Returns:
        Counts and sums for "artist" and for "album", ``(n, M)`` each, 0 where it is not known.
    """
    return {"artist": sums_of_others(logits, tracks.artists), "album": sums_of_others(logits, tracks.albums)}


def parts_of(
    weights: Weights,
    logits: Floats,
    tracks: TrackContext,
    known: KnownLabels | None = None,
    sums: dict[str, GroupSums] | None = None,
) -> Parts:
    """What each kind of metadata adds to the audio logits, in their units; exactly 0 where it is not known.

    A track's own label and prediction have no part in it.

    Args:
        weights: of ``M`` moods.
        logits: ``(n, M)`` audio logits, finite.
        tracks: metadata of the ``n`` tracks.
        known: labels of some of them, none by default.
        sums: of :func:`prediction_sums`, for callers that score the same tracks by many weights.

    Raises:
        DataError: shapes do not fit, or a logit is not finite.
    """
    _check(weights, logits, tracks, known)
    z = weights.standardised(logits)
    offsets = prediction_sums(logits, tracks) if sums is None else sums
    parts = descriptor_parts(weights, tracks)
    parts |= {kind: _prediction_part(weights, kind, others) for kind, others in offsets.items()}
    if known is not None:
        cold = z + sum(np.where(weights.on[kind], parts[kind], 0.0) for kind in WITHOUT_LABELS)
        parts |= label_parts(weights, cold, tracks, known)
    return {kind: np.where(weights.on[kind], part, 0.0) * weights.spread for kind, part in parts.items()}


def descriptor_parts(weights: Weights, tracks: TrackContext) -> Parts:
    """What genres and the year add to the standardised scores, whether a mood's gate is on or off.

    Args:
        weights: of ``M`` moods.
        tracks: metadata of ``n`` tracks.

    Returns:
        "genres" and "year", ``(n, M)`` each, in spreads of the audio logits; 0 where they are not known.
    """
    centred = centred_descriptors(tracks, weights.descriptor_means)
    first = centred.shape[1] - len(YEAR_COLUMNS)
    return {
        "genres": centred[:, :first] @ weights.descriptors[:, :first].T,
        "year": centred[:, first:] @ weights.descriptors[:, first:].T,
    }


def centred_descriptors(tracks: TrackContext, means: Floats) -> Floats:
    """Genres and year less their means; 0 where they are not known.

    Args:
        tracks: metadata of ``n`` tracks.
        means: ``(D,)`` over the tracks that have any.

    Returns:
        ``(n, D)`` genres in the order of the vocabulary, then decades since 1990 and their square.
    """
    return np.where(tracks.known(), tracks.descriptors() - means, 0.0)


def label_parts(weights: Weights, cold: Floats, tracks: TrackContext, known: KnownLabels) -> Parts:
    """What the artist's and the album's labels add, standardised, whether a mood's gate is on or off.

    Args:
        weights: of ``M`` moods.
        cold: ``(n, M)`` scores in context without labels, standardised.
        tracks: metadata of the ``n`` tracks.
        known: labels of some of them.

    Returns:
        "artist_labels" and "album_labels", ``(n, M)`` each, in spreads of the audio logits.
    """
    expected = sigmoid(weights.intercept + weights.audio * cold)
    offsets = label_offsets(expected, tracks, known, weights.shrinkage)
    return {kind: weights.offsets[kind] * offset / weights.audio for kind, offset in offsets.items()}


def label_offsets(
    expected: Floats, tracks: TrackContext, known: KnownLabels, rho: dict[str, Floats]
) -> Parts:
    """Offsets of the labels of an artist's and of an album's other tracks, in logits, without weights.

    Args:
        expected: ``(n, M)`` predicted probabilities.
        tracks: metadata of the ``n`` tracks.
        known: labels of some of them.
        rho: "artist_labels" and "album_labels" to the ``(M,)`` correlation of labels within groups, in (0, 1).

    Returns:
        "artist_labels" and "album_labels", ``(n, M)`` each; 0 without labelled others.
    """
    predicted = np.where(np.isnan(known.labels), np.nan, expected)
    sums = {
        kind: (_sums(known, known.labels, codes), _sums(known, predicted, codes))
        for kind, codes in (("artist_labels", tracks.artists), ("album_labels", tracks.albums))
    }
    if known.other_albums:
        same = _same_artist_and_album(tracks)
        own = sums_of_others(known.labels, same), sums_of_others(predicted, same)
        first, second = sums["artist_labels"]
        sums["artist_labels"] = first.minus(own[0]), second.minus(own[1])
        nothing = GroupSums(np.zeros_like(expected), np.zeros_like(expected))
        sums["album_labels"] = nothing, nothing
    return {kind: label_offset(*both, rho[kind]) for kind, both in sums.items()}


def _sums(known: KnownLabels, values: Floats, codes: NDArray[np.int64]) -> GroupSums:
    """Sums over the others, and over the track itself where the label is its whole group's."""
    others = sums_of_others(values, codes)
    if known.of_group is None:
        return others
    own = known.of_group & ~np.isnan(values) & (codes >= 0)[:, None]
    return GroupSums(others.counts + own, others.sums + np.where(own, np.nan_to_num(values), 0.0))


def _prediction_part(weights: Weights, kind: str, others: GroupSums) -> Floats:
    standardised = GroupSums(others.counts, (others.sums - others.counts * weights.centre) / weights.spread)
    return weights.offsets[kind] * shrunken_mean(standardised, weights.shrinkage[kind])


def _same_artist_and_album(tracks: TrackContext) -> NDArray[np.int64]:
    """Groups of an album's tracks by one artist; tracks without an artist or an album are in none."""
    both = (tracks.artists >= 0) & (tracks.albums >= 0)
    pairs = np.unique(np.stack([tracks.artists, tracks.albums]), axis=1, return_inverse=True)[1]
    return np.where(both, pairs.reshape(-1), -1).astype(np.int64)


def _check(weights: Weights, logits: Floats, tracks: TrackContext, known: KnownLabels | None) -> None:
    shape = (len(tracks), len(weights.centre))
    if logits.shape != shape or (known is not None and known.labels.shape != shape):
        raise DataError(f"scores {logits.shape} of {shape[0]} tracks and {shape[1]} moods")
    if not np.isfinite(logits).all():
        raise DataError("audio scores must be finite")
    if known is not None and ((known.labels < 0) | (known.labels > 1)).any():
        raise DataError("known labels must be in [0, 1] or NaN")
