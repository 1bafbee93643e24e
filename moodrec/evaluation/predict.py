"""A model predicts the tracks of a label table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from moodrec.data.labels import LabelTable
from moodrec.errors import AudioError, DataError, MissingExtraError
from moodrec.evaluation.predictions import Predictions
from moodrec.names import mood_name
from moodrec.typing import Float32Array

Progress = Callable[[int, int], None]
"""Receives the number of tracks done and the number of all tracks."""


class MoodScores(Protocol):
    """The part of ``TrackMoods`` that is used here."""

    @property
    def probabilities(self) -> Float32Array: ...


class TargetModel(Protocol):
    """The part of ``MoodModel`` that is used here."""

    @property
    def target_names(self) -> tuple[str, ...]: ...
    @property
    def moods(self) -> tuple[str, ...]: ...
    def predict_targets(self, path: Path | str, /) -> Float32Array: ...
    def analyze(self, path: Path | str, /) -> MoodScores: ...


def predict(model: TargetModel, table: LabelTable, on_progress: Progress | None = None) -> Predictions:
    """Predict every target of the table that the model knows.

    A target is predicted by the model's raw target of the same name (``emotify:calmness``), else by its published
    mood of the name after the colon (``mine:calm`` by ``calm``, ``mine:Gym ready`` by ``gym_ready``). Tracks that
    cannot be analysed are in ``failures``.

    Args:
        model: the model.
        table: names the audio files and the targets.
        on_progress: called with (tracks done, tracks) after each track.

    Raises:
        DataError: the model knows none of the targets, or none of the table's tracks can be analysed.
    """
    columns = _columns(model, table)
    predicted: dict[str, Float32Array] = {}
    failures: dict[str, str] = {}
    for done, (track_id, audio) in enumerate(
        zip(table.tracks["track_id"], table.tracks["audio"], strict=True)
    ):
        try:
            predicted[track_id] = _predict_track(model, audio, columns)
        except (AudioError, MissingExtraError) as error:
            failures[track_id] = str(error)
        if on_progress is not None:
            on_progress(done + 1, len(table))
    if not predicted:
        raise DataError(
            f"{table.name}: none of its {len(table)} tracks can be analysed; {next(iter(failures.values()))}"
        )
    return Predictions(tuple(predicted), tuple(columns), np.stack(list(predicted.values())), failures)


def renamed_targets(model: TargetModel, table: LabelTable) -> dict[str, str]:
    """Find the targets that are predicted by a mood whose name is spelt otherwise.

    Args:
        model: the model.
        table: names the targets.

    Returns:
        Name in the table, such as ``Gym ready``, to the name of the mood, ``gym_ready``.
    """
    targets = [name for name in map(str, table.targets.columns) if name not in model.target_names]
    spelt = {name.rsplit(":", 1)[-1]: mood_name(name.rsplit(":", 1)[-1]) for name in targets}
    return {own: name for own, name in spelt.items() if own != name and name in model.moods}


def _columns(model: TargetModel, table: LabelTable) -> dict[str, int]:
    """Find each target's place among the model's raw targets, followed by its published moods."""
    if not len(table):
        raise DataError(f"{table.name}: has no tracks")
    names = list(map(str, table.targets.columns))
    raw = {name: place for place, name in enumerate(model.target_names)}
    moods = {name: len(raw) + place for place, name in enumerate(model.moods)}
    places = {name: raw.get(name, moods.get(mood_name(name.rsplit(":", 1)[-1]), -1)) for name in names}
    known = {name: place for name, place in places.items() if place >= 0}
    if not known:
        raise DataError(
            f"the model predicts none of {table.name}'s targets ({', '.join(names[:5]) or 'it has none'}); "
            f"its moods are {', '.join(model.moods)}"
        )
    return known


def _predict_track(model: TargetModel, audio: str, columns: dict[str, int]) -> Float32Array:
    if not audio:
        raise AudioError("the table names no audio file", "no_audio")
    n_raw = len(model.target_names)
    needs_raw = any(place < n_raw for place in columns.values())
    needs_moods = any(place >= n_raw for place in columns.values())
    raw = model.predict_targets(audio) if needs_raw else np.zeros(n_raw, np.float32)
    moods = model.analyze(audio).probabilities if needs_moods else np.zeros(len(model.moods), np.float32)
    return np.concatenate([raw, moods])[list(columns.values())]
