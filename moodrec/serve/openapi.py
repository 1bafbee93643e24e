"""The OpenAPI document: what FastAPI derives from the endpoints, with errors as they really are."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI

from moodrec.serve.problems import PROBLEM
from moodrec.serve.schemas.answers import Problem

_REFUSED: Final = "The request is refused; `detail` says what to do."
_LATER: Final = "The server cannot answer now."
_SUBSONIC: Final = {"application/json": {"schema": {"type": "object"}}, "application/xml": {}}


def install(app: FastAPI) -> None:
    """Let an application describe its errors: problem documents, or the form that other servers' clients read."""
    derive = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _corrected(derive())
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _corrected(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            answers = operation["responses"]
            for status in ("422", "4XX", "5XX"):
                answers.pop(status, None)
            if path.startswith("/rest/"):
                answers["200"]["content"] = _SUBSONIC
            answers["4XX"] = {"description": _REFUSED, "content": _content(path)}
            answers["5XX"] = {"description": _LATER, "content": _content(path)}
    return document


def _content(path: str) -> dict[str, Any]:
    problem = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if not path.startswith("/api/"):
        return problem
    error = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    return {"application/json": {"schema": error}, **problem}
