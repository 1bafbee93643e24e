"""What a catalogue in an engine cannot answer: what needs files, a library, or the vectors of all tracks."""

from __future__ import annotations

import re
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from moodrec.serve.lasting import is_audio
from moodrec.serve.problems import ProblemError, problem_of

_AUDIO: Final = "audio needs the files of a library"
OF_ARTISTS: Final = "the sound of artists needs the vectors of all tracks"
_NEEDS: Final = (
    (re.compile(r"/v1/map(/.*)?"), "the map needs the vectors of all tracks"),
    (re.compile(r"/v1/(analyze|jobs(/.*)?)"), "analyses need a library to write into"),
    (re.compile(r"/v1/labels?"), "labels are kept in a library"),
    (re.compile(r"/v1/players/.+|/api/create_playlist"), "players are linked to a library"),
    (re.compile(r"/api/similar_artists"), OF_ARTISTS),
)


class LibraryOnly:
    """Answers 501 where a request needs a library and an engine's catalogue is served."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application that serves an engine's catalogue.

        Args:
            app: what is wrapped.
        """
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or say what it needs.

        Args:
            scope: of the request.
            receive: gives its body.
            send: takes the answer.
        """
        why = _need(scope) if scope["type"] == "http" else None
        if why is None:
            await self._app(scope, receive, send)
            return
        await problem_of(needs_library(why))(scope, receive, send)


def _need(scope: Scope) -> str | None:
    if is_audio(scope):
        return _AUDIO
    return next((why for pattern, why in _NEEDS if pattern.fullmatch(scope["path"])), None)


def needs_library(why: str) -> ProblemError:
    """Return what clients are told that ask for what a catalogue in an engine cannot answer.

    Args:
        why: what it needs, as the beginning of a sentence.
    """
    return ProblemError(
        501,
        "NeedsLibrary",
        f"{why}, and this server has a catalogue in an engine; ask a server of a library: moodrec serve LIBRARY",
    )
