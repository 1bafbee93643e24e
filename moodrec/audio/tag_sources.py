"""A file may hold several sets of tags: each is read, and one fills in what those before it leave out."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Final

import mutagen
from mutagen.aac import AAC
from mutagen.aiff import AIFF
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC
from mutagen.id3 import ParseID3v1
from mutagen.monkeysaudio import MonkeysAudio
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggtheora import OggTheora
from mutagen.oggvorbis import OggVorbis
from mutagen.trueaudio import TrueAudio
from mutagen.wave import WAVE
from mutagen.wavpack import WavPack

from moodrec.audio.av_tags import av_texts
from moodrec.audio.chunk_tags import aiff_texts, id3_chunk, riff_info
from moodrec.audio.flac_comments import flac_comments
from moodrec.audio.id3_frames import frame_texts
from moodrec.audio.signatures import AV_KINDS, content_of
from moodrec.audio.tag_dialects import (
    TagTexts,
    of_aiff,
    of_comments,
    of_ffmpeg,
    of_frames,
    of_mutagen,
    of_riff,
)

# The classes of mutagen for each kind of content, so that a wrong suffix does not matter.
_CLASSES: Final[Mapping[str, list[Any]]] = {
    "mpeg": [MP3],
    "adts": [AAC],
    "flac": [FLAC],
    "ogg": [OggVorbis, OggOpus, OggFLAC, OggSpeex, OggTheora],
    "wav": [WAVE],
    "aiff": [AIFF],
    "mp4": [MP4],
    "asf": [ASF],
    "ape": [MonkeysAudio],
    "wv": [WavPack],
    "tta": [TrueAudio],
}
_WITH_ID3V1: Final = frozenset({"mpeg", "tta"})
_WITH_OTHERS: Final = frozenset({"mpeg", "adts", "tta", "flac", "ape", "wv", ""})
_FRONT: Final = 1 << 22
_ID3V1: Final = 128

DAMAGE: Final = (
    mutagen.MutagenError,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    NotImplementedError,
    MemoryError,
    RecursionError,
    struct.error,
)
"""Errors by which damage surfaces: mutagen parses hostile bytes with plain indexing and struct."""

Read = Callable[[BinaryIO], TagTexts]


def read_sources(file: BinaryIO) -> TagTexts:
    """Read every set of tags of a file, the preferred one first; one that cannot be read is left out.

    ID3v2, then APEv2 stand before ID3v1, whose texts are cut at thirty letters. ID3v1, and what FFmpeg says of a
    file, count only where neither title nor artist is known.
    """
    content = content_of(file)
    kind = "" if content is None else content.kind
    found: dict[str, list[Sequence[str]]] = {}
    for read in _readers(kind, 0 if content is None else content.start):
        _add(found, _read(file, read))
    for read in _last_readers(kind):
        if not any(
            text.strip() for field in ("title", "artist") for texts in found.get(field, ()) for text in texts
        ):
            _add(found, _read(file, read))
    return found


def _readers(kind: str, start: int) -> list[Read]:
    readers: list[Read] = [lambda file: _of_mutagen(file, kind)] if kind in _CLASSES else []
    if kind == "flac":
        readers.append(lambda file: of_comments(flac_comments(file, start)))
    if kind in _WITH_OTHERS:
        readers += [_of_id3_in_front, lambda file: of_mutagen(APEv2(file))]
    if kind in ("wav", "aiff"):
        readers.append(lambda file: of_frames(frame_texts(id3_chunk(file))))
        readers.append(lambda file: of_riff(riff_info(file)) if kind == "wav" else of_aiff(aiff_texts(file)))
    return readers


def _last_readers(kind: str) -> list[Read]:
    readers: list[Read] = [_of_id3v1] if kind in _WITH_OTHERS else []
    return [*readers, lambda file: of_ffmpeg(av_texts(file, AV_KINDS[kind]))] if kind in AV_KINDS else readers


def _read(file: BinaryIO, read: Read) -> TagTexts:
    file.seek(0)
    try:
        return read(file)
    except DAMAGE:
        return {}


def _add(found: dict[str, list[Sequence[str]]], more: TagTexts) -> None:
    for field, texts in more.items():
        found.setdefault(field, []).extend(texts)


def _of_mutagen(file: BinaryIO, kind: str) -> TagTexts:
    options = {"load_v1": False} if kind in _WITH_ID3V1 else {}
    classes = _CLASSES[kind]
    opened = mutagen.File(file, options=classes) if len(classes) > 1 else classes[0](file, **options)
    return of_mutagen(getattr(opened, "tags", None))


def _of_id3_in_front(file: BinaryIO) -> TagTexts:
    return of_frames(frame_texts(file.read(_FRONT)))


def _of_id3v1(file: BinaryIO) -> TagTexts:
    file.seek(-_ID3V1, os.SEEK_END)
    frames = ParseID3v1(file.read(_ID3V1)) or {}
    return of_frames({name: [str(text) for text in frame.text] for name, frame in frames.items()})
