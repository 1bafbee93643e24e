"""PyAV reads the tags of containers that mutagen does not know, such as Matroska and WebM."""

from __future__ import annotations

from typing import BinaryIO

from moodrec.audio.av_decode import opened_av
from moodrec.errors import AudioError, MissingExtraError


def av_texts(file: BinaryIO, demuxer: str) -> dict[str, list[str]]:
    """Read a file's tags by the names that FFmpeg gives them; none where PyAV is missing or cannot open the file.

    Args:
        file: the file, open for reading in binary mode.
        demuxer: FFmpeg's name of the format.
    """
    try:
        with opened_av(file, demuxer, "", "") as container:
            found = {name: [text] for name, text in container.metadata.items()}
            for stream in container.streams.audio[:1]:
                for name, text in stream.metadata.items():
                    found.setdefault(name, [text])
    except (AudioError, MissingExtraError):
        return {}
    return found
