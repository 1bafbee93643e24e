"""Where the user's library is: named by the environment, by ``moodrec.toml``, or in the user's data folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from moodrec.errors import ConfigError, NotFoundError
from moodrec.files.toml import read_toml_table

FILE_NAME: Final = "moodrec.toml"
DATABASE: Final = "library.sqlite"
"""Name of the database in a library's folder."""
_PATHS: Final = ("library", "model")


def own_library() -> Path:
    """Give the folder of the user's library where nothing names another, whatever the current folder is."""
    from platformdirs import user_data_path

    return user_data_path("moodrec") / "library"


def holds_library(folder: Path) -> bool:
    """Say whether a folder is that of a library, be it one whose database is a link or a pipe: opening it says so."""
    return os.path.lexists(folder / DATABASE)


def default_library() -> Path:
    """Give the library that is meant where none is named, in Python as on the command line.

    It is that of ``MOODREC_LIBRARY``, else that of the settings file, else the one in the user's data folder.

    Raises:
        NotFoundError: ``MOODREC_CONFIG`` names a file that does not exist.
        ConfigError: the settings file is not TOML.
    """
    if named := os.environ.get("MOODREC_LIBRARY"):
        return Path(os.path.expanduser(named))  # noqa: PTH111  (Path's raises on unknown users)
    file = settings_file()
    library = None if file is None else read_settings(file).get("library")
    return Path(library) if isinstance(library, str) else own_library()


def settings_file() -> Path | None:
    """Find the settings file: ``MOODREC_CONFIG``, else ``./moodrec.toml``, else the user's own; None if there is
    none.

    Raises:
        NotFoundError: ``MOODREC_CONFIG`` names a file that does not exist.
    """
    from platformdirs import user_config_path

    if named := os.environ.get("MOODREC_CONFIG"):
        if not Path(named).is_file():
            raise NotFoundError(f"MOODREC_CONFIG={named}: no such file")
        return Path(named)
    places = (Path.cwd() / FILE_NAME, user_config_path("moodrec") / FILE_NAME)
    return next((place for place in places if place.is_file()), None)


def read_settings(path: Path) -> dict[str, Any]:
    """Read a settings file; paths in it are relative to its folder.

    Raises:
        ConfigError: it cannot be read, or is not TOML.
    """
    return _placed(read_toml_table(path), path)


def _placed(settings: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Make paths in the settings, of every table, relative to the file's folder."""
    return {key: _placed_value(key, value, file) for key, value in settings.items()}


def _placed_value(key: str, value: Any, file: Path) -> Any:
    if isinstance(value, Mapping):
        return _placed(value, file)
    if key not in _PATHS or not isinstance(value, str) or (key, value) == ("model", "default"):
        return value
    try:
        return str(file.parent / Path(value).expanduser())
    except RuntimeError as error:  # a path such as ~name without such a user
        raise ConfigError(f"{file}: {key} = {value!r}: {error}") from error
