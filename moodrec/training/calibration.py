"""The tracks that the score scales are fitted on are settled, and checked, before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import DataError
from moodrec.model.spec import MOOD_TASK, PublishedMood
from moodrec.training.labels import encode_labels
from moodrec.training.prepare import Prepared
from moodrec.training.publish import published_moods
from moodrec.training.quality import mood_labels
from moodrec.training.recipe import Recipe

_OUT_OF_FOLD = "out-of-fold predictions: every track by a model that was not trained on it or its artist"
_VALIDATION = "predictions of validation tracks"
_TRAINING = "predictions of training tracks, so that the scores of new music crowd the middle"


@dataclass(frozen=True)
class Calibration:
    """The rows to fit the scales of the published moods on, and a sentence on what their predictions are."""

    rows: NDArray[np.int64]
    """Rows of the joined table, in rising order."""
    note: str
    moods: dict[str, PublishedMood]
    """The moods that the model publishes."""
    targets: tuple[str, ...]
    """The targets that the network learns, in the order of its outputs."""
    unseen: bool = True
    """Whether the networks were not trained on these tracks, so that the predictions tell how good they are."""


def plan_calibration(recipe: Recipe, data: Prepared) -> Calibration:
    """Choose the least biased predictions that there will be: out of fold, else of validation tracks, else of
    training tracks.

    Tracks held out for testing are never among them.

    Args:
        recipe: the training run.
        data: its datasets.

    Raises:
        ConfigError: a mood of the recipe cannot be published.
        DataError: there are no moods to learn, or one has no labels.
    """
    heads = encode_labels(data.table, recipe.tasks, data.seen).heads
    if MOOD_TASK not in heads:
        raise DataError(
            "a model needs mood targets; the datasets of this recipe have none, or tasks.mood.weight is 0"
        )
    moods = published_moods(recipe, heads)
    targets = data.table.targets.to_numpy(np.float32)
    names = heads[MOOD_TASK].labels
    labels = {name: mood_labels(mood, names, targets) for name, mood in moods.items()}
    unlabelled = [name for name, known in labels.items() if np.isnan(known[data.seen]).all()]
    if unlabelled:
        raise DataError(f"no training track has a label for: {', '.join(unlabelled)}")
    if recipe.split.folds:
        return Calibration(np.flatnonzero(data.seen), _OUT_OF_FOLD, moods, names)
    validation = data.table.tracks["split"].eq("val").to_numpy() & ~data.seen
    if all((~np.isnan(known[validation])).any() for known in labels.values()):
        return Calibration(np.flatnonzero(validation), _VALIDATION, moods, names)
    return Calibration(np.flatnonzero(data.seen), _TRAINING, moods, names, unseen=False)
