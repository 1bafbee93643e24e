"""What a recipe computes after a network is trained, in the order in which one step takes up another's result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK
from moodrec.training.inputs import NetworkInputs
from moodrec.training.labels import TaskLabels
from moodrec.training.mood_metric import bring_moods_near
from moodrec.training.recipe import Recipe
from moodrec.training.regression import add_regression
from moodrec.training.steady import CopiedTracks, make_steady


def refine(
    network: MoodNetwork,
    recipe: Recipe,
    inputs: NetworkInputs,
    labels: TaskLabels,
    seen: NDArray[np.bool_],
    copies: CopiedTracks | None,
) -> None:
    """Bring neighbours together in mood, add regressions to the mood head, and make the embedding steady.

    Args:
        network: trained, in evaluation mode; it is changed.
        recipe: says which of these it has.
        inputs: the inputs of all tracks.
        labels: heads and targets of all tracks.
        seen: (tracks,) which of them the network was trained on.
        copies: the copies of some tracks; None leaves the embedding as it is.

    Raises:
        ConfigError: a head is not linear in the embedding.
        DataError: no track that the network was trained on has copies.
    """
    rows, moods = np.flatnonzero(seen), recipe.tasks.mood
    if moods.neighbours is not None and MOOD_TASK in labels.heads:
        bring_moods_near(network, inputs, rows, labels.heads[MOOD_TASK], moods.neighbours)
    if moods.regression is not None and MOOD_TASK in labels.heads:
        add_regression(network, inputs, rows, labels, moods.regression)
    if copies is not None and recipe.copies is not None:
        make_steady(network, inputs, copies, seen, recipe.copies)
