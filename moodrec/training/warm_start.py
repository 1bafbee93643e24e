"""Training can start from the weights of another model, copied in whole or in part."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import torch

from moodrec.config import AudioConfig
from moodrec.errors import ConfigError
from moodrec.model.checkpoint import load_model
from moodrec.model.network import MoodNetwork
from moodrec.training.recipe import WarmStartConfig


def under(name: str, prefixes: Iterable[str]) -> bool:
    """Say whether a dotted name is one of some prefixes or lies below one: ``norm.weight`` is under ``norm``.

    Args:
        name: the dotted name.
        prefixes: the dotted names it may lie below.
    """
    # The dot at the end keeps "norm" from matching "normalise".
    return any(f"{name}.".startswith(f"{prefix}.") for prefix in prefixes)


@torch.no_grad()
def copy_weights(
    network: MoodNetwork, audio: AudioConfig, config: WarmStartConfig, trusted: Collection[str] = ()
) -> None:
    """Copy the parts that ``config.modules`` names from another model into a network.

    Args:
        network: the network to start.
        audio: settings of its spectrograms.
        config: names the model and its parts.
        trusted: as for :func:`moodrec.model.checkpoint.load_model`: the recipe's own backbone.

    Raises:
        NotFoundError, CorruptStoreError: the model to start from is missing or damaged.
        ConfigError: the model takes other spectrograms, or parts are missing or of other shapes; they are named.
    """
    source = load_model(Path(config.model), trusted)
    _check_audio(source.spec.audio, audio)
    theirs, ours = source.network.state_dict(), network.state_dict()
    _check_names(config.modules, {*theirs} & {*ours}, "warm_start.modules")
    names = [name for name in {**ours, **theirs} if under(name, config.modules)]
    misfits = [
        name
        for name in names
        if name not in theirs or name not in ours or theirs[name].shape != ours[name].shape
    ]
    if misfits:
        raise ConfigError(
            f"warm_start: the two networks differ in {', '.join(misfits)}; "
            f"give [network] the shape of {config.model} or copy fewer modules"
        )
    for name in names:
        ours[name].copy_(theirs[name])


def freeze(network: MoodNetwork, prefixes: tuple[str, ...]) -> None:
    """Exclude the parameters under some prefixes from training.

    Args:
        network: the network.
        prefixes: dotted names of parts.

    Raises:
        ConfigError: the network has no such parameter.
    """
    parameters = dict(network.named_parameters())
    _check_names(prefixes, parameters, "warm_start.freeze")
    for name, parameter in parameters.items():
        parameter.requires_grad_(not under(name, prefixes))


def train_mode(network: MoodNetwork, frozen: tuple[str, ...]) -> None:
    """Set a network to training mode, except for its frozen parts, whose batch norms must not follow the new data
    either.

    Args:
        network: the network.
        frozen: dotted names of the frozen parts.
    """
    network.train()
    for name, module in network.named_modules():
        if under(name, frozen):
            module.eval()


def _check_audio(theirs: AudioConfig, ours: AudioConfig) -> None:
    """Level and silences are another matter: a network takes spectrograms of the same kind at any level."""
    shaping = [name for name in AudioConfig.model_fields if name not in ("loudness_lufs", "quiet_lu")]
    differ = [name for name in shaping if getattr(theirs, name) != getattr(ours, name)]
    if differ:
        settings = ", ".join(f"{name} = {getattr(theirs, name)}" for name in differ)
        raise ConfigError(
            f"warm_start: the model to start from takes other spectrograms; set [audio] {settings}"
        )


def _check_names(prefixes: Iterable[str], names: Iterable[str], field: str) -> None:
    known = list(names)
    unknown = [prefix for prefix in prefixes if not any(under(name, (prefix,)) for name in known)]
    if unknown:
        raise ConfigError(f"{field}: no part of the network is called {', '.join(unknown)}")
