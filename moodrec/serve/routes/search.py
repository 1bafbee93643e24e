"""``/v1/similar``, ``/v1/by-mood`` and ``/v1/for-history``: ranked tracks, and why each of them is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Query, Request
from numpy.typing import ArrayLike
from starlette.responses import Response

from moodrec.index.search.options import SearchOptions
from moodrec.recommend.histories import history_weights, mix_vector
from moodrec.recommend.results import Recommendations, SimilarTracks
from moodrec.serve.documents import (
    chosen_columns,
    etag_of,
    json_answer,
    not_modified,
    plain_value,
    read_columns,
    track_documents,
)
from moodrec.serve.found import explained, found_document, within
from moodrec.serve.quick import QuickRoute
from moodrec.serve.schemas import answers
from moodrec.serve.schemas.requests import (
    ByBody,
    ByQuery,
    HistoryBody,
    MoodBody,
    MoodQuery,
    SimilarBody,
    SimilarQuery,
)
from moodrec.serve.shared import Current, State
from moodrec.serve.state import ServerState
from moodrec.serve.view import View

router: Final = APIRouter(prefix="/v1", tags=["search"], route_class=QuickRoute)


@router.get("/similar", response_model=answers.Found, summary="Tracks most like a seed")
def similar(
    request: Request, state: State, view: Current, query: Annotated[SimilarQuery, Query()]
) -> Response:
    """Find the tracks most like a seed that meet the conditions."""
    return _kept(request, view, lambda: _like_seed(state, view, query.seed, query, query.targets()))


@router.post("/similar", response_model=answers.Found, summary="Tracks most like seeds or a vector")
def similar_to(request: Request, state: State, view: Current, body: SimilarBody) -> Response:
    """Find the tracks most like a seed, like several together, or like an embedding."""
    body.one_of()
    if body.seed is not None:
        return json_answer(request, _like_seed(state, view, body.seed, body, body.mood))
    if body.seeds is not None:
        weights = history_weights(body.seeds)
        return json_answer(request, _like_history(state, view, weights, body, ignore=False))
    options = body.options(body.mood, state.settings.limits)
    k = within(body.k, state.settings.limits)
    vector = np.asarray(body.vector, np.float32)
    hits = view.index.search(vector, k, options)
    found = Recommendations(hits=hits, source=view.index, notes=view.recommender.notes)
    return json_answer(request, _document(view, found, body, options, vector))


@router.get("/by-mood", response_model=answers.Found, summary="Tracks nearest to a mood")
def by_mood(request: Request, state: State, view: Current, query: Annotated[MoodQuery, Query()]) -> Response:
    """Find the tracks whose moods are nearest to a target, whatever they sound like."""
    return _kept(request, view, lambda: _in_mood(state, view, query, query.targets() or {}))


@router.post("/by-mood", response_model=answers.Found, summary="Tracks nearest to a mood")
def in_mood(request: Request, state: State, view: Current, body: MoodBody) -> Response:
    """Find the tracks whose moods are nearest to a target, whatever they sound like."""
    return json_answer(request, _in_mood(state, view, body, body.mood))


@router.post("/for-history", response_model=answers.Found, summary="Tracks for what was liked and disliked")
def for_history(request: Request, state: State, view: Current, body: HistoryBody) -> Response:
    """Find the tracks nearest to what was liked and away from what was not; neither is among them."""
    return json_answer(request, _like_history(state, view, body.history(), body, body.ignore_unknown))


def _kept(request: Request, view: View, answer: Callable[[], dict[str, Any]]) -> Response:
    """Answer, unless the client has the answer of this version already."""
    etag = etag_of(request, view.tag)
    same = not_modified(request, etag)
    return json_answer(request, answer(), etag) if same is None else same


def _like_seed(
    state: ServerState, view: View, seed: str, asked: ByBody | ByQuery, mood: dict[str, float] | None
) -> dict[str, Any]:
    options = asked.options(mood, state.settings.limits)
    k = within(asked.k, state.settings.limits)
    # Resolved first: the recommender would take a text that is no track's for the path of a file.
    seed_id = view.resolve(seed)
    found: SimilarTracks = view.recommender.similar(seed_id, k, options)
    names = chosen_columns(view.index.column_names, view.index.moods, asked.columns)
    wanted = [name for name in read_columns(names) if name in view.index.column_names]
    row = view.index.rows([seed_id], wanted)
    document = found_document(view, found, asked.k, asked.columns)
    if asked.explain:
        moods = {name: plain_value(found.seed_row[name]) for name in view.index.moods}
        document |= explained(view, found, options, view.index.vectors([seed_id])[0], moods)
    return document | {"seed": track_documents(row, view.index.moods, asked.columns)[0]}


def _in_mood(
    state: ServerState, view: View, asked: ByBody | ByQuery, mood: dict[str, float]
) -> dict[str, Any]:
    options = asked.options(None, state.settings.limits)
    found = view.recommender.by_mood(mood, within(asked.k, state.settings.limits), options)
    ranked_by = options.replace(mood=mood, mood_weight=1.0) if asked.explain else options
    return _document(view, found, asked, ranked_by, None)


def _like_history(
    state: ServerState, view: View, weights: dict[str, float], asked: ByBody, ignore: bool
) -> dict[str, Any]:
    options = asked.options(asked.mood, state.settings.limits)
    k = within(asked.k, state.settings.limits)
    found = view.recommender.for_history(weights, k, options, on_conflict="ignore" if ignore else "error")
    known = {one: weight for one, weight in weights.items() if one in view.index}
    query = mix_vector(view.index, known) if asked.explain else None
    return _document(view, found, asked, options, query)


def _document(
    view: View,
    found: Recommendations,
    asked: ByBody | ByQuery,
    options: SearchOptions,
    query: ArrayLike | None,
) -> dict[str, Any]:
    document = found_document(view, found, asked.k, asked.columns)
    return document | explained(view, found, options, query) if asked.explain else document
