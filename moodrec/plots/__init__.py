"""Pictures are drawn without a display and without matplotlib's global state.

The functions below give figures for notebooks; each of their modules also writes a file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moodrec.plots.catalogue_map import map_figure
    from moodrec.plots.mood_radar import radar_figure
    from moodrec.plots.scene import make_scene

__all__ = ["make_scene", "map_figure", "radar_figure"]

_WHERE = {"make_scene": "scene", "map_figure": "catalogue_map", "radar_figure": "mood_radar"}


def __getattr__(name: str) -> Any:
    """Import a function when it is first used: matplotlib takes a while to load."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
