"""Metadata is an input of the mood head, hidden for part of the tracks, so that audio alone still tells the mood."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from moodrec.data.labels import LabelTable
from moodrec.model.metadata import metadata_matrix
from moodrec.training.recipe import Recipe
from moodrec.training.sampling import Draws
from moodrec.typing import Float32Array

_STREAM: Final = 90
"""Keeps the draws of what is hidden apart from all others: arms with and without it draw the same excerpts."""


def metadata_of(recipe: Recipe, table: LabelTable) -> Float32Array | None:
    """Compute the metadata vector of each row of a table; None where the recipe has no metadata as input.

    Args:
        recipe: names the fields.
        table: the joined label table of n rows.

    Returns:
        (n, columns).
    """
    columns = recipe.shape.metadata
    if not columns:
        return None
    years = table.tracks["year"].to_numpy(np.float64)
    return metadata_matrix(columns, list(table.tracks["genre"]), years)


def drawn_metadata(metadata: Float32Array | None, draws: Draws, recipe: Recipe, step: int) -> Tensor | None:
    """Take the metadata of the tracks of a step, and hide that of some: all of a track, or nothing.

    Args:
        metadata: (rows, columns) of all tracks; None where there is no such input.
        draws: the tracks of the step.
        recipe: says how many are hidden, and how many excerpts a track has.
        step: number of the step, which decides which are hidden.

    Returns:
        (tracks x excerpts, columns); None without such an input.
    """
    settings = recipe.metadata_input
    if metadata is None or settings is None:
        return None
    # By a track's own seed, so that it does not matter which process of several has it.
    seeds = [[recipe.seed, _STREAM, step, *own] for own in draws.seeds.tolist()]
    shown = np.array([np.random.default_rng(seed).random() for seed in seeds]) >= settings.dropout
    values = metadata[draws.rows] * shown[:, None]
    return torch.from_numpy(values.repeat(recipe.training.excerpts, axis=0).astype(np.float32))
