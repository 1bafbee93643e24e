"""Which files are taken for music, and who reads them."""

from __future__ import annotations

from typing import Final

SOUND_SUFFIXES: Final = frozenset(
    {
        ".wav",
        ".flac",
        ".mp3",
        ".ogg",
        ".oga",
        ".opus",
        ".aif",
        ".aiff",
        ".aifc",
        ".au",
        ".caf",
        ".w64",
        ".rf64",
    }
)
"""Read by libsndfile, which looks at the content and not at the name."""

AV_FORMATS: Final = {
    ".m4a": "mp4",
    ".m4b": "mp4",
    ".mp4": "mp4",
    ".alac": "mp4",
    ".aac": "aac",
    ".wma": "asf",
    ".asf": "asf",
    ".mka": "matroska",
    ".webm": "matroska",
    ".ape": "ape",
    ".wv": "wv",
    ".tta": "tta",
}
"""Read by PyAV with this demuxer and no other: its own guess would follow playlists to other files."""

AUDIO_SUFFIXES: Final = SOUND_SUFFIXES | frozenset(AV_FORMATS)
"""Lower-case suffixes of the files that a scan of a folder takes for music."""
