"""Index presets: each a TOML file in this folder that says when to take it and what it refuses."""

from __future__ import annotations

from pathlib import Path

from moodrec.arguments import brief
from moodrec.config import IndexConfig, read_toml
from moodrec.errors import UsageError
from moodrec.filters.names import hint

_FOLDER = Path(__file__).parent


def preset_names() -> list[str]:
    """Return the names of the presets in the package."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_preset(name: str) -> IndexConfig:
    """Read a preset of the package by its name, or a user's preset by the path of its TOML file.

    Raises:
        UsageError: there is no preset of that name.
        ConfigError: the file has a wrong value.
    """
    if not isinstance(name, str):
        raise UsageError(
            f"a preset is the name of one, the path of a TOML file or an IndexConfig, not {brief(name)}"
        )
    if name.endswith(".toml"):
        return read_toml(Path(name), IndexConfig)
    if name not in preset_names():
        raise UsageError(f"unknown preset {brief(name)}; {hint(name, preset_names(), 'presets')}")
    return read_toml(_FOLDER / f"{name}.toml", IndexConfig)


def settled(config: IndexConfig, n_rows: int) -> IndexConfig:
    """Settle the kind of a preset: put the kind that suits a catalogue in the place of ``auto``.

    Args:
        config: the preset.
        n_rows: the number of rows in the catalogue.
    """
    if config.kind != "auto":
        return config
    return config.model_copy(update={"kind": "flat" if n_rows < config.flat_below else "ivf-sq8"})
