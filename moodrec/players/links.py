"""The link of a library to a player: which song is which track, kept beside the library."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from moodrec.arguments import brief
from moodrec.errors import CorruptStoreError, NotFoundError, UsageError
from moodrec.files.disk import disk_errors
from moodrec.files.kinds import read_regular
from moodrec.files.replacing import write_atomically
from moodrec.library.place import holds_library
from moodrec.players.matching import Matches
from moodrec.players.subsonic import Login, SubsonicServer

FOLDER: Final = "players"
_MOST: Final = 1 << 28
"""Bytes of a link that are read, at most: those of some million songs."""
_LATEST: Final = 1e15
_FAULTS: Final = (OSError, ValueError, TypeError, KeyError, RecursionError, CorruptStoreError)
FORMAT: Final = 1
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}\Z")
_LISTED: Final = 1_000


@dataclass(frozen=True, eq=False)
class PlayerLink:
    """A player, and what its ids mean here."""

    name: str
    """What the link is called."""
    url: str
    """The player's address; "" where the link came from a file."""
    tracks: Mapping[str, str]
    """Track id by the player's id."""
    artists: Mapping[str, str] = field(default_factory=dict)
    """The name of each artist by the player's id."""
    by: Mapping[str, int] = field(default_factory=dict)
    """The number of songs that were matched in each way."""
    unmatched: tuple[str, ...] = ()
    """Songs that are no track of ours, in words; a thousand at most."""
    songs: int = 0
    """The number of songs of the player."""
    read_at: float = 0.0
    """When the player was read, in seconds since 1970."""

    @cached_property
    def songs_of(self) -> dict[str, str]:
        """The player's id by track id; of several, the first."""
        found: dict[str, str] = {}
        for player_id, track_id in self.tracks.items():
            found.setdefault(track_id, player_id)
        return found

    @cached_property
    def artist_ids(self) -> dict[str, str]:
        """The player's id by the name of an artist."""
        return {name: artist_id for artist_id, name in self.artists.items()}

    @classmethod
    def of(cls, name: str, url: str, found: Matches) -> PlayerLink:
        """Make a link of what was matched.

        Args:
            name: of the link: small letters, digits, ``-`` and ``_``.
            url: the player's address, or "".
            found: what was matched.

        Raises:
            UsageError: the name has other characters.
        """
        return cls(
            checked_name(name),
            url,
            dict(found.tracks),
            dict(found.artists),
            dict(found.by),
            tuple(song.description for song in found.unmatched[:_LISTED]),
            found.songs,
            time.time(),
        )


def checked_name(name: str) -> str:
    """Check the name of a link, which is also that of its file.

    Raises:
        UsageError: it has other characters than small letters, digits, ``-`` and ``_``.
    """
    if not isinstance(name, str) or not _NAME.match(name):
        raise UsageError(
            f"{brief(name)} cannot name a player: take small letters, digits, '-' and '_', such as navidrome"
        )
    return name


def save_link(library: Path, link: PlayerLink, login: Login | None = None) -> Path:
    """Keep a link beside its library; one of the same name is replaced.

    Args:
        library: the library's folder.
        link: the link.
        login: the login to keep, without a password; None keeps none, and removes one that was kept.

    Returns:
        The file.

    Raises:
        NotFoundError: there is no library.
    """
    if not holds_library(library):
        raise NotFoundError(f"{library}: no library; players are linked to a library, not to an index alone")
    folder = library / FOLDER
    with disk_errors(folder):
        folder.mkdir(exist_ok=True)
    file = folder / f"{link.name}.json"
    document = {"format": FORMAT, **asdict(link)}
    write_atomically(file, json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace"))
    secret = folder / f"{link.name}.login"
    if login is None:
        secret.unlink(missing_ok=True)
    else:
        kept = {**asdict(login.without_password()), "password": ""}
        write_atomically(secret, json.dumps(kept).encode("utf-8", "backslashreplace"), mode=0o600)
    return file


def links_of(library: Path) -> dict[str, PlayerLink]:
    """Read all links of a library, by name.

    Raises:
        CorruptStoreError: a file is damaged.
    """
    folder = library / FOLDER
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    return {link.name: link for link in map(_read, files)}


def server_of(library: Path, link: PlayerLink) -> SubsonicServer | None:
    """Return the player of a link with the login that was kept; None where none was.

    Args:
        library: the library's folder.
        link: a link of it.
    """
    file = library / FOLDER / f"{link.name}.login"
    try:
        given = _document(file)
        return SubsonicServer(link.url, Login(**{name: str(value) for name, value in given.items()}))
    except FileNotFoundError:
        return None
    except _FAULTS:
        raise CorruptStoreError(f"{file}: is damaged; run moodrec link again with --keep-login") from None


def _document(file: Path) -> dict[str, Any]:
    document = json.loads(read_regular(file, _MOST))
    if not isinstance(document, dict):
        raise TypeError
    return document


def _check(link: PlayerLink, name: str) -> None:
    """Raise TypeError where a file, which may come with somebody else's library, holds values of other types."""
    maps = (link.tracks, link.artists)
    texts = (link.name, link.url, *link.unmatched)
    if link.name != name or not all(isinstance(one, str) for one in texts):
        raise TypeError
    if not all(isinstance(one, dict) and all(isinstance(each, str) for each in one.values()) for one in maps):
        raise TypeError
    if not isinstance(link.by, dict) or not all(
        isinstance(one, int) for one in (link.songs, *link.by.values())
    ):
        raise TypeError
    if not isinstance(link.read_at, int | float) or not abs(link.read_at) < _LATEST:
        raise TypeError


def _read(file: Path) -> PlayerLink:
    try:
        given = _document(file)
        if given.pop("format") != FORMAT:
            raise ValueError
        link = PlayerLink(**{**given, "unmatched": tuple(given["unmatched"])})
        _check(link, file.stem)
        return link
    except _FAULTS:
        raise CorruptStoreError(f"{file}: is damaged; run moodrec link again, or delete it") from None
