"""The fitted context as a file: weights of every mood, and the scale of its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from moodrec.config import Config, explain
from moodrec.errors import CorruptStoreError, DataError, NotFoundError
from moodrec.files.kinds import read_regular
from moodrec.files.replacing import write_atomically
from moodrec.metrics.calibration import Platt, fit_platt, percentile, quantile_table
from moodrec.model.context.applied import InContext, logits_of
from moodrec.model.context.folds import NestedFits
from moodrec.model.context.tables import table_in_context
from moodrec.model.context.tracks import YEAR_COLUMNS, TrackContext, descriptor_names
from moodrec.model.context.weights import KINDS, KnownLabels, Parts, Weights, parts_of

Floats = NDArray[np.float64]
MOST_OF_CONTEXT: Final = 64 << 20
"""Greatest size of a file of a context, in bytes: what is larger is not read."""
LARGEST: Final = 1e9
"""No number of a context is larger, so that products of three of them are finite."""
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
Size = Annotated[float, Field(ge=1 / LARGEST, le=LARGEST, allow_inf_nan=False)]

N_QUANTILES: Final = 101
OFFSETS: Final = ("artist", "album", "artist_labels", "album_labels")


class Offset(Config):
    """What the other tracks of an artist or album add."""

    weight: Weight
    """0 where held-out folds showed no gain. Of predictions, a share of their mean; of labels, of their logit."""
    shrinkage: Size
    """Of predictions, variance within groups over that between them; of labels, the correlation within groups."""


class MoodContext(Config):
    """Weights of one mood, and the scale of its scores in context."""

    centre: Number
    """Mean of the audio logits that it was fitted to."""
    spread: Size
    """Their standard deviation."""
    intercept: Number
    """The logit of a label is ``intercept + audio * z``, z the score in context, standardised."""
    audio: Size
    genres: dict[str, Number]
    """Genre to what it adds, in spreads of the audio logits; those that add nothing are left out."""
    year: tuple[Number, Number]
    """The same for decades since 1990 and their square."""
    artist: Offset
    album: Offset
    artist_labels: Offset
    album_labels: Offset
    slope: Number
    """Probability = sigmoid(slope * score in context + bias)."""
    bias: Number
    quantiles: Annotated[tuple[Number, ...], Field(min_length=2)]
    """Evenly spaced quantiles of the probability over the tracks of the fit, lowest to highest."""

    @model_validator(mode="after")
    def _sound(self) -> MoodContext:
        unknown = sorted(set(self.genres) - set(descriptor_names()[: -len(YEAR_COLUMNS)]))
        if unknown:
            raise ValueError(f"genres: {', '.join(unknown[:5])}: not in this version's vocabulary")
        if any(later < earlier for earlier, later in zip(self.quantiles, self.quantiles[1:], strict=False)):
            raise ValueError("quantiles: must not fall")
        return self


@dataclass(frozen=True, eq=False)
class ContextScores:
    """Scores of ``n`` tracks in context.

    Attributes:
        logits: ``(n, M)`` in the units of the audio logits; those of tracks without metadata are the audio's.
        parts: kind of metadata to what it added, ``(n, M)``.
    """

    logits: Floats
    parts: Parts


class ContextModel(Config):
    """How metadata corrects the audio scores of a model's moods."""

    format: Literal[1] = 1
    moods: Annotated[dict[str, MoodContext], Field(min_length=1)]
    """In the order of the columns of scores."""
    means: dict[str, Number]
    """Mean of each genre, and of the year's columns, over the tracks of the fit that have any; others are 0."""
    fitted_on: str
    """Which tracks and scores it was fitted to, in one line."""

    @classmethod
    def fit(cls, moods: Sequence[str], fits: NestedFits, fitted_on: str) -> ContextModel:
        """Choose penalty and gates by the folds, fit on all rows, and calibrate on held-out scores.

        Args:
            moods: ``M`` names of the columns.
            fits: of audio logits by models that never had the track or its artist in training.
            fitted_on: what they are, in one line.

        Raises:
            DataError: there is not one name a column, or two columns have the same.
        """
        if len(moods) != fits.data.logits.shape[1] or len(set(moods)) < len(moods):
            raise DataError(
                f"{len(set(moods))} different names for {fits.data.logits.shape[1]} columns of scores"
            )
        chosen = fits.choose()
        labels = fits.data.labels[chosen.rows]
        found = {
            mood: _mood(chosen.weights, column, chosen.held_out[:, column], labels[:, column])
            for column, mood in enumerate(moods)
        }
        names = descriptor_names()
        means = {names[i]: float(mean) for i, mean in enumerate(chosen.weights.descriptor_means) if mean}
        return cls(moods=found, means=means, fitted_on=fitted_on)

    def score(self, logits: Floats, tracks: TrackContext, known: KnownLabels | None = None) -> ContextScores:
        """Correct audio logits by what is known of the tracks, and of the other tracks of their artists and albums.

        Args:
            logits: ``(n, M)`` audio logits, finite, columns in the order of ``moods``.
            tracks: metadata of these tracks; offsets are taken among them.
            known: mood labels of some of them.

        Raises:
            DataError: shapes do not fit, or a logit is not finite.
        """
        parts = parts_of(self.weights(), logits, tracks, known)
        return ContextScores(logits + sum(parts.values()), parts)

    def of_probabilities(
        self,
        moods: Sequence[str],
        probabilities: NDArray[np.floating],
        scores: NDArray[np.floating],
        tracks: TrackContext,
        known: KnownLabels | None = None,
    ) -> InContext:
        """Correct the moods of tracks by their metadata, and by the other tracks of their artists and albums.

        Args:
            moods: ``M`` names of the columns; those that the context does not have keep what the audio says.
            probabilities: ``(n, M)`` by the audio alone, in [0, 1].
            scores: ``(n, M)`` by the audio alone, in [0, 1].
            tracks: metadata of the ``n`` tracks; offsets are taken among them.
            known: mood labels of some of them, ``(n, M)``.

        Raises:
            DataError: shapes do not fit, or a probability is not finite.
        """
        audio = logits_of(probabilities)
        own = [column for column, mood in enumerate(moods) if mood in self.moods]
        mine = self if tuple(moods) == tuple(self.moods) else self.of_moods([moods[column] for column in own])
        found = mine.score(audio[:, own], tracks, None if known is None else known.of_moods(own))
        probability = mine.probabilities(found.logits)
        changed = np.any([part != 0 for part in found.parts.values()], axis=0)
        both = [np.array(values, dtype=np.float64) for values in (probabilities, scores)]
        for values, new in zip(both, (probability, mine.mood_scores(probability)), strict=True):
            values[:, own] = np.where(changed, new, values[:, own])
        parts = {kind: np.zeros_like(audio) for kind in found.parts}
        for kind, part in found.parts.items():
            parts[kind][:, own] = part
        return InContext(both[0], both[1], audio, parts)

    def of_moods(self, moods: Sequence[str]) -> ContextModel:
        """The same for some of its moods, in another order perhaps."""
        return self.model_copy(update={"moods": {mood: self.moods[mood] for mood in moods}})

    def probabilities(self, logits: Floats) -> Floats:
        """Calibrated probabilities of scores in context, ``(n, M)`` in [0, 1]."""
        fits = [Platt(mood.slope, mood.bias) for mood in self.moods.values()]
        return np.stack([fit.probabilities(logits[:, i]) for i, fit in enumerate(fits)], axis=1)

    def mood_scores(self, probabilities: Floats) -> Floats:
        """Percentiles of probabilities among those of the tracks of the fit, ``(n, M)`` in [0, 1]."""
        tables = [mood.quantiles for mood in self.moods.values()]
        return np.stack([percentile(probabilities[:, i], table) for i, table in enumerate(tables)], axis=1)

    @property
    def does_anything(self) -> bool:
        """Say whether any kind of metadata adds anything to any mood."""
        return any(
            mood.genres or any(mood.year) or any(getattr(mood, kind).weight > 0 for kind in OFFSETS)
            for mood in self.moods.values()
        )

    def in_context(self, table: pa.Table, moods: Sequence[str]) -> pa.Table:
        """Correct the moods of a track table; see :func:`moodrec.model.context.tables.table_in_context`.

        Args:
            table: Arrow, one row a track.
            moods: its mood columns.

        Raises:
            DataError: a column holds values of a wrong type, or the table is in context already.
        """
        return table_in_context(self, table, moods)

    def restandardised(self, logits: Floats) -> ContextModel:
        """The same for another system, whose logits ``(n, M)`` have another level and another spread.

        Its probabilities are not calibrated any more.
        """
        spread = logits.std(0)
        flat = spread <= 1e-9 * np.maximum(1.0, np.abs(logits.mean(0)))
        moods = {
            name: mood.model_copy(
                update={"centre": float(logits[:, i].mean()), "spread": 1.0 if flat[i] else float(spread[i])}
            )
            for i, (name, mood) in enumerate(self.moods.items())
        }
        return self.model_copy(update={"moods": moods})

    def weights(self) -> Weights:
        """The weights of all moods as arrays, in the order of ``moods``, with every gate on."""
        moods, names = list(self.moods.values()), descriptor_names()
        genres = [[mood.genres.get(name, 0.0) for name in names[: -len(YEAR_COLUMNS)]] for mood in moods]
        numbers = {
            name: np.array([getattr(mood, name) for mood in moods])
            for name in ("centre", "spread", "intercept", "audio")
        }
        offsets = {kind: [getattr(mood, kind) for mood in moods] for kind in OFFSETS}
        return Weights(
            **numbers,
            descriptors=np.column_stack([np.array(genres), np.array([mood.year for mood in moods])]),
            descriptor_means=np.array([self.means.get(name, 0.0) for name in names]),
            offsets={kind: np.array([each.weight for each in found]) for kind, found in offsets.items()},
            shrinkage={kind: np.array([each.shrinkage for each in found]) for kind, found in offsets.items()},
            on={kind: np.ones(len(moods), np.bool_) for kind in KINDS},
        )

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_atomically(path, self.to_json())

    def to_json(self) -> bytes:
        """Give the content of the file that :meth:`save` writes."""
        return (self.model_dump_json(indent=1) + "\n").encode()

    @classmethod
    def load(cls, path: Path) -> ContextModel:
        """Read a context from a file that :meth:`save` wrote.

        Raises:
            NotFoundError: there is no such file.
            CorruptStoreError: it is not such a file, or of another version.
        """
        try:
            return cls.model_validate_json(read_regular(path, MOST_OF_CONTEXT))
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError(f"{path}: no such context file") from None
        except ValidationError as error:
            raise CorruptStoreError(f"{path}: is not a context of this version ({explain(error)})") from error


def _mood(weights: Weights, column: int, held_out: Floats, labels: Floats) -> MoodContext:
    gated = replace(
        weights,
        offsets={kind: np.where(weights.on[kind], weights.offsets[kind], 0.0) for kind in OFFSETS},
    )
    own = gated.descriptors[column]
    first = len(own) - len(YEAR_COLUMNS)
    genres = own[:first] if gated.on["genres"][column] else np.zeros(first)
    year = own[first:] if gated.on["year"][column] else np.zeros(len(YEAR_COLUMNS))
    known = ~np.isnan(labels)
    platt = fit_platt(held_out[known], labels[known]) if known.any() else Platt(1.0, 0.0)
    offsets = {
        kind: Offset(
            weight=float(gated.offsets[kind][column]),
            shrinkage=max(float(gated.shrinkage[kind][column]), 1e-9),
        )
        for kind in OFFSETS
    }
    return MoodContext(
        centre=float(gated.centre[column]),
        spread=float(gated.spread[column]),
        intercept=float(gated.intercept[column]),
        audio=float(gated.audio[column]),
        genres={name: float(w) for name, w in zip(descriptor_names(), genres, strict=False) if w},
        year=(float(year[0]), float(year[1])),
        slope=platt.slope,
        bias=platt.intercept,
        quantiles=tuple(quantile_table(platt.probabilities(held_out), N_QUANTILES).tolist()),
        **offsets,
    )
