"""Tracks as JSON: the columns of the track table, with moods and probabilities set apart."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa
from fastapi import Request
from pydantic_core import to_json
from starlette.responses import Response

from moodrec.arguments import brief
from moodrec.errors import UsageError
from moodrec.filters.names import hint
from moodrec.printable import without_controls
from moodrec.recommend.file_names import file_names
from moodrec.schema import PATH, PROBABILITY_PREFIX, TITLE, TRACK_ID, audio_column, probability_column

JSON: Final = "application/json"
FILE: Final = "file"
"""A column that answers have beside those of the index: the name of the file of a track without a title."""
_DECIMALS: Final = 6
_HIDDEN: Final = frozenset({PATH, "acoustid_fingerprint"})
"""Columns that are told on request alone: one is nobody's business, the other long."""
_GZIP: Final = re.compile(r"(x-)?gzip\s*(;\s*q=(1(\.0*)?|0?\.0*[1-9][0-9]*))?")
"""What a client writes that takes gzip: its weight is not 0."""
_WORTH_PACKING: Final = 2_000
"""Bytes from which an answer is compressed."""


def track_documents(
    table: pa.Table, moods: Sequence[str], columns: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Make the JSON documents of tracks.

    Args:
        table: rows of a track table, with ``rank`` and ``score`` too where they are hits.
        moods: the names of the mood columns.
        columns: as for :func:`chosen_columns`.

    Returns:
        A document a row: ``track_id`` and the columns, and the moods under ``moods``.

    Raises:
        UsageError: there is no such column.
    """
    names = chosen_columns(table.column_names, moods, columns)
    if FILE in names and FILE not in table.column_names:
        table = table.append_column(FILE, file_names(table))
    scored = [mood for mood in moods if mood in names]
    likely = {mood: column for mood in moods if (column := probability_column(mood)) in names}
    apart = {*scored, *likely.values()}
    plain = [name for name in names if name not in apart]
    rows = table.select(plain).to_pylist()
    documents = [{name: plain_value(value) for name, value in row.items()} for row in rows]
    for key, chosen in (("moods", dict(zip(scored, scored, strict=True))), ("probabilities", likely)):
        values = {mood: table[column].to_pylist() for mood, column in chosen.items()}
        if values or (key == "moods" and columns is None):
            for place, document in enumerate(documents):
                document[key] = {mood: plain_value(column[place]) for mood, column in values.items()}
    return documents


def chosen_columns(known: Sequence[str], moods: Sequence[str], columns: Sequence[str] | None) -> list[str]:
    """Choose the columns of an answer.

    Args:
        known: the columns that there are.
        moods: those that are moods.
        columns: the columns wanted, "moods" for all moods; None takes all but paths and probabilities.

    Raises:
        UsageError: there is no such column.
    """
    known = told_columns(known)
    if columns is None:
        scores = [name for mood in moods for name in (mood, probability_column(mood))]
        hidden = {*scores, *map(audio_column, scores)} - {*moods}
        hidden |= _HIDDEN
        return [name for name in known if name not in hidden]
    for name in columns:
        if name not in known and name != "moods":
            raise UsageError(f"no such column: {brief(name)}; {hint(name, known, 'columns')}")
    wanted = {TRACK_ID, "rank", "score", *columns, *(moods if "moods" in columns else ())}
    return [name for name in known if name in wanted]


def told_columns(known: Sequence[str]) -> list[str]:
    """List the columns that answers may have: those of a table, and :data:`FILE` where it has paths."""
    return [*known, *([FILE] if PATH in known and FILE not in known else [])]


def read_columns(names: Sequence[str]) -> list[str]:
    """List the columns that are read for some columns of an answer.

    Args:
        names: as from :func:`chosen_columns`.
    """
    return list(dict.fromkeys([*names, *((TITLE, PATH) if FILE in names else ())]))


def plain_value(value: Any) -> Any:
    """Return a value of an Arrow table as JSON can hold it; what it cannot hold becomes text."""
    if isinstance(value, float):
        return round(value, _DECIMALS) if value - value == 0 else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain_value(item) for key, item in value.items()}
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def encoded(value: Any) -> bytes:
    """Write a value as JSON in UTF-8; numbers that are not finite become ``null``, and what would steer a terminal is
    escaped.
    """
    return without_controls(to_json(value, inf_nan_mode="null").decode()).encode()


def json_answer(request: Request, value: Any, etag: str | None = None, status: int = 200) -> Response:
    """Make a JSON answer, compressed where that pays and the client takes it.

    Args:
        request: what is answered.
        value: the document.
        etag: as from :func:`etag_of`; None for answers that are not to be kept.
        status: of the answer.
    """
    return packed(request, encoded(value), JSON, etag, status)


def packed(
    request: Request, data: bytes, media_type: str, etag: str | None = None, status: int = 200
) -> Response:
    """Make an answer of bytes, compressed where that pays and the client takes it.

    Args:
        request: what is answered.
        data: the body.
        media_type: of the body.
        etag: as from :func:`etag_of`.
        status: of the answer.
    """
    headers = {"Vary": "Accept-Encoding"}
    headers |= {"Cache-Control": "no-store"} if etag is None else {"ETag": etag, "Cache-Control": "no-cache"}
    if len(data) >= _WORTH_PACKING and takes_gzip(request):
        data = gzip.compress(data, 1, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(data, status, headers, media_type)


def takes_gzip(request: Request) -> bool:
    """Say whether a client takes compressed answers."""
    codings = request.headers.get("accept-encoding", "").lower().split(",")
    return any(_GZIP.fullmatch(coding.strip()) for coding in codings)


def etag_of(request: Request, version: str) -> str:
    """Make the weak entity tag of an answer: it changes with the version of the index and with the question.

    Args:
        request: what is answered.
        version: of the index.
    """
    asked = f"{request.url.path}?{request.url.query}".encode("utf-8", "backslashreplace")
    return f'W/"{version}-{hashlib.blake2b(asked, digest_size=6).hexdigest()}"'


def not_modified(request: Request, etag: str) -> Response | None:
    """Return the answer to a client that has the current answer already; None for others.

    Args:
        request: what is answered.
        etag: of the current answer.
    """
    if not has_current(request, etag):
        return None
    return Response(
        status_code=304, headers={"ETag": etag, "Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
    )


def has_current(request: Request, etag: str) -> bool:
    """Say whether a client has an answer already, by its ``If-None-Match``; weak tags count as strong ones.

    Args:
        request: what is answered.
        etag: of the current answer.
    """
    given = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    return "*" in given or etag.removeprefix("W/") in given


def is_probability(name: str, moods: Sequence[str]) -> bool:
    """Say whether a column holds the probabilities of a mood.

    Args:
        name: of the column.
        moods: the names of the moods.
    """
    return name.startswith(PROBABILITY_PREFIX) and name.removeprefix(PROBABILITY_PREFIX) in moods
