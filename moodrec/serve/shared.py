"""What endpoints take from their request: the state of the server and the current version of the index."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, Request

from moodrec.serve.schemas.answers import Problem
from moodrec.serve.state import ServerState
from moodrec.serve.view import View

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": Problem, "description": "The request is refused; `detail` says what to do."},
    "5XX": {"model": Problem, "description": "The server cannot answer now."},
}


def state_of(request: Request) -> ServerState:
    """Return the state of the server that got a request."""
    state: ServerState = request.app.state.server
    return state


def view_of(request: Request) -> View:
    """Return the current version of the index, which the request sees to its end."""
    return state_of(request).view()


State = Annotated[ServerState, Depends(state_of)]
Current = Annotated[View, Depends(view_of)]
