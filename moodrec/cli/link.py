"""``moodrec link``: which song of a player is which track of the library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import JsonOption, LibraryOption, QuietOption, chosen_library
from moodrec.errors import UsageError
from moodrec.named_files import read_secret

if TYPE_CHECKING:
    from moodrec.players.links import PlayerLink
    from moodrec.players.matching import Matches
    from moodrec.players.subsonic import Login, SubsonicServer

PASSWORD: Final = "MOODREC_PLAYER_PASSWORD"
API_KEY: Final = "MOODREC_PLAYER_API_KEY"
_SHOWN: Final = 20


def link(
    server: Annotated[
        str | None, typer.Argument(metavar="SERVER", help="The player: http://127.0.0.1:4533.")
    ] = None,
    user: Annotated[
        str, typer.Option("--user", "-u", help=f"The name there; its password stands in {PASSWORD}.")
    ] = "",
    password_file: Annotated[
        Path | None, typer.Option("--password-file", metavar="FILE", help="A file with the password.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="FILE", help="Read the songs from a table instead: id, path, title, ..."
        ),
    ] = None,
    prefix: Annotated[
        list[str] | None,
        typer.Option(
            "--prefix", metavar="THEIRS=OURS", help="What the player calls our folders; repeatable."
        ),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What the link is called.")] = "player",
    keep_login: Annotated[
        bool, typer.Option("--keep-login", help="Keep a token, not the password, to write playlists there.")
    ] = False,
    test: Annotated[bool, typer.Option("--test", help="Test the connection, and stop.")] = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Link a player to the library.

    Songs are matched by path, then by MusicBrainz recording, then by artist, title and duration. The server then
    answers players by their own ids. An API key stands in MOODREC_PLAYER_API_KEY.

    Example: moodrec link http://127.0.0.1:4533 --user me --prefix /music=/home/me/Music
    """
    from moodrec.index.mood_index import MoodIndex
    from moodrec.library.library import Library
    from moodrec.players.links import PlayerLink, checked_name, save_link
    from moodrec.players.matching import match
    from moodrec.players.songs import read_songs

    screen = Screen(as_json, quiet)
    checked_name(name)
    if (server is None) == (csv is None):
        raise UsageError("give the address of a player, or --csv FILE with its songs")
    player = None if server is None else _player(server, user, password_file)
    if player is not None:
        _tell_test(screen, player, test)
    if test:
        return
    folder = chosen_library(library)
    with Library.open(folder) as opened:
        index = MoodIndex.open(opened.index_path)
    songs = player.songs() if player is not None else read_songs(csv or Path())
    found = match(songs, index.table, _prefixes(prefix or []))
    made = PlayerLink.of(name, "" if player is None else player.url, found)
    save_link(folder, made, player.login if player is not None and keep_login else None)
    _report(screen, made, found)


def _player(server: str, user: str, password_file: Path | None) -> SubsonicServer:
    from moodrec.players.subsonic import SubsonicServer

    return SubsonicServer(server, _login(user, password_file))


def _login(user: str, password_file: Path | None) -> Login:
    from moodrec.players.subsonic import Login

    if key := os.environ.get(API_KEY):
        return Login(api_key=key)
    password = os.environ.get(PASSWORD, "") if password_file is None else read_secret(password_file)
    if not user or not password:
        raise UsageError(
            f"the player needs a login: --user NAME with --password-file FILE or {PASSWORD}, or {API_KEY}"
        )
    return Login(user, password)


def _tell_test(screen: Screen, player: SubsonicServer, alone: bool) -> None:
    info = player.test()
    kind = " ".join(filter(None, (info.kind or "a Subsonic server", info.version)))
    screen.note(f"{player.url} is {kind}, and lets us in")
    if alone:
        screen.document(
            {"url": player.url, "type": info.kind, "version": info.version, "extensions": info.extensions}
        )
        screen.text(f"extensions: {', '.join(info.extensions) or 'none'}")


def _prefixes(given: list[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        theirs, equals, ours = text.partition("=")
        if not equals or not theirs or not ours:
            raise UsageError(f"--prefix {text}: should be THEIRS=OURS, such as /music=/home/me/Music")
        pairs[theirs] = str(Path(os.path.expanduser(ours)))  # noqa: PTH111  (Path's raises on unknown users)
    return pairs


def _report(screen: Screen, link: PlayerLink, found: Matches) -> None:
    ways = ", ".join(f"{count:,} by {way}" for way, count in found.by.most_common())
    screen.text(
        f"{len(found.tracks):,} of {words.plural(found.songs, 'song')} are tracks of the library"
        + (f" ({ways})" if ways else "")
    )
    if found.unmatched:
        screen.table(
            ["not matched", "path"],
            [[song.description, song.path] for song in found.unmatched[:_SHOWN]],
        )
        if len(found.unmatched) > _SHOWN:
            screen.note(f"and {len(found.unmatched) - _SHOWN:,} more; --json lists a thousand")
    screen.document(
        {
            "name": link.name,
            "url": link.url,
            "songs": found.songs,
            "matched": len(found.tracks),
            "by": dict(found.by),
            "unmatched": link.unmatched,
        }
    )
