"""The mood targets that a recipe names are compared with those of its datasets before any audio is decoded."""

from __future__ import annotations

import numpy as np

from moodrec.data.labels import LabelTable
from moodrec.errors import ConfigError
from moodrec.model.spec import MOOD_TASK
from moodrec.training.labels import exclusive_columns, mood_head
from moodrec.training.mood_metric import neighbour_columns
from moodrec.training.prefixes import by_prefix
from moodrec.training.publish import published_moods
from moodrec.training.recipe import Recipe
from moodrec.training.tasks import RegressionConfig


def check_named_targets(recipe: Recipe, table: LabelTable) -> None:
    """Check that the datasets of a recipe have every mood target that it names.

    Args:
        recipe: the training run.
        table: its datasets, joined.

    Raises:
        ConfigError: ``tasks.mood.odds``, ``tasks.mood.exclusive``, ``tasks.mood.neighbours`` or ``moods``
            names another target, or the penalties of ``tasks.mood.regression`` fit none.
    """
    head = mood_head(table, recipe.tasks.mood)
    if head is None:
        return
    exclusive_columns(recipe.tasks.mood, head.labels)
    if recipe.tasks.mood.neighbours is not None:
        neighbour_columns(recipe.tasks.mood.neighbours, head.labels)
    if recipe.tasks.mood.regression is not None:
        _check_penalties(recipe.tasks.mood.regression, head.labels)
    if recipe.moods:
        published_moods(recipe, {MOOD_TASK: head})


def _check_penalties(config: RegressionConfig, targets: tuple[str, ...]) -> None:
    if np.isnan(by_prefix(targets, config.penalties)).all():
        raise ConfigError(
            f"tasks.mood.regression.penalties: no target begins with {' or '.join(config.penalties)}; "
            f"there are {', '.join(targets[:5])}{' ...' if len(targets) > 5 else ''}"
        )
