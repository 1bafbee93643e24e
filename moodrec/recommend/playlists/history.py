"""Play histories in files: tables with ids, titles or paths, and the exports of Last.fm, ListenBrainz and Spotify."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from moodrec.artists import credit
from moodrec.catalog.seeds import resolve_seed
from moodrec.errors import AmbiguousSeedError, DataError, NotFoundError
from moodrec.files.texts import read_text_file
from moodrec.given import path_of
from moodrec.names import fold
from moodrec.recommend.playlists.times import is_time, times_of
from moodrec.recommend.recommender import Recommender
from moodrec.recommend.versioned import seed_names
from moodrec.schema import ARTIST, ARTISTS, PATH, RECORDING_ID, TITLE, TRACK_ID

PLAYED_AT: Final = "played_at"
_NAMES: Final[Mapping[str, Sequence[str]]] = {
    TRACK_ID: ("track_id",),
    PATH: ("path", "file", "location"),
    TITLE: ("title", "track", "track_name", "trackname", "name", "song", "master_metadata_track_name", "track title"),
    ARTIST: ("artist", "artist_name", "artistname", "master_metadata_album_artist_name", "creator", "track artist"),
    RECORDING_ID: (RECORDING_ID, "recording_mbid", "track_mbid", "recording mbid"),
    PLAYED_AT: (PLAYED_AT, "listened_at", "uts", "timestamp", "ts", "time", "played", "endtime", "utc_time", "date",
                "date_uts", "scrobbled_at", "datetime"),
}  # fmt: skip
"""What programs call the columns of a history, in lower case, the preferred name first."""
_WITHOUT_HEADER: Final = (ARTIST, "album", TITLE, PLAYED_AT)
"""The columns of the CSV of Last.fm's plays that has no header."""
_WRAPPERS: Final = ("recenttracks", "payload", "scrobbles", "plays", "track", "tracks")
"""The objects in which services wrap a list of plays."""
_PLAY: Final = frozenset({"track_metadata", *(name for names in _NAMES.values() for name in names)})
_SNIFFED: Final = 65_536


def read_plays(path: Path, recommender: Recommender) -> pd.DataFrame:
    """Read a history: a table (CSV, TSV, Parquet, JSON, JSON lines), or an export of Last.fm, ListenBrainz or
    Spotify.

    A play is of a track id, else of a path, else of a MusicBrainz recording, else of an artist and a title, else of a
    title that one track alone has. What is no id is also taken for a title, an "artist - title" or a path, where
    exactly one track matches.

    Args:
        path: the file.
        recommender: where titles and paths are looked up.

    Returns:
        ``track_id`` (what was looked up in vain stays as it is written) and ``played_at`` in UTC.

    Raises:
        DataError: the file cannot be read, lacks a column, or a row has no time; the message names the row.
    """
    path = path_of(path, "path")
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file")
    frame = named_columns(_table(path), str(path))
    times = times_of(frame[PLAYED_AT], f"{path}: {PLAYED_AT}")
    return pd.DataFrame({TRACK_ID: looked_up(frame, recommender, str(path)), PLAYED_AT: times})


def named_columns(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """Give the columns of a history the names that they have here.

    Args:
        frame: a row a play.
        source: where it comes from, for messages.

    Raises:
        DataError: there is no time, or nothing that names the tracks.
    """
    lower = {str(name).strip().lstrip("\ufeff").lower(): name for name in reversed(list(frame.columns))}
    chosen = {
        wanted: next((lower[name] for name in names if name in lower), None)
        for wanted, names in _NAMES.items()
    }
    known = {wanted: frame[name] for wanted, name in chosen.items() if name is not None}
    there = ", ".join(map(str, frame.columns)) or "none"
    if not {TRACK_ID, PATH, TITLE, RECORDING_ID} & set(known):
        raise DataError(f"{source}: no column {TRACK_ID!r}, nor titles or paths in its place; it has {there}")
    if PLAYED_AT not in known:
        raise DataError(f"{source}: no column {PLAYED_AT!r} of times; it has {there}")
    return pd.DataFrame(known)


def looked_up(frame: pd.DataFrame, recommender: Recommender, source: str) -> list[str]:
    """Find the track of each play.

    Args:
        frame: a row a play, with columns as :func:`named_columns` names them.
        recommender: where they are looked up.
        source: where the plays come from, for messages.

    Returns:
        Track ids; what no track has is given back as it is written.

    Raises:
        DataError: a row names no track at all.
    """
    tracks = _Tracks(recommender)
    columns = [name for name in (TRACK_ID, PATH, RECORDING_ID, ARTIST, TITLE) if name in frame]
    rows = zip(*(map(_as_text, frame[name]) for name in columns), strict=True)
    found: list[str] = []
    known: dict[tuple[str, ...], str] = {}
    for number, row in enumerate(rows):
        if row not in known:
            known[row] = tracks.of(dict(zip(columns, row, strict=True)))
        if not known[row]:
            raise DataError(f"{source}: row {number}, counted from 0, names no track")
        found.append(known[row])
    return found


class _Tracks:
    """The tracks of a recommender by what a history may call them."""

    def __init__(self, recommender: Recommender) -> None:
        self._recommender = recommender

    def of(self, play: Mapping[str, str]) -> str:
        """Return the id of a play's track, what it is called where there is none, "" where it is called nothing."""
        given = {name: play.get(name, "") for name in (TRACK_ID, PATH, RECORDING_ID, ARTIST, TITLE)}
        for name in (TRACK_ID, PATH):
            if given[name] and (found := self._resolved(given[name])):
                return found
        if given[RECORDING_ID] and given[RECORDING_ID] in self._by_recording:
            return self._by_recording[given[RECORDING_ID]]
        artist, title = given[ARTIST], given[TITLE]
        if title and (found := self._named(artist, title)):
            return found
        called = " - ".join(filter(None, (artist, title)))
        return given[TRACK_ID] or given[PATH] or called or given[RECORDING_ID]

    def _named(self, artist: str, title: str) -> str | None:
        if not artist:
            ids = self._by_title.get(fold(title), [])
            return ids[0] if len(ids) == 1 else None
        for name in (artist, *credit(artist).main):
            if found := self._by_both.get((fold(name), fold(title))):
                return found
        return None

    def _resolved(self, name: str) -> str | None:
        if name in self._recommender.index:
            return name
        try:  # whole names alone: nobody sees which track a part of a name would lead to
            return resolve_seed(seed_names(self._recommender), name)
        except (NotFoundError, AmbiguousSeedError):
            return None

    @cached_property
    def _by_recording(self) -> dict[str, str]:
        frame = self._recommender.frame
        if RECORDING_ID not in frame:
            return {}
        pairs = zip(frame[RECORDING_ID], frame[TRACK_ID], strict=True)
        return {str(recording): str(track) for recording, track in pairs if isinstance(recording, str)}

    @cached_property
    def _by_title(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for track_id, title, _ in self._texts:
            found.setdefault(fold(title), []).append(track_id)
        return found

    @cached_property
    def _by_both(self) -> dict[tuple[str, str], str]:
        """The first track by artist (as shown, and each main one) and title; editions of a song count as one."""
        found: dict[tuple[str, str], str] = {}
        for track_id, title, names in self._texts:
            for name in names:
                found.setdefault((fold(name), fold(title)), track_id)
        return found

    @cached_property
    def _texts(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Every track with a title: its id, its title, and the names of its artists."""
        frame = self._recommender.frame
        if TITLE not in frame:
            return []
        nothing = [None] * len(frame)
        columns = [frame.get(name, nothing) for name in (TRACK_ID, TITLE, ARTIST, ARTISTS)]
        found = []
        for track_id, title, artist, listed in zip(*columns, strict=True):
            if isinstance(title, str):
                names = tuple(listed) if isinstance(listed, list | tuple | np.ndarray) else ()
                shown = artist if isinstance(artist, str) else ""
                main = credit(shown, names).main
                found.append((str(track_id), title, tuple(dict.fromkeys(filter(None, (shown, *main))))))
        return found


def _as_text(value: Any) -> str:
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return str(int(value))
    return value.strip() if isinstance(value, str) else ""


def _table(path: Path) -> pd.DataFrame:
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return pd.read_parquet(path)
        if suffix in (".jsonl", ".ndjson"):
            lines = read_text_file(path).splitlines()
            return _of_plays(
                _from_json(line, path, number) for number, line in enumerate(lines) if line.strip()
            )
        if suffix == ".json":
            return _of_plays(_plays_in(json.loads(read_text_file(path))))
        return _csv(path)
    except (ValueError, OSError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read as a table of plays ({error})") from error


def _from_json(line: str, path: Path, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise DataError(f"{path}: row {number}, counted from 0, is no JSON ({error})") from error


def _csv(path: Path) -> pd.DataFrame:
    file = StringIO(read_text_file(path), newline="")
    head = file.readline(_SNIFFED)
    file.seek(0)
    separator = max(",;\t|", key=head.count)
    rows = [row for row in csv.reader(file, delimiter=separator) if row]
    if not rows:
        raise ValueError("it is empty")
    names = rows[0]
    if len(names) == len(_WITHOUT_HEADER) and is_time(names[-1]):
        names = list(_WITHOUT_HEADER)
    else:
        rows = rows[1:]
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise ValueError(f"row {number}, counted from 0, has {len(row)} fields and not {len(names)}")
    return pd.DataFrame(rows, columns=names, dtype=object)


def _plays_in(document: Any) -> Iterable[Any]:
    """Find the list of plays in a JSON document: of Last.fm's and ListenBrainz' pages, or a plain list."""
    if isinstance(document, Mapping):
        for name in _WRAPPERS:
            if isinstance(document.get(name), Mapping | list):
                return _plays_in(document[name])
        lists = [value for value in document.values() if isinstance(value, list)]
        is_play = {str(name).lower() for name in document} & _PLAY
        return [document] if is_play or not lists else _plays_in(max(lists, key=len))
    if not isinstance(document, list):
        raise ValueError("it holds no list of plays")
    pages = [entry for entry in document if isinstance(entry, list) or _is_page(entry)]
    return [play for page in document for play in _plays_in(page)] if pages else document


def _is_page(entry: Any) -> bool:
    return isinstance(entry, Mapping) and any(
        isinstance(entry.get(name), Mapping | list) for name in _WRAPPERS if name != "track"
    )


def _of_plays(plays: Iterable[Any]) -> pd.DataFrame:
    rows = []
    for number, play in enumerate(plays):
        if not isinstance(play, Mapping):
            raise ValueError(f"row {number}, counted from 0, is no play but {play!r:.60}")
        attributes = play.get("@attr")
        if isinstance(attributes, Mapping) and attributes.get("nowplaying"):
            continue  # what was playing when the page was made has no time
        rows.append(_flat(play))
    return pd.DataFrame(rows, dtype=object)


def _flat(play: Mapping[str, Any]) -> dict[str, Any]:
    """Take the fields of a play out of the objects in which services wrap them."""
    flat = {str(name).lower(): value for name, value in play.items() if not isinstance(value, Mapping | list)}
    meta = play.get("track_metadata")
    if isinstance(meta, Mapping):  # ListenBrainz
        flat |= {str(name): value for name, value in meta.items() if isinstance(value, str)}
        for inner in ("additional_info", "mbid_mapping"):
            of = meta.get(inner)
            if isinstance(of, Mapping) and isinstance(of.get("recording_mbid"), str):
                flat["recording_mbid"] = of["recording_mbid"]
    artist, date = play.get("artist"), play.get("date")
    if isinstance(artist, Mapping):  # Last.fm
        flat["artist"] = artist.get("#text") or artist.get("name") or ""
    if isinstance(date, Mapping):
        flat["uts"] = date.get("uts") or date.get("#text") or ""
    return flat
