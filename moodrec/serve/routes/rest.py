"""``/rest``: what players ask that speak OpenSubsonic's ``sonicSimilarity``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import numpy as np
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from moodrec.arguments import brief
from moodrec.errors import MoodrecError, NotFoundError
from moodrec.names import name_of
from moodrec.recommend.playlists.kinds import path
from moodrec.recommend.playlists.rules import Rules
from moodrec.schema import ALBUM, ARTIST, GENRE, RECORDING_ID, TRACK_ID, YEAR
from moodrec.serve.nearest import playable
from moodrec.serve.players import PlayerIds, Players
from moodrec.serve.shared import state_of
from moodrec.serve.state import ServerState
from moodrec.serve.subsonic import (
    GENERIC,
    MISSING,
    NOT_FOUND,
    SubsonicError,
    answer,
    check_callback,
    check_login,
    failure,
)

router: Final = APIRouter(prefix="/rest", tags=["players: OpenSubsonic"])
EXTENSIONS: Final = ("apiKeyAuthentication", "formPost", "sonicSimilarity")
FORM: Final = "application/x-www-form-urlencoded"
CLEAR: Final = 0.7
"""From this score on, a mood is told of a song."""
_MOST: Final = 500
_TOLD_MOODS: Final = 5

Asked = Mapping[str, str]
Method = Callable[[Request, Asked], dict[str, Any]]


def _ping(request: Request, asked: Asked) -> dict[str, Any]:
    """Answer that the server is there."""
    return {}


def _extensions(request: Request, asked: Asked) -> dict[str, Any]:
    """List the extensions that the server has."""
    return {"openSubsonicExtensions": [{"name": name, "versions": [1]} for name in EXTENSIONS]}


def _token_info(request: Request, asked: Asked) -> dict[str, Any]:
    """Tell whose the API key is."""
    if "apiKey" not in asked:
        raise SubsonicError(MISSING, "the parameter apiKey is missing")
    return {"tokenInfo": {"username": "moodrec"}}


def _similar_tracks(request: Request, asked: Asked) -> dict[str, Any]:
    """Find the songs that sound most like one."""
    state = state_of(request)
    view, players = state.view(), players_of(request)
    player_id, count = _required(asked, "id"), _count(asked, 10, state)
    ids = players.ids(view, player_id)
    seed = ids.track(player_id)
    found = playable(ids, count, lambda k: view.recommender.similar(seed, k))
    return {"sonicMatch": _matches(ids, found)}


def _sonic_path(request: Request, asked: Asked) -> dict[str, Any]:
    """Lead from one song to another; similarities are those to the first."""
    state = state_of(request)
    view, players = state.view(), players_of(request)
    start, end = _required(asked, "startSongId"), _required(asked, "endSongId")
    count = _count(asked, 25, state)
    ids = players.ids(view, start, end)
    first, last = ids.track(start), ids.track(end)
    tracks = between(ids, first, last, count)
    cosines = view.index.vectors(tracks) @ view.index.vectors([first])[0]
    pairs = list(zip(tracks, np.clip(cosines, -1, 1).tolist(), strict=True))
    return {"sonicMatch": _matches(ids, [(first, 1.0), *pairs[1:]])}


METHODS: Final[Mapping[str, Method]] = {
    "ping": _ping,
    "getOpenSubsonicExtensions": _extensions,
    "tokenInfo": _token_info,
    "getSonicSimilarTracks": _similar_tracks,
    "findSonicPath": _sonic_path,
}
_PUBLIC: Final = frozenset({"getOpenSubsonicExtensions"})


@router.get("/{method}", response_class=Response, summary="The Subsonic API")
@router.post("/{method}", response_class=Response, include_in_schema=False)
async def rest(request: Request, method: str) -> Response:
    """Answer a player: ``ping``, ``getOpenSubsonicExtensions``, ``tokenInfo``, ``getSonicSimilarTracks`` and
    ``findSonicPath``, each with or without ``.view``, by GET or as a form by POST.

    Failures have the HTTP status 200 and a code of the Subsonic API.
    """
    asked = await _parameters(request)
    return await run_in_threadpool(_answered, request, method.removesuffix(".view"), asked)


def _answered(request: Request, method: str, asked: Asked) -> Response:
    try:
        if asked.get("f") == "jsonp":
            check_callback(asked)
        if method not in _PUBLIC:
            check_login(asked, state_of(request).settings.token)
        if method not in METHODS:
            raise SubsonicError(GENERIC, f"this server has no {method}; it has {', '.join(METHODS)}")
        return answer(asked, METHODS[method](request, asked))
    except SubsonicError as error:
        return failure(asked, error)
    except NotFoundError as error:
        return failure(asked, SubsonicError(NOT_FOUND, str(error)))
    except MoodrecError as error:
        return failure(asked, SubsonicError(GENERIC, str(error)))


async def _parameters(request: Request) -> dict[str, str]:
    """Read the parameters of the URL and of a form; those of the form count."""
    pairs = list(request.query_params.multi_items())
    if request.method == "POST" and request.headers.get("content-type", "").lower().startswith(FORM):
        body = (await request.body()).decode("utf-8", "replace")
        pairs += parse_qsl(body, keep_blank_values=True, errors="replace")
    return dict(pairs)


def players_of(request: Request) -> Players:
    """Return the players of the server that got a request."""
    players: Players = request.app.state.players
    return players


def between(ids: PlayerIds, first: str, last: str, count: int) -> list[str]:
    """Lead from one track to another over songs that the player has.

    Args:
        ids: the player's.
        first: the track to begin with.
        last: the track to end with.
        count: at most so many, 2 or more.
    """
    view = ids.view
    only = None if ids.covers_all or ids.link is None else [*ids.link.songs_of]
    found = path(view.recommender, first, last, Rules(n=max(2, count)), only=only)
    return ids.playable(found.track_ids)


def _required(asked: Asked, name: str) -> str:
    if not asked.get(name):
        raise SubsonicError(MISSING, f"the parameter {name} is missing")
    return asked[name]


def _count(asked: Asked, default: int, state: ServerState) -> int:
    text = asked.get("count") or str(default)
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise SubsonicError(GENERIC, f"count is {brief(text)}; it must be a whole number")
    return max(1, min(int(text), _MOST, state.settings.limits.k))


def _matches(ids: PlayerIds, found: list[tuple[str, float]]) -> list[dict[str, Any]]:
    rows = ids.view.index.rows([track_id for track_id, _ in found]).to_pylist()
    moods = ids.view.index.moods
    return [
        {"entry": _child(ids, row, moods), "similarity": round((1 + cosine) / 2, 6)}
        for row, (_, cosine) in zip(rows, found, strict=True)
    ]


def _child(ids: PlayerIds, row: Mapping[str, Any], moods: tuple[str, ...]) -> dict[str, Any]:
    genres = row.get(GENRE)
    scores = {mood: row[mood] for mood in moods if row[mood] is not None and row[mood] >= CLEAR}
    told = sorted(scores, key=lambda mood: -scores[mood])[:_TOLD_MOODS]
    child = {
        "id": ids.song(row[TRACK_ID]),
        "isDir": False,
        "title": name_of(row),
        "artist": row.get(ARTIST),
        "album": row.get(ALBUM),
        "year": row.get(YEAR),
        "genre": genres[0] if isinstance(genres, list) and genres else None,
        "duration": None if row.get("duration") is None else round(row["duration"]),
        "type": "music",
        "mediaType": "song",
        "moods": told,
        "musicBrainzId": row.get(RECORDING_ID) or "",
    }
    return {name: value for name, value in child.items() if value is not None}
