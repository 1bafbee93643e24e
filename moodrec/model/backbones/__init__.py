"""Backbones by name: log-mel in, one feature vector out, for any number of frames."""

from __future__ import annotations

import importlib
import pkgutil

from moodrec.errors import ConfigError
from moodrec.model.backbones.base import Backbone


def backbone_names() -> tuple[str, ...]:
    """Names that ``build_backbone`` takes: the files of this package."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base"))


def build_backbone(name: str, n_mels: int, channels: int) -> Backbone:
    """Make an untrained backbone.

    Raises:
        ConfigError: there is no backbone of that name; the message lists those there are.
    """
    if name not in backbone_names():
        raise ConfigError(f"unknown backbone {name!r}; there are: {', '.join(backbone_names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    backbone: Backbone = module.build(n_mels=n_mels, channels=channels)
    return backbone
