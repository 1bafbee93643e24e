"""``/v1/find``: words become a sentence, and its tracks."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from moodrec.recommend.find.find import LONGEST_TEXT, Answer, find, understand
from moodrec.recommend.find.lexicon import Lexicon, lexicon_of
from moodrec.serve.documents import etag_of, json_answer, not_modified, track_documents
from moodrec.serve.found import found_document, within
from moodrec.serve.quick import QuickRoute
from moodrec.serve.schemas import answers
from moodrec.serve.schemas.requests import Answering
from moodrec.serve.shared import Current, State
from moodrec.serve.view import View

router: Final = APIRouter(prefix="/v1", tags=["search"], route_class=QuickRoute)


class FindQuery(Answering):
    """Parameters of ``GET /v1/find``."""

    q: Annotated[str, Field(max_length=LONGEST_TEXT)] = Field(
        description="A search in words.", examples=["calm dreamy 90s jazz not sad, one per artist"]
    )
    k: int = Field(0, ge=0, le=100_000, description="The number of tracks; 0 tells the sentence alone.")


@router.get("/find", response_model=answers.FoundWords, summary="A search in words")
def find_words(
    request: Request, state: State, view: Current, query: Annotated[FindQuery, Query()]
) -> Response:
    """Read words such as ``calm 90s jazz not sad`` as a sentence that can be edited, and search as it says.

    Words of moods come from a lexicon, genres and artists from the library. What was not understood is told; nothing
    is guessed.
    """
    etag = etag_of(request, view.tag)
    if (same := not_modified(request, etag)) is not None:
        return same
    sentence = understand(view.recommender, query.q, _lexicon(view), view.texts)
    document: dict[str, Any] = {"version": view.name, **sentence.as_dict(), "found": None}
    if query.k:
        k = within(query.k, state.settings.limits)
        document["found"] = _found(view, find(view.recommender, sentence, k), k, query)
    return json_answer(request, document, etag)


def _found(view: View, answer: Answer, k: int, asked: Answering) -> dict[str, Any]:
    if answer.ranked is not None:
        return found_document(view, answer.ranked, k, asked.columns)
    tracks = track_documents(answer.table, view.index.moods, asked.columns)
    few = f"{len(tracks)} tracks meet the conditions" if len(tracks) < k else None
    notes = list(view.recommender.notes)
    return {
        "version": view.name,
        "count": len(tracks),
        "tracks": tracks,
        "shortfall": few,
        "notes": notes,
    }


def _lexicon(view: View) -> Lexicon:
    known = view.kept.get("lexicon")
    if not isinstance(known, Lexicon):
        known = view.kept["lexicon"] = lexicon_of(view.index)
    return known
