"""The JSON in a library's columns, which may be a stranger's, is read with limits on its size and its shape."""

from __future__ import annotations

import json
from typing import Any, Final

from moodrec.errors import CorruptStoreError
from moodrec.library.checks import REMEDY

_MOST_CHARACTERS: Final = 1 << 20
"""Characters of one value; the tags of a file are far shorter."""


def stored_json(text: str) -> Any:
    """Parse a value of a JSON column.

    Raises:
        CorruptStoreError: it is no JSON, or larger or deeper than any that moodrec writes.
    """
    if len(text) > _MOST_CHARACTERS:
        raise _unusable(f"of {len(text):,} characters")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _unusable("that cannot be read") from None


def stored_texts(text: str) -> list[str]:
    """Parse a list of texts.

    Raises:
        CorruptStoreError: it is none.
    """
    found = stored_json(text)
    if not _are_texts(found):
        raise _unusable("that is no list of texts")
    return list(found)


def stored_tags(text: str) -> dict[str, list[str]]:
    """Parse lists of texts by name.

    Raises:
        CorruptStoreError: it is something else.
    """
    found = stored_json(text)
    if not isinstance(found, dict) or not all(map(_are_texts, found.values())):
        raise _unusable("that holds no tags")
    return dict(found)


def _are_texts(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(one, str) and _is_writable(one) for one in found)


def _is_writable(text: str) -> bool:
    """Whether a text can be written as UTF-8; JSON's escapes can make halves of characters."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _unusable(what: str) -> CorruptStoreError:
    return CorruptStoreError(f"the library holds JSON {what}; {REMEDY}")
