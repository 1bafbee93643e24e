"""``/v1/tracks``: lists of tracks page by page, one track, and its audio."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from moodrec.arguments import brief
from moodrec.errors import NotFoundError, UsageError
from moodrec.serve.audio import Form, audio_answer
from moodrec.serve.documents import etag_of, json_answer, not_modified, track_documents
from moodrec.serve.lasting import is_audio
from moodrec.serve.problems import ProblemError
from moodrec.serve.quick import QuickRoute
from moodrec.serve.schemas import answers
from moodrec.serve.schemas.requests import Answering, TracksQuery
from moodrec.serve.shared import Current, State
from moodrec.serve.view import View


class _TrackRoute(QuickRoute):
    """A route whose own slashes are none of an id: a track with the id ``t0/audio`` is no audio of ``t0``."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if self.path.endswith("/audio") and not is_audio(scope):
            return Match.NONE, {}
        return super().matches(scope)


router: Final = APIRouter(prefix="/v1/tracks", tags=["tracks"], route_class=_TrackRoute)
TrackId = Annotated[str, Path(min_length=1, max_length=1000, description="A track id.")]

AudioForm = Annotated[Form, Query(description="`wav` decodes the file, for players that cannot.")]


@router.get("", response_model=answers.TrackPage, summary="List tracks")
def tracks(request: Request, state: State, view: Current, query: Annotated[TracksQuery, Query()]) -> Response:
    """List the tracks whose titles, artists or albums hold the words, under a condition, page by page."""
    words, where, sort = query.q or "", query.where or "", query.sort or ""
    barred = tuple(sorted(query.exclude_artist))
    question = [
        words,
        where,
        sort,
        *([list(barred), query.max_per_artist] if barred or query.max_per_artist else []),
    ]
    if len(where) > state.settings.limits.condition:
        raise ProblemError(413, "TooLarge", f"the condition is longer than {state.settings.limits.condition}")
    start = 0
    if query.cursor:
        version, start = _read_cursor(query.cursor, question)
        found = state.view_named(version)
        if found is None:
            raise ProblemError(410, "Gone", "the library has changed since the first page; begin again")
        view = found
    etag = etag_of(request, view.tag)
    if (same := not_modified(request, etag)) is not None:
        return same
    ids = view.listed(words, where, sort, barred, query.max_per_artist)
    page = ids.slice(start, query.limit).to_pylist()
    following = start + len(page)
    return json_answer(
        request,
        {
            "version": view.name,
            "total": len(ids),
            "tracks": track_documents(
                view.index.rows(page, on_conflict="ignore"), view.index.moods, query.columns
            ),
            "next": _cursor(view.name, following, question) if following < len(ids) else None,
        },
        etag,
    )


AUDIO: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The whole file.", "content": {"audio/*": {}}},
    206: {"description": "The range that was asked for.", "content": {"audio/*": {}}},
    416: {"description": "There is no such range."},
}


@router.get(
    "/{track_id:path}/audio", response_class=Response, responses=AUDIO, summary="The audio of a track"
)
def audio(
    request: Request, state: State, view: Current, track_id: TrackId, form: AudioForm = "file"
) -> Response:
    """Send the audio file of a track, or a range of it.

    It is decoded to WAV where a player cannot play the file itself, and where the track is a part of its file, as a
    CUE sheet says.
    """
    return audio_answer(request, state, view, known_id(view, track_id), form)


@router.head("/{track_id:path}/audio", include_in_schema=False)
def audio_head(
    request: Request, state: State, view: Current, track_id: TrackId, form: AudioForm = "file"
) -> Response:
    """Send the headers of a track's audio."""
    return audio_answer(request, state, view, known_id(view, track_id), form)


@router.get("/{track_id:path}", response_model=answers.Track, summary="One track")
def track(
    request: Request, view: Current, track_id: TrackId, query: Annotated[Answering, Query()]
) -> Response:
    """Return the columns and the moods of a track."""
    etag = etag_of(request, view.tag)
    if (same := not_modified(request, etag)) is not None:
        return same
    rows = view.index.rows([known_id(view, track_id)])
    return json_answer(request, track_documents(rows, view.index.moods, query.columns)[0], etag)


def known_id(view: View, track_id: str) -> str:
    """Return an id that is in the index.

    Args:
        view: the version of the index.
        track_id: the id that a client gave.

    Raises:
        NotFoundError: there is no such track.
    """
    if track_id not in view.index:
        raise NotFoundError(f"no track has the id {brief(track_id)}")
    return track_id


def _cursor(version: str, start: int, question: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([version, start, question]).encode()).decode()


def _read_cursor(cursor: str, question: list[Any]) -> tuple[str, int]:
    fault = UsageError(
        "the cursor is of another list; take `next` of the page before, with its other parameters"
    )
    try:
        version, start, asked = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
    except (ValueError, TypeError, RecursionError):
        raise fault from None
    if asked != question or type(start) is not int or start < 0 or not isinstance(version, str):
        raise fault
    return version, start
