"""What ``moodrec serve --check`` finds: whether a server with these settings would answer, and what to mend."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moodrec.catalog.current_model import model_for
from moodrec.errors import MoodrecError, NotFoundError
from moodrec.model.describe import describe_model
from moodrec.players.links import links_of, server_of
from moodrec.recommend.recommender import Recommender
from moodrec.serve.app import STATIC
from moodrec.serve.binding import bind, close
from moodrec.serve.settings import ServeSettings, is_loopback


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    what: str
    ok: bool
    detail: str


def check(settings: ServeSettings) -> list[Finding]:
    """Check everything that a server needs, without starting one.

    Args:
        settings: of the server.
    """
    probes = _PROBES if settings.engine is None else _ENGINE_PROBES
    return [_tried(what, probe, settings) for what, probe in probes]


def _tried(what: str, probe: Callable[[ServeSettings], str], settings: ServeSettings) -> Finding:
    try:
        return Finding(what, True, probe(settings))
    except (MoodrecError, OSError) as error:
        return Finding(what, False, str(error))


def _engine(settings: ServeSettings) -> str:
    address = settings.engine
    if address is None:
        raise MoodrecError("a folder is served")
    with address.open() as index:
        return f"{index.kind} at {address.shown}: {len(index):,} tracks, {len(index.moods)} moods"


def _index(settings: ServeSettings) -> str:
    try:
        recommender = Recommender.open(settings.folder)
    except NotFoundError:
        if not settings.music:
            raise
        return "none yet: the music can be analysed from the page"
    return f"{len(recommender.index):,} tracks, {len(recommender.moods)} moods" + "".join(
        f"; {note}" for note in recommender.notes
    )


def _address(settings: ServeSettings) -> str:
    close(bind(settings))
    return settings.url


def _access(settings: ServeSettings) -> str:
    if settings.token is None:
        return "no token: anybody on this machine may call, and nobody else"
    where = "this machine alone" if is_loopback(settings.host) else "other machines"
    return f"a token of {len(settings.token)} characters, for {where}"


def _music(settings: ServeSettings) -> str:
    for place in settings.music:
        os.scandir(place).close()
    return ", ".join(map(str, settings.music)) or "none: nothing can be analysed from the page"


def _model(settings: ServeSettings) -> str:
    folder = model_for(settings.folder, settings.model)
    described = describe_model(folder)
    try:
        of = Recommender.open(settings.folder).index.model_fingerprint
    except NotFoundError:
        of = None
    if of is not None and of != described.fingerprint:
        raise MoodrecError(
            f"{described.name} would analyse uploads, and the index is of another model ({of}): give --model FOLDER"
        )
    return described.name


def _players(settings: ServeSettings) -> str:
    return ", ".join(_told(settings.folder)) or "none is linked"


def _told(library: Path) -> Iterator[str]:
    for link in links_of(library).values():
        login = "" if server_of(library, link) is None else ", playlists can be written"
        yield f"{link.name}: {len(link.tracks):,} of {link.songs:,} songs{login}"


def _page(settings: ServeSettings) -> str:
    if not (STATIC / "index.html").is_file():
        return "none in this installation; the API works without it"
    return str(STATIC)


_PROBES: Final[tuple[tuple[str, Callable[[ServeSettings], str]], ...]] = (
    ("index", _index),
    ("address", _address),
    ("access", _access),
    ("music", _music),
    ("model", _model),
    ("players", _players),
    ("page", _page),
)
_ENGINE_PROBES: Final[tuple[tuple[str, Callable[[ServeSettings], str]], ...]] = (
    ("engine", _engine),
    ("address", _address),
    ("access", _access),
)
