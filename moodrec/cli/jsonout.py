"""Turn results into JSON that every reader accepts: no NaN, no NumPy, paths as strings."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any


def to_json(value: Any) -> str:
    """One line of JSON; what is unknown (``NaN``, ``NA``, ``NaT``) is ``null``."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """``value`` as dicts, lists, strings, numbers, booleans and None."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return _unwrapped(value)


def encodable(text: str) -> str:
    """``text`` with what UTF-8 cannot say, as in file names of another encoding, written as escapes."""
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
