"""Backbones are chosen by name: each maps log-mel spectrograms of any number of frames to one feature vector."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from moodrec.arguments import brief
from moodrec.errors import ConfigError
from moodrec.model.backbones.base import Backbone
from moodrec.plugins import is_dotted_path, load_plugin, plugin_names


def backbone_names() -> tuple[str, ...]:
    """List the names that ``build_backbone`` takes: the files of this package."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base"))


def build_backbone(name: str, n_mels: int, channels: int) -> Backbone:
    """Make an untrained backbone.

    Args:
        name: one of :func:`backbone_names`, the name of a plug-in that an installed package registers, or a dotted
            path to one (``package.module:Class``), which is imported: pass only names that the user wrote.
        n_mels: number of mel bands of its input.
        channels: number of filters of its first block.

    Raises:
        ConfigError: there is no backbone of that name; the message lists those there are. Or a plug-in cannot be
            imported, or what it makes is no backbone; the message names it.
    """
    if name in backbone_names():
        module = importlib.import_module(f"{__name__}.{name}")
        backbone: Backbone = module.build(n_mels=n_mels, channels=channels)
        return backbone
    plugins = plugin_names("backbone")
    if not is_dotted_path(name) and name not in plugins:
        known = ", ".join([*backbone_names(), *plugins])
        raise ConfigError(
            f"unknown backbone {brief(name)}; there are: {known}; a plug-in has to be installed"
        )
    return _checked(name, load_plugin("backbone", name), n_mels, channels)


def _checked(name: str, make: Any, n_mels: int, channels: int) -> Backbone:
    try:
        made = make(n_mels=n_mels, channels=channels)
    except TypeError as error:
        raise ConfigError(f"backbone plug-in {brief(name)} takes n_mels and channels: {error}") from error
    if not isinstance(made, Backbone) or not isinstance(getattr(made, "features", None), int):
        raise ConfigError(
            f"backbone plug-in {brief(name)} made {type(made).__name__}, not a Backbone with its number of features"
        )
    return made
