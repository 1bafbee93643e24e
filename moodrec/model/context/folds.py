"""Choices by held-out folds, nested: what scores a fold never saw its artists, nor did what chose it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import DataError
from moodrec.model.context.fit import PENALTIES, FitData, fit_labels, fit_weights
from moodrec.model.context.gates import Gates, gates_of
from moodrec.model.context.regression import calibrated_losses
from moodrec.model.context.weights import (
    FROM_LABELS,
    WITHOUT_LABELS,
    KnownLabels,
    Weights,
    parts_of,
    prediction_sums,
)

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]

COLD_GROUPS: Final = (("genres",), ("year",), ("artist", "album"))
LABEL_GROUPS: Final = (FROM_LABELS,)
"""Kinds whose gates are decided together."""
LEAST_FOLDS: Final = 3


@dataclass(frozen=True, eq=False)
class Chosen:
    """Gated weights, and the scores by which they were chosen.

    Attributes:
        weights: fitted on all rows but those left out.
        rows: ``(n,)`` bool, those rows.
        held_out: ``(rows, M)`` scores in context, without labels, each by weights that never saw its artist.
    """

    weights: Weights
    rows: NDArray[np.bool_]
    held_out: Floats


class NestedFits:
    """Fits on all rows but some folds, each made once: the fit without folds 1 and 2 serves both.

    Args:
        data: all rows.
        folds: ``(n,)`` fold of each row; no artist may be in two.
        on_fit: called with (fits made, fits of a whole cross-fit) after each.

    Raises:
        DataError: there are fewer than three folds, or an artist lies in two.
    """

    def __init__(self, data: FitData, folds: NDArray[np.int64], on_fit: Progress | None = None) -> None:
        if folds.shape != (len(data.logits),):
            raise DataError(f"{len(folds)} folds for {len(data.logits)} tracks")
        self.data, self.folds, self._on_fit = data, folds, on_fit
        self.numbers = tuple(np.unique(folds).tolist())
        if len(self.numbers) < LEAST_FOLDS:
            raise DataError(
                f"a context is fitted by {LEAST_FOLDS} folds of artists or more, not {len(self.numbers)}"
            )
        _check_artists(data.tracks.artists, folds)
        self._fits: dict[frozenset[int], list[Weights]] = {}

    @cached_property
    def _total(self) -> int:
        k = len(self.numbers)
        return 1 + k + k * (k - 1) // 2

    def choose(self, without: frozenset[int] = frozenset()) -> Chosen:
        """Choose the penalty and each mood's gates on the folds that are left, and fit on all of these."""
        rows = ~np.isin(self.folds, sorted(without))
        data, folds = self.data.select(rows), self.folds[rows]
        cold = _all(WITHOUT_LABELS, data)
        audio = calibrated_losses(data.logits, data.labels).sum(0)
        # One penalty's parts at a time: those of all would fill the memory where a table has many tracks.
        shares = [
            _share(_Held(data, folds, self._inner(without, place)).total(cold), data.labels, audio)
            for place in range(len(PENALTIES))
        ]
        place = int(np.argmin(shares))
        held = _Held(data, folds, self._inner(without, place))
        artists = data.tracks.artists
        gates = gates_of(held.total, COLD_GROUPS, data.labels, artists)
        labelled = _Held(data, folds, self._with_labels(without, place, gates), data.known)
        gates |= gates_of(lambda on: labelled.total(cold | on), LABEL_GROUPS, data.labels, artists)
        weights = fit_labels(_gated(self._weights(without)[place], gates), data)
        return Chosen(weights, rows, labelled.total(cold))

    def _inner(self, without: frozenset[int], place: int) -> dict[int, Weights]:
        """Fold that is left to the weights that never saw it."""
        left = [fold for fold in self.numbers if fold not in without]
        return {fold: self._weights(without | {fold})[place] for fold in left}

    def _with_labels(self, without: frozenset[int], place: int, gates: Gates) -> dict[int, Weights]:
        found = {}
        for fold, weights in self._inner(without, place).items():
            rows = ~np.isin(self.folds, sorted(without | {fold}))
            found[fold] = fit_labels(_gated(weights, gates), self.data.select(rows))
        return found

    def _weights(self, without: frozenset[int]) -> list[Weights]:
        if without not in self._fits:
            rows = ~np.isin(self.folds, sorted(without))
            self._fits[without] = fit_weights(self.data.select(rows))
            if self._on_fit is not None:
                self._on_fit(len(self._fits), self._total)
        return self._fits[without]


class _Held:
    """Each row's parts by the weights that never saw its fold."""

    def __init__(
        self,
        data: FitData,
        folds: NDArray[np.int64],
        weights: dict[int, Weights],
        known: KnownLabels | None = None,
    ) -> None:
        self._logits, self._folds, self._numbers = data.logits, folds, list(weights)
        sums = prediction_sums(data.logits, data.tracks)
        self._all = [parts_of(mine, data.logits, data.tracks, known, sums) for mine in weights.values()]
        self.parts = {kind: self._own([parts[kind] for parts in self._all]) for kind in self._all[0]}

    def total(self, on: Gates) -> Floats:
        """Audio and the kinds that are on, the folds' scores aligned."""
        scores = [
            self._logits + sum(np.where(gate, parts[kind], 0.0) for kind, gate in on.items())
            for parts in self._all
        ]
        return self._own(aligned(scores))

    def _own(self, values: Sequence[Floats]) -> Floats:
        found = np.zeros_like(self._logits)
        for fold, value in zip(self._numbers, values, strict=True):
            mine = self._folds == fold
            found[mine] = value[mine]
        return found


def cross_fit(fits: NestedFits, known: KnownLabels | None = None) -> Floats:
    """Scores of all rows in context, each by weights, penalty and gates that never saw its artist.

    Args:
        fits: of the rows.
        known: labels that tracks may learn from, beside those that the weights were fitted to; never their own.

    Returns:
        ``(n, M)`` in the units of the audio logits. Moods without an open gate in any fold keep their audio logits.
    """
    return cross_scores(fits, cross_weights(fits), known)


def cross_weights(fits: NestedFits) -> dict[int, Weights]:
    """For each fold the weights, penalty and gates chosen and fitted without it."""
    return {fold: fits.choose(frozenset({fold})).weights for fold in fits.numbers}


def cross_scores(fits: NestedFits, weights: dict[int, Weights], known: KnownLabels | None = None) -> Floats:
    """Scores of all rows in context, as :func:`cross_fit`, by weights from :func:`cross_weights`.

    Args:
        fits: of the rows.
        weights: fold number to the weights that were fitted without it.
        known: labels that tracks may learn from, beside those that the weights were fitted to; never their own.

    Returns:
        ``(n, M)`` in the units of the audio logits. Moods to which no metadata adds anything keep their audio logits.
    """
    held = _Held(fits.data, fits.folds, weights, known)
    unchanged = ~np.any([np.any(part != 0, axis=0) for part in held.parts.values()], axis=0)
    return np.where(unchanged, fits.data.logits, held.total(_all(list(held.parts), fits.data)))


def _share(scores: Floats, labels: Floats, audio: Floats) -> float:
    """Mean over moods of the loss as a share of the audio's, so that rare moods count as much as common ones."""
    losses = calibrated_losses(scores, labels).sum(0)
    return float(np.divide(losses, audio, out=np.ones_like(losses), where=audio > 0).mean())


def aligned(scores: Sequence[Floats]) -> list[Floats]:
    """Scores of the same rows by several sets of weights, brought to one distribution a mood: the mean of theirs.

    Orders stay what they are. Without it, a set of weights that spreads its scores wider has its fold at both ends of
    the common ranking, whatever its tracks are like; no label is needed to mend that.

    Args:
        scores: ``(n, M)`` each.
    """
    # A mood after the other, each in one piece of memory.
    columns = [np.ascontiguousarray(each.T) for each in scores]
    found = [np.empty_like(each) for each in columns]
    for mood in range(len(columns[0])):
        orders = [np.argsort(each[mood], kind="stable") for each in columns]
        common = np.mean([each[mood][order] for each, order in zip(columns, orders, strict=True)], axis=0)
        for each, order, new in zip(columns, orders, found, strict=True):
            new[mood][order] = common[_first_of_ties(each[mood][order])]
    return [each.T for each in found]


def _first_of_ties(ordered: Floats) -> NDArray[np.int64]:
    """For each of ``(n,)`` rising scores the place of the first that is equal to it."""
    starts = np.flatnonzero(np.diff(ordered, prepend=-np.inf) != 0)
    return np.repeat(starts, np.diff(starts, append=len(ordered)))


def _all(kinds: Sequence[str], data: FitData) -> Gates:
    """Gates of these kinds, open for every mood; weights that are gated themselves stay so."""
    return {kind: np.ones(data.logits.shape[1], np.bool_) for kind in kinds}


def _gated(weights: Weights, gates: Gates) -> Weights:
    return replace(weights, on=weights.on | gates)


def _check_artists(artists: NDArray[np.int64], folds: NDArray[np.int64]) -> None:
    known = artists >= 0
    pairs = np.unique(np.stack([artists[known], folds[known]]), axis=1)
    if len(np.unique(pairs[0])) < pairs.shape[1]:
        raise DataError("an artist lies in two folds, so weights fitted without a fold have seen its artists")
