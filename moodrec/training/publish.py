"""A trained network and predictions become a model folder: published moods and their scales."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from moodrec.config import ModelConfig
from moodrec.errors import ConfigError
from moodrec.metrics.calibration import fit_platt, quantile_table
from moodrec.model import scales
from moodrec.model.checkpoint import save_model
from moodrec.model.context.model import ContextModel
from moodrec.model.heads import HeadSpec
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK, ModelSpec, MoodQuality, MoodScale, PublishedMood
from moodrec.names import mood_name
from moodrec.schema import is_mood_name
from moodrec.training.context import fit_context
from moodrec.training.quality import mood_labels
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


def own_name(target: str) -> str:
    """The name of a target without its dataset and kind: ``calm`` of ``mood4q:word:calm``."""
    return target.rsplit(":", 1)[-1]


def renamed_moods(moods: Mapping[str, PublishedMood]) -> dict[str, str]:
    """Find the moods whose name is that of their one target, but for its spelling.

    Returns:
        The target's own name, such as ``Gym ready``, to the mood's, ``gym_ready``.
    """
    single = {name: own_name(mood.targets[0]) for name, mood in moods.items() if len(mood.targets) == 1}
    return {own: name for name, own in single.items() if own != name and mood_name(own) == name}


def _plain_moods(targets: tuple[str, ...]) -> dict[str, PublishedMood]:
    moods: dict[str, PublishedMood] = {}
    for target in targets:
        name = mood_name(own_name(target))
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
    quality: Mapping[str, MoodQuality] | None = None,
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
            track or its artist; without it, the model has no context.
        quality: how well each mood is told, by the same predictions; without it, the model does not say.

    Returns:
        The model's fingerprint.

    Raises:
        ConfigError: as :func:`published_moods`.
        ExportError, MissingExtraError: the network cannot be written as an ONNX graph; nothing has been written.
    """
    spec, context = fitted(recipe, heads, logits, labels, calibrated_on, tracks, quality)
    return save_model(folder, network, spec, graph, context)


def fitted(
    recipe: Recipe,
    heads: dict[str, HeadSpec],
    logits: Float32Array,
    labels: Float32Array,
    calibrated_on: str,
    tracks: pd.DataFrame | None = None,
    quality: Mapping[str, MoodQuality] | None = None,
) -> tuple[ModelSpec, ContextModel | None]:
    """Fit the scales of the published moods, and how metadata corrects their scores.

    Args:
        recipe: how the network was trained.
        heads: its heads, by task.
        logits: (n, targets) predictions, as for :func:`publish`.
        labels: (n, targets) in [0, 1], NaN unknown.
        calibrated_on: a sentence on what those predictions are.
        tracks: (n rows) metadata of these tracks; None fits no context.
        quality: how well each mood is told.

    Returns:
        The model's description, and its context where metadata helps any mood.

    Raises:
        ConfigError: as :func:`published_moods`.
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
    scaled = spec.model_copy(update={"scales": found, "quality": dict(quality or {})})
    if tracks is None:
        return scaled, None
    known = np.stack(list(truth.values()), axis=1)
    return scaled, fit_context(scaled, logits, known, tracks, scaled.provenance["data"])


def _scale(logits: Float32Array, labels: Float32Array) -> MoodScale:
    """Fit Platt scaling on the labelled rows, and compute the quantiles over all rows."""
    known = ~np.isnan(labels)
    platt = fit_platt(logits[known], labels[known])
    quantiles = quantile_table(platt.probabilities(logits), N_QUANTILES)
    return MoodScale(slope=platt.slope, intercept=platt.intercept, quantiles=tuple(quantiles.tolist()))


def _shape(recipe: Recipe) -> ModelConfig:
    """The shape of the network that is published: with regressions, its mood head reads the features."""
    if recipe.tasks.mood.regression is None:
        return recipe.shape
    return recipe.shape.model_copy(update={"mood_reads": "features"})


def _provenance(recipe: Recipe) -> dict[str, str]:
    versions = {name: importlib.metadata.version(name) for name in ("moodrec", "torch", "torchaudio")}
    datasets = ", ".join(entry.source for entry in recipe.data)
    start = {"warm_start": recipe.warm_start.fingerprint} if recipe.warm_start else {}
    return {"recipe": recipe.digest, "seed": str(recipe.seed), "data": datasets, **start, **versions}
