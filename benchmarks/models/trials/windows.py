"""Features of every second window (of a minute of music, every fourth), with every track at one level or as it is.

The level of a track is the mean mel power of its windows. Changing it is a gain on the waveform, so that a copy at
any other loudness would be heard alike. Not all windows, because the trunk has to listen again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moodrec.files.replacing import replacing
from moodrec.model.backbones.base import Backbone
from moodrec.model.checkpoint import load_model
from moodrec.model.frontend import compress
from moodrec.training.inputs import LoadFeatures, whole_track
from moodrec.training.prepare import Prepared
from moodrec.training.recipe import Recipe

MINUTE = 20
"""Windows."""


def features_of(recipe: Recipe, data: Prepared, cache: Path, one_level: bool) -> Sequence[LoadFeatures]:
    """(some windows, features) of each track; kept in ``cache``."""
    if recipe.warm_start is None:
        raise ValueError("the recipe starts from no model")
    key = f"{recipe.warm_start.fingerprint}|{recipe.windows.model_dump_json()}|{data.digest}|{one_level}"
    place = cache / f"some-windows-{hashlib.sha256(key.encode()).hexdigest()[:12]}.npz"
    if not place.exists():
        backbone = load_model(Path(recipe.warm_start.model)).network.backbone
        with replacing(place) as temporary, temporary.open("wb") as file:
            parts = _listen(recipe, data, backbone, one_level)
            np.savez(file, features=np.concatenate(parts), counts=[len(part) for part in parts])
    with np.load(place, allow_pickle=False) as stored:
        parts = np.split(stored["features"], np.cumsum(stored["counts"])[:-1])
    return [partial(np.asarray, own) for own in parts]


@torch.inference_mode()
def _listen(recipe: Recipe, data: Prepared, backbone: Backbone, one_level: bool) -> list[NDArray[np.float32]]:
    target = math.exp(np.mean([math.log(level_of(windows)) for windows in _tracks(recipe, data)]))
    found = []
    for windows in _tracks(recipe, data):
        chosen = windows[:: 4 if len(windows) >= MINUTE else 2]
        heard = at_level(chosen, target / level_of(windows)) if one_level else chosen
        found.append(torch.cat([backbone.trunk(part) for part in heard.split(2)]).numpy())
    return found


def _tracks(recipe: Recipe, data: Prepared) -> Iterator[Tensor]:
    for load in data.log_mels:
        yield whole_track(load(), recipe)


def level_of(log_mels: Tensor) -> float:
    """Mean mel power."""
    return float(_power(log_mels).mean())


def at_level(log_mels: Tensor, gain: float) -> Tensor:
    """The spectrograms that ``gain`` times the power would have had."""
    return compress(gain * _power(log_mels))


def _power(log_mels: Tensor) -> Tensor:
    """The inverse of ``compress``."""
    return torch.expm1(log_mels * math.log(10)) / 10_000.0
