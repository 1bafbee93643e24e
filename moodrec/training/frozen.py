"""Features of a frozen trunk are computed once per track and kept beside the spectrograms."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from moodrec.errors import ConfigError
from moodrec.files.npy import write_array
from moodrec.files.replacing import replacing
from moodrec.model.backbones import build_backbone
from moodrec.model.checkpoint import load_model
from moodrec.model.network import MoodNetwork
from moodrec.training.cache import StoredLogMel, is_whole
from moodrec.training.inputs import LoadFeatures, whole_track
from moodrec.training.recipe import Recipe
from moodrec.training.warm_start import under


def trunk_is_frozen(recipe: Recipe) -> bool:
    """Say whether the backbone's trunk is copied from another model and is not trained."""
    start, network = recipe.warm_start, recipe.network
    if start is None:
        return False
    backbone = build_backbone(network.backbone, recipe.audio.n_mels, network.channels)
    children = {name.partition(".")[0] for name, _ in backbone.named_parameters()} - {*backbone.neck_modules}
    return all(
        under(f"backbone.{name}", prefixes) for name in children for prefixes in (start.modules, start.freeze)
    )


def check_trunk(recipe: Recipe) -> None:
    """Raise an error where the features of a frozen trunk would be those of another backbone than the recipe's.

    Args:
        recipe: any recipe; without a frozen trunk it passes.

    Raises:
        NotFoundError, CorruptStoreError: the model to start from is missing or damaged.
        ConfigError: the model to start from has another backbone, or another width.
    """
    if recipe.warm_start is None or not trunk_is_frozen(recipe):
        return
    theirs = load_model(Path(recipe.warm_start.model), [recipe.network.backbone]).spec.network
    if (theirs.backbone, theirs.channels) != (recipe.network.backbone, recipe.network.channels):
        raise ConfigError(
            f"warm_start: features come from {recipe.warm_start.model}, so that the backbone has to be its own; "
            f'set [network] backbone = "{theirs.backbone}", channels = {theirs.channels}'
        )


@dataclass(frozen=True)
class StoredFeatures:
    """Features on disk, which are read at each call."""

    place: Path

    def __call__(self) -> NDArray[np.float32]:
        stored: NDArray[np.float32] = np.load(self.place, allow_pickle=False)
        return stored


def frozen_features(
    recipe: Recipe, log_mels: Sequence[StoredLogMel], on_done: Callable[[], None]
) -> list[LoadFeatures]:
    """Compute the features of every window of every track, with the model that ``recipe.warm_start`` names.

    They are stored beside the spectrograms and reused as long as the model and the windows are the same.

    Args:
        recipe: a recipe whose trunk is frozen.
        log_mels: spectrograms of the tracks.
        on_done: called once per track.

    Returns:
        One loader of features per track.

    Raises:
        NotFoundError, CorruptStoreError: the model to start from is missing or damaged.
    """
    if recipe.warm_start is None:
        raise ValueError("nothing is frozen without warm_start")
    network = load_model(Path(recipe.warm_start.model), [recipe.network.backbone]).network
    key = f"trunk|{recipe.warm_start.fingerprint}|{recipe.windows.model_dump_json()}"
    suffix = hashlib.sha256(key.encode()).hexdigest()[:12]
    found: list[LoadFeatures] = []
    for log_mel in log_mels:
        place = log_mel.place.with_name(f"{log_mel.place.stem}-{suffix}.npy")
        if not is_whole(place):
            _store(place, _features(network, log_mel, recipe))
        found.append(StoredFeatures(place))
        on_done()
    return found


@torch.inference_mode()
def _features(network: MoodNetwork, log_mel: StoredLogMel, recipe: Recipe) -> NDArray[np.float32]:
    """Compute (windows, features), two windows at a time, because the maps of wide backbones are large."""
    parts = torch.split(whole_track(log_mel(), recipe), 2)
    features: NDArray[np.float32] = torch.cat([network.backbone.trunk(part) for part in parts]).numpy()
    return features


def _store(place: Path, features: NDArray[np.float32]) -> None:
    with replacing(place) as temporary:
        write_array(temporary, features)
