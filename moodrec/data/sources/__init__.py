"""Where labels come from: one file a dataset, each with ``load(root, **options) -> LabelTable``."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from moodrec.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from moodrec.data.labels import LabelTable

SOURCES: Final = ("table", "emotify", "mood4q", "mirex_mood", "emopia", "jamendo", "open_game_music")


def load_source(name: str, root: Path | str, options: Mapping[str, Any] | None = None) -> LabelTable:
    """Read the dataset ``name`` from the folder or file ``root``.

    Raises:
        UsageError: no source has this name, or it has no such option; the message lists those there are.
        NotFoundError: there is no ``root``.
        DataError: files or columns are missing or wrong.
    """
    if name not in SOURCES:
        raise UsageError(f"no dataset is called {name!r}; there are {', '.join(SOURCES)}")
    place = Path(root)
    if not place.exists():
        raise NotFoundError(f"{place}: no such file or folder")
    module = importlib.import_module(f"{__name__}.{name}")
    given = dict(options or {})
    _check_options(name, module.load, given)
    table: LabelTable = module.load(place.resolve(), **given)
    return table


def _check_options(name: str, load: Any, given: Mapping[str, Any]) -> None:
    known = list(inspect.signature(load).parameters)[1:]
    wrong = sorted(set(given) - set(known))
    if wrong:
        raise UsageError(
            f"dataset {name} has no option {', '.join(wrong)}; it has {', '.join(known) or 'none'}"
        )
