"""The audio files of tracks, whole or a range of bytes: by track id alone, and only from the library's folders."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from fastapi import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from moodrec.arguments import brief
from moodrec.audio.formats import AUDIO_SUFFIXES
from moodrec.errors import NotFoundError
from moodrec.schema import PATH, START
from moodrec.serve.documents import has_current
from moodrec.serve.problems import problem
from moodrec.serve.state import ServerState
from moodrec.serve.transcoding import MEDIA, Stretch, Transcoder, WavePart
from moodrec.serve.view import View

TYPES: Final = {
    ".mp3": "audio/mpeg",
    ".mpga": "audio/mpeg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".wave": "audio/wav",
    ".bwf": "audio/wav",
    ".rf64": "audio/wav",
    ".w64": "audio/x-w64",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".aifc": "audio/aiff",
    ".au": "audio/basic",
    ".caf": "audio/x-caf",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".m4r": "audio/mp4",
    ".mp4": "audio/mp4",
    ".alac": "audio/mp4",
    ".aac": "audio/aac",
    ".wma": "audio/x-ms-wma",
    ".asf": "audio/x-ms-wma",
    ".mka": "audio/x-matroska",
    ".webm": "audio/webm",
    ".weba": "audio/webm",
    ".ape": "audio/x-ape",
    ".wv": "audio/x-wavpack",
    ".tta": "audio/x-tta",
}
"""The MIME type of each suffix of :data:`moodrec.audio.formats.AUDIO_SUFFIXES`."""
_BLOCK: Final = 1 << 16
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")


Form = Literal["file", "wav"]


def audio_answer(
    request: Request, state: ServerState, view: View, track_id: str, form: Form = "file"
) -> Response:
    """Make the answer that holds a track's audio.

    Args:
        request: with a ``Range`` of one part, or none.
        state: of the server.
        view: the version of the index.
        track_id: a track of it.
        form: ``wav`` decodes the file for players that cannot. Tracks of CUE sheets are always decoded: they are a
            part of their file.

    Raises:
        NotFoundError: the track has no file, or it may not be served.
        AudioError: the file is to be decoded, and cannot be.
        ProblemError: too many files are being decoded, or the format needs PyAV.
    """
    path = audio_path(state, view, track_id)
    descriptor, found = _opened(path, track_id)
    stretch = _stretch(view, track_id)
    if form == "wav" or stretch.start_s is not None:
        os.close(descriptor)
        return _as_wave(request, path, found, stretch)
    size = found.st_size
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{found.st_mtime_ns:x}-{size:x}"',
        "Cache-Control": "private, no-cache",
    }
    media = TYPES[path.suffix.lower()]
    if has_current(request, headers["ETag"]):
        os.close(descriptor)
        return Response(status_code=304, headers=headers)
    part = _part(request, size, headers["ETag"])
    if part is None or request.method == "HEAD":
        os.close(descriptor)
        return (
            _no_such_range(request, size) if part is None else _part_answer(None, part, size, headers, media)
        )
    return _part_answer(_FilePart(descriptor, *part[:2]), part, size, headers, media)


def _stretch(view: View, track_id: str) -> Stretch:
    row = view.index.rows([track_id]).to_pylist()[0]
    start, length = (row.get(name) for name in (START, "duration"))
    return Stretch(start if isinstance(start, float) and start >= 0 else None, length)


def _as_wave(request: Request, path: Path, found: os.stat_result, stretch: Stretch) -> Response:
    transcoder: Transcoder = request.app.state.transcoder
    part_of = "" if stretch.start_s is None else f"-{stretch.start_s:.3f}-{stretch.length_s}"
    tag = f"{found.st_mtime_ns:x}-{found.st_size:x}-wav{part_of}"
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    if has_current(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    wave = transcoder.wave(path, tag, stretch)
    part = _part(request, wave.size, headers["ETag"])
    if part is None:
        return _no_such_range(request, wave.size)
    content = None if request.method == "HEAD" else transcoder.part(path, wave, *part[:2])
    return _part_answer(content, part, wave.size, headers, MEDIA)


def _no_such_range(request: Request, size: int) -> Response:
    detail = f"the file has {size} bytes; there is nothing at {request.headers['range']!r}"
    return problem(416, "NoSuchRange", detail, {"Content-Range": f"bytes */{size}"})


def _part_answer(
    content: _FilePart | WavePart | None,
    part: tuple[int, int, int],
    size: int,
    headers: dict[str, str],
    media: str,
) -> Response:
    start, stop, status = part
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["Content-Length"] = str(stop - start)
    if content is None:
        return Response(status_code=status, headers=headers, media_type=media)
    return _Closing(content, status, headers, media)


def audio_path(state: ServerState, view: View, track_id: str) -> Path:
    """Return the file of a track, if it may be served.

    The path must be the real one, as analysis stored it: what was replaced by a link since is not followed. Where the
    server was given folders of music, it must lie inside one of them; an index without a library needs them, for
    anything may stand in its paths.

    Args:
        state: of the server.
        view: the version of the index.
        track_id: a track of it.

    Raises:
        NotFoundError: the track has no file, or it may not be served.
    """
    gone = NotFoundError(
        f"the track {brief(track_id)} has no audio file here; it was moved or deleted, or never known"
    )
    roots = state.settings.music
    if state.is_library:
        path = state.files().get(track_id)
    else:
        row = view.index.rows([track_id])
        text = row[PATH][0].as_py() if PATH in row.column_names and roots else None
        path = Path(text) if isinstance(text, str) and text and "\0" not in text else None
    if path is None or path.suffix.lower() not in AUDIO_SUFFIXES:
        raise gone
    if os.path.realpath(path) != os.fspath(path):
        raise gone
    if roots and not any(path.is_relative_to(root) for root in roots):
        raise gone
    return path


def _opened(path: Path, track_id: str) -> tuple[int, os.stat_result]:
    try:
        # A pipe would block here, and a link may have taken the file's place a moment ago.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(path, flags)
    except OSError:
        raise NotFoundError(
            f"the audio file of the track {brief(track_id)} cannot be read; it may be gone"
        ) from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise NotFoundError(f"the track {brief(track_id)} has no audio file here")
    return descriptor, found


def _part(request: Request, size: int, etag: str) -> tuple[int, int, int] | None:
    """Return the bytes wanted, from start to before stop, and the status; None where there are no such bytes.

    As RFC 9110 allows, what is no single range of bytes, or is of another state of the file, is the whole file.
    """
    found = _RANGE.match(request.headers.get("range", ""))
    whole = (0, size, 200)
    if found is None or request.headers.get("if-range", etag) != etag:
        return whole
    first, last = found.groups()
    if not first:
        if not last:
            return whole
        return (max(0, size - int(last)), size, 206) if int(last) and size else None
    start = int(first)
    stop = size if not last else min(size, int(last) + 1)
    if last and int(last) < start:
        return whole
    return (start, stop, 206) if start < stop else None


class _FilePart:
    """A range of the bytes of an open file, block by block."""

    def __init__(self, descriptor: int, start: int, stop: int) -> None:
        self._file = os.fdopen(descriptor, "rb", buffering=0)
        self._start, self._stop = start, stop

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = self._stop - self._start
        while left > 0 and (block := self._file.read(min(_BLOCK, left))):
            left -= len(block)
            yield block

    def close(self) -> None:
        """Close the file, whatever was read of it."""
        self._file.close()


class _Closing(StreamingResponse):
    """Closes what it sends from however it ends: clients leave in the middle, and before the beginning."""

    def __init__(
        self, content: _FilePart | WavePart, status: int, headers: dict[str, str], media: str
    ) -> None:
        super().__init__(iter(content), status, headers, media)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._content.close()
