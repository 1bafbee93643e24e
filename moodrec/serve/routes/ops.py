"""What operators ask: whether the server is well, its figures, and the session of a browser."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

import moodrec
from moodrec.serve.documents import json_answer, told_columns
from moodrec.serve.guard.access import BEARER, COOKIE, same, session_of
from moodrec.serve.metrics import Metrics
from moodrec.serve.problems import problem
from moodrec.serve.schemas import answers
from moodrec.serve.shared import State

router: Final = APIRouter(tags=["operation"])


@router.get("/healthz", response_model=dict[str, str], summary="Whether the server runs")
async def healthz(request: Request) -> Response:
    """Answer as long as the server runs, whatever else it does."""
    return json_answer(request, {"status": "ok"})


@router.get("/readyz", response_model=dict[str, str], summary="Whether the server can answer searches")
async def readyz(request: Request, state: State) -> Response:
    """Answer 200 as soon as there is an index to answer from, and 503 before."""
    if not state.ready:
        return problem(503, "NoIndex", "there is no index yet; analyse a folder of music first")
    return json_answer(request, {"status": "ready", "version": state.view().name})


@router.get("/metrics", response_class=Response, summary="Figures for Prometheus")
def metrics(request: Request) -> Response:
    """Write the figures of the server in Prometheus's text format."""
    figures: Metrics = request.app.state.metrics
    return Response(figures.text(), media_type=figures.content_type)


@router.get("/v1/stats", response_model=answers.Stats, summary="The server in figures")
def stats(request: Request, state: State) -> Response:
    """Tell what is served, since when, and within which limits."""
    document: dict[str, Any] = {
        "version": None,
        "tracks": 0,
        "moods": [],
        "notes": [],
        "uptime_s": round(time.time() - state.started, 1),
        "swaps": state.swaps,
        "moodrec": moodrec.__version__,
        "can_analyse": bool(state.settings.music),
        "limits": asdict(state.settings.limits),
    }
    if state.ready:
        view = state.view()
        info = view.index.info()
        document |= {
            "version": view.name,
            "tracks": len(view.index),
            "moods": list(view.index.moods),
            "notes": list(view.recommender.notes),
            "columns": told_columns(view.index.column_names),
            "dim": info.dim,
            "kind": info.kind,
            "preset": info.preset,
            "model_fingerprint": info.model_fingerprint,
            "library_revision": info.library_revision,
        }
    return json_answer(request, document)


@router.post("/v1/session", response_model=dict[str, str], summary="A browser's session")
async def session(request: Request, state: State) -> Response:
    """Give a browser a cookie in place of the token, for what cannot send headers: audio and events.

    The token comes as ``Authorization: Bearer TOKEN``. Without a token of its own, the server needs no session.
    """
    token = state.settings.token
    if token is None:
        return json_answer(request, {"status": "open"})
    given = request.headers.get("authorization", "")
    if not given.lower().startswith(BEARER) or not same(given[len(BEARER) :].strip(), token):
        return problem(401, "NoToken", "this is not the token of this server")
    answer = json_answer(request, {"status": "ok"})
    secure = request.url.scheme == "https"
    answer.set_cookie(
        COOKIE, session_of(token), max_age=30 * 86_400, httponly=True, samesite="strict", secure=secure
    )
    return answer


@router.delete("/v1/session", response_model=dict[str, str], summary="End a browser's session")
async def end_session(request: Request) -> Response:
    """Take the cookie back."""
    answer = json_answer(request, {"status": "ok"})
    answer.delete_cookie(COOKIE)
    return answer
