"""Which of our tracks a player's song is: by path, then by MusicBrainz recording, then by names and duration."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

import pyarrow as pa

from moodrec.artists import credit, is_artist
from moodrec.library.snapshot import DUPLICATE_OF
from moodrec.names import compose, fold, track_name
from moodrec.players.songs import PlayerSong
from moodrec.schema import ALBUM, ARTIST, ARTISTS, PATH, RECORDING_ID, TITLE, TRACK_ID

SAME_DURATION_S: Final = 3.0
"""Two files of one recording differ by no more than this."""
_BULLET: Final = " \N{BULLET} "
"""Stands between artists as Navidrome shows them."""
LEAST_PARTS: Final = 2
"""A path counts where at least its file and its folder are the same."""


@dataclass(eq=False)
class Matches:
    """The songs of a player and the tracks that they are."""

    tracks: dict[str, str] = field(default_factory=dict)
    """Track id by the player's id."""
    artists: dict[str, str] = field(default_factory=dict)
    """The name of each artist by the player's id."""
    by: Counter[str] = field(default_factory=Counter)
    """The number of songs that were matched in each way: path, recording, names."""
    unmatched: list[PlayerSong] = field(default_factory=list)
    """The songs that are no track of ours."""

    @property
    def songs(self) -> int:
        """The number of songs of the player."""
        return len(self.tracks) + len(self.unmatched)


def match(songs: Iterable[PlayerSong], table: pa.Table, prefixes: Mapping[str, str] | None = None) -> Matches:
    """Match the songs of a player with the tracks of a library.

    Args:
        songs: of the player.
        table: the track table; without a column ``path``, names and recordings alone count.
        prefixes: our folders by what the player calls them: ``{"/music": "/home/me/Music"}``.
    """
    finder = _Finder(table, prefixes or {})
    found = Matches()
    for song in songs:
        if song.artist_id and song.artist:
            found.artists.setdefault(song.artist_id, song.artist)
        for way, find in finder.ways:
            if (track_id := find(song)) is not None:
                found.tracks[song.id] = track_id
                found.by[way] += 1
                break
        else:
            found.unmatched.append(song)
    return found


class _Finder:
    """The tracks of a table by what can be told of them."""

    def __init__(self, table: pa.Table, prefixes: Mapping[str, str]) -> None:
        names = [TRACK_ID, PATH, TITLE, ARTIST, ARTISTS, ALBUM, "duration", RECORDING_ID, DUPLICATE_OF]
        rows = table.select([name for name in names if name in table.column_names]).to_pylist()
        self._prefixes = sorted(prefixes.items(), key=lambda pair: -len(pair[0]))
        self._rows = {row[TRACK_ID]: row for row in rows}
        self._paths: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        self._files: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
        self._recordings: defaultdict[str, list[str]] = defaultdict(list)
        # By the artist as it is shown, and by the first main artist.
        self._names: tuple[defaultdict[tuple[str, str], list[str]], ...] = (
            defaultdict(list),
            defaultdict(list),
        )
        for row in rows:
            self._add(row)

    @property
    def ways(self) -> Sequence[tuple[str, Callable[[PlayerSong], str | None]]]:
        return (("path", self._by_path), ("recording", self._by_recording), ("names", self._by_names))

    def _add(self, row: Mapping[str, Any]) -> None:
        track_id = row[TRACK_ID]
        if row.get(PATH):
            parts = _parts(row[PATH])
            self._paths[parts].append(track_id)
            self._files[parts[-1] if parts else ""].add(parts)
        if row.get(RECORDING_ID):
            self._recordings[row[RECORDING_ID].lower()].append(track_id)
        # Players call a song without a title by its file, as we do.
        title = fold(track_name(row.get(TITLE), row.get(PATH)))
        for names, artist in zip(
            self._names, _artists(row.get(ARTIST) or "", row.get(ARTISTS) or ()), strict=True
        ):
            if title:
                names[artist, title].append(track_id)

    def _by_path(self, song: PlayerSong) -> str | None:
        if not song.path:
            return None
        path = song.path.replace("\\", "/")
        for theirs, ours in self._prefixes:
            if path == theirs or path.startswith(theirs.rstrip("/") + "/"):
                exact = _parts(ours + "/" + path[len(theirs) :])
                if exact in self._paths:
                    return self._in_file(exact, song)
        parts = _parts(path)
        if parts in self._paths:
            return self._in_file(parts, song)
        return self._by_end(parts, song)

    def _in_file(self, parts: tuple[str, ...], song: PlayerSong) -> str | None:
        """The track of a file; of those of a CUE sheet, the one that is as long and has the song's title."""
        there = self._paths[parts]
        if len(there) == 1:
            return there[0]
        titled = [one for one in there if fold(self._rows[one].get(TITLE) or "") == fold(song.title)]
        return self._only(titled or there, song)

    def _by_end(self, parts: tuple[str, ...], song: PlayerSong) -> str | None:
        """The one track whose path ends as the player's does, in more folders than any other's."""
        scored = [(_in_common(parts, ours), ours) for ours in self._files.get(parts[-1] if parts else "", ())]
        most = max((common for common, _ in scored), default=0)
        best = [ours for common, ours in scored if common == most]
        if most < min(LEAST_PARTS, len(parts)) or len(best) != 1 or (most < LEAST_PARTS and len(parts) > 1):
            return None
        track_id = self._in_file(best[0], song)
        return track_id if track_id is not None and self._is_as_long(track_id, song) else None

    def _by_recording(self, song: PlayerSong) -> str | None:
        return (
            self._only(self._recordings.get(song.recording_id.lower(), ()), song)
            if song.recording_id
            else None
        )

    def _by_names(self, song: PlayerSong) -> str | None:
        title = fold(song.title)
        for names, artist in zip(self._names, _artists(song.artist), strict=True):
            if title and (found := names.get((artist, title))):
                return self._only(found, song)
        return None

    def _only(self, track_ids: Sequence[str], song: PlayerSong) -> str | None:
        """The one track that is as long as the song; of several, the one on its album; of copies, the original."""
        fitting = [one for one in track_ids if self._is_as_long(one, song)]
        if len(fitting) > 1 and (album := fold(song.album)):
            fitting = [one for one in fitting if fold(self._rows[one].get(ALBUM) or "") == album] or fitting
        originals = [one for one in fitting if not self._rows[one].get(DUPLICATE_OF)]
        return originals[0] if len(originals) == 1 else fitting[0] if len(fitting) == 1 else None

    def _is_as_long(self, track_id: str, song: PlayerSong) -> bool:
        ours = self._rows[track_id].get("duration")
        return ours is None or song.duration is None or abs(ours - song.duration) <= SAME_DURATION_S


def _artists(shown: str, listed: Sequence[str] = ()) -> tuple[str, str]:
    """Fold an artist as it is shown, and the first main artist of it; "" for who is not known."""
    main = credit(shown.replace(_BULLET, ";"), listed).main
    return fold(shown) if is_artist(shown) else "", fold(main[0]) if main else ""


def _parts(path: str) -> tuple[str, ...]:
    pure = PurePosixPath(compose(path.replace("\\", "/")))
    return tuple(part for part in pure.parts if part not in ("/", "."))


def _in_common(left: Sequence[str], right: Sequence[str]) -> int:
    """The number of parts that two paths have in common at their ends."""
    count = 0
    for ours, theirs in zip(reversed(left), reversed(right), strict=False):
        if ours != theirs:
            break
        count += 1
    return count
