"""Scores that users see: the model's, corrected by what the library knows of its tracks, and by people's labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from moodrec.errors import CorruptStoreError
from moodrec.library.records import LabelRecord, ModelRecord
from moodrec.library.stored_json import stored_texts
from moodrec.model.context.applied import InContext
from moodrec.model.context.model import ContextModel
from moodrec.model.context.tracks import TrackContext, codes_of
from moodrec.model.context.weights import KnownLabels
from moodrec.typing import Float32Array

Described = Mapping[str, Sequence[Any]]
"""Columns of the table ``tracks`` by name: ``artist_key``, ``album_key``, ``audio_fingerprint``, genre, year."""


@dataclass(frozen=True, eq=False)
class LibraryScores:
    """Moods of ``n`` tracks.

    Attributes:
        scores, probabilities: ``(n, M)`` float32 in [0, 1], in context; of a track that was labelled, the label.
        labels: ``(n, M)`` float32, the tracks' own labels, NaN where there are none.
        labelled: moods that any track of the library has a label of its own of.
        context: how metadata corrected the audio's; None where the model has no context.
        corrected: whether any score of the library may differ from the audio's.
    """

    scores: Float32Array
    probabilities: Float32Array
    labels: Float32Array
    labelled: frozenset[str]
    context: InContext | None
    corrected: bool

    def at(self, rows: NDArray[np.int64]) -> LibraryScores:
        """Those of some rows."""
        context = None if self.context is None else self.context.at(rows)
        return replace(
            self,
            scores=self.scores[rows],
            probabilities=self.probabilities[rows],
            labels=self.labels[rows],
            context=context,
        )


def scores_of(
    model: ModelRecord,
    scores: Float32Array,
    probabilities: Float32Array,
    described: Described,
    labels: Sequence[LabelRecord],
) -> LibraryScores:
    """Correct the scores of tracks by metadata and labels.

    Args:
        model: the model that scored them.
        scores: ``(n, M)`` by the audio alone.
        probabilities: ``(n, M)`` by the audio alone.
        described: what the library knows of these ``n`` tracks, among which offsets are taken.
        labels: all labels of the library that hold.

    Raises:
        CorruptStoreError: the model's context cannot be read.
    """
    own = _given(labels, "track", described["audio_fingerprint"], model.moods)
    found = None
    if model.context is not None and len(scores):
        artists, albums = described["artist_key"], described["album_key"]
        group = _given(labels, "album", albums, model.moods)
        group = np.where(np.isnan(group), _given(labels, "artist", artists, model.moods), group)
        known = np.where(np.isnan(own), group, own)
        given = KnownLabels(known, of_group=np.isnan(own) & ~np.isnan(group)) if labels else None
        tracks = TrackContext.of(artists, None, _genres(described["genre"]), _years(described["year"]))
        tracks = replace(tracks, albums=codes_of(albums))  # their keys hold the artist already
        found = context_of(model.context).of_probabilities(model.moods, probabilities, scores, tracks, given)
        scores, probabilities = (values.astype(np.float32) for values in (found.scores, found.probabilities))
    labelled = ~np.isnan(own)
    moods = {one.mood for one in labels if one.kind == "track"} & set(model.moods)
    return LibraryScores(
        np.where(labelled, own, scores).astype(np.float32),
        np.where(labelled, own, probabilities).astype(np.float32),
        own.astype(np.float32),
        frozenset(moods),
        found,
        model.context is not None or bool(moods),
    )


@lru_cache(maxsize=4)
def context_of(text: str) -> ContextModel:
    """Read the context of a model as the library stores it.

    Raises:
        CorruptStoreError: it cannot be read.
    """
    try:
        return ContextModel.model_validate_json(text)
    except ValidationError as error:
        raise CorruptStoreError(
            "the library holds a model's context that this moodrec cannot read; "
            "to store the model's own again: moodrec analyze FOLDER"
        ) from error


def _given(
    labels: Sequence[LabelRecord], kind: str, keys: Sequence[str | None], moods: Sequence[str]
) -> NDArray[np.float64]:
    """``(n, M)`` labels of one kind, NaN where there are none."""
    place = {mood: column for column, mood in enumerate(moods)}
    known: dict[str, list[tuple[int, float]]] = {}
    for one in labels:
        if one.kind == kind and one.mood in place and one.value is not None:
            known.setdefault(one.key, []).append((place[one.mood], one.value))
    values = np.full((len(keys), len(moods)), np.nan)
    for row, key in enumerate(keys if known else ()):
        for column, value in known.get(key or "", ()):
            values[row, column] = value
    return values


def _genres(texts: Sequence[str | None]) -> list[tuple[str, ...]]:
    lists = {text: () if text is None else tuple(stored_texts(text)) for text in set(texts)}
    return [lists[text] for text in texts]


def _years(years: Sequence[int | None]) -> NDArray[np.float64]:
    return np.array([np.nan if year is None else year for year in years], dtype=np.float64)
