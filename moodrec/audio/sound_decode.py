"""libsndfile decodes WAV, FLAC, MP3, Ogg Vorbis, Opus and AIFF, one block at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import numpy as np
import soundfile

from moodrec.audio.mp3 import with_length
from moodrec.audio.signatures import Content
from moodrec.audio.stream import AudioInfo, AudioStream, CutShortError
from moodrec.config import DecodeLimits
from moodrec.errors import AudioError
from moodrec.typing import Samples

# libsndfile also takes headerless and scientific formats whose signatures any text may match.
_FORMATS: Final = frozenset({"WAV", "WAVEX", "RF64", "W64", "FLAC", "MP3", "OGG", "AIFF", "AU", "CAF"})
# Encoder delay and padding make an honest MP3 differ from its header by less than this.
_HEADER_SLACK_S: Final = 0.1
# Writers to a pipe cannot know the length and put a number near 2 or 4 GiB: no sign of a cut.
_UNKNOWN_LENGTH: Final = 0x7FFF0000
# libsndfile corrects wrong lengths in WAV, AIFF, AU, W64 and RF64, and reports it only in its log.
_LENGTH = re.compile(r"^ *(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
_OGG_TAIL: Final = 1 << 16
_OGG_LAST_PAGE: Final = 4


class _SequentialFile(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is read from front to back, without seeking.

    ``SoundFile`` seeks to its current position after every block of a seekable file. Where the header lies
    about the length, that seek fails and the block is lost.
    """

    def seekable(self) -> bool:
        return False


@contextmanager
def open_sound(file: BinaryIO, content: Content, limits: DecodeLimits, name: str) -> Iterator[AudioStream]:
    """Open a file for reading in blocks.

    Args:
        file: the file, open for reading in binary mode.
        content: what it holds, by its first bytes.
        limits: what decoding may cost.
        name: the file's name, for messages.

    Raises:
        AudioError: it holds no audio in a known format (reason ``not_audio``).
    """
    complete = _ogg_is_complete(file)
    source = with_length(file, limits.max_duration_s) if content.kind == "mpeg" else file
    try:
        # Opened by its descriptor where possible, because reading through Python is slower.
        sound = _SequentialFile(file.fileno() if source is file else source, closefd=False)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{name}: no audio in it ({_one_line(error)})", reason="not_audio") from None
    with sound:
        if sound.format not in _FORMATS:
            raise AudioError(f"{name}: {sound.format} is not a music format", reason="not_audio")
        yield AudioStream(_info(sound), _blocks(sound, limits.block_frames, complete, name))


def _info(sound: soundfile.SoundFile) -> AudioInfo:
    duration_s = sound.frames / sound.samplerate if sound.samplerate else 0.0
    kind = sound.subtype if sound.format == "OGG" else sound.format
    return AudioInfo(duration_s, sound.samplerate, sound.channels, kind)


def _blocks(sound: soundfile.SoundFile, frames: int, complete: bool, name: str) -> Iterator[Samples]:
    buffer = np.empty((frames, sound.channels), np.float32)
    total = 0
    while True:
        count, failure = _fill(sound, buffer)
        total += count
        if count:
            yield buffer[:count].mean(axis=1)
        if failure is not None:
            raise CutShortError(f"{name}: damaged after {total / sound.samplerate:.1f} s ({failure})")
        if count == 0:
            break
    if not complete or _falls_short(sound, total):
        raise CutShortError(f"{name}: cut off after {total / sound.samplerate:.1f} s")


def _fill(sound: soundfile.SoundFile, buffer: Samples) -> tuple[int, str | None]:
    """Read one block; after damage, say how many frames before it are good, and what libsndfile reported."""
    before = sound.tell()
    try:
        return len(sound.read(out=buffer)), None
    except soundfile.LibsndfileError as error:
        return min(max(0, sound.tell() - before), len(buffer)), _one_line(error)


def _falls_short(sound: soundfile.SoundFile, total: int) -> bool:
    """Say whether the header promised more frames than there were."""
    if total < sound.frames - _HEADER_SLACK_S * sound.samplerate:
        return True
    length = _LENGTH.search(sound.extra_info)
    return length is not None and int(length[2]) < int(length[1]) < _UNKNOWN_LENGTH


def _ogg_is_complete(file: BinaryIO) -> bool:
    """Say whether the last page of an Ogg file is marked as the last; true of any other file."""
    if file.read(4) != b"OggS":
        file.seek(0)
        return True
    size = file.seek(0, 2)
    file.seek(max(0, size - _OGG_TAIL))
    tail = file.read(_OGG_TAIL)
    file.seek(0)
    page = tail.rfind(b"OggS")
    return page >= 0 and page + 5 < len(tail) and bool(tail[page + 5] & _OGG_LAST_PAGE)


def _one_line(error: soundfile.LibsndfileError) -> str:
    return " ".join(str(error.error_string).split()).rstrip(".")
