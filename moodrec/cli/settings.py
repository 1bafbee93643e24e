"""Options that are not typed come from ``MOODREC_*``, then from ``moodrec.toml``, then from defaults.

The environment is read by the options themselves (``envvar=``). The settings file becomes the command line's
``default_map``, so that a value from it is checked exactly like a typed one::

    library = "~/music/.moodrec"     # any command that has the option
    [similar]                        # one command
    k = 30
    max_per_artist = 1
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from moodrec.arguments import brief
from moodrec.errors import ConfigError
from moodrec.library.place import read_settings, settings_file

SHARED: Final = ("library", "model", "device", "jobs", "quiet", "exclude")
"""Keys that stand outside any table."""
_MOST_NAMED: Final = 8
_LONGEST: Final = 400
"""Wrong keys, and letters of them, that an error holds at most."""


def default_map(group: Any) -> dict[str, Any]:
    """Arrange the settings file's values as the commands of ``group`` (a click group) expect them.

    Raises:
        ConfigError: the file is not TOML, or has a key that no command knows.
    """
    path = settings_file()
    if path is None:
        return {}
    settings = read_settings(path)
    shared: dict[str, Any] = {key: settings.pop(key) for key in SHARED if key in settings}
    return _for_group(group, shared, settings, str(path))


def _for_group(
    group: Any, shared: Mapping[str, Any], settings: Mapping[str, Any], where: str
) -> dict[str, Any]:
    if unknown := sorted(settings.keys() - group.commands.keys()):
        raise ConfigError(
            f"{where}: no such setting or command: {', '.join(unknown[:_MOST_NAMED])[:_LONGEST]}; "
            f"the settings are {', '.join(SHARED)}, the commands {', '.join(sorted(group.commands))}"
        )
    return {
        name: _for_command(command, shared, settings.get(name, {}), f"{where} [{name}]")
        for name, command in group.commands.items()
    }


def _for_command(command: Any, shared: Mapping[str, Any], table: Any, where: str) -> dict[str, Any]:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: should be a table of options, is {brief(table)}")
    if hasattr(command, "commands"):
        return _for_group(command, shared, table, where)
    options = {long_name(param): param for param in command.params if param.opts[0].startswith("-")}
    if unknown := sorted(table.keys() - options.keys()):
        raise ConfigError(
            f"{where}: no such option: {', '.join(unknown[:_MOST_NAMED])[:_LONGEST]}; there are {', '.join(options)}"
        )
    values = {key: value for key, value in shared.items() if key in options} | dict(table)
    return {options[key].name: _as_typed(options[key], value) for key, value in values.items()}


def _as_typed(param: Any, value: Any) -> Any:
    """Make one text a list where an option may be repeated: its letters are not texts of their own."""
    return [value] if getattr(param, "multiple", False) and isinstance(value, str) else value


def long_name(param: Any) -> str:
    """Give the key of an option: ``max_per_artist`` for one spelt ``--max-per-artist``."""
    longest: str = max(param.opts, key=len)
    return longest.lstrip("-").replace("-", "_")
