"""Playlists as files: M3U8 for players, XSPF and JSPF with MusicBrainz ids for everything else."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from moodrec.errors import UsageError
from moodrec.files import write_atomically
from moodrec.names import without_controls
from moodrec.recommend.playlists.m3u import write_m3u
from moodrec.schema import ALBUM, ARTIST, PATH, TITLE

if TYPE_CHECKING:
    import pandas as pd

XSPF: Final = "http://xspf.org/ns/0/"
RECORDING: Final = "https://musicbrainz.org/recording/"
RECORDING_ID: Final = "musicbrainz_recording_id"
CREATOR: Final = "moodrec"

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_playlist(tracks: pd.DataFrame, out: Path | str, title: str = "", relative: bool = True) -> int:
    """Write tracks in their order to a playlist file.

    Args:
        tracks: with ``path``, ``title``, ``artist``, ``album``, ``duration`` (seconds) and
            ``musicbrainz_recording_id`` where known.
        out: the file; its suffix is the format: ``.m3u8``, ``.m3u``, ``.xspf`` or ``.jspf``.
        title: of the playlist; M3U has no place for it.
        relative: write paths relative to the playlist's folder, so that both can be moved together.

    Returns:
        The number of entries. M3U leaves out tracks without a path; the others name them.

    Raises:
        UsageError: another suffix, or an M3U of tracks that have no paths.
    """
    place = Path(out)
    write = FORMATS.get(place.suffix.lower())
    if write is None:
        raise UsageError(f"{place}: playlists are written as {', '.join(FORMATS)}")
    return write(tracks, place, title, relative)


def _write_m3u(tracks: pd.DataFrame, out: Path, title: str, relative: bool) -> int:
    return write_m3u(tracks, out, relative)


def _write_xspf(tracks: pd.DataFrame, out: Path, title: str, relative: bool) -> int:
    """Write XSPF version 1, https://www.xspf.org/spec."""
    ET.register_namespace("", XSPF)
    root = ET.Element(f"{{{XSPF}}}playlist", version="1")
    _add(root, "title", title)
    _add(root, "creator", CREATOR)
    entries = ET.SubElement(root, f"{{{XSPF}}}trackList")
    for row in tracks.to_dict("records"):
        _xspf_track(entries, row, out.parent, relative)
    ET.indent(root)
    data = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    write_atomically(out, data + b"\n")
    return len(tracks)


def _xspf_track(parent: ET.Element, row: Mapping[Any, Any], folder: Path, relative: bool) -> None:
    track = ET.SubElement(parent, f"{{{XSPF}}}track")
    for name, text in (
        ("location", _uri(row, folder, relative)),
        ("identifier", _recording(row)),
        ("title", _title(row)),
        ("creator", _text(row, ARTIST)),
        ("album", _text(row, ALBUM)),
        ("duration", _milliseconds(row)),
    ):
        _add(track, name, "" if text is None else str(text))


def _add(parent: ET.Element, name: str, text: str) -> None:
    if text:
        ET.SubElement(parent, f"{{{XSPF}}}{name}").text = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _write_jspf(tracks: pd.DataFrame, out: Path, title: str, relative: bool) -> int:
    """Write JSPF, https://musicbrainz.org/doc/jspf; recordings by their MusicBrainz URIs, as ListenBrainz
    reads them.
    """
    entries = [_jspf_track(row, out.parent, relative) for row in tracks.to_dict("records")]
    document = {"playlist": {"title": title, "creator": CREATOR, "track": entries}}
    text = without_controls(json.dumps(document, ensure_ascii=False, indent=1))
    write_atomically(out, text.encode("utf-8", "backslashreplace") + b"\n")
    return len(tracks)


def _jspf_track(row: Mapping[Any, Any], folder: Path, relative: bool) -> dict[str, Any]:
    location, recording = _uri(row, folder, relative), _recording(row)
    fields = {
        "location": [location] if location else None,
        "identifier": [recording] if recording else None,
        "title": _title(row),
        "creator": _text(row, ARTIST),
        "album": _text(row, ALBUM),
        "duration": _milliseconds(row),
    }
    return {name: value for name, value in fields.items() if value}


FORMATS: Final[dict[str, Callable[[pd.DataFrame, Path, str, bool], int]]] = {
    ".m3u8": _write_m3u,
    ".m3u": _write_m3u,
    ".xspf": _write_xspf,
    ".jspf": _write_jspf,
}
"""Writers by suffix."""


def _uri(row: Mapping[Any, Any], folder: Path, relative: bool) -> str:
    """Write the path of a file as a URI, "" where the track has no path; relative ones are of the playlist's
    folder.
    """
    path = _text(row, PATH)
    if not path:
        return ""
    absolute = os.path.abspath(path)  # noqa: PTH100  (Path.absolute keeps "..")
    if not relative:
        return "file://" + quote(PurePath(absolute).as_posix().encode("utf-8", "surrogateescape"))
    step = os.path.relpath(absolute, folder.absolute())
    uri = quote(PurePath(step).as_posix().encode("utf-8", "surrogateescape"))
    return f"./{uri}" if ":" in uri.partition("/")[0] else uri  # or it would read as a scheme


def _title(row: Mapping[Any, Any]) -> str:
    """Return the title of a track, else the name of its file."""
    return _text(row, TITLE) or PurePath(_text(row, PATH)).stem


def _recording(row: Mapping[Any, Any]) -> str:
    identity = _text(row, RECORDING_ID)
    return RECORDING + identity if identity else ""


def _milliseconds(row: Mapping[Any, Any]) -> int | None:
    seconds = row.get("duration")
    if not isinstance(seconds, int | float) or math.isnan(seconds) or seconds < 0:
        return None
    return round(1000 * seconds)


def _text(row: Mapping[Any, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
