"""The words of Milvus's expressions: literals, membership, and expressions joined by ``and`` and ``or``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from moodrec.engines.milvus.fields import SEQ
from moodrec.filters.conditions import Scalar

EVERY: Final = f"{SEQ} >= 0"
"""An expression that each track meets; Milvus 2.3 has no constants."""
NONE: Final = f"{SEQ} < 0"
_ESCAPES: Final = str.maketrans({'"': r"\"", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


def literal(value: Scalar) -> str:
    """Write a value as a literal of an expression; characters that have no escape stand for themselves."""
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    return str(int(value)) if isinstance(value, bool) else repr(value)


def among(name: str, values: Iterable[Scalar]) -> str:
    """Write that a field holds one of some values.

    Args:
        name: the field.
        values: values of its type.
    """
    found = ", ".join(map(literal, values))
    return f"{name} in [{found}]" if found else NONE


def contains(name: str, values: Iterable[Scalar]) -> str:
    """Write that a list holds one of some values.

    Args:
        name: the field of lists.
        values: values of the type of its elements.
    """
    found = ", ".join(map(literal, values))
    return f"array_contains_any({name}, [{found}])" if found else NONE


def both(*parts: str) -> str:
    """Write that all of some expressions hold."""
    needed = [part for part in dict.fromkeys(parts) if part != EVERY]
    if NONE in needed:
        return NONE
    return " and ".join(f"({part})" for part in needed) or EVERY


def either(*parts: str) -> str:
    """Write that one of some expressions holds."""
    needed = [part for part in dict.fromkeys(parts) if part != NONE]
    if EVERY in needed:
        return EVERY
    return " or ".join(f"({part})" for part in needed) or NONE
