"""Playlist files in extended M3U in UTF-8, which players know as ``.m3u8``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from moodrec.errors import UsageError
from moodrec.files import write_atomically
from moodrec.schema import ARTIST, PATH, TITLE

if TYPE_CHECKING:
    import pandas as pd


_ONE_LINE: Final = re.compile("[^\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def write_m3u(tracks: pd.DataFrame, out: Path | str, relative: bool = False) -> int:
    """Write a playlist of ``tracks``, in their order; the file is replaced in one step.

    Args:
        tracks: with a column ``path``, and ``artist``, ``title`` and ``duration`` (seconds) where known.
        out: the playlist.
        relative: write paths relative to the playlist's folder, so that both can be moved together.

    Returns:
        The number of entries: tracks without a path are left out.

    Raises:
        UsageError: none of the tracks has a path.
    """
    place = Path(out)
    entries = [_entry(row, place.parent, relative) for row in tracks.to_dict("records") if _text(row, PATH)]
    if len(tracks) and not entries:
        raise UsageError("a playlist needs the paths of its tracks, and this index knows none")
    write_atomically(place, "".join(["#EXTM3U\n", *entries]).encode("utf-8", "surrogateescape"))
    return len(entries)


def _entry(row: Mapping[Any, Any], folder: Path, relative: bool) -> str:
    path = _text(row, PATH)
    if not _ONE_LINE.fullmatch(path):
        # An entry is a line, so that a line break would begin another one; a URI has none.
        absolute = os.path.abspath(path)  # noqa: PTH100  (Path.absolute keeps "..")
        path = "file://" + quote(PurePath(absolute).as_posix().encode("utf-8", "surrogateescape"))
    elif relative:
        path = os.path.relpath(path, folder)
    path = f".{os.sep}{path}" if path.startswith("#") else path  # or it would read as a comment
    return f"#EXTINF:{_seconds(row)},{_label(row)}\n{path}\n"


def _seconds(row: Mapping[Any, Any]) -> int:
    duration = row.get("duration")
    return round(duration) if isinstance(duration, int | float) and duration >= 0 else -1


def _label(row: Mapping[Any, Any]) -> str:
    names = [_text(row, ARTIST), _text(row, TITLE) or Path(_text(row, PATH)).stem]
    text = " ".join(" - ".join(filter(None, names)).split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _text(row: Mapping[Any, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
