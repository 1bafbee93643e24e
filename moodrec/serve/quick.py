"""Routes that read their parameters by themselves, in a fraction of the time that FastAPI takes for a search."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import copy_context
from functools import partial
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams
from starlette.responses import Response

from moodrec.serve.shared import Current, State, state_of, view_of

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Reader = Callable[[Request], Any]
_GIVEN: Final[tuple[tuple[Any, Reader], ...]] = (
    (Request, lambda request: request),
    (State, state_of),
    (Current, view_of),
)


class QuickRoute(APIRoute):
    """A route that FastAPI describes and that runs without it, where its endpoint takes only what is known here.

    That is the request, ``State``, ``Current`` and one model of the query. Such an endpoint is a plain function; it
    runs in a thread of ``app.state.threads``. FastAPI sees to any other endpoint.
    """

    def get_route_handler(self) -> Handler:
        """Return what answers a request of this route."""
        readers = _readers(self.endpoint)
        return super().get_route_handler() if readers is None else _handler(self.endpoint, readers)


def query_of(model: type[BaseModel], given: QueryParams) -> BaseModel:
    """Read the parameters of a URL, as FastAPI does: of a parameter that is no list, the last value counts.

    Args:
        model: of the parameters.
        given: what the URL holds.

    Raises:
        RequestValidationError: they do not fit the model.
    """
    return _query(model, _lists(model), given)


def _query(model: type[BaseModel], lists: frozenset[str], given: QueryParams) -> BaseModel:
    values = {name: given.getlist(name) if name in lists else value for name, value in given.items()}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = [fault | {"loc": ("query", *fault["loc"])} for fault in error.errors(include_url=False)]
        raise RequestValidationError(faults) from None


def _lists(model: type[BaseModel]) -> frozenset[str]:
    """The fields of a model that hold lists, which a URL gives value by value."""
    schema = model.model_json_schema()["properties"]
    return frozenset(name for name, field in schema.items() if _is_list(field))


def _is_list(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "array" or any(map(_is_list, schema.get("anyOf", ())))


def _readers(endpoint: Callable[..., Any]) -> dict[str, Reader] | None:
    if inspect.iscoroutinefunction(endpoint):
        return None
    hints = get_type_hints(endpoint, include_extras=True)
    readers = {name: _reader(hints[name]) for name in inspect.signature(endpoint).parameters}
    known = {name: reader for name, reader in readers.items() if reader is not None}
    return known if len(known) == len(readers) else None


def _reader(hint: Any) -> Reader | None:
    for known, reader in _GIVEN:
        if hint == known:
            return reader
    if get_origin(hint) is Annotated:
        model, *marks = get_args(hint)
        is_model = isinstance(model, type) and issubclass(model, BaseModel)
        if is_model and len(marks) == 1 and type(marks[0]) is Query:
            lists = _lists(model)
            return lambda request: _query(model, lists, request.query_params)
    return None


def _handler(endpoint: Callable[..., Response], readers: dict[str, Reader]) -> Handler:
    async def answer(request: Request) -> Response:
        threads: Executor = request.app.state.threads
        values = {name: read(request) for name, read in readers.items()}
        run = partial(copy_context().run, endpoint, **values)
        return await asyncio.get_running_loop().run_in_executor(threads, run)

    return answer
