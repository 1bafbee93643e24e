"""``/v1/players``: the linked players, a test of the connection, and playlists written into them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from moodrec.arguments import brief
from moodrec.errors import NotFoundError, UsageError
from moodrec.players.fetch import PlayerError
from moodrec.players.links import PlayerLink, server_of
from moodrec.players.subsonic import known
from moodrec.serve.documents import json_answer
from moodrec.serve.players import PlayerIds
from moodrec.serve.problems import ProblemError
from moodrec.serve.routes.rest import players_of
from moodrec.serve.schemas import answers
from moodrec.serve.schemas.requests import Id
from moodrec.serve.schemas.requests import Request as Asked
from moodrec.serve.shared import Current, State
from moodrec.serve.state import ServerState

router: Final = APIRouter(prefix="/v1/players", tags=["players"])
Name = Annotated[str, Path(min_length=1, max_length=50, description="The name of a link.")]


class SendBody(Asked):
    """A playlist for a player."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    track_ids: Annotated[list[Id], Field(min_length=1, max_length=10_000)]


@router.get("", response_model=answers.PlayerList, summary="Linked players")
def players(request: Request, state: State) -> Response:
    """List the players that ``moodrec link`` has linked."""
    links = players_of(request).links().values()
    return json_answer(request, {"players": [_document(state, link) for link in links]})


@router.post("/{name}/test", response_model=answers.PlayerTest, summary="Test the connection")
def test(request: Request, state: State, name: Name) -> Response:
    """Check that a player answers and lets us in."""
    link = _linked(request, name)
    try:
        info = known(server_of(state.settings.folder, link), name).test()
    except PlayerError as error:
        raise ProblemError(502, "PlayerError", str(error)) from None
    return json_answer(request, asdict(info) | {"name": name, "url": link.url})


@router.post("/{name}/playlists", response_model=answers.Sent, summary="Write a playlist into a player")
def send(request: Request, state: State, view: Current, name: Name, body: SendBody) -> Response:
    """Write a playlist into a player; tracks that it does not have are left out and counted."""
    link = _linked(request, name)
    ids = PlayerIds(view, link)
    songs = [song for track_id in body.track_ids if (song := ids.song(track_id)) is not None]
    if not songs:
        raise UsageError(
            f"the player {brief(name)} has none of these tracks; run moodrec link again if they are new"
        )
    server = known(server_of(state.settings.folder, link), name)
    try:
        made = server.create_playlist(body.title, songs)
    except PlayerError as error:
        raise ProblemError(502, "PlayerError", str(error)) from None
    left_out = len(body.track_ids) - len(songs)
    return json_answer(request, {"playlist_id": made, "sent": len(songs), "left_out": left_out})


def _linked(request: Request, name: str) -> PlayerLink:
    link = players_of(request).links().get(name)
    if link is None:
        raise NotFoundError(f"no player is linked as {brief(name)}; run: moodrec link URL --name NAME")
    return link


def _document(state: ServerState, link: PlayerLink) -> dict[str, Any]:
    return {
        "name": link.name,
        "url": link.url,
        "songs": link.songs,
        "matched": len(link.tracks),
        "by": dict(link.by),
        "unmatched": list(link.unmatched[:100]),
        "read_at": link.read_at,
        "can_send": bool(link.url) and server_of(state.settings.folder, link) is not None,
    }
