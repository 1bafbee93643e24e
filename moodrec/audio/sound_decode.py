"""libsndfile decodes WAV, FLAC, MP3, Ogg Vorbis, Opus and AIFF, one block at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import BinaryIO, Final, cast

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from moodrec.audio.file_part import FilePart, file_from, is_at_end
from moodrec.audio.mp3 import with_length
from moodrec.audio.ogg import ogg_layout
from moodrec.audio.signatures import Content
from moodrec.audio.stream import AudioInfo, AudioStream, Cause, CutShortError
from moodrec.audio.tails import audio_end
from moodrec.config import DecodeLimits
from moodrec.errors import AudioError

Blocks = Iterator[NDArray[np.float32]]

# libsndfile also takes headerless and scientific formats whose signatures any text may match.
_FORMATS: Final = frozenset({"WAV", "WAVEX", "RF64", "W64", "FLAC", "MP3", "OGG", "AIFF", "AU", "CAF"})
# Encoder delay and padding make an honest MP3 differ from its header by less than this.
_HEADER_SLACK_S: Final = 0.1
# Writers to a pipe cannot know the length and put a number near 2 or 4 GiB: no sign of a cut.
_UNKNOWN_LENGTH: Final = 0x7FFF0000
# libsndfile says so of FLAC whose header does not state its length.
_UNKNOWN_FRAMES: Final = (1 << 63) - 1
# libsndfile corrects wrong lengths in WAV, AIFF, AU, W64 and RF64, and reports it only in its log.
_LENGTH = re.compile(r"^ *(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
# Frames of an MP3 that does not state its length are counted up to a day.
_COUNTED_S: Final = 86_400.0


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
    parts, complete = _parts(file, content)
    with _opened(parts[0], name) as sound:
        info = _info(sound)
        if len(parts) > 1:
            info = replace(
                info, duration_s=info.duration_s + sum(_duration(part, name) for part in parts[1:])
            )
        yield AudioStream(info, _blocks(sound, parts, complete, limits.block_frames, name))


def _parts(file: BinaryIO, content: Content) -> tuple[list[BinaryIO], bool]:
    """Give the sources that are decoded one behind the other, and whether the file's end is there, where that can be
    told without decoding.
    """
    if content.kind == "mpeg":
        return [with_length(file, _COUNTED_S)], True
    if content.kind == "flac":
        size, end = file.seek(0, os.SEEK_END), audio_end(file)
        # Opened by its descriptor where possible, because reading through Python is slower.
        behind_tags = content.start or end != size
        return [cast(BinaryIO, FilePart(file, content.start, end)) if behind_tags else file], True
    if content.kind == "ogg":
        layout = ogg_layout(file)
        if len(layout.links) > 1:
            return [cast(BinaryIO, FilePart(file, *link)) for link in layout.links], layout.complete
        return [file_from(file, content.start)], layout.complete
    return [file_from(file, content.start)], True


@contextmanager
def _opened(source: BinaryIO, name: str) -> Iterator[soundfile.SoundFile]:
    source.seek(0)
    try:
        sound = _SequentialFile(source if isinstance(source, FilePart) else source.fileno(), closefd=False)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{name}: no audio in it ({_one_line(error)})", reason="not_audio") from None
    with sound:
        if sound.format not in _FORMATS:
            raise AudioError(f"{name}: {sound.format} is not a music format", reason="not_audio")
        yield sound


def _duration(source: BinaryIO, name: str) -> float:
    try:
        with _opened(source, name) as sound:
            return _info(sound).duration_s
    except AudioError:
        return 0.0


def _info(sound: soundfile.SoundFile) -> AudioInfo:
    known = sound.samplerate and sound.frames != _UNKNOWN_FRAMES
    kind = sound.subtype if sound.format == "OGG" else sound.format
    return AudioInfo(
        sound.frames / sound.samplerate if known else 0.0, sound.samplerate, sound.channels, kind
    )


def _blocks(
    first: soundfile.SoundFile, parts: Sequence[BinaryIO], complete: bool, frames: int, name: str
) -> Blocks:
    """Yield the blocks of all parts, at the sample rate of the first.

    Args:
        first: the first part, which is open.
        parts: all parts.
        complete: whether the end of the last part is there.
        frames: frames of a block.
        name: the file's name, for messages.
    """
    seconds = 0.0
    for place, part in enumerate(parts):
        with nullcontext(first) if place == 0 else _opened(part, name) as sound:
            blocks = _blocks_of(sound, part, frames, seconds, name)
            yield from blocks if sound.samplerate == first.samplerate else _resampled(blocks, sound, first)
            seconds += _place(sound) / sound.samplerate
    if not complete:
        raise CutShortError(f"{name}: cut off after {seconds:.1f} s", Cause.CUT_OFF)


def _resampled(blocks: Blocks, sound: soundfile.SoundFile, first: soundfile.SoundFile) -> Blocks:
    resampler = soxr.ResampleStream(sound.samplerate, first.samplerate, sound.channels, dtype="float32")
    for block in blocks:
        yield resampler.resample_chunk(block).reshape(-1, sound.channels)
    rest = resampler.resample_chunk(np.zeros((0, sound.channels), np.float32), last=True)
    yield rest.reshape(-1, sound.channels)


def _blocks_of(
    sound: soundfile.SoundFile, source: BinaryIO, frames: int, before_s: float, name: str
) -> Blocks:
    buffer = np.empty((frames, sound.channels), np.float32)
    total = 0
    while True:
        count, failure = _fill(sound, buffer)
        total += count
        if count:
            yield buffer[:count]
        if failure is not None and not _is_all(sound, total):
            place = f"after {before_s + total / sound.samplerate:.1f} s"
            if is_at_end(source):
                raise CutShortError(f"{name}: cut off {place} ({failure})", Cause.CUT_OFF)
            raise CutShortError(f"{name}: damaged {place} ({failure})", Cause.DAMAGED)
        if count == 0 or failure is not None:
            break
    if _falls_short(sound, total):
        raise CutShortError(
            f"{name}: cut off after {before_s + total / sound.samplerate:.1f} s", Cause.CUT_OFF
        )


def _is_all(sound: soundfile.SoundFile, total: int) -> bool:
    """Say whether as many frames were decoded as the header states: what fails then is something behind the audio."""
    slack = _HEADER_SLACK_S * sound.samplerate
    return bool(sound.frames != _UNKNOWN_FRAMES and total >= sound.frames - slack)


def _fill(sound: soundfile.SoundFile, buffer: NDArray[np.float32]) -> tuple[int, str | None]:
    """Read one block; after damage, say how many frames before it are good, and what libsndfile reported."""
    before = _place(sound)
    try:
        return len(sound.read(out=buffer)), None
    except soundfile.LibsndfileError as error:
        return min(max(0, _place(sound) - before), len(buffer)), _one_line(error)


def _place(sound: soundfile.SoundFile) -> int:
    """Tell the frame at which a file stands; 0 for codecs that do not tell (GSM 06.10, G.721, NMS ADPCM)."""
    try:
        return int(sound.tell())
    except soundfile.LibsndfileError:
        return 0


def _falls_short(sound: soundfile.SoundFile, total: int) -> bool:
    """Say whether the header promised more frames than there were."""
    if sound.frames != _UNKNOWN_FRAMES and not _is_all(sound, total):
        return True
    length = _LENGTH.search(sound.extra_info)
    return length is not None and int(length[2]) < int(length[1]) < _UNKNOWN_LENGTH


def _one_line(error: soundfile.LibsndfileError) -> str:
    return " ".join(str(error.error_string).split()).rstrip(".")
