"""A CUE sheet tells where the tracks of an album lie within one long file, and what they are called.

Layout: the CDRWIN user's guide, appendix A, and what programs write beside it (``REM DATE``, ``REM GENRE``).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Final

from moodrec.artists import credit, guests_in_title
from moodrec.audio.dates import plausible_year
from moodrec.audio.formats import AUDIO_SUFFIXES
from moodrec.audio.genres import genre_names
from moodrec.audio.opening import open_audio_file, printable
from moodrec.audio.probe import Tags, read_tags
from moodrec.audio.tag_text import clean, isrc_of
from moodrec.errors import AudioError

SUFFIX: Final = ".cue"
_LARGEST: Final = 1 << 20
_FRAMES_A_SECOND: Final = 75
_REMARK: Final = re.compile(r"(\w+)\s+(.*)")
_TRACK: Final = re.compile(r"0*([0-9]{1,5})(?![0-9])(?:\s+(\S+))?.*")
_INDEX: Final = re.compile(r"0*1\s+([0-9]{1,6}):([0-9]{1,2}):([0-9]{1,2})(?![0-9:]).*")
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class CueTrack:
    """One track of a sheet."""

    number: int
    audio: Path
    """The file that it lies in."""
    start_s: float
    """Where it begins in the file, in seconds."""
    length_s: float | None
    """Its length in seconds; None for one that lasts to the end of the file."""
    tags: Tags
    """What the sheet says of it."""


@dataclass
class _Entry:
    """A track while its sheet is read."""

    number: int
    file: str
    is_audio: bool
    start_s: float | None = None
    title: str | None = None
    performer: str | None = None
    isrc: str | None = None


def read_cue(path: Path) -> tuple[CueTrack, ...]:
    """Read the tracks of a sheet; none where each has a file of its own, which stands for itself.

    Sheets name files that were converted since: where the file is not there, one of the same name with another
    suffix is taken, else one that is called like the sheet.

    Raises:
        AudioError: the sheet cannot be read, or its audio is not there (reason ``missing`` or ``bad_cue``).
    """
    album, entries = _parsed(_text(path))
    audible = [entry for entry in entries if entry.start_s is not None]
    if len({entry.file for entry in audible}) == len(audible) > 1 or not any(e.is_audio for e in audible):
        return ()
    tracks = []
    for place, entry in enumerate(audible):
        following = audible[place + 1] if place + 1 < len(audible) else None
        end_s = following.start_s if following is not None and following.file == entry.file else None
        start_s = entry.start_s or 0.0
        if entry.is_audio and (end_s is None or end_s > start_s):
            length_s = None if end_s is None else end_s - start_s
            audio = _audio_of(path, entry.file)
            tracks.append(CueTrack(entry.number, audio, start_s, length_s, _tags(album, entry)))
    return tuple(tracks)


def cue_track(path: Path, number: int) -> CueTrack:
    """Read one track of a sheet.

    Args:
        path: the sheet.
        number: the track's number.

    Raises:
        AudioError: as :func:`read_cue`; reason ``missing`` where the sheet has no such track.
    """
    for track in read_cue(path):
        if track.number == number:
            return track
    raise AudioError(f"{printable(path)}: has no track {number}", "missing")


def section_tags(track: CueTrack) -> Tags:
    """Give the tags of a track of a sheet: what the sheet says of it, and what its file says of the album."""
    of_file, of_sheet = read_tags(track.audio), track.tags
    artist = of_sheet.artist or of_file.artist
    names = (*credit(artist).everyone, *guests_in_title(of_sheet.title))
    return replace(
        of_sheet,
        artist=artist,
        album_artist=of_sheet.album_artist or of_file.album_artist,
        album=of_sheet.album or of_file.album,
        date=of_sheet.date or of_file.date,
        year=of_sheet.year or of_file.year,
        genre=of_sheet.genre or of_file.genre,
        musicbrainz_album_id=of_file.musicbrainz_album_id,
        artists=tuple(dict.fromkeys(names)),
        original_year=of_file.original_year,
    )


def _text(path: Path) -> str:
    with open_audio_file(path) as file:
        try:
            content = file.read(_LARGEST + 1)
        except OSError as error:
            raise AudioError(f"{printable(path)}: cannot be read ({error.strerror})", "unreadable") from None
    if len(content) > _LARGEST:
        raise AudioError(f"{printable(path)}: is too large for a CUE sheet", "bad_cue")
    encodings = [name for mark, name in _MARKS if content.startswith(mark)] or ["utf-8", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AudioError(f"{printable(path)}: cannot be read as text", "bad_cue")


def _parsed(text: str) -> tuple[dict[str, str], list[_Entry]]:
    """Read the lines of a sheet: what it says of the album, and its tracks."""
    album: dict[str, str] = {}
    entries: list[_Entry] = []
    numbers: set[int] = set()
    highest = 0
    file = ""
    for line in text.splitlines():
        command, given = [*line.strip().split(None, 1), "", ""][:2]
        command = command.upper()
        if command == "REM" and (remark := _REMARK.fullmatch(given)):
            album.setdefault(remark[1].lower(), _value(remark[2]))
        elif command == "FILE" and given:
            file = _name(given)
        elif command == "TRACK" and (track := _TRACK.fullmatch(given)):
            is_audio = (track[2] or "AUDIO").upper() == "AUDIO"
            # Each side of a record may count from 1: the next free number stands for one that is taken.
            number = int(track[1]) if int(track[1]) not in numbers else highest + 1
            numbers.add(number)
            highest = max(highest, number)
            entries.append(_Entry(number, file, is_audio))
        elif command in ("TITLE", "PERFORMER", "ISRC"):
            if entries:
                setattr(entries[-1], command.lower(), _value(given))
            else:
                album.setdefault(command.lower(), _value(given))
        elif command == "INDEX" and entries and (place := _INDEX.fullmatch(given)):
            minutes, seconds, frames = map(int, place.groups())
            entries[-1].start_s = minutes * 60 + seconds + frames / _FRAMES_A_SECOND
            entries[-1].file = file
    return album, entries


def _value(text: str) -> str:
    """Read what stands behind a command: with or without quotes, in which a quote is doubled or has a backslash."""
    inside = text[1:].removesuffix('"') if text.startswith('"') else text
    return clean(inside.replace('""', '"').replace('\\"', '"'))


def _name(text: str) -> str:
    """Read the name of a FILE line: it may hold spaces without standing in quotes, and a type follows it."""
    if found := re.search(r'"(.*)"', text):
        return found[1]
    words = text.split()
    return " ".join(words[:-1] if len(words) > 1 else words)


def _audio_of(sheet: Path, name: str) -> Path:
    # Sheets from Windows hold paths of the machine that they were written on.
    called = PureWindowsPath(name).name
    for place in (sheet.parent / name, sheet.parent / called):
        # What os.path has no answer to is no file; Path's raises where a name is too long.
        if os.path.isfile(place) and place.suffix.lower() in AUDIO_SUFFIXES:  # noqa: PTH113
            return place
    try:
        there = sorted(entry for entry in sheet.parent.iterdir() if entry.suffix.lower() in AUDIO_SUFFIXES)
    except OSError:
        there = []
    for stem in (Path(called).stem.lower(), sheet.stem.lower()):
        for entry in there:
            if entry.stem.lower() == stem:
                return entry
    raise AudioError(f"{printable(sheet)}: its audio {printable(name)!r} is not there", "missing")


def _tags(album: dict[str, str], entry: _Entry) -> Tags:
    date, performer = album.get("date") or None, album.get("performer") or None
    return Tags(
        title=entry.title or None,
        artist=entry.performer or performer,
        album_artist=performer,
        album=album.get("title") or None,
        date=date,
        year=plausible_year(date or ""),
        genre=genre_names([album.get("genre", "")]),
        isrc=isrc_of(entry.isrc),
    )
