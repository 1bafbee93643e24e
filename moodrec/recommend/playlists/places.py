"""Where a playlist's entries lead: paths as a player finds them from the place where the playlist lies."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path, PurePath
from typing import Any, Final, Self
from urllib.parse import quote

from moodrec.schema import PATH

_ESCAPED: Final = re.compile(r"\\udc([89a-f][0-9a-f])")
"""How the track table writes a byte of a path that is not UTF-8."""
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_LISTED: Final = 5


class Written(int):
    """The number of entries that a playlist was written with, and which of them lead nowhere."""

    unresolved: tuple[str, ...]
    """The paths of entries whose files are not there."""

    def __new__(cls, entries: int, unresolved: Sequence[str] = ()) -> Self:
        """Make the number of entries.

        Args:
            entries: the number of entries.
            unresolved: the paths of those whose files are not there.
        """
        made = super().__new__(cls, entries)
        made.unresolved = tuple(unresolved)
        return made

    def warning(self, out: Path) -> str | None:
        """Name the entries of a playlist that lead nowhere, in a sentence; None where all open."""
        if not self.unresolved:
            return None
        shown = ", ".join(map(repr, self.unresolved[:_LISTED]))
        more = f" and {len(self.unresolved) - _LISTED} more" if len(self.unresolved) > _LISTED else ""
        return (
            f"{len(self.unresolved)} of {int(self)} entries of {out} lead to no file: {shown}{more}; "
            "after files have moved: moodrec analyze FOLDER"
        )


class Place:
    """The folder of a playlist, from which its relative entries are read."""

    def __init__(self, out: Path, relative: bool) -> None:
        """Find the folder in which a playlist lies once links are followed.

        Args:
            out: the playlist.
            relative: whether entries are written relative to that folder.
        """
        self._folder = os.path.realpath(out.parent)
        self._exists = os.path.isdir(self._folder)  # noqa: PTH112
        self._relative = relative
        self.unresolved: list[str] = []
        """The paths of entries, among those made so far, whose files are not there."""

    def path(self, row: Mapping[Any, Any]) -> str:
        """Write the path of a track for this playlist, "" where the track has none; and note a missing file."""
        given = text(row, PATH)
        if not given:
            return ""
        absolute = _on_disk(os.path.abspath(given))  # noqa: PTH100  (Path.absolute keeps "..")
        written = self._written(absolute)
        place = os.path.join(self._folder, written)  # noqa: PTH118  (odd names)
        # From a folder that has yet to be made, no system finds its way up.
        if not os.path.exists(place if self._exists else os.path.normpath(place)):  # noqa: PTH110
            self.unresolved.append(given)
        return written

    def _written(self, absolute: str) -> str:
        if not self._relative:
            return absolute
        try:
            return os.path.relpath(absolute, self._folder)
        except ValueError:  # another drive
            return absolute

    def entry(self, row: Mapping[Any, Any]) -> str:
        """Write the path of a track as a line of an M3U, "" where the track has none."""
        path = self.path(row)
        return as_entry(path, self._folder) if path else ""

    def uri(self, row: Mapping[Any, Any]) -> str:
        """Write the path of a track as a URI reference, "" where the track has none."""
        path = self.path(row)
        return uri_of(path) if path else ""


def uri_of(path: str) -> str:
    """Write a path as a URI reference: ``file://`` before an absolute one, and ``./`` before a relative one that
    would read as a scheme.
    """
    uri = quote(_encoded(PurePath(path).as_posix()))
    if os.path.isabs(path):  # noqa: PTH117
        return f"file://{uri if uri.startswith('/') else '/' + uri}"
    return f"./{uri}" if ":" in uri.partition("/")[0] else uri


def _encoded(path: str) -> bytes:
    """Return the bytes of a path as the disk has them; halves of characters, which no path has, become ``?``."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "replace")


def as_entry(path: str, folder: str) -> str:
    """Write a path as a line of an M3U: where a line cannot hold it as it is, as a URI.

    Args:
        path: the path, absolute or relative to the playlist's folder.
        folder: that folder.
    """
    if not _ONE_LINE.fullmatch(path) or path != path.strip():
        return uri_of(os.path.normpath(os.path.join(folder, path)))  # noqa: PTH118
    if path.startswith("#") or _SCHEME.match(path):
        return f".{os.sep}{path}"  # or it would read as a comment or a URI
    return path


_ONE_LINE: Final = re.compile(
    "[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udc7f\udd00-\udfff]+"
)
"""Paths that a line of a playlist holds as they are: nothing in them ends a line, steers a terminal, turns text
around, or is half a character.
"""


def seconds(row: Mapping[Any, Any]) -> float | None:
    """Read the duration of a track in seconds; None where it is unknown or infinite."""
    duration = row.get("duration")
    if isinstance(duration, bool) or not isinstance(duration, Real):
        return None
    value = float(duration)
    return value if math.isfinite(value) and value >= 0 else None


def text(row: Mapping[Any, Any], name: str) -> str:
    """Read a text of a track, "" where it is unknown.

    Args:
        row: the track's values by column.
        name: the name of the column.
    """
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _on_disk(path: str) -> str:
    """Return a path as the disk has it: the track table writes bytes that are not UTF-8 as escapes."""
    if not _ESCAPED.search(path) or os.path.lexists(path):
        return path
    raw = _ESCAPED.sub(lambda found: chr(0xDC00 + int(found[1], 16)), path)
    return raw if os.path.lexists(raw) else path
