"""PyAV, the optional extra ``av``, decodes m4a, aac, wma and other formats that libsndfile does not read.

FFmpeg follows playlists (``ffconcat``, HLS) to other files when it detects the format itself. Therefore the
demuxer is chosen here, by the file's first bytes, and the data come from a file that is open already, with no
protocol allowed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.audio.file_part import is_at_end
from moodrec.audio.stream import AudioInfo, AudioStream, Cause, CutShortError
from moodrec.errors import AudioError, MissingExtraError

if TYPE_CHECKING:
    from av import AudioStream as AvStream
    from av.container import InputContainer

Blocks = NDArray[np.float32]
_OPTIONS: Final = {"protocol_whitelist": "none", "enable_drefs": "0"}
# Encoder delay and padding may make up this much; a file that was cut off lacks more.
_HEADER_SLACK_S: Final = 0.5
# The length of these is estimated from the bit rate, so a missing part proves nothing.
_NO_LENGTH: Final = frozenset({"aac"})


class _NonRaisingFile:
    """A file in which an impossible seek returns an error code, as FFmpeg expects, instead of raising.

    PyAV keeps what its callbacks raise and may raise it again while it reads the next, healthy file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.tell = file.tell
        self._seek = file.seek

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -errno.EINVAL


@contextmanager
def opened_av(file: BinaryIO, kind: str, what: str, name: str) -> Iterator[InputContainer]:
    """Open a container with one demuxer; nothing is decoded.

    Args:
        file: the file, open for reading in binary mode.
        kind: FFmpeg's name of the demuxer.
        what: what is read, for the message that PyAV is missing.
        name: the file's name, for messages.

    Raises:
        AudioError: it is no such container (reason ``not_audio``).
        MissingExtraError: PyAV is not installed.
    """
    try:
        import av
    except ImportError:
        raise MissingExtraError(what, "av") from None
    try:
        container = av.open(
            _NonRaisingFile(file), mode="r", format=kind, options=_OPTIONS, metadata_errors="replace"
        )
    except (av.FFmpegError, ValueError) as error:
        raise AudioError(f"{name}: no {kind} audio in it ({_one_line(error)})", reason="not_audio") from None
    with container:
        yield container


@contextmanager
def open_av(file: BinaryIO, kind: str, what: str, name: str) -> Iterator[AudioStream]:
    """Open a file with one demuxer.

    Args:
        file: the file, open for reading in binary mode.
        kind: FFmpeg's name of the demuxer.
        what: what is read, for the message that PyAV is missing.
        name: the file's name, for messages.

    Raises:
        AudioError: it holds no audio that can be decoded (reason ``not_audio``).
        MissingExtraError: PyAV is not installed.
    """
    with opened_av(file, kind, what, name) as container:
        stream = next(iter(container.streams.audio), None)
        # The codec is missing where FFmpeg does not know it, whatever the type hints say.
        if stream is None or getattr(stream, "codec_context", None) is None:
            raise AudioError(f"{name}: no audio in it that can be decoded", reason="not_audio")
        info = _info(container, stream, kind)
        yield AudioStream(info, _blocks(container, stream, info, file, name))


def _info(container: InputContainer, stream: AvStream, kind: str) -> AudioInfo:
    duration_s = 0.0
    if stream.duration is not None and stream.time_base is not None:
        duration_s = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        duration_s = container.duration / 1_000_000
    return AudioInfo(max(0.0, duration_s), stream.rate or 0, stream.channels, kind.upper())


def _blocks(
    container: InputContainer, stream: AvStream, info: AudioInfo, file: BinaryIO, name: str
) -> Iterator[Blocks]:
    import av

    # Only the sample format is converted: channels are mixed as those of every other file.
    to_float = av.AudioResampler(format="fltp", layout=stream.layout.name, rate=info.sample_rate)
    total = 0
    try:
        for frame in container.decode(stream):
            for part in to_float.resample(frame):
                block = np.asarray(part.to_ndarray(), np.float32).T
                total += len(block)
                yield block
    except (av.FFmpegError, ValueError) as error:
        cause, what = (Cause.CUT_OFF, "cut off") if is_at_end(file) else (Cause.DAMAGED, "damaged")
        place = f"{what} after {total / info.sample_rate:.1f} s"
        raise CutShortError(f"{name}: {place} ({_one_line(error)})", cause) from None
    if info.format.lower() not in _NO_LENGTH and total / info.sample_rate < info.duration_s - _HEADER_SLACK_S:
        raise CutShortError(f"{name}: cut off after {total / info.sample_rate:.1f} s", Cause.CUT_OFF)


def _one_line(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split())
