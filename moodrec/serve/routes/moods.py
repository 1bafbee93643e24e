"""``/v1/moods`` and ``/v1/columns``: what one can ask for, for sliders and for completion while one types."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from moodrec.catalog.current_model import known_folder
from moodrec.errors import MoodrecError
from moodrec.model.describe import describe_model
from moodrec.serve.documents import etag_of, json_answer, not_modified, plain_value
from moodrec.serve.quick import QuickRoute
from moodrec.serve.schemas import answers
from moodrec.serve.shared import Current, State
from moodrec.serve.state import ServerState

router: Final = APIRouter(prefix="/v1", tags=["moods"], route_class=QuickRoute)
FUNCTIONS: Final = ("prob(MOOD)", "pct(COLUMN)")


@router.get("/moods", response_model=answers.MoodList, summary="The moods and their distributions")
def moods(request: Request, state: State, view: Current) -> Response:
    """List the moods: what each means, and how its scores are distributed over the library."""
    etag = etag_of(request, view.tag)
    if (same := not_modified(request, etag)) is not None:
        return same
    meanings = _meanings(state, view.index.model_fingerprint)
    found = [
        {"meaning": meanings.get(name, ""), **plain_value(asdict(spread))}
        for name, spread in view.spreads.items()
    ]
    document = {"version": view.name, "tracks": len(view.index), "moods": found}
    return json_answer(request, document, etag)


@router.get("/columns", response_model=answers.ColumnList, summary="The columns of conditions")
def columns(request: Request, view: Current) -> Response:
    """List the columns that conditions may name, with their types, ranges and commonest values."""
    etag = etag_of(request, view.tag)
    if (same := not_modified(request, etag)) is not None:
        return same
    found = [
        asdict(column) | {"values": [{"value": value, "count": count} for value, count in column.values]}
        for column in view.columns
    ]
    document = {"version": view.name, "columns": found, "functions": list(FUNCTIONS)}
    return json_answer(request, document, etag)


def _meanings(state: ServerState, fingerprint: str | None) -> dict[str, str]:
    """Read what each mood means, where the model that computed the scores is here."""
    try:
        folder = state.settings.model
        if folder is None and state.is_library:
            folder = known_folder(state.settings.folder, fingerprint)
        description = describe_model(folder)
    except MoodrecError:
        return {}
    return dict(description.moods) if description.fingerprint == fingerprint else {}
