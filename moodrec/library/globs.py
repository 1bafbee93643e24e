"""Patterns name files and folders that a scan leaves out, as those of ``.gitignore`` do.

A pattern without a slash inside matches a name at any depth; one with a slash is relative to the folder that it
belongs to. A slash at the end matches folders alone, ``**`` any number of folders, ``*`` and ``?`` never a slash,
and ``!`` takes back what an earlier pattern matched. Upper and lower case are the same, and so are composed and
decomposed characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from moodrec.names import compose

_TOKENS: Final = re.compile(r"/\*\*(?=/)|/\*\*$|^\*\*/|\*+|\?|\[!?\]?[^\]/]*\]|\\?.", re.DOTALL)


@dataclass(frozen=True)
class Glob:
    """One pattern, ready to be matched with paths."""

    rule: re.Pattern[str]
    folders_only: bool
    takes_back: bool


def parse_globs(lines: Iterable[str]) -> tuple[Glob, ...]:
    """Read patterns, one a line; blank lines and comments (``#``) are none."""
    return tuple(glob for line in lines if (glob := _parse(line)) is not None)


def matches(globs: Sequence[Glob], paths: Sequence[str], is_folder: bool) -> bool:
    """Say whether the last pattern that matches a path leaves it out.

    Args:
        globs: the patterns, in their order.
        paths: ways to write the path, with slashes, each of which may match: relative to the patterns' folder, or
            absolute.
        is_folder: whether it is a folder.
    """
    texts = [compose(path) for path in paths]
    left_out = False
    for glob in globs:
        if (is_folder or not glob.folders_only) and any(map(glob.rule.fullmatch, texts)):
            left_out = not glob.takes_back
    return left_out


def _parse(line: str) -> Glob | None:
    text = compose(line.strip())
    if not text or text.startswith("#"):
        return None
    takes_back = text.startswith("!")
    text = text.removeprefix("!").removeprefix("./")
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    if not text:
        return None
    anchored = "/" in text
    # An absolute path begins with a slash, and so may a path relative to the patterns' folder.
    start = "/?" if anchored else "(?:.*/)?"
    tokens = _TOKENS.findall(text.removeprefix("/"))
    body = "".join(_translated(token, place == len(tokens) - 1) for place, token in enumerate(tokens))
    return Glob(re.compile(start + body, re.IGNORECASE | re.DOTALL), folders_only, takes_back)


def _translated(token: str, is_last: bool) -> str:
    if token == "/**":
        return "/.*" if is_last else "(?:/.*)?"
    if token == "**/":
        return "(?:.*/)?"
    if token.startswith("*"):
        return "[^/]*"
    if token == "?":
        return "[^/]"
    if token.startswith("[") and token.endswith("]") and len(token) > 2:
        inside = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[{'^' + inside[1:] if inside.startswith('!') else inside}]"
    return re.escape(token.removeprefix("\\") or token)
