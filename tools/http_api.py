"""Write docs/http-api.md from the OpenAPI document of the server.

python -m tools.http_api            # writes the page
python -m tools.http_api --print    # prints it
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path(__file__).parents[1] / "docs" / "http-api.md"
HEAD: Final = """# The HTTP API

    pip install 'moodrec[serve]'
    moodrec serve --music ~/Music                 # http://127.0.0.1:8765/
    moodrec serve --index postgresql://me@host/db # a catalogue in PostgreSQL or Milvus: docs/scale.md
    moodrec serve --check                         # would it work?

This page is written by `python -m tools.http_api` from the OpenAPI document, which the server has at
`/v1/openapi.json`.

**Access.** The server binds to this machine alone. Beyond it (`--host`) a token of at least 16 characters is
required: in a file (`--token-file`) or in `MOODREC_SERVE_TOKEN`. Requests send it as `Authorization: Bearer TOKEN`;
a browser trades it for a cookie at `POST /v1/session`. Pages of other sites are refused, and so are host names that
the server does not know (`--name HOST`, behind a proxy).

**Errors** are problem documents (RFC 9457, `application/problem+json`): `detail` is the sentence that the command
line prints. 400 is a wrong value or condition, 404 nothing by that name, 409 a title that several tracks have
(`matches` lists them), 413 and 429 a limit, 422 a request of another form, 501 what needs a library where an engine
holds the catalogue ([scale.md](scale.md)), 503 no index yet, an engine that is out of reach, or too much to do.
Unknown fields are refused.

**Versions.** Answers carry the version of the index that they are of, and an `ETag` that changes with it. A new
version takes over while requests are under way; a list that was begun goes on with the version of its first page,
as long as that is the current one or the one before (else 410).

**Limits** stand in `GET /v1/stats`: size and time of a request, requests a second of one client (`--rate`),
requests at once, the greatest `k`, the length of a condition.

"""


def main() -> None:
    """Write or print the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--print", action="store_true", dest="show")
    if parser.parse_args().show:
        print(page(), end="")
    else:
        PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page, of the endpoints as they are."""
    from moodrec.serve.app import create_app
    from moodrec.serve.settings import ServeSettings

    with tempfile.TemporaryDirectory() as folder:
        app = create_app(ServeSettings(library=Path(folder) / "none", music=(Path(folder),)))
        document = app.openapi()
        app.state.server.close()
    return HEAD + "\n".join(_lines(document)) + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    tags: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).extend(_operation(document, method, path, operation))
    for tag, lines in tags.items():
        yield f"## {tag[0].upper()}{tag[1:]}\n"
        yield from lines


def _operation(
    document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]
) -> Iterator[str]:
    yield f"### {method.upper()} {path}\n"
    yield " ".join(operation.get("description", operation["summary"]).split()) + "\n"
    rows = [
        (one["name"], one["schema"], one.get("required", False), one.get("description", ""))
        for one in operation.get("parameters", ())
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body is not None:
        shape = _resolved(document, body)
        needed = shape.get("required", ())
        rows += [(name, field, name in needed, "") for name, field in shape.get("properties", {}).items()]
    if rows:
        yield "| field | type | meaning |"
        yield "|---|---|---|"
        for name, schema, needed, description in rows:
            text = " ".join((description or schema.get("description", "")).split()).replace("|", "\\|")
            yield f"| `{name}`{'' if not needed else ', required'} | {_type(document, schema)} | {text} |"
        yield ""


def _type(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        kinds = [_type(document, one) for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "$ref" in schema:
        return _type(document, _resolved(document, schema))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{one}`" for one in schema.get("enum", [schema.get("const")]))
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"list of {_type(document, schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"{_type(document, schema['additionalProperties'])} by name"
    if schema.get("minimum") == 0 and schema.get("maximum") == 1:
        return "number in [0, 1]"
    return str({"integer": "whole number", "string": "text", "boolean": "true or false"}.get(kind, kind))


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


if __name__ == "__main__":
    main()
