"""Results are written as JSON that every reader accepts: without NaN and NumPy types, with paths as strings."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from moodrec.printable import without_controls


def to_json(value: Any) -> str:
    """Write a value as one line of JSON; unknown values (``NaN``, ``NA``, ``NaT``) become ``null``."""
    return without_controls(json.dumps(plain(value), ensure_ascii=False, allow_nan=False))


def plain(value: Any) -> Any:
    """Convert a value to dicts, lists, strings, numbers, booleans and None.

    Raises:
        TypeError: the value has no JSON form.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {encodable(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return _unwrapped(value)


def encodable(text: str) -> str:
    """Escape what UTF-8 cannot encode in a text, as in file names of another encoding."""
    return text.encode("utf-8", "backslashreplace").decode()


def _unwrapped(value: Any) -> Any:
    if isinstance(value, PurePath):
        return encodable(str(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "tolist"):  # NumPy scalars and arrays, without importing NumPy
        return plain(value.tolist())
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    raise TypeError(f"{type(value).__name__} has no JSON form")
