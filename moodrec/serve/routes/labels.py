"""``/v1/label`` and ``/v1/labels``: corrections of moods, stored in the library."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from moodrec.catalog.refresh import refresh_scores
from moodrec.errors import UsageError
from moodrec.library.library import Library
from moodrec.serve.documents import json_answer
from moodrec.serve.schemas import answers
from moodrec.serve.schemas.requests import Id, Share, Text
from moodrec.serve.schemas.requests import Request as Asked
from moodrec.serve.shared import State
from moodrec.serve.state import ServerState

router: Final = APIRouter(prefix="/v1", tags=["labels"])


class LabelBody(Asked):
    """Labels of one track, of all tracks of an artist, or of all tracks of an album."""

    moods: Annotated[dict[Id, Share | None], Field(max_length=200)] = Field(
        description="Labels from 0, not at all, to 1 by mood; null takes a label back.",
        examples=[{"calm": 1, "happy": 0}],
    )
    track_id: Id | None = None
    artist: Id | None = Field(None, description="With `album`, the artist of the album.")
    album: Id | None = None
    by: Annotated[Text, Field(min_length=1)] | None = Field(None, description="Who says so.")


@router.post("/label", response_model=answers.Labelled, summary="Correct moods")
def label(request: Request, state: State, body: LabelBody) -> Response:
    """Store what a person says of the moods of a track, an artist or an album; scores follow at once."""
    with _library(state) as library, library.writer():
        before = library.revision
        done = library.label(
            body.moods, track=body.track_id, artist=body.artist, album=body.album, by=body.by
        )
        if done.written:
            refresh_scores(library, done.tracks, before)
    state.refresh()
    version = state.view().name if state.ready else None
    written = [_document(one) for one in done.written]
    return json_answer(request, {"version": version, "written": written, "tracks": list(done.tracks)})


@router.get("/labels", response_model=answers.LabelList, summary="Labels that hold")
def labels(request: Request, state: State, history: bool = False) -> Response:
    """List the labels that hold; with ``history`` also those that were replaced or taken back."""
    with _library(state) as library:
        found = library.labels(history)
    return json_answer(request, {"labels": [_document(one) for one in found]})


def _library(state: ServerState) -> Library:
    if not state.is_library:
        raise UsageError("labels are stored in a library; this server serves an index alone")
    return Library.open(state.settings.folder)


def _document(one: Any) -> dict[str, Any]:
    found = asdict(one)
    del found["key"]
    return found
