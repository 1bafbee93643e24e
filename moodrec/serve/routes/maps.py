"""``/v1/map``: places, moods and names of all tracks in one order, as compact blocks for drawing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from moodrec.arguments import brief
from moodrec.errors import UsageError
from moodrec.filters.names import hint
from moodrec.recommend.file_names import file_names
from moodrec.recommend.spread import numbers
from moodrec.schema import TRACK_ID
from moodrec.serve.atlas import FOLDER, Atlas
from moodrec.serve.documents import (
    FILE,
    etag_of,
    json_answer,
    not_modified,
    packed,
    plain_value,
    told_columns,
)
from moodrec.serve.quick import QuickRoute
from moodrec.serve.schemas import answers
from moodrec.serve.schemas.requests import Id
from moodrec.serve.schemas.requests import Request as Asked
from moodrec.serve.shared import Current, State
from moodrec.serve.state import ServerState
from moodrec.serve.view import View

router: Final = APIRouter(prefix="/v1/map", tags=["map"], route_class=QuickRoute)
BLOCK: Final = "application/octet-stream"
UNKNOWN: Final = 255
"""Stands for an unknown mood score in ``/v1/map/moods``."""
PLACES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "x and y of each track as little-endian 16-bit numbers: 4 bytes a track.",
        "content": {BLOCK: {"schema": {"type": "string", "format": "binary"}}},
    }
}
MOODS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A byte for each track and mood, track by track: 0 to 254 for 0 to 1, 255 for unknown.",
        "content": {BLOCK: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class MapColumns(Asked):
    """Parameters of ``GET /v1/map/tracks``."""

    columns: Annotated[list[Id], Field(max_length=20)] = Field(
        [TRACK_ID], description="Columns wanted, beside ids.", examples=[["title", "artist"]]
    )


@router.get("", response_class=Response, responses=PLACES, summary="Places of all tracks")
def places(request: Request, state: State, view: Current) -> Response:
    """Send the places of all tracks, in the order of ``/v1/map/tracks``."""
    atlas = atlas_of(state, view)
    found = atlas.places()
    etag = etag_of(request, atlas.tag)
    if (same := not_modified(request, etag)) is not None:
        return same
    return packed(request, found.astype("<u2").tobytes(), BLOCK, etag)


@router.get("/info", response_model=answers.MapInfo, summary="How the map was made")
def info(request: Request, state: State, view: Current) -> Response:
    """Tell how the map was made, and name its regions by mood and genre."""
    atlas = atlas_of(state, view)
    regions = [plain_value(asdict(region)) for region in atlas.regions()]
    document = {
        "version": view.name,
        "method": atlas.method,
        "tracks": len(view.index),
        "coming": atlas.coming,
        "regions": regions,
    }
    return json_answer(request, document)


@router.get("/tracks", summary="Ids of all tracks", response_model=dict[str, list[Any]])
def tracks(request: Request, view: Current, query: Annotated[MapColumns, Query()]) -> Response:
    """Send columns of all tracks in the order of the map, each as one list."""
    etag = etag_of(request, view.tag)
    if (same := not_modified(request, etag)) is not None:
        return same
    names, known = dict.fromkeys([TRACK_ID, *query.columns]), told_columns(view.index.column_names)
    for name in names:
        if name not in known:
            raise UsageError(f"no such column: {brief(name)}; {hint(name, known, 'columns')}")
    table = view.index.table
    if FILE in names and FILE not in table.column_names:
        table = table.append_column(FILE, file_names(table))
    return json_answer(request, {name: plain_value(table[name].to_pylist()) for name in names}, etag)


@router.get("/moods", response_class=Response, responses=MOODS, summary="Moods of all tracks")
def moods(request: Request, view: Current) -> Response:
    """Send the mood scores of all tracks in the order of the map; the moods are in the order of ``/v1/moods``."""
    etag = etag_of(request, view.tag)
    if (same := not_modified(request, etag)) is not None:
        return same
    table = view.index.table
    block = np.full((len(table), len(view.index.moods)), UNKNOWN, np.uint8)
    for place, name in enumerate(view.index.moods):
        scores = numbers(table[name])
        known = ~np.isnan(scores)
        block[known, place] = np.rint(scores[known].clip(0, 1) * (UNKNOWN - 1))
    return packed(request, block.tobytes(), BLOCK, etag)


def atlas_of(state: ServerState, view: View) -> Atlas:
    """Return the map of a version, which is made once.

    Args:
        state: of the server.
        view: the version.
    """
    atlas = view.kept.get("atlas")
    if not isinstance(atlas, Atlas):
        folder = state.settings.folder / FOLDER if state.is_library else None
        atlas = view.kept.setdefault("atlas", Atlas(view, state.settings.map_method, folder))
    if not isinstance(atlas, Atlas):
        raise TypeError("another value is kept in place of the map")
    return atlas
