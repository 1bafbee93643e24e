"""``/v1/jobs`` and ``/v1/events``: analyses that are started, followed and stopped from the page."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response, StreamingResponse

from moodrec.serve.documents import json_answer
from moodrec.serve.events import Event
from moodrec.serve.jobs import Job, Jobs
from moodrec.serve.schemas import answers
from moodrec.serve.schemas.requests import JobBody
from moodrec.serve.shared import State

router: Final = APIRouter(prefix="/v1", tags=["jobs"])
STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Server-sent events.", "content": {"text/event-stream": {}}}
}


def jobs_of(request: Request) -> Jobs:
    """Return the jobs of the server that got a request."""
    jobs: Jobs = request.app.state.jobs
    return jobs


All = Annotated[Jobs, Depends(jobs_of)]
JobId = Annotated[str, Path(min_length=1, max_length=100)]


@router.get("/jobs", response_model=answers.JobList, summary="Analyses")
def jobs(request: Request, state: State, every: All) -> Response:
    """List the analyses of this server, the latest first."""
    folders = [str(place) for place in state.settings.music]
    return json_answer(request, {"jobs": [_document(job) for job in every.list()], "folders": folders})


@router.post("/jobs", response_model=answers.Job, status_code=202, summary="Start an analysis")
def start(request: Request, every: All, body: JobBody) -> Response:
    """Analyse folders of music into the library; the answer comes at once, the progress by ``/v1/events``."""
    return json_answer(request, _document(every.start(body.folders, body.retry_failed)), status=202)


@router.get("/jobs/{job_id}", response_model=answers.Job, summary="An analysis")
def job(request: Request, every: All, job_id: JobId) -> Response:
    """Tell how far an analysis is."""
    return json_answer(request, _document(every.get(job_id)))


@router.delete("/jobs/{job_id}", response_model=answers.Job, summary="Stop an analysis")
def stop(request: Request, every: All, job_id: JobId) -> Response:
    """Stop an analysis; what it has done is kept."""
    return json_answer(request, _document(every.stop(job_id)))


@router.get("/events", response_class=Response, responses=STREAM, summary="What happens")
async def events(state: State, every: All) -> Response:
    """Stream events as they come: ``version`` when there is a newer index, ``job`` when an analysis moves on.

    The first events tell how things stand.
    """
    first = [Event("job", _document(job)) for job in every.list() if job.active]
    if state.ready:
        view = state.view()
        first.insert(0, Event("version", {"version": view.name, "tracks": len(view.index)}))
    return _streamed(state.hub.stream(first))


@router.head("/events", include_in_schema=False)
async def events_head() -> Response:
    """Send the headers of the stream of events."""
    return _streamed(())


def _streamed(content: AsyncIterable[bytes] | Iterable[bytes]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(content, 200, headers, "text/event-stream")


def _document(job: Job) -> dict[str, Any]:
    return asdict(job)
