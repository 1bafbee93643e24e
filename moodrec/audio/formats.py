"""Suffixes decide which files are taken for music and which library decodes them."""

from __future__ import annotations

from typing import Final

SOUND_SUFFIXES: Final = frozenset(
    {
        ".wav",
        ".wave",
        ".bwf",
        ".flac",
        ".mp3",
        ".mpga",
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
"""Suffixes of the formats that libsndfile decodes; it goes by the content of a file and not by its name."""

AV_FORMATS: Final = {
    ".m4a": "mp4",
    ".m4b": "mp4",
    ".m4r": "mp4",
    ".mp4": "mp4",
    ".alac": "mp4",
    ".aac": "aac",
    ".wma": "asf",
    ".asf": "asf",
    ".mka": "matroska",
    ".webm": "matroska",
    ".weba": "matroska",
    ".ape": "ape",
    ".wv": "wv",
    ".tta": "tta",
}
"""Suffix to the demuxer that PyAV must use for it; its own choice could follow playlists to other files."""

AUDIO_SUFFIXES: Final = SOUND_SUFFIXES | frozenset(AV_FORMATS)
"""Lower-case suffixes of the files that a scan of a folder takes for music."""

UNSUPPORTED: Final = {
    ".dsf": "DSD",
    ".dff": "DSD",
    ".mpc": "Musepack",
    ".mp+": "Musepack",
    ".mpp": "Musepack",
    ".mp2": "MPEG layer II",
    ".mp1": "MPEG layer I",
    ".mpa": "MPEG layer II",
    ".ofr": "OptimFROG",
    ".ofs": "OptimFROG",
    ".tak": "TAK",
    ".shn": "Shorten",
    ".spx": "Speex",
    ".ac3": "AC-3",
    ".eac3": "AC-3",
    ".dts": "DTS",
    ".ra": "RealAudio",
    ".rm": "RealAudio",
    ".amr": "AMR",
    ".mid": "MIDI",
    ".midi": "MIDI",
    ".mod": "tracker modules",
    ".xm": "tracker modules",
    ".s3m": "tracker modules",
    ".it": "tracker modules",
}
"""Lower-case suffixes of music that is not decoded, with the name of its format; a scan counts these files."""
