"""Predicted probabilities of tracks are read from files, and matched to a label table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable
from moodrec.errors import DataError
from moodrec.evaluation.matrices import load_matrix, scored_part, without_infinities
from moodrec.names import mood_name

TRACK_ID: Final = "track_id"


@dataclass(frozen=True, eq=False)
class Predictions:
    """Scores of ``n`` tracks for ``T`` targets.

    Attributes:
        track_ids: ``n`` ids, unique.
        targets: ``T`` names, as in the label table.
        scores: ``(n, T)``, higher means more likely; NaN where there is none.
        failures: track id -> why it has no prediction.
    """

    track_ids: tuple[str, ...]
    targets: tuple[str, ...]
    scores: NDArray[np.floating]
    failures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.scores.shape != (len(self.track_ids), len(self.targets)):
            sizes = f"{len(self.track_ids)} tracks and {len(self.targets)} targets"
            raise DataError(f"scores of shape {self.scores.shape} for {sizes}")
        twice = pd.Index(self.track_ids)[pd.Index(self.track_ids).duplicated()].tolist()
        if twice:
            raise DataError(f"predictions hold {len(twice)} track ids twice: {twice[:5]}")


@dataclass(frozen=True, eq=False)
class Matched:
    """The rows of a label table that have a prediction, and the scores in their order."""

    rows: NDArray[np.int64]
    """``(n,)`` rows of the table."""
    targets: tuple[str, ...]
    """``T`` targets that both have, in the table's order."""
    scores: NDArray[np.float64]
    """``(n, T)`` finite scores, higher means more likely."""


def load_predictions(path: Path) -> Predictions:
    """Read a table (``track_id`` and one column per target; columns without numbers are ignored), or an ``.npz`` with
    ``track_id`` and ``tags``.

    Raises:
        NotFoundError: there is no such file.
        DataError: it cannot be read, has no ``track_id``, names of targets or numbers, or a track twice.
    """
    found = load_matrix(path)
    if found.track_ids is None:
        raise DataError(f"{path}: has no {TRACK_ID}, by which tracks are found in the dataset")
    if found.tags is None:
        raise DataError(f"{path}: has no names of targets, by which they are found in the dataset")
    return Predictions(found.track_ids, found.tags, found.values)


def match(predictions: Predictions, table: LabelTable) -> Matched:
    """Find each track of a table in the predictions, by its id or by ``<table name>/<id>``.

    A track that lacks a score of a target that both have counts as not predicted, a target that has no score of any
    track as not predicted either.

    Args:
        predictions: scores of tracks.
        table: the label table.

    Raises:
        DataError: they share no targets or no tracks, or no track has all its scores.
    """
    places = _columns_of([str(name) for name in table.targets.columns], predictions.targets)
    targets = tuple(places)
    if not targets:
        raise DataError(
            f"predictions and {table.name} share no targets; predicted are {_some(predictions.targets)}, "
            f"labelled are {_some(list(map(str, table.targets.columns)))}"
        )
    place = {track_id: row for row, track_id in enumerate(predictions.track_ids)}
    found = [place.get(i, place.get(f"{table.name}/{i}", -1)) for i in table.tracks["track_id"]]
    rows = np.flatnonzero(np.array(found, dtype=np.int64) >= 0)
    if not rows.size:
        examples = f"{_some(predictions.track_ids)}; {table.name} has {_some(list(table.tracks['track_id']))}"
        raise DataError(f"predictions and {table.name} share no track ids; predicted are {examples}")
    scores = predictions.scores[np.array(found)[rows]][:, list(places.values())].astype(np.float64)
    some, whole = scored_part(scores)
    if not whole.size:
        raise DataError(f"no track of {table.name} has a prediction of each target")
    kept = tuple(targets[int(column)] for column in some)
    return Matched(rows[whole], kept, without_infinities(scores[whole][:, some]))


def _columns_of(labelled: Sequence[str], predicted: Sequence[str]) -> dict[str, int]:
    """Find the column of each target that is predicted, by its name with or without that of the dataset, or by the
    mood that it is published as: ``gym_ready`` for ``table:Gym ready``.
    """
    place = {name: column for column, name in enumerate(predicted)}
    published = _alone([mood_name(name) for name in predicted])
    names = [target.partition(":")[2] for target in labelled]
    bare, moods = _alone(names), _alone([mood_name(name) for name in names])
    found: dict[str, int] = {}
    for target, name in zip(labelled, names, strict=True):
        if target in place:
            found[target] = place[target]
        elif name in bare and name in place:
            found[target] = place[name]
        elif (mood := mood_name(name)) in moods and mood in published:
            found[target] = published[mood]
    return found


def _alone(names: Sequence[str]) -> dict[str, int]:
    """Give the places of names that occur once."""
    counts = Counter(names)
    return {name: place for place, name in enumerate(names) if name and counts[name] == 1}


def _some(names: Sequence[str], limit: int = 3) -> str:
    if not names:
        return "none"
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")
