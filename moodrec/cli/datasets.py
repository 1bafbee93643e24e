"""Where a dataset that a command names lies, and the options that it is read with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from moodrec.errors import UsageError


def default_root(data: str) -> Path:
    """Give the default place of a dataset, ``$MOODREC_DATA/<data>``.

    Raises:
        UsageError: the variable is not set.
    """
    place = os.environ.get("MOODREC_DATA")
    if not place:
        raise UsageError(f"name the place of {data}: --root PATH, or MOODREC_DATA for the folder above it")
    return Path(place) / data


def parse_options(options: list[str]) -> dict[str, Any]:
    """Parse ``KEY=VALUE`` options; a value is TOML (``3``, ``true``, ``["a"]``), or else plain text.

    Raises:
        UsageError: an option has no ``=``.
    """
    import tomllib

    parsed: dict[str, Any] = {}
    for given in options:
        key, equals, value = given.partition("=")
        if not equals:
            raise UsageError(f"--option {given}: should be KEY=VALUE")
        try:
            parsed[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            parsed[key] = value
    return parsed
