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

_TOKENS: Final = re.compile(r"\*+|\?|\[[!^]?\]?[^\]]*\]|\\?.", re.DOTALL)
_RANGES: Final = re.compile(r"(.)-(.)|(.)", re.DOTALL)
_NOTHING: Final = "(?!)"


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
    parts = text.removeprefix("/").split("/")
    rule = _of_path(parts) if "/" in text else "(?:.*/)?" + _of_name(text)
    return Glob(re.compile(rule, re.IGNORECASE | re.DOTALL), folders_only, takes_back)


# A rule takes a time that grows with the pattern and the path, and not with their powers: the first place at which
# what stands behind a star fits is as good as any later one, so that no other is tried ("(?>").


def _of_path(parts: Sequence[str]) -> str:
    """Write the rule of a pattern with slashes.

    An absolute path begins with a slash, and so may a path relative to the patterns' folder.
    """
    runs: list[list[str]] = [[]]
    for part in parts:
        if part == "**":
            runs.append([])
        else:
            runs[-1].append(_of_name(part))
    rule, slash = "/?" + "/".join(runs[0]), "/" if runs[0] else ""
    for place, run in enumerate(runs[1:], 2):
        names = "/".join(run)
        if place == len(runs):
            return f"{rule}{slash}(?:.*/)?{names}" if names else f"{rule}{slash}.*"
        if names:
            rule, slash = f"{rule}(?>{slash}(?:[^/]*/)*?{names}(?=/))", "/"
    return rule


def _of_name(text: str) -> str:
    """Write the rule of one name."""
    pieces = [""]
    for token in _TOKENS.findall(text):
        if token.startswith("*"):
            pieces.append("")
        else:
            pieces[-1] += _of_character(token)
    if len(pieces) == 1:
        return pieces[0]
    return pieces[0] + "".join(f"(?>[^/]*?{piece})" for piece in pieces[1:-1]) + "[^/]*" + pieces[-1]


def _of_character(token: str) -> str:
    if token == "?":
        return "[^/]"
    if token.startswith("[") and len(token) > 2:
        return _of_set(token[1:-1])
    return re.escape(token.removeprefix("\\") or token)


def _of_set(inside: str) -> str:
    """Write the rule of one character out of a set; a range whose ends are the wrong way round holds none."""
    barred = len(inside) > 1 and inside[0] in "!^"
    wanted = ""
    for first, last, single in _RANGES.findall(inside[barred:]):
        if single or first <= last:
            wanted += re.escape(single) if single else f"{re.escape(first)}-{re.escape(last)}"
    if not wanted:
        return "[^/]" if barred else _NOTHING
    return f"[^/{wanted}]" if barred else f"(?!/)[{wanted}]"
