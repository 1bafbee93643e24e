"""``/v1/analyze``: the moods and the embedding of an audio file that is sent; nothing of it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from moodrec.errors import ModelMismatchError, UsageError
from moodrec.files.disk import disk_errors
from moodrec.serve.documents import json_answer
from moodrec.serve.routes.maps import atlas_of
from moodrec.serve.schemas import answers
from moodrec.serve.shared import State
from moodrec.serve.state import ServerState
from moodrec.serve.uploads import Uploads, upload_folder

router: Final = APIRouter(prefix="/v1", tags=["analyze"])
FORM: Final = "multipart/form-data"
BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_BLOCK: Final = 1 << 20


def uploads_of(request: Request) -> Uploads:
    """Return what analyses the uploads of the server that got a request."""
    uploads: Uploads = request.app.state.uploads
    return uploads


@router.post("/analyze", response_model=answers.Analysed, openapi_extra=BODY, summary="Analyse an audio file")
async def analyze(
    request: Request, state: State, uploads: Annotated[Uploads, Depends(uploads_of)]
) -> Response:
    """Analyse an audio file, sent as the field ``file`` of a form or as the body itself.

    The answer holds its moods, its embedding for ``POST /v1/similar``, and its place on the map.
    """
    with upload_folder() as folder:
        file = Path(folder) / "upload"
        await _receive(request, file)
        found = await run_in_threadpool(uploads.analyse, file)
    return await run_in_threadpool(_answer, request, state, found)


def _answer(request: Request, state: ServerState, found: dict[str, Any]) -> Response:
    place = None
    if state.ready:
        view = state.view()
        if view.index.model_fingerprint == found["fingerprint"] and len(view.index):
            place = atlas_of(state, view).place_of(np.asarray(found["embedding"], np.float32))
        elif view.index.model_fingerprint is not None:
            raise ModelMismatchError(
                "the library was analysed with another model than this server analyses uploads with; "
                "start it with --model FOLDER"
            )
    del found["fingerprint"]
    return json_answer(request, found | {"place": place})


async def _receive(request: Request, out: Path) -> None:
    """Write the audio of a request to a file.

    Raises:
        UsageError: the request holds none.
    """
    size = 0
    with disk_errors(out, written=out), out.open("wb") as file:
        if request.headers.get("content-type", "").lower().startswith(FORM):
            async with request.form(max_files=1, max_fields=4) as form:
                sent = form.get("file")
                if not isinstance(sent, UploadFile):
                    raise UsageError("the form has no field 'file' with an audio file")
                while block := await sent.read(_BLOCK):
                    size += await run_in_threadpool(file.write, block)
        else:
            async for block in request.stream():
                size += await run_in_threadpool(file.write, block)
    if not size:
        raise UsageError(
            "the request holds no audio: send the file as the body, or as the field 'file' of a form"
        )
