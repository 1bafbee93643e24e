"""Texts from tags and names of files are made fit to print: to terminals, lines, spreadsheets and JSON."""

from __future__ import annotations

import re
from typing import Final

_JOINERS: Final = frozenset("\u200c\u200d")


def is_shown(char: str) -> bool:
    """Say whether a character may be printed as it is: it is visible, a space, or one of the two joiners that
    Persian, the scripts of India, and emoji are spelt with. Others may steer a terminal or turn text around.
    """
    return char.isprintable() or char in _JOINERS


def shown_only(text: str, keep: str = "") -> str:
    """Put a replacement character for each character of a text that may not be printed as it is.

    Args:
        text: the text.
        keep: characters that stay all the same.
    """
    return "".join(char if is_shown(char) or char in keep else "\N{REPLACEMENT CHARACTER}" for char in text)


_ENDS: Final = re.compile("[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


def one_line(text: str) -> str:
    """Put a space for each end of a line in a text, such as the name of a file."""
    return _ENDS.sub(" ", text)


_FORMULA: Final = re.compile(r"[=@+\-](?![0-9.,]+%?\Z)")


def no_formula(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula; numbers stay as they are."""
    return f"'{text}" if _FORMULA.match(text) else text


_CONTROLS: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def without_controls(text: str) -> str:
    """Escape, in a JSON document, characters that steer terminals or turn text around; it stands for the same value.

    JSON itself escapes only the first 32 characters; but terminals obey U+009B as well, and ends of lines may be
    U+0085 or U+2028.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
