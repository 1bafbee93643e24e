"""TOML files of settings are read within limits, since they may be somebody else's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from moodrec.errors import ConfigError, CorruptStoreError
from moodrec.files.kinds import read_regular

_MOST_OF_TOML: Final = 1 << 20
_DEEPEST_TOML: Final = 32
_LONG_KEY: Final = re.compile(
    rf"""(?<![\w-])(?>(?>[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{_DEEPEST_TOML}}}"""
)


def read_toml_table(path: Path) -> dict[str, Any]:
    """Read a TOML file of settings, which may be somebody else's: its size and depth are limited.

    Raises:
        FileNotFoundError: there is none.
        ConfigError: it cannot be read, is too large or too deep, or is not TOML.
    """
    import tomllib

    try:
        text = read_regular(path, _MOST_OF_TOML).decode()
        if _LONG_KEY.search(text):  # the parser takes hours over a key of many thousand parts
            raise ConfigError(f"{path}: a key has more than {_DEEPEST_TOML} parts")
        table = tomllib.loads(text)
    except FileNotFoundError:
        raise
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = "tables or lists lie too deep in one another" if isinstance(error, RecursionError) else error
        raise ConfigError(f"{path}: not valid TOML: {reason}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not text in UTF-8") from None
    except CorruptStoreError as error:
        raise ConfigError(str(error)) from None
    except (OSError, ValueError) as error:  # numbers of thousands of digits
        raise ConfigError(f"{path}: cannot be read ({error})") from None
    level: list[Any] = [table]
    for _ in range(_DEEPEST_TOML):
        level = [one for each in level for one in (each.values() if isinstance(each, dict) else each)]
        level = [one for one in level if isinstance(one, dict | list)]
    if level:
        raise ConfigError(f"{path}: tables or lists lie too deep in one another")
    return table
