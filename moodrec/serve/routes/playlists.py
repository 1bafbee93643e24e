"""``/v1/playlists``: radio, path, mix, arc, clusters and fingerprint, and playlist files for players."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from moodrec.arguments import OnConflict
from moodrec.recommend.playlists import kinds
from moodrec.recommend.playlists.clusters import MoodCluster, mood_clusters
from moodrec.recommend.playlists.files import write_playlist
from moodrec.recommend.playlists.playlist import Playlist
from moodrec.serve.documents import json_answer, track_documents
from moodrec.serve.quick import QuickRoute
from moodrec.serve.schemas import answers
from moodrec.serve.schemas.requests import (
    Answering,
    ArcBody,
    ClustersBody,
    ExportBody,
    FingerprintBody,
    MixBody,
    PathBody,
    RadioBody,
)
from moodrec.serve.shared import Current, State
from moodrec.serve.view import View

router: Final = APIRouter(prefix="/v1/playlists", tags=["playlists"], route_class=QuickRoute)
TYPES: Final = {"m3u8": "audio/x-mpegurl", "xspf": "application/xspf+xml", "jspf": "application/json"}


@router.post("/radio", response_model=answers.Playlist, summary="A station near a track")
def radio(request: Request, state: State, view: Current, body: RadioBody) -> Response:
    """Make a station that starts with a track and stays near it."""
    options = body.options(state.settings.limits)
    found = kinds.radio(view.recommender, view.resolve(body.seed), body.rules(), body.drift, options)
    return json_answer(request, _document(view, found, body))


@router.post("/path", response_model=answers.Playlist, summary="From one track to another")
def path(request: Request, state: State, view: Current, body: PathBody) -> Response:
    """Lead from one track to another in even steps of sound."""
    options = body.options(state.settings.limits)
    ends = view.resolve(body.start), view.resolve(body.end)
    found = kinds.path(view.recommender, *ends, body.rules(), options)
    return json_answer(request, _document(view, found, body))


@router.post("/mix", response_model=answers.Playlist, summary="More like these, less like those")
def mix(request: Request, state: State, view: Current, body: MixBody) -> Response:
    """Make a playlist that is more like some tracks and less like others, in a mood."""
    options = body.options(state.settings.limits)
    found = kinds.mix(view.recommender, body.tracks, body.rules(), options)
    return json_answer(request, _document(view, found, body))


@router.post("/arc", response_model=answers.Playlist, summary="From one mood to another")
def arc(request: Request, state: State, view: Current, body: ArcBody) -> Response:
    """Lead from one mood to another in even steps."""
    options = body.options(state.settings.limits)
    view.require_whole("an arc")
    via = [(point.at, point.moods) for point in body.via]
    found = kinds.arc(view.recommender, body.start, body.end, body.rules(), options, via=via)
    return json_answer(request, _document(view, found, body))


@router.post("/clusters", response_model=answers.Clusters, summary="The moods of the library")
def clusters(request: Request, state: State, view: Current, body: ClustersBody) -> Response:
    """Part the library by mood, each part with the tracks that stand for it."""
    options = body.options(state.settings.limits)
    view.require_whole("clusters")
    found = mood_clusters(view.recommender, body.k, body.rules(), body.moods, options)
    return json_answer(
        request, {"version": view.name, "clusters": [_cluster(view, one, body) for one in found]}
    )


@router.post("/fingerprint", response_model=answers.Playlist, summary="For a play history")
def for_plays(request: Request, state: State, view: Current, body: FingerprintBody) -> Response:
    """Make a playlist that sounds like a play history, in which recent plays count more."""
    options = body.options(state.settings.limits)
    plays = [(play.track_id, play.played_at) for play in body.plays]
    conflict: OnConflict = "ignore" if body.ignore_unknown else "error"
    # Imported here: it imports pandas, which the first answers of a server need not wait for.
    from moodrec.recommend.playlists.fingerprint import fingerprint, fingerprint_playlist

    of = fingerprint(view.recommender, plays, body.half_life_days, None, conflict)
    found = fingerprint_playlist(view.recommender, of, body.rules(), options)
    return json_answer(request, _document(view, found, body))


@router.post("/export", response_class=Response, summary="A playlist file")
def export(request: Request, view: Current, body: ExportBody) -> Response:
    """Write tracks, in their order, as a playlist file with the paths that the server knows."""
    tracks = view.index.tracks(body.track_ids)
    with tempfile.TemporaryDirectory(prefix="moodrec-") as folder:
        out = Path(folder) / f"list.{body.format}"
        write_playlist(tracks, out, body.title, relative=False)
        data = out.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="playlist.{body.format}"'}
    return Response(data, headers=headers, media_type=TYPES[body.format])


def _document(view: View, found: Playlist, asked: Answering) -> dict[str, Any]:
    return {
        "version": view.name,
        "title": found.title,
        "count": len(found),
        "seconds": found.seconds,
        "tracks": track_documents(found.to_arrow(), view.index.moods, asked.columns),
        "notes": [*found.notes, *view.recommender.notes],
    }


def _cluster(view: View, cluster: MoodCluster, asked: Answering) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "centre": cluster.centre,
        "size": cluster.size,
        "share": cluster.share,
        "playlist": _document(view, cluster.playlist, asked),
    }
