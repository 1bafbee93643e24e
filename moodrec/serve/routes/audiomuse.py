"""``/api``: the calls that clients of AudioMuse-AI make, such as its plugins for Navidrome, Jellyfin and Lyrion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from moodrec.errors import UsageError
from moodrec.index.search.options import SearchOptions
from moodrec.names import name_of
from moodrec.players.links import server_of
from moodrec.players.subsonic import known
from moodrec.recommend.artists import ArtistSounds
from moodrec.recommend.histories import mix_vector
from moodrec.schema import ALBUM, ARTIST, TRACK_ID
from moodrec.serve.documents import json_answer
from moodrec.serve.guard.library_only import OF_ARTISTS, needs_library
from moodrec.serve.nearest import playable
from moodrec.serve.players import PlayerIds
from moodrec.serve.routes.rest import between, players_of
from moodrec.serve.schemas.requests import Id, Text
from moodrec.serve.shared import Current, State
from moodrec.serve.view import View

router: Final = APIRouter(prefix="/api", tags=["players: AudioMuse-AI"])
OF_AN_ARTIST: Final = 3
"""With ``eliminate_duplicates`` at most so many songs of an artist are in an answer."""
MOOD_WEIGHT: Final = 0.3
"""How much the moods of the song weigh with ``mood_similarity``."""
SUBTRACTED: Final = 0.5
"""How much is taken away of what is subtracted, against what is added."""
_MOST: Final = 1000
N = Annotated[int, Query(ge=1, le=100_000)]
Server = Annotated[str | None, Query(max_length=100, description="The name of the link.")]
Yes = Annotated[Literal["true", "false", "True", "False", "1", "0"] | None, Query()]


class AlchemyItem(BaseModel):
    """What is added or subtracted."""

    model_config = ConfigDict(extra="ignore")
    id: Id
    op: Literal["ADD", "SUBTRACT", "add", "subtract"]
    type: Literal["song", "artist"] = "song"


class AlchemyBody(BaseModel):
    """The body of ``POST /api/alchemy``; fields that have no meaning here are passed over."""

    model_config = ConfigDict(extra="ignore")
    items: Annotated[list[AlchemyItem], Field(max_length=1000)]
    n: int = Field(100, ge=1, le=100_000)


class PlaylistBody(BaseModel):
    """The body of ``POST /api/create_playlist``."""

    model_config = ConfigDict(extra="ignore")
    playlist_name: Annotated[str, Field(min_length=1, max_length=200)]
    track_ids: Annotated[list[Id], Field(min_length=1, max_length=10_000)]


@router.get("/similar_tracks", response_model=list[dict[str, Any]], summary="Songs like a song")
def similar_tracks(
    request: Request,
    view: Current,
    item_id: Annotated[str | None, Query(max_length=1000)] = None,
    title: Annotated[str | None, Query(max_length=1000)] = None,
    artist: Annotated[str | None, Query(max_length=1000)] = None,
    n: N = 10,
    eliminate_duplicates: Yes = None,
    mood_similarity: Yes = None,
    server: Server = None,
) -> Response:
    """Find the songs most like one, which is named by the player's id, or by title and artist."""
    players = players_of(request)
    ids = players.ids(view, *filter(None, [item_id]), name=server)
    if item_id:
        seed = ids.track(item_id)
    elif title and artist:
        seed = view.resolve(f"{artist} - {title}")
    else:
        raise UsageError("give item_id, or title and artist")
    asked = (
        SearchOptions(distinct=True, max_per_artist=OF_AN_ARTIST)
        if _is(eliminate_duplicates)
        else SearchOptions()
    )
    if _is(mood_similarity):
        asked = asked.replace(mood=_moods_of(view, seed), mood_weight=MOOD_WEIGHT)
    found = playable(ids, min(n, _MOST), lambda k: view.recommender.similar(seed, k, asked))
    return json_answer(request, _songs(ids, [one for one, _ in found], view.index.vectors([seed])[0]))


@router.get("/find_path", response_model=dict[str, Any], summary="From one song to another")
def find_path(
    request: Request,
    view: Current,
    start_song_id: Annotated[str, Query(min_length=1, max_length=1000)],
    end_song_id: Annotated[str, Query(min_length=1, max_length=1000)],
    max_steps: Annotated[int, Query(ge=2, le=_MOST)] = 25,
    server: Server = None,
) -> Response:
    """Lead from one song to another; the distance of the way is the sum of those of its steps."""
    ids = players_of(request).ids(view, start_song_id, end_song_id, name=server)
    tracks = between(ids, ids.track(start_song_id), ids.track(end_song_id), max_steps)
    vectors = view.index.vectors(tracks)
    steps = 1 - (vectors[1:] * vectors[:-1]).sum(axis=1)
    songs = _songs(ids, tracks, vectors[0])
    return json_answer(request, {"path": songs, "total_distance": round(float(steps.sum()), 6)})


@router.get("/similar_artists", response_model=list[dict[str, Any]], summary="Artists like an artist")
def similar_artists(
    request: Request,
    view: Current,
    artist: Annotated[str | None, Query(max_length=1000)] = None,
    artist_id: Annotated[str | None, Query(max_length=1000)] = None,
    n: N = 10,
    include_component_matches: Yes = None,
) -> Response:
    """Find the artists whose tracks sound most like an artist's, who is named by the player's id or by name."""
    named = artist or artist_id
    if not named:
        raise UsageError("give artist, or artist_id")
    ids = players_of(request).of_artist(view, named)
    sounds, name = _sounds(view), ids.artist(named)
    found = []
    for one in sounds.similar(name, min(n, _MOST)):
        told: dict[str, Any] = {
            "artist": one.name,
            "artist_id": ids.artist_id(one.name),
            "divergence": round(1 - one.cosine, 6),
        }
        if _is(include_component_matches):
            told["component_matches"] = [
                {
                    "artist1_representative_songs": _representing(ids, sounds, name),
                    "artist2_representative_songs": _representing(ids, sounds, one.name),
                }
            ]
        found.append(told)
    return json_answer(request, found)


@router.post("/alchemy", response_model=dict[str, Any], summary="More like these, less like those")
def alchemy(request: Request, view: Current, body: AlchemyBody) -> Response:
    """Find songs near what is added and away from what is subtracted: songs, or artists."""
    songs = [item.id for item in body.items if item.type == "song"]
    ids = players_of(request).ids(view, *songs)
    weights: dict[str, float] = {}
    for item in body.items:
        tracks = (
            [ids.track(item.id)] if item.type == "song" else _sounds(view).tracks(ids.artist(item.id), 20)
        )
        share = (1.0 if item.op.upper() == "ADD" else -SUBTRACTED) / len(tracks)
        for track_id in tracks:
            weights[track_id] = weights.get(track_id, 0.0) + share
    if not any(item.op.upper() == "ADD" for item in body.items):
        raise UsageError("alchemy needs at least one item with op ADD")
    found = playable(ids, min(body.n, _MOST), lambda k: view.recommender.for_history(weights, k))
    told = _songs(ids, [one for one, _ in found], mix_vector(view.index, weights))
    return json_answer(request, {"results": told})


@router.get("/search_tracks", response_model=list[dict[str, Any]], summary="Songs by words")
def search_tracks(
    request: Request,
    view: Current,
    search_query: Text = "",
    title: Text = "",
    artist: Text = "",
    start: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    end: Annotated[int | None, Query(ge=0, le=10_000_000)] = None,
    server: Server = None,
) -> Response:
    """Find songs by words of their titles, artists and albums."""
    words = search_query or f"{artist} {title}"
    if not words.strip():
        return json_answer(request, [])
    ids = players_of(request).ids(view, name=server)
    stop = start + 20 if end is None else min(end, start + 500)
    matched = ids.playable(view.listed(words, "", "").to_pylist())
    return json_answer(request, _songs(ids, matched[start:stop], None))


@router.post("/create_playlist", response_model=dict[str, Any], summary="A playlist in the player")
def create_playlist(request: Request, state: State, view: Current, body: PlaylistBody) -> Response:
    """Write a playlist into the player whose ids the songs have."""
    ids = players_of(request).ids(view, *body.track_ids)
    if ids.link is None:
        raise UsageError("no player is linked; run: moodrec link URL --keep-login")
    server = known(server_of(state.settings.folder, ids.link), ids.link.name)
    made = server.create_playlist(body.playlist_name, body.track_ids)
    return json_answer(
        request, {"message": f"{body.playlist_name} is in {ids.link.name}", "playlist_id": made}
    )


def _is(text: str | None) -> bool:
    return text is not None and text.lower() in ("true", "1")


def _moods_of(view: View, track_id: str) -> dict[str, float]:
    row = view.index.rows([track_id]).to_pylist()[0]
    return {mood: min(1.0, max(0.0, row[mood])) for mood in view.index.moods if row[mood] is not None}


def _sounds(view: View) -> ArtistSounds:
    sounds = view.kept.get("artists")
    if view.in_engine:
        raise needs_library(OF_ARTISTS)
    if not isinstance(sounds, ArtistSounds):
        sounds = view.kept["artists"] = ArtistSounds(view.index)
    return sounds


def _representing(ids: PlayerIds, sounds: ArtistSounds, artist: str) -> list[dict[str, Any]]:
    songs = _songs(ids, ids.playable(sounds.tracks(artist, OF_AN_ARTIST)), None)
    return [{"item_id": song["item_id"], "title": song["title"]} for song in songs]


def _songs(ids: PlayerIds, track_ids: Iterable[str], query: Any) -> list[dict[str, Any]]:
    """The songs as these clients know them; the distance is 1 minus the cosine with the query."""
    index = ids.view.index
    # A list that is kept for its next pages may name tracks that are gone from an engine.
    rows = index.rows(list(track_ids), on_conflict="ignore").to_pylist()
    wanted = [row[TRACK_ID] for row in rows]
    told = [
        {
            "item_id": ids.song(row[TRACK_ID]),
            "title": name_of(row),
            "author": row.get(ARTIST) or "",
            "album": row.get(ALBUM) or "unknown",
        }
        for row in rows
    ]
    if query is None or not wanted:
        return told
    distances = 1 - index.vectors(wanted) @ np.asarray(query, np.float32)
    return [{**song, "distance": round(float(far), 6)} for song, far in zip(told, distances, strict=True)]
