"""Playlist files in extended M3U in UTF-8, which players know as ``.m3u8``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moodrec.errors import UsageError
from moodrec.files.replacing import write_atomically
from moodrec.names import track_name
from moodrec.printable import shown_only
from moodrec.recommend.playlists.places import Place, Written, seconds, text
from moodrec.schema import ARTIST, PATH, START, TITLE

if TYPE_CHECKING:
    import pandas as pd


def write_m3u(tracks: pd.DataFrame, out: Path | str, relative: bool = True) -> Written:
    """Write a playlist of ``tracks``, in their order; the file is replaced in one step.

    Args:
        tracks: with a column ``path``, and ``artist``, ``title`` and ``duration`` (seconds) where known.
        out: the playlist.
        relative: write paths relative to the playlist's real folder, so that both can be moved together.

    Returns:
        The number of entries, and which of them lead to no file: tracks without a path are left out.

    Raises:
        UsageError: none of the tracks has a path.
    """
    place = Place(Path(out), relative)
    made = [(row, place.entry(row)) for row in tracks.to_dict("records")]
    entries = [_entry(row, path) for row, path in made if path]
    if len(tracks) and not entries:
        raise UsageError("a playlist needs the paths of its tracks, and this index knows none")
    write_atomically(Path(out), "".join(["#EXTM3U\n", *entries]).encode("utf-8", "surrogateescape"))
    return Written(len(entries), place.unresolved)


def _entry(row: Mapping[Any, Any], path: str) -> str:
    duration = seconds(row)
    return f"#EXTINF:{-1 if duration is None else round(duration)},{_label(row)}\n{_section(row)}{path}\n"


def _section(row: Mapping[Any, Any]) -> str:
    """Say where a track of a CUE sheet lies in its file, in the words of VLC; other players play the file."""
    start, duration = row.get(START), seconds(row)
    if not isinstance(start, Real) or not math.isfinite(start):
        return ""
    stop = "" if duration is None else f"#EXTVLCOPT:stop-time={float(start) + duration:.2f}\n"
    return f"#EXTVLCOPT:start-time={float(start):.2f}\n{stop}"


def _label(row: Mapping[Any, Any]) -> str:
    names = [text(row, ARTIST), track_name(row.get(TITLE), row.get(PATH))]
    return shown_only(" ".join(" - ".join(filter(None, names)).split()))
