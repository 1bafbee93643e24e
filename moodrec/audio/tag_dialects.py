"""ID3, Vorbis comments, MP4, ASF, APEv2, RIFF, AIFF and Matroska give different names to the same tags; these tables
translate them. Upper and lower case are the same in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mutagen.asf import ASFTags
from mutagen.id3 import ID3
from mutagen.mp4 import AtomDataType, MP4FreeForm, MP4Tags

TagTexts = Mapping[str, Sequence[Sequence[str]]]
"""Field of :class:`moodrec.audio.probe.Tags`, or ``original_date``, to the texts of each key that holds it, the
preferred key first."""
Keys = Mapping[str, Sequence[str]]

_ITUNES: Final = "----:com.apple.itunes:"
_FREE: Final = {
    "title": ("title",),
    "artist": ("artist",),
    "album_artist": ("albumartist", "album artist", "album_artist"),
    "album": ("album",),
    "date": ("date", "releasedate", "year", "recordingdate"),
    "original_date": (
        "originaldate",
        "originalyear",
        "original year",
        "originalreleasedate",
        "original_year",
    ),
    "genre": ("genre",),
    "musicbrainz_recording_id": ("musicbrainz_trackid", "musicbrainz_recordingid", "musicbrainz track id"),
    "musicbrainz_album_id": ("musicbrainz_albumid", "musicbrainz album id"),
    "musicbrainz_artist_id": ("musicbrainz_artistid", "musicbrainz artist id"),
    "artists": ("artists",),
    "isrc": ("isrc",),
    "acoustid_id": ("acoustid_id", "acoustid id"),
    "acoustid_fingerprint": ("acoustid_fingerprint", "acoustid fingerprint"),
}
"""Names that taggers use wherever names are free: Vorbis comments, APEv2, and fields of one's own elsewhere."""


def _also_free(own: Keys, prefix: str = "") -> Keys:
    """Add the free names, each with a prefix, behind a format's own keys."""
    return {
        field: (*own.get(field, ()), *(prefix + name for name in names)) for field, names in _FREE.items()
    }


_MP4: Final = _also_free(
    {
        "title": ("\xa9nam",),
        "artist": ("\xa9art",),
        "album_artist": ("aart",),
        "album": ("\xa9alb",),
        "date": ("\xa9day",),
        "genre": ("\xa9gen",),
    },
    _ITUNES,
)
_ASF: Final = _also_free(
    {
        "artist": ("author",),
        "album_artist": ("wm/albumartist",),
        "album": ("wm/albumtitle",),
        "date": ("wm/year",),
        "original_date": ("wm/originalreleaseyear", "wm/originalreleasetime"),
        "genre": ("wm/genre",),
        "musicbrainz_recording_id": ("musicbrainz/track id",),
        "musicbrainz_album_id": ("musicbrainz/album id",),
        "musicbrainz_artist_id": ("musicbrainz/artist id",),
        "artists": ("wm/artists",),
        "isrc": ("wm/isrc",),
        "acoustid_id": ("acoustid/id",),
        "acoustid_fingerprint": ("acoustid/fingerprint",),
    }
)
_ID3: Final = _also_free(
    {
        "title": ("tit2",),
        "artist": ("tpe1",),
        "album_artist": ("tpe2",),
        "album": ("talb",),
        "date": ("tdrc", "tyer", "tdrl", "trda"),
        "original_date": ("tdor", "tory"),
        "genre": ("tcon",),
        "musicbrainz_recording_id": ("ufid:http://musicbrainz.org",),
        "isrc": ("tsrc",),
    },
    "txxx:",
)
_RIFF: Final = {
    "title": ("inam", "titl"),
    "artist": ("iart",),
    "album": ("iprd",),
    "date": ("icrd", "iyer", "year"),
    "genre": ("ignr",),
    "isrc": ("isrc",),
}
_AIFF: Final = {"title": ("name",), "artist": ("auth",)}
# FFmpeg names a tag of Matroska that belongs to the album and not to the track with its target in front.
_MATROSKA: Final = _also_free(
    {
        "title": ("track/title",),
        "artist": ("track/artist", "performer"),
        "album_artist": ("album/artist",),
        "album": ("album/title",),
        "date": ("date_released", "album/date_released", "date_recorded", "album/date"),
    }
)
_OLDER_FRAMES: Final = {
    "TT2": "TIT2",
    "TP1": "TPE1",
    "TP2": "TPE2",
    "TAL": "TALB",
    "TYE": "TYER",
    "TRD": "TRDA",
    "TOR": "TORY",
    "TCO": "TCON",
    "TRC": "TSRC",
    "TXX": "TXXX",
    "UFI": "UFID",
}
"""Frames of ID3v2.2 and what they are called since."""


def of_mutagen(tags: Any) -> TagTexts:
    """Read the texts of the known tags that mutagen read from a file; none for ``None``."""
    if tags is None:
        return {}
    keys: Keys
    texts: Callable[[Any], list[str]]
    if isinstance(tags, ID3):
        keys, texts = _ID3, _frame_texts
    elif isinstance(tags, MP4Tags):
        keys, texts = _MP4, _item_texts
    elif isinstance(tags, ASFTags):
        keys, texts = _ASF, _item_texts
    else:
        keys, texts = _FREE, _item_texts
    names: dict[str, str] = {}
    for name in tags.keys():  # noqa: SIM118  (some tags of mutagen iterate over pairs)
        names.setdefault(str(name).lower(), name)
    found = {
        field: [texts(tags[names[key]]) for key in wanted if key in names] for field, wanted in keys.items()
    }
    return _one_title(found) if isinstance(tags, ID3) else found


def of_frames(frames: Mapping[str, Sequence[str]]) -> TagTexts:
    """Translate texts by ID3 frame; ``TXXX`` is followed by a colon and its name."""
    modern = {
        _OLDER_FRAMES.get(name[:3], name) if len(name) == 3 else name: texts for name, texts in frames.items()
    }
    return _one_title(_translated(modern, _ID3))


def of_comments(texts: Mapping[str, Sequence[str]]) -> TagTexts:
    """Translate texts by the names of Vorbis comments."""
    return _translated(texts, _FREE)


def of_riff(texts: Mapping[str, Sequence[str]]) -> TagTexts:
    """Translate texts by four letters of a RIFF ``INFO`` list."""
    return _translated(texts, _RIFF)


def of_aiff(texts: Mapping[str, Sequence[str]]) -> TagTexts:
    """Translate texts by four letters of an AIFF chunk."""
    return _translated(texts, _AIFF)


def of_ffmpeg(texts: Mapping[str, Sequence[str]]) -> TagTexts:
    """Translate texts by the names that FFmpeg gives to tags."""
    return _translated(texts, _MATROSKA)


def _one_title(found: dict[str, list[list[str]]]) -> dict[str, list[list[str]]]:
    """Keep the first text of an ID3 title: what follows its terminator is no title."""
    return found | {"title": [[next(filter(str.strip, texts), "")] for texts in found.get("title", [])]}


def _translated(texts: Mapping[str, Sequence[str]], keys: Keys) -> dict[str, list[list[str]]]:
    lower = {name.lower(): values for name, values in texts.items()}
    return {field: [list(lower[key]) for key in wanted if key in lower] for field, wanted in keys.items()}


def _frame_texts(frame: Any) -> list[str]:
    if hasattr(frame, "data"):
        return [_text(frame.data)]
    # One text is followed by others, unless an empty one says that what follows the terminator is junk.
    texts = [str(text) for text in frame.text]
    return texts[: texts.index("", 1)] if "" in texts[1:] else texts


def _item_texts(items: Any) -> list[str]:
    return [items] if isinstance(items, str) else [_text(item) for item in items]


def _text(item: Any) -> str:
    if isinstance(item, MP4FreeForm) and item.dataformat == AtomDataType.UTF16:
        return bytes(item).decode("utf-16-be", "replace")
    return bytes(item).decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
