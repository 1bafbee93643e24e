"""Any music file is decoded to one mono waveform, at a bounded cost in memory and time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import soxr

from moodrec.audio.av_decode import open_av
from moodrec.audio.downmix import Mixer
from moodrec.audio.file_part import file_from
from moodrec.audio.formats import AUDIO_SUFFIXES, AV_FORMATS
from moodrec.audio.opening import open_audio_file, printable
from moodrec.audio.signatures import AV_KINDS, SOUND_KINDS, Content, content_of
from moodrec.audio.sound_decode import open_sound
from moodrec.audio.stream import AudioInfo, AudioStream, Cause, CutShortError, check_header, check_samples
from moodrec.config import DecodeLimits
from moodrec.errors import AudioError, MissingExtraError
from moodrec.typing import Samples

_LEAST_BITS_A_SECOND: Final = 100
"""Fewer bits cannot hold a second, even of silence: a header that claims more time than fits is not believed."""
_OF_SOUND: Final = {"mpeg": "mp3"}
"""FFmpeg's names of kinds that libsndfile decodes, where they differ."""

__all__ = ["AUDIO_SUFFIXES", "AudioInfo", "Cause", "Stretch", "Waveform", "decode", "probe_audio"]


@dataclass(frozen=True)
class Waveform:
    """Decoded audio: ``samples (n,)`` float32, mono, at ``sample_rate`` Hz.

    ``duration_s`` is the length of what was read, in seconds of the file, and ``file_duration_s`` that of the whole
    file: where less was read, what its header states, if that can be. ``cause`` says why less was read; None where
    the file was read to its end.
    """

    samples: Samples
    sample_rate: int
    duration_s: float
    file_duration_s: float
    cause: Cause | None

    @property
    def truncated(self) -> bool:
        """Say whether the file holds, or once held, more."""
        return self.cause is not None


@dataclass(frozen=True)
class Stretch:
    """A part of a file, such as a track of a CUE sheet."""

    start_s: float = 0.0
    """Where it begins, in seconds."""
    length_s: float | None = None
    """Its length in seconds; None lasts to the end of the file."""


def probe_audio(path: Path | str) -> AudioInfo:
    """Read a file's header only; its claims are not checked against the audio.

    Raises:
        AudioError: it is no audio file; ``reason`` says why in one word.
        MissingExtraError: its format needs PyAV.
    """
    with open_stream(path, DecodeLimits()) as stream:
        return stream.info


def decode(
    path: Path | str,
    sample_rate: int = 16_000,
    limits: DecodeLimits | None = None,
    section: Stretch | None = None,
) -> Waveform:
    """Decode a file to mono, resampled once to ``sample_rate`` Hz.

    The file is read block by block, so a header that claims a huge length costs nothing. Audio before a cut
    or a damaged place is kept and marked with its ``cause``, and so is audio before ``limits.max_duration_s``.
    Channels are mixed by their mean, unless that loses the sound: see :mod:`moodrec.audio.downmix`.

    Args:
        path: the file.
        sample_rate: sample rate of the result, in Hz.
        limits: what decoding may cost; by default those of :class:`moodrec.config.DecodeLimits`.
        section: the part of the file that counts as the whole; None is all of it.

    Raises:
        AudioError: nothing can be decoded, or the samples are not sound. ``reason`` is one of ``missing``,
            ``forbidden``, ``unreadable``, ``not_a_file``, ``empty``, ``not_audio``, ``truncated``,
            ``bad_samples``, ``bad_sample_rate``, ``too_many_channels``.
        MissingExtraError: the format needs PyAV.
    """
    limits, name = limits or DecodeLimits(), printable(path)
    with open_stream(path, limits) as stream:
        mixer = Mixer()
        waveform = _with_length(
            _collect(stream, mixer, sample_rate, limits, section, name), stream, path, section
        )
    if not (signs := mixer.turned()):
        return waveform
    # The mean would lose the sound. That shows only at the end, and is too rare for keeping two mixes all the way.
    with open_stream(path, limits) as stream:
        read = _collect(stream, Mixer(signs), sample_rate, limits, section, name)
        return _with_length(read, stream, path, section)


def _with_length(read: Waveform, stream: AudioStream, path: Path | str, section: Stretch | None) -> Waveform:
    """Set the length of the whole file, where less was read and the header's claim can be true.

    A file that was cut off lasts as long as what is there.
    """
    claimed = stream.info.duration_s
    if section is not None:
        claimed = claimed - section.start_s if section.length_s is None else section.length_s
    if read.cause in (None, Cause.CUT_OFF) or claimed <= read.duration_s:
        return read
    fits = claimed * _LEAST_BITS_A_SECOND <= Path(path).stat().st_size * 8
    return replace(read, file_duration_s=claimed) if fits else read


@contextmanager
def open_stream(path: Path | str, limits: DecodeLimits) -> Iterator[AudioStream]:
    """Open a file with the decoder for what it holds, and check its header.

    Args:
        path: the file.
        limits: what decoding may cost.

    Raises:
        AudioError, MissingExtraError: as :func:`decode`.
    """
    name = printable(path)
    with open_audio_file(path) as file, _decoder(file, Path(path).suffix.lower(), limits, name) as stream:
        check_header(stream.info, limits, name)
        yield stream


@contextmanager
def _decoder(file: BinaryIO, suffix: str, limits: DecodeLimits, name: str) -> Iterator[AudioStream]:
    """Open a file with the decoder for what it holds; its suffix decides only where its first bytes say nothing."""
    content = content_of(file)
    with ExitStack() as stack:
        if content is None:
            if suffix not in AV_FORMATS:
                raise AudioError(f"{name}: no audio in it (Format not recognised)", reason="not_audio")
            stream = stack.enter_context(open_av(file, AV_FORMATS[suffix], f"reading {suffix} files", name))
        elif content.kind in SOUND_KINDS:
            try:
                stream = stack.enter_context(open_sound(file, content, limits, name))
            except AudioError as error:
                stream = stack.enter_context(_second_try(file, content, error, name))
        elif content.kind in AV_KINDS:
            what = f"reading {content.name} files"
            if AV_FORMATS.get(suffix) != AV_KINDS[content.kind]:
                what = (
                    f"reading this file, which is called {suffix or 'by no suffix'} and holds {content.name},"
                )
            stream = stack.enter_context(
                open_av(file_from(file, content.start), AV_KINDS[content.kind], what, name)
            )
        else:
            raise AudioError(f"{name}: holds {content.name}, which is not decoded", reason="not_audio")
        yield stream


@contextmanager
def _second_try(file: BinaryIO, content: Content, refusal: AudioError, name: str) -> Iterator[AudioStream]:
    """Open with PyAV what libsndfile refused, such as FLAC of 32 bits; if that does not work either, the refusal
    stands.

    Args:
        file: the file.
        content: what it holds.
        refusal: what libsndfile said.
        name: the file's name, for messages.
    """
    demuxer = _OF_SOUND.get(content.kind, content.kind)
    with ExitStack() as stack:
        file.seek(0)
        source = file_from(file, content.start)
        try:
            stream = stack.enter_context(open_av(source, demuxer, "", name))
        except AudioError:
            raise refusal from None
        except MissingExtraError:
            more = "PyAV may decode it: pip install 'moodrec[av]'"
            raise AudioError(f"{refusal}; {more}", reason=refusal.reason) from None
        yield stream


def _collect(
    stream: AudioStream,
    mixer: Mixer,
    sample_rate: int,
    limits: DecodeLimits,
    section: Stretch | None,
    name: str,
) -> Waveform:
    source = _BoundedSource(stream, mixer, limits.max_duration_s, section, name)
    # A byte array grows in place, so a long track is never held twice.
    samples = bytearray()
    for block in _resampled(source, stream.info.sample_rate, sample_rate):
        samples += block.tobytes()
    if not samples:
        lasts = f"{source.frames / stream.info.sample_rate:.2g} s"
        raise AudioError(f"{name}: the audio in the file lasts {lasts}, which is too short", reason="empty")
    duration_s = source.frames / stream.info.sample_rate
    return Waveform(np.frombuffer(samples, np.float32), sample_rate, duration_s, duration_s, source.cause)


def _resampled(blocks: _BoundedSource, from_rate: int, to_rate: int) -> Iterator[Samples]:
    if from_rate == to_rate:
        yield from blocks
        return
    resampler = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32")
    for block in blocks:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


class _BoundedSource:
    """Yields checked mono blocks up to the limit; ``frames`` then counts those read, and ``cause`` says why there
    were more.
    """

    def __init__(
        self, stream: AudioStream, mixer: Mixer, max_duration_s: float, section: Stretch | None, name: str
    ) -> None:
        rate, wanted = stream.info.sample_rate, section or Stretch()
        self.frames = 0
        self.cause: Cause | None = None
        self._stream = stream
        self._mixer = mixer
        self._skipped = round(wanted.start_s * rate)
        self._begins_later = self._skipped > 0
        self._room = int(max_duration_s * rate)
        self._wanted = self._room + 1 if wanted.length_s is None else round(wanted.length_s * rate)
        self._name = name

    def __iter__(self) -> Iterator[Samples]:
        try:
            yield from self._bounded()
        except CutShortError as error:
            self.cause = error.cause
            if self.frames == 0:
                raise
        if self.frames == 0:
            told = (
                "the track begins behind the end of the file"
                if self._begins_later
                else "there is no audio in the file"
            )
            raise AudioError(f"{self._name}: {told}", reason="empty")

    def _bounded(self) -> Iterator[Samples]:
        for every in self._stream.blocks:
            block, self._skipped = every[self._skipped :], max(0, self._skipped - len(every))
            block = block[: self._wanted - self.frames]
            if not len(block):
                if self.frames and self.frames >= self._wanted:
                    return
                continue
            mono = self._mixer.mix(block)
            check_samples(mono, self._name)
            kept = mono[: self._room - self.frames]
            self.frames += len(kept)
            yield kept
            if len(kept) < len(mono):
                self.cause = Cause.OVER_LIMIT
                return
