"""Playlists as files: M3U8 for players, XSPF and JSPF with MusicBrainz ids for everything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from moodrec.arguments import brief, flag
from moodrec.errors import DataError, UsageError
from moodrec.files.replacing import write_atomically
from moodrec.given import path_of, text_of
from moodrec.index.rows.tables import is_table, to_frame
from moodrec.names import track_name
from moodrec.printable import shown_only, without_controls
from moodrec.recommend.playlists.m3u import write_m3u
from moodrec.recommend.playlists.places import Place, Written, seconds, text
from moodrec.schema import ALBUM, ARTIST, PATH, RECORDING_ID, TITLE

if TYPE_CHECKING:
    import pandas as pd

XSPF: Final = "http://xspf.org/ns/0/"
RECORDING: Final = "https://musicbrainz.org/recording/"
CREATOR: Final = "moodrec"


def write_playlist(tracks: pd.DataFrame, out: Path | str, title: str = "", relative: bool = True) -> Written:
    """Write tracks in their order to a playlist file.

    Args:
        tracks: with ``path``, ``title``, ``artist``, ``album``, ``duration`` (seconds) and
            ``musicbrainz_recording_id`` where known.
        out: the file; its suffix is the format: ``.m3u8``, ``.m3u``, ``.xspf`` or ``.jspf``.
        title: of the playlist; M3U has no place for it.
        relative: write paths relative to the playlist's real folder, so that both can be moved together.

    Returns:
        The number of entries, and which of them lead to no file. M3U leaves out tracks without a path; the others
        name them.

    Raises:
        DataError: ``tracks`` is no table.
        UsageError: another suffix, an argument of the wrong kind, or an M3U of tracks that have no paths.
    """
    place = path_of(out, "out")
    write = writer_of(place)
    if not is_table(tracks):
        raise DataError(f"tracks is {brief(tracks)}; a playlist takes a table of tracks")
    return write(to_frame(tracks), place, text_of(title, "title"), flag(relative, "relative"))


def writer_of(out: Path) -> Callable[[pd.DataFrame, Path, str, bool], Written]:
    """Give the function that writes the format of a file's suffix.

    Raises:
        UsageError: there is no such format; the message lists those that there are.
    """
    write = FORMATS.get(out.suffix.lower())
    if write is None:
        raise UsageError(f"{out}: playlists are written as {', '.join(FORMATS)}")
    return write


def _write_m3u(tracks: pd.DataFrame, out: Path, title: str, relative: bool) -> Written:
    return write_m3u(tracks, out, relative)


def _write_xspf(tracks: pd.DataFrame, out: Path, title: str, relative: bool) -> Written:
    """Write XSPF version 1, https://www.xspf.org/spec."""
    ET.register_namespace("", XSPF)
    root = ET.Element(f"{{{XSPF}}}playlist", version="1")
    _add(root, "title", title)
    _add(root, "creator", CREATOR)
    entries = ET.SubElement(root, f"{{{XSPF}}}trackList")
    place = Place(out, relative)
    for row in tracks.to_dict("records"):
        _xspf_track(entries, row, place)
    ET.indent(root)
    data = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    write_atomically(out, data + b"\n")
    return Written(len(tracks), place.unresolved)


def _xspf_track(parent: ET.Element, row: Mapping[Any, Any], place: Place) -> None:
    track = ET.SubElement(parent, f"{{{XSPF}}}track")
    for name, value in (
        ("location", place.uri(row)),
        ("identifier", _recording(row)),
        ("title", track_name(row.get(TITLE), row.get(PATH))),
        ("creator", text(row, ARTIST)),
        ("album", text(row, ALBUM)),
        ("duration", _milliseconds(row)),
    ):
        _add(track, name, "" if value is None else str(value))


def _add(parent: ET.Element, name: str, value: str) -> None:
    if value:
        ET.SubElement(parent, f"{{{XSPF}}}{name}").text = shown_only(" ".join(value.split()))


def _write_jspf(tracks: pd.DataFrame, out: Path, title: str, relative: bool) -> Written:
    """Write JSPF, https://musicbrainz.org/doc/jspf; recordings by their MusicBrainz URIs, as ListenBrainz
    reads them.
    """
    place = Place(out, relative)
    entries = [_jspf_track(row, place) for row in tracks.to_dict("records")]
    document = {"playlist": {"title": title, "creator": CREATOR, "track": entries}}
    written = without_controls(json.dumps(document, ensure_ascii=False, indent=1))
    write_atomically(out, written.encode("utf-8", "backslashreplace") + b"\n")
    return Written(len(tracks), place.unresolved)


def _jspf_track(row: Mapping[Any, Any], place: Place) -> dict[str, Any]:
    location, recording = place.uri(row), _recording(row)
    fields = {
        "location": [location] if location else None,
        "identifier": [recording] if recording else None,
        "title": track_name(row.get(TITLE), row.get(PATH)),
        "creator": text(row, ARTIST),
        "album": text(row, ALBUM),
        "duration": _milliseconds(row),
    }
    return {name: value for name, value in fields.items() if value}


FORMATS: Final[dict[str, Callable[[pd.DataFrame, Path, str, bool], Written]]] = {
    ".m3u8": _write_m3u,
    ".m3u": _write_m3u,
    ".xspf": _write_xspf,
    ".jspf": _write_jspf,
}
"""Writers by suffix."""


def _recording(row: Mapping[Any, Any]) -> str:
    identity = text(row, RECORDING_ID)
    return RECORDING + identity if identity else ""


def _milliseconds(row: Mapping[Any, Any]) -> int | None:
    duration = seconds(row)
    return None if duration is None else round(1000 * duration)
