"""A trained network and predictions become a model folder: published moods and their scales."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from moodrec.config import ModelConfig
from moodrec.errors import ConfigError
from moodrec.metrics.calibration import fit_platt, quantile_table
from moodrec.model import scales
from moodrec.model.checkpoint import save_model
from moodrec.model.heads import HeadSpec
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK, ModelSpec, MoodQuality, MoodScale, PublishedMood
from moodrec.names import fold
from moodrec.schema import is_mood_name
from moodrec.training.context import fit_context
from moodrec.training.quality import mood_quality
from moodrec.training.recipe import Recipe
from moodrec.typing import Float32Array

if TYPE_CHECKING:
    import pandas as pd

N_QUANTILES = 101
"""Number of quantiles of a mood's probability that the model folder stores."""


def published_moods(recipe: Recipe, heads: dict[str, HeadSpec]) -> dict[str, PublishedMood]:
    """Give the recipe's moods, or every target under its own name where the recipe names none.

    Args:
        recipe: the training run.
        heads: the heads of its network, by task.

    Raises:
        ConfigError: a mood is made of a target that no dataset of the recipe has, a target's name cannot be a
            mood's, or two targets would have the same name.
    """
    targets = heads[MOOD_TASK].labels if MOOD_TASK in heads else ()
    if not recipe.moods:
        return _plain_moods(targets)
    for name, mood in recipe.moods.items():
        unknown = sorted(set(mood.targets) - set(targets))
        if unknown:
            raise ConfigError(f"moods.{name}.targets: no dataset of the recipe has {', '.join(unknown)}")
    return recipe.moods


def _plain_moods(targets: tuple[str, ...]) -> dict[str, PublishedMood]:
    moods: dict[str, PublishedMood] = {}
    for target in targets:
        name = "_".join(re.findall(r"[a-z0-9]+", fold(target).split(":")[-1]))
        if name in moods or not is_mood_name(name):
            why = "is taken" if name in moods else "cannot be a mood's"
            raise ConfigError(
                f"target {target!r}: the name {name!r} {why}; name the moods in the recipe: [moods.NAME]"
            )
        moods[name] = PublishedMood(description=f"Predicts {target}.", targets=(target,))
    return moods


def publish(
    folder: Path,
    network: MoodNetwork,
    recipe: Recipe,
    heads: dict[str, HeadSpec],
    logits: Float32Array,
    labels: Float32Array,
    calibrated_on: str,
    graph: bool = True,
    tracks: pd.DataFrame | None = None,
) -> str:
    """Fit the scales of the published moods, and how metadata corrects their scores, and write the model folder.

    Args:
        folder: the model folder.
        network: the trained network.
        recipe: how it was trained.
        heads: its heads, by task.
        logits: (n, targets) predictions to fit on, preferably of models that were not trained on the track.
        labels: (n, targets) in [0, 1], NaN unknown.
        calibrated_on: a sentence on what those predictions are, for the model file.
        graph: whether to write the network as an ONNX graph too.
        tracks: (n rows) metadata of these tracks, where the predictions are of models that were not trained on the
            track or its artist; without it, the model has no context and does not say how well it tells each mood.

    Returns:
        The model's fingerprint.

    Raises:
        ConfigError: as :func:`published_moods`.
        ExportError, MissingExtraError: the network cannot be written as an ONNX graph; nothing has been written.
    """
    spec = ModelSpec(
        name=recipe.name,
        audio=recipe.audio,
        windows=recipe.windows,
        network=_shape(recipe),
        heads=heads,
        moods=published_moods(recipe, heads),
        scales={},
        calibrated_on=calibrated_on,
        terms=recipe.terms,
        provenance=_provenance(recipe),
    )
    combined = scales.published_logits(spec, logits)
    truth = {name: mood_labels(mood, spec.targets, labels) for name, mood in spec.moods.items()}
    found = {name: _scale(combined[:, i], own) for i, (name, own) in enumerate(truth.items())}
    quality: dict[str, MoodQuality] = {}
    for i, (name, own) in enumerate(truth.items()):
        measured = None if tracks is None else mood_quality(combined[:, i], own, list(tracks["group"]))
        if measured is not None:
            quality[name] = measured
    scaled = spec.model_copy(update={"scales": found, "quality": quality})
    context = None
    if tracks is not None:
        known = np.stack(list(truth.values()), axis=1)
        context = fit_context(scaled, logits, known, tracks, scaled.provenance["data"])
    return save_model(folder, network, scaled, graph, context)


def _scale(logits: Float32Array, labels: Float32Array) -> MoodScale:
    """Fit Platt scaling on the labelled rows, and compute the quantiles over all rows."""
    known = ~np.isnan(labels)
    platt = fit_platt(logits[known], labels[known])
    quantiles = quantile_table(platt.probabilities(logits), N_QUANTILES)
    return MoodScale(slope=platt.slope, intercept=platt.intercept, quantiles=tuple(quantiles.tolist()))


def mood_labels(mood: PublishedMood, targets: tuple[str, ...], labels: Float32Array) -> Float32Array:
    """Compute the labels of a published mood: a track has the mood to the degree that it has any of its targets.

    Args:
        mood: the published mood.
        targets: names of the columns of ``labels``.
        labels: (n, targets) in [0, 1], or NaN.

    Returns:
        (n,) labels; NaN where none of the targets is known.
    """
    columns = labels[:, [targets.index(target) for target in mood.targets]]
    known = ~np.isnan(columns).all(1)
    return np.where(known, np.nan_to_num(columns).max(1), np.nan).astype(np.float32)


def _shape(recipe: Recipe) -> ModelConfig:
    """The shape of the network that is published: with regressions, its mood head reads the features."""
    if recipe.tasks.mood.regression is None:
        return recipe.network
    return recipe.network.model_copy(update={"mood_reads": "features"})


def _provenance(recipe: Recipe) -> dict[str, str]:
    versions = {name: importlib.metadata.version(name) for name in ("moodrec", "torch", "torchaudio")}
    datasets = ", ".join(entry.source for entry in recipe.data)
    start = {"warm_start": recipe.warm_start.fingerprint} if recipe.warm_start else {}
    return {"recipe": recipe.digest, "seed": str(recipe.seed), "data": datasets, **start, **versions}
