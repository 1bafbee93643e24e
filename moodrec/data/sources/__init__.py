"""Each dataset has one file here with a function ``load(root, **options)`` that returns a ``LabelTable``."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from moodrec.arguments import brief
from moodrec.errors import ConfigError, DataError, NotFoundError, UsageError
from moodrec.named_files import real_path
from moodrec.plugins import is_dotted_path, load_plugin, plugin_names

if TYPE_CHECKING:
    from moodrec.data.labels import LabelTable

SOURCES: Final = ("table", "emotify", "mood4q", "mirex_mood", "emopia", "jamendo", "open_game_music")
"""Names of the datasets that can be read."""


def load_source(name: str, root: Path | str, options: Mapping[str, Any] | None = None) -> LabelTable:
    """Read a dataset into a label table.

    Args:
        name: one of ``SOURCES``, the name of a plug-in that an installed package registers, or a dotted path to one
            (``package.module:load``), which is imported: pass only names that the user wrote.
        root: its folder or file.
        options: further arguments of the dataset's ``load``.

    Raises:
        UsageError: no dataset has this name, or it has no such option; the message lists those there are. Or a
            plug-in cannot be imported; the message names it.
        NotFoundError: there is no ``root``.
        DataError: files or columns are missing or wrong, or a plug-in returns no label table.
    """
    load = _loader(name)
    place = Path(root)
    if not place.exists():
        raise NotFoundError(f"{place}: no such file or folder")
    given = dict(options or {})
    _check_options(name, load, given)
    return _checked(name, load(real_path(place), **given))


def _loader(name: str) -> Any:
    if name in SOURCES:
        return importlib.import_module(f"{__name__}.{name}").load
    plugins = plugin_names("dataset")
    if not is_dotted_path(name) and name not in plugins:
        raise UsageError(f"no dataset is called {brief(name)}; there are {', '.join([*SOURCES, *plugins])}")
    load = load_plugin("dataset", name)
    if not callable(load):
        raise ConfigError(f"dataset plug-in {brief(name)} is no function load(root, **options)")
    return load


def _checked(name: str, table: Any) -> LabelTable:
    from moodrec.data.labels import LabelTable

    if not isinstance(table, LabelTable):
        raise DataError(f"dataset plug-in {brief(name)} returned {type(table).__name__}, not a LabelTable")
    return table


def _check_options(name: str, load: Any, given: Mapping[str, Any]) -> None:
    known = list(inspect.signature(load).parameters)[1:]
    wrong = sorted(set(given) - set(known))
    if wrong:
        raise UsageError(
            f"dataset {name} has no option {', '.join(wrong)}; it has {', '.join(known) or 'none'}"
        )
