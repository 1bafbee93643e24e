"""Anyone's predictions with and without the library's context: figures of both, and their paired difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from moodrec.data.splits import grouped_folds
from moodrec.errors import DataError
from moodrec.evaluation.context.inputs import ContextInputs
from moodrec.evaluation.context.metadata import Metadata
from moodrec.evaluation.context.report import ContextReport, PairedDifference, SystemFigures, TagFigures
from moodrec.evaluation.evaluate import BootstrapOptions, describe_intervals
from moodrec.evaluation.reports import Estimate
from moodrec.metrics.bootstrap import difference_of, interval_of, weighted_bootstrap
from moodrec.metrics.ranked import RankedLabels
from moodrec.metrics.tagging import both_classes
from moodrec.model.context.fit import FitData
from moodrec.model.context.folds import LEAST_FOLDS, NestedFits, Progress, cross_fit
from moodrec.model.context.model import OFFSETS, ContextModel, MoodContext
from moodrec.model.context.weights import KnownLabels

Floats = NDArray[np.float64]
Labels = Literal["none", "other-albums", "others"]

N_FOLDS: Final = 5
FOLD_SEED: Final = 0


@dataclass(frozen=True, eq=False)
class InContext:
    """Scores of ``n`` tracks and ``T`` tags in context, and the weights behind them.

    Attributes:
        scores: ``(n, T)`` in the units of the audio logits.
        model: the weights of the whole table, or those that were given.
        source: where the weights of ``scores`` come from, for reports.
        kinds: ``T`` times the kinds of metadata whose gates are open.
        without: tags that have no weights and keep their audio scores.
    """

    scores: Floats
    model: ContextModel
    source: str
    kinds: tuple[tuple[str, ...], ...]
    without: tuple[str, ...] = ()


def fit_in_context(
    inputs: ContextInputs, known: Labels = "none", on_fit: Progress | None = None
) -> InContext:
    """Score each track by weights, penalty and gates that never saw its artist.

    Args:
        inputs: tracks with predictions, labels and metadata.
        known: whose labels a track may learn from besides: nobody's, those of its artist's other albums, or those of
            all other tracks of its artist and album. Never its own.
        on_fit: called with (fits made, fits in all).

    Raises:
        DataError: there are fewer than three artists.
    """
    data = FitData(inputs.logits(), inputs.labels, inputs.metadata.tracks(), known == "other-albums")
    folds = artist_folds(inputs.metadata)
    fits = NestedFits(data, folds, on_fit)
    scores = cross_fit(fits, _known(inputs, known))
    model = ContextModel.fit(inputs.tags, fits, f"{len(folds)} tracks of {inputs.dataset}")
    source = f"fitted by {len(fits.numbers)} folds of artists of this table, nested"
    return InContext(scores, model, source, tuple(map(kinds_of, model.moods.values())))


def apply_context(inputs: ContextInputs, model: ContextModel, known: Labels = "none") -> InContext:
    """Score all tracks by given weights, which must not have been fitted to their artists.

    The weights are of standardised scores, so level and spread of each tag are taken from the predictions at hand.

    Args:
        inputs: tracks with predictions, labels and metadata. Tags are matched to the model's moods by name, and keep
            their audio scores where it has none; where both are only numbered, they are matched by their order.
        model: fitted weights of each mood.
        known: whose labels a track learns from: nobody's, those of its artist's other albums, or those of all other
            tracks of its artist and album. Never its own.

    Raises:
        DataError: none of the tags is one of the model.
    """
    moods = _moods_of(inputs.tags, model)
    columns = [column for column, mood in enumerate(moods) if mood is not None]
    if not columns:
        raise DataError(
            f"the context has no weights for {', '.join(inputs.tags[:5])}; it has "
            f"{', '.join(list(model.moods)[:5])}, ..."
        )
    logits, labels = inputs.logits(), _known(inputs, known)
    mine = model.of_moods([mood for mood in moods if mood is not None]).restandardised(logits[:, columns])
    scores = logits.copy()
    scores[:, columns] = mine.score(
        logits[:, columns], inputs.metadata.tracks(), None if labels is None else labels.of_moods(columns)
    ).logits
    return InContext(
        scores,
        mine,
        f"given ones: {model.fitted_on}",
        tuple(() if mood is None else kinds_of(model.moods[mood]) for mood in moods),
        tuple(tag for tag, mood in zip(inputs.tags, moods, strict=True) if mood is None),
    )


def _moods_of(tags: Sequence[str], model: ContextModel) -> list[str | None]:
    """The mood of the model that each tag is, None where it has none."""
    own = list(model.moods)
    numbered = all(tag.startswith("tag_") for tag in tags) or all(mood.startswith("tag_") for mood in own)
    if numbered and len(tags) == len(own) and not set(tags) <= set(own):
        return list(own)
    return [tag if tag in model.moods else None for tag in tags]


def artist_folds(metadata: Metadata) -> NDArray[np.int64]:
    """Deal the tracks into five folds by artist, fewer where there are fewer artists.

    Raises:
        DataError: there are fewer than three.
    """
    groups = metadata.groups()
    n = min(N_FOLDS, len(set(groups)))
    if n < LEAST_FOLDS:
        raise DataError(
            f"weights are fitted by folds of artists, so it takes {LEAST_FOLDS} artists or more, not {n}"
        )
    return grouped_folds(groups, n, FOLD_SEED)


def compare(
    inputs: ContextInputs, found: InContext, known: Labels = "none", options: BootstrapOptions | None = None
) -> ContextReport:
    """Average precision and ROC-AUC of the predictions as they came and in context, with intervals over artists.

    Args:
        inputs: tracks with predictions, labels and metadata.
        found: their scores in context, from :func:`fit_in_context` or :func:`apply_context`.
        known: whose labels the scores in context learned from, for the report.
        options: number, seed and level of the bootstrap's resamples; the defaults where None.

    Returns:
        Figures in [0, 1] of both systems on the same tracks, and their difference on the same resamples.

    Raises:
        DataError: no tag has both a positive and a negative track.
    """
    options = options or BootstrapOptions()
    usable = [column for column in range(len(inputs.tags)) if both_classes(inputs.labels[:, column])]
    if not usable:
        raise DataError(f"{inputs.dataset}: no tag has both a positive and a negative track")
    groups = inputs.metadata.groups()
    pairs = [_Pair(inputs, found, column) for column in usable]
    plain = np.stack([pair.of(None)[0] for pair in pairs])
    draws = weighted_bootstrap(
        lambda weights: np.stack([pair.of(weights) for pair in pairs], axis=1),
        len(groups),
        groups,
        options.n_resamples,
        options.seed,
    )
    tags = tuple(
        TagFigures(
            tag=inputs.tags[column],
            positives=int((inputs.labels[:, column] == 1).sum()),
            prevalence=float(np.nanmean(inputs.labels[:, column])),
            audio_ap=float(plain[i, 0]),
            context_ap=float(plain[i, 2]),
            difference=_estimate(plain[i, 2] - plain[i, 0], draws[:, i, 2] - draws[:, i, 0], options.level),
            kinds=found.kinds[column],
        )
        for i, column in enumerate(usable)
    )
    told, notes = inputs.metadata, inputs.notes
    if found.without:
        notes = (*notes, f"no weights for {', '.join(found.without)}, which keep their audio scores")
    return ContextReport(
        dataset=inputs.dataset,
        weights=found.source,
        known_labels=known,
        n_tracks=len(told),
        n_artists=len({artist for artist in told.artists if artist}),
        n_with_genres=int(told.tracks().genres.any(axis=1).sum()),
        n_with_album=sum(album is not None for album in told.albums),
        n_with_year=int(np.isfinite(told.years).sum()),
        audio=_system(plain, draws, (0, 1), options.level),
        context=_system(plain, draws, (2, 3), options.level),
        difference=_difference(plain, draws, tags, options.level),
        tags=tags,
        skipped=tuple(tag for column, tag in enumerate(inputs.tags) if column not in usable),
        notes=notes,
        intervals=describe_intervals(True, options),
    )


class _Pair:
    """Average precision and ROC-AUC of one tag, before and in context, under row weights."""

    def __init__(self, inputs: ContextInputs, found: InContext, column: int) -> None:
        labels = inputs.labels[:, column]
        self._known = ~np.isnan(labels)
        self._ranked = [
            RankedLabels(labels[self._known], scores[self._known, column])
            for scores in (inputs.scores, found.scores)
        ]

    def of(self, weights: NDArray[np.float32] | None) -> Floats:
        """``(b, 4)``: audio's average precision and ROC-AUC, then those in context."""
        mine = None if weights is None else weights[:, self._known]
        return np.concatenate([ranked.both(mine) for ranked in self._ranked], axis=1)


def _system(plain: Floats, draws: Floats, columns: tuple[int, int], level: float) -> SystemFigures:
    return SystemFigures(
        *(_estimate(plain[:, at].mean(), _mean_known(draws[:, :, at]), level) for at in columns)
    )


def _difference(plain: Floats, draws: Floats, tags: tuple[TagFigures, ...], level: float) -> PairedDifference:
    estimates = [
        _estimate(
            (plain[:, at + 2] - plain[:, at]).mean(),
            _mean_known(draws[:, :, at + 2] - draws[:, :, at]),
            level,
        )
        for at in (0, 1)
    ]
    drawn = _mean_known(draws[:, :, 2] - draws[:, :, 0])
    return PairedDifference(
        macro_ap=estimates[0],
        macro_roc_auc=estimates[1],
        p_value=difference_of(estimates[0].value, drawn, level).p_value,
        tags_better=sum(tag.difference.low > 0 for tag in tags),
        tags_worse=sum(tag.difference.high < 0 for tag in tags),
    )


def _estimate(value: float, draws: Floats, level: float) -> Estimate:
    interval = interval_of(draws, level, estimate=float(value))
    return Estimate(float(value), interval.low, interval.high)


def _mean_known(values: Floats) -> Floats:
    """Mean over tags ``(resamples, tags)``, NaN left out; NaN where a resample has nothing else."""
    known = ~np.isnan(values)
    counts = known.sum(axis=1)
    sums = np.where(known, values, 0).sum(axis=1)
    return np.asarray(np.divide(sums, counts, out=np.full(len(values), np.nan), where=counts > 0))


def kinds_of(mood: MoodContext) -> tuple[str, ...]:
    """Open gates of a mood."""
    return (
        *(("genres",) if mood.genres else ()),
        *(("year",) if any(mood.year) else ()),
        *(kind for kind in OFFSETS if getattr(mood, kind).weight > 0),
    )


def _known(inputs: ContextInputs, known: Labels) -> KnownLabels | None:
    return None if known == "none" else KnownLabels(inputs.labels, known == "other-albums")
