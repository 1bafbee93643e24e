"""The ids of players as requests use them: those of the linked players, or our own where none is linked."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from moodrec.arguments import brief
from moodrec.errors import MoodrecError, NotFoundError
from moodrec.players.links import FOLDER, PlayerLink, links_of
from moodrec.printable import shown_only
from moodrec.serve.problems import log
from moodrec.serve.view import View


@dataclass(frozen=True)
class PlayerIds:
    """What ids mean to one player; without a link, ids are our own."""

    view: View
    link: PlayerLink | None

    def track(self, player_id: str) -> str:
        """Return the track of a player's id.

        Raises:
            NotFoundError: the player has no such id, or its song is no track of the library.
        """
        track_id = player_id if self.link is None else self.link.tracks.get(player_id)
        if track_id is None or track_id not in self.view.index:
            linked = "" if self.link is None else "; run moodrec link again if it is new"
            raise NotFoundError(f"no track has the id {brief(player_id)}{linked}")
        return track_id

    def song(self, track_id: str) -> str | None:
        """Return the player's id of a track; None where the player does not have it."""
        return track_id if self.link is None else self.link.songs_of.get(track_id)

    def artist(self, name_or_id: str) -> str:
        """Return the name of an artist that a player names by id or by name."""
        return name_or_id if self.link is None else self.link.artists.get(name_or_id, name_or_id)

    def artist_id(self, name: str) -> str | None:
        """Return the player's id of an artist; None where it is not known."""
        return None if self.link is None else self.link.artist_ids.get(name)

    def playable(self, track_ids: Iterable[str]) -> list[str]:
        """Return those tracks that the player has."""
        return [track_id for track_id in track_ids if self.song(track_id) is not None]

    @property
    def covers_all(self) -> bool:
        """Whether the player has every track, as far as the numbers tell."""
        return self.link is None or len(self.link.songs_of) >= len(self.view.index)


class Players:
    """The links of the served library, read again when their files change."""

    def __init__(self, library: Path | None) -> None:
        self.library = library
        self._lock = threading.Lock()
        self._stamp: tuple[tuple[str, int, int], ...] | None = None
        self._links: dict[str, PlayerLink] = {}

    def links(self) -> dict[str, PlayerLink]:
        """Return the links by name; those of a damaged file stay as they were."""
        if self.library is None:
            return {}
        stamp = self._current(self.library)
        with self._lock:
            if stamp != self._stamp:
                try:
                    self._links = links_of(self.library)
                except MoodrecError as error:
                    log.warning("the players stay as they were: %s", shown_only(str(error)))
                self._stamp = stamp
            return self._links

    def ids(self, view: View, *player_ids: str, name: str | None = None) -> PlayerIds:
        """Return the meaning of ids that a player sent.

        Args:
            view: the version of the index.
            player_ids: some of its ids: the first link that knows them all is taken.
            name: of the link, where the client says it.

        Raises:
            NotFoundError: there is no link of that name.
        """
        links = self.links()
        if name:
            if name not in links:
                raise NotFoundError(
                    f"no player is linked as {brief(name)}; there are {', '.join(links) or 'none'}"
                )
            return PlayerIds(view, links[name])
        knows = (link for link in links.values() if all(one in link.tracks for one in player_ids))
        return PlayerIds(view, next(knows, next(iter(links.values()), None)))

    def of_artist(self, view: View, artist: str) -> PlayerIds:
        """Return the meaning of an artist's id: that of the link that knows it.

        Args:
            view: the version of the index.
            artist: a player's id, or a name.
        """
        links = self.links().values()
        return PlayerIds(
            view, next((link for link in links if artist in link.artists), next(iter(links), None))
        )

    @staticmethod
    def _current(library: Path) -> tuple[tuple[str, int, int], ...]:
        folder = library / FOLDER
        if not folder.is_dir():
            return ()
        found = sorted(folder.glob("*.json"))
        stats = ((file.name, file.stat()) for file in found)
        return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)
