"""Errors as problem+json (RFC 9457), with the texts that the command line prints."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from moodrec import errors
from moodrec.arguments import brief
from moodrec.errors import AmbiguousSeedError, MoodrecError
from moodrec.files.disk import explained, is_disk_full
from moodrec.printable import shown_only
from moodrec.serve.documents import encoded

PROBLEM: Final = "application/problem+json"
log: Final = logging.getLogger("moodrec.serve")
_KIND: Final = "urn:moodrec:problem:"
_OTHERS: Final = "/api/"
"""Paths of other servers' APIs."""

STATUS: Final[Mapping[type[MoodrecError], int]] = {
    errors.AmbiguousSeedError: 409,
    errors.UsageError: 400,
    errors.NotFoundError: 404,
    errors.CorruptStoreError: 503,
    errors.EngineError: 503,
    errors.StoreLockedError: 409,
    errors.ConflictError: 409,
    errors.DiskFullError: 507,
    errors.AudioError: 422,
    errors.DataError: 400,
    errors.ModelMismatchError: 409,
    errors.MissingExtraError: 501,
}
"""The status of each class of errors; a class without one has that of its nearest ancestor, else 500."""


class ProblemError(MoodrecError):
    """A request is refused for a reason that only a server has."""

    def __init__(self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Describe why a request is refused.

        Args:
            status: of the answer.
            kind: one word for programs.
            detail: one sentence that says what to do.
            headers: of the answer.
        """
        super().__init__(detail)
        self.status, self.kind, self.headers = status, kind, dict(headers or {})


def engine_problem() -> ProblemError:
    """Return what clients are told where an engine fails; how it is reached is nobody's business."""
    return ProblemError(
        503,
        "EngineDown",
        "the engine that holds the catalogue does not answer, or refused; try again in a moment (the server's log "
        "says more)",
        {"Retry-After": "5"},
    )


def status_of(error: MoodrecError) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, ProblemError):
        return error.status
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem(
    status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Make the answer to a request that failed.

    Args:
        status: the HTTP status.
        kind: one word for programs, the end of ``type``.
        detail: one sentence for people.
        headers: of the answer.
        **more: further members of the document.
    """
    body = {
        "type": _KIND + kind,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": printable(detail),
        **more,
    }
    return Response(encoded(body), status, dict(headers or {}), PROBLEM)


def printable(text: str) -> str:
    """Escape what UTF-8 cannot encode in a text."""
    return text.encode("utf-8", "backslashreplace").decode()


def problem_of(error: MoodrecError) -> Response:
    """Make the answer that tells an error."""
    more: dict[str, Any] = {}
    if isinstance(error, AmbiguousSeedError):
        more["matches"] = [
            {"track_id": track_id, "description": printable(text)} for track_id, text in error.matches
        ]
    kind = error.kind if isinstance(error, ProblemError) else type(error).__name__
    headers = error.headers if isinstance(error, ProblemError) else None
    return problem(status_of(error), kind, str(error), headers, **more)


def install(app: FastAPI) -> None:
    """Let an application answer every error with a problem document."""
    app.add_exception_handler(MoodrecError, _of_moodrec)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(OSError, _of_system)
    app.add_exception_handler(Exception, _of_anything)


async def _of_moodrec(request: Request, error: Exception) -> Response:
    if not isinstance(error, MoodrecError):
        return _internal()
    if isinstance(error, errors.EngineError):
        log.warning("%s", shown_only(str(error)))
        error = engine_problem()
    if request.url.path.startswith(_OTHERS):
        return _in_their_words(status_of(error), str(error))
    return problem_of(error)


def _in_their_words(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The form of errors that clients of other servers read."""
    content = encoded({"error": printable(detail)})
    return Response(content, status, dict(headers or {}), "application/json")


async def _of_system(request: Request, error: Exception) -> Response:
    """A full disk is told; other errors of the system may name files that are nobody's business."""
    if isinstance(error, OSError) and is_disk_full(error):
        return await _of_moodrec(request, explained(error))
    raise error


async def _of_validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        return _internal()
    faults = error.errors()
    parts = [_what_is_wrong(request, error, fault) for fault in faults[:5]]
    more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
    if request.url.path.startswith(_OTHERS):
        return _in_their_words(400, "; ".join(parts) + more)
    return problem(422, "RequestError", "; ".join(parts) + more)


def _what_is_wrong(request: Request, error: RequestValidationError, fault: Mapping[str, Any]) -> str:
    if fault["type"] == "json_invalid":
        return f"the body is no JSON: {fault['ctx']['error']} at character {fault['loc'][-1]}"
    if tuple(fault["loc"]) == ("body",) and isinstance(error.body, bytes):
        sent = request.headers.get("content-type", "")
        return (
            f"the body was sent {f'as {brief(sent)}' if sent else 'without a type'}; send JSON, with the header "
            f"Content-Type: application/json"
        )
    return f"{_place(fault['loc'])}: {fault['msg']}"


async def _of_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return _internal()
    detail = str(error.detail)
    if error.status_code == 404 and detail == "Not Found":
        detail = "there is nothing at this address; /v1/openapi.json lists what there is"
    if detail == "There was an error parsing the body":
        detail = "the body cannot be read; send JSON in UTF-8, with numbers and nesting of a usual size"
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := _methods_of(request)):
        headers["Allow"] = ", ".join(methods)
    if request.url.path.startswith(_OTHERS):
        return _in_their_words(error.status_code, detail, headers)
    return problem(error.status_code, "HttpError", detail, headers)


def _methods_of(request: Request) -> list[str]:
    """List the methods that an address has, of whatever routes; none where it is a file of the page."""
    there = (route for route in request.app.state.routes if route.matches(request.scope)[0] is Match.PARTIAL)
    methods = {method for route in there for method in route.methods or ()}
    return sorted({*methods, "HEAD"} if "GET" in methods else methods)


async def _of_anything(request: Request, error: Exception) -> Response:
    return _internal()


def _internal() -> Response:
    return problem(500, "InternalError", "the server failed; its log says why")


def _place(where: Sequence[Any]) -> str:
    return printable(".".join(str(part) for part in where[1:]) or str(where[0]) if where else "request")
