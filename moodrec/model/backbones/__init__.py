"""Backbones are chosen by name: each maps log-mel spectrograms of any number of frames to one feature vector."""

from __future__ import annotations

import importlib
import pkgutil

from moodrec.errors import ConfigError
from moodrec.model.backbones.base import Backbone


def backbone_names() -> tuple[str, ...]:
    """List the names that ``build_backbone`` takes: the files of this package."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base"))


def build_backbone(name: str, n_mels: int, channels: int) -> Backbone:
    """Make an untrained backbone.

    Args:
        name: one of :func:`backbone_names`.
        n_mels: number of mel bands of its input.
        channels: number of filters of its first block.

    Raises:
        ConfigError: there is no backbone of that name; the message lists those there are.
    """
    if name not in backbone_names():
        raise ConfigError(f"unknown backbone {name!r}; there are: {', '.join(backbone_names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    backbone: Backbone = module.build(n_mels=n_mels, channels=channels)
    return backbone
