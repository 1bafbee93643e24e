"""Requests whose answers last: the audio of a track, and the stream of events."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import Scope

_EVENTS: Final = "/v1/events"
_AUDIO: Final = re.compile("/v1/tracks/.+/audio", re.DOTALL)


def lasts(scope: Scope) -> bool:
    """Whether a request is one for audio or for the stream of events.

    Args:
        scope: of an HTTP request.
    """
    return scope["path"] == _EVENTS or is_audio(scope)


def is_audio(scope: Scope) -> bool:
    """Whether a request is one for the audio of a track.

    A slash of an id is written ``%2F``: ``t0/audio`` is the audio of ``t0``, and ``t0%2Faudio`` a track.

    Args:
        scope: of an HTTP request.
    """
    if _AUDIO.fullmatch(scope["path"]) is None:
        return False
    written: bytes = scope.get("raw_path") or b"/audio"
    return unquote_to_bytes(written.rpartition(b"/")[2]) == b"audio"
