"""Audio that a browser cannot play is decoded for it, as any range of the WAV file that it would be."""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from moodrec.errors import AudioError, MissingExtraError
from moodrec.serve.problems import ProblemError

HEADER: Final = 44
FRAME: Final = 4
"""Bytes of a frame: two channels of 16 bits."""
MEDIA: Final = "audio/wav"
_LARGEST: Final = (1 << 32) - HEADER
_PATIENCE_S: Final = 30.0
"""Seconds that a decoder may take for its next block."""
_AT_ONCE: Final = 4
_WAIT_S: Final = 10.0
"""Seconds that a request waits for a place among the decoders: a player that seeks leaves its last one just then."""
_KNOWN: Final = 1000
_BLOCK: Final = 1 << 16
_START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop());"
    "from moodrec.serve.transcoder import main; main()"
)


@dataclass(frozen=True)
class Stretch:
    """What is played of an audio file."""

    start_s: float | None
    """The second at which it begins; None is the whole file."""
    length_s: float | None
    """Its length in seconds; None is unknown. Of a whole file, it counts where the header does not tell."""


@dataclass(frozen=True)
class Wave:
    """What the WAV file of an audio file, or of a stretch of it, would be."""

    rate: int
    frames: int
    first: int = 0
    """The frame of the audio file at which it begins."""

    @property
    def size(self) -> int:
        """Bytes, header and all."""
        return HEADER + FRAME * self.frames

    def header(self) -> bytes:
        """The first bytes of the file."""
        data = FRAME * self.frames
        head = struct.pack(
            "<4sI4s4sIHHII", b"RIFF", data + 36, b"WAVE", b"fmt ", 16, 1, 2, self.rate, FRAME * self.rate
        )
        return head + struct.pack("<HH4sI", FRAME, 16, b"data", data)


class Transcoder:
    """Decodes files in processes of their own, a few at once, and remembers how long each file is."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._known: OrderedDict[tuple[str, str], Wave] = OrderedDict()
        self._lock = threading.Lock()

    def wave(self, path: Path, tag: str, stretch: Stretch) -> Wave:
        """Tell what the WAV file of an audio file is.

        Args:
            path: of the file.
            tag: changes with what it holds, and with the stretch.
            stretch: what is played of it.

        Raises:
            AudioError: it cannot be decoded.
            MissingExtraError: its format needs PyAV.
            ProblemError: too many files are being decoded.
        """
        key = (os.fspath(path), tag)
        with self._lock:
            if key in self._known:
                return self._known[key]
        with self._place(), _Decoder(path, 0) as decoder:
            rate, stated = decoder.opened()
        start, known = stretch.start_s or 0.0, stretch.length_s or 0.0
        left = max(0.0, stated - start) if stated > 0 else known
        length = min(known, left) if stretch.start_s is not None and known else left
        wave = Wave(rate, min(round(length * rate), (_LARGEST - HEADER) // FRAME), round(start * rate))
        with self._lock:
            self._known[key] = wave
            while len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return wave

    def part(self, path: Path, wave: Wave, start: int, stop: int) -> WavePart:
        """Return a range of the bytes of the WAV file; what the file lacks of its stated length is silence.

        Args:
            path: of the audio file.
            wave: what its WAV file is.
            start: the first byte.
            stop: the byte after the last.

        Raises:
            ProblemError: too many files are being decoded.
        """
        return WavePart(self._place(), path, wave, start, stop)

    def _place(self) -> _Place:
        if not self._places.acquire(timeout=_WAIT_S):
            raise ProblemError(
                503, "Busy", "too many files are being decoded for browsers", {"Retry-After": "5"}
            )
        return _Place(self._places)


class _Place:
    """A place among the decoders, given back once."""

    def __init__(self, places: threading.BoundedSemaphore) -> None:
        self._places: threading.BoundedSemaphore | None = places

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        places, self._places = self._places, None
        if places is not None:
            places.release()


class WavePart:
    """A range of the bytes of a WAV file, block by block; it holds a place among the decoders until it is closed."""

    def __init__(self, place: _Place, path: Path, wave: Wave, start: int, stop: int) -> None:
        """Take over a place.

        Args:
            place: among the decoders.
            path: of the audio file.
            wave: what its WAV file is.
            start: the first byte.
            stop: the byte after the last.
        """
        self._place = place
        self._blocks = _range(path, wave, start, stop)

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks

    def close(self) -> None:
        """End the decoder, and give the place back."""
        with suppress(ValueError):  # a thread may be in it still
            self._blocks.close()
        self._place.__exit__()


def _range(path: Path, wave: Wave, start: int, stop: int) -> Generator[bytes, None, None]:
    if start < HEADER:
        yield wave.header()[start:stop]
    first = max(start, HEADER) - HEADER
    left = stop - HEADER - first
    if left <= 0:
        return
    with _Decoder(path, wave.first + first // FRAME) as decoder:
        decoder.opened()
        skip = first % FRAME
        while left > 0 and (block := decoder.read()):
            part = block[skip : skip + left]
            skip = max(0, skip - len(block))
            left -= len(part)
            yield part
    while left > 0:
        part = bytes(min(left, _BLOCK))
        left -= len(part)
        yield part


class _Decoder:
    """The process that decodes one file from a frame on."""

    def __init__(self, path: Path, frame: int) -> None:
        arguments: list[str | bytes] = [os.fsencode(path), str(frame), json.dumps(sys.path)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,  # the line before the samples is read, and nothing behind it
        )

    def __enter__(self) -> _Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        self._pipe.close()

    def opened(self) -> tuple[int, float]:
        """Return the sample rate, and the seconds that the header states."""
        watch = threading.Timer(_PATIENCE_S, self._process.kill)
        watch.start()
        try:
            told = json.loads(self._pipe.readline() or b"{}")
        finally:
            watch.cancel()
        if "rate" in told:
            return told["rate"], told["seconds"]
        message = told.get("message", "the decoder failed")
        if told.get("error") == MissingExtraError.__name__:
            raise ProblemError(501, MissingExtraError.__name__, message)
        raise AudioError(message)

    def read(self) -> bytes:
        """Return some bytes of samples; none at the end, or where the decoder does not go on."""
        if os.name != "nt" and not select.select([self._pipe], [], [], _PATIENCE_S)[0]:
            return b""
        return os.read(self._pipe.fileno(), _BLOCK)

    @property
    def _pipe(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise OSError("the process has no pipe")
        return self._process.stdout
