"""Checks of paths, texts, words, objects of moodrec's own and arrays that users give; :mod:`moodrec.arguments` has
those of numbers and of ids.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from moodrec.arguments import brief
from moodrec.errors import DataError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = TypeVar("Kind")


def path_of(given: object, name: str) -> Path:
    """Check the path of a file or a folder, which need not exist.

    Args:
        given: what the user gave; text or ``os.PathLike``.
        name: what the argument is called.

    Raises:
        UsageError: it is no path, or no file can be called so.
    """
    text = os.fspath(given) if isinstance(given, str | PathLike) else None
    if not isinstance(text, str):
        raise UsageError(f"{name} is {brief(given)}; it must be a path, as text or Path")
    try:
        os.lstat(text)
    except ValueError:  # the character NUL, or half a character
        raise UsageError(f"{name} is {brief(text)}; no file can be called that") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise UsageError(f"{name} is {brief(text)}; no path may be of this length") from None
    return Path(text)


def text_of(given: object, name: str) -> str:
    """Check a text.

    Args:
        given: what the user gave.
        name: what the argument is called.

    Raises:
        UsageError: it is something else, or holds half a character, which cannot be stored.
    """
    if isinstance(given, str):
        try:
            given.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{name} is {brief(given)}; it holds characters that are no text") from None
        return str(given)
    raise UsageError(f"{name} is {brief(given)}; it must be text")


def word_of(given: object, name: str, words: Collection[str]) -> Any:
    """Check that a value is one of a few words.

    Args:
        given: what the user gave.
        name: what the argument is called.
        words: those that there are.

    Raises:
        UsageError: it is something else; the message lists the words.
    """
    if isinstance(given, str) and given in words:
        return given
    raise UsageError(f"{name} is {brief(given)}; it must be {' or '.join(map(repr, words))}")


def kind_of(given: object, kind: type[Kind], name: str) -> Kind:
    """Check that a value is an object of a class.

    Args:
        given: what the user gave.
        kind: the class.
        name: what the argument is called.

    Raises:
        UsageError: it is something else.
    """
    if isinstance(given, kind):
        return given
    raise UsageError(f"{name} is {brief(given)}; it must be of {kind.__module__}.{kind.__qualname__}")


def numbers_of(given: Any, name: str) -> NDArray[Any]:
    """Read numbers as an array.

    Args:
        given: what the user gave: an array of any shape, or lists within lists.
        name: what the argument is called.

    Returns:
        The same shape, float64.

    Raises:
        DataError: it holds something else than real numbers, or does not fit into memory.
    """
    import numpy as np

    try:
        found = np.asarray(given)
        if found.dtype.kind in "biuf":
            return found.astype(np.float64, copy=False)
        if found.dtype == object:
            return found.astype(np.float64)
    except (TypeError, ValueError, OverflowError, MemoryError):
        pass
    raise DataError(f"{name} is {brief(given)}; it must be an array of numbers")
