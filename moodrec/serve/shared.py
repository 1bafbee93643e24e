"""What endpoints take from their request: the state of the server and the current version of the index."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from moodrec.serve.state import ServerState
from moodrec.serve.view import View


def state_of(request: Request) -> ServerState:
    """Return the state of the server that got a request."""
    state: ServerState = request.app.state.server
    return state


def view_of(request: Request) -> View:
    """Return the current version of the index, which the request sees to its end."""
    return state_of(request).view()


async def _state(request: Request) -> ServerState:
    return state_of(request)


async def _view(request: Request) -> View:
    return view_of(request)


# Coroutines: FastAPI runs a plain function in a thread of its own, which costs more than either.
State = Annotated[ServerState, Depends(_state)]
Current = Annotated[View, Depends(_view)]
