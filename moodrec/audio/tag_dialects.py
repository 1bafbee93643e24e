"""ID3, Vorbis comments, MP4, ASF and APEv2 give different names to the same tags; these tables translate
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

TagTexts = Mapping[str, Sequence[str]]
"""Field of :class:`moodrec.audio.probe.Tags` to its raw texts."""

_FREE: Final = "----:com.apple.iTunes:"
_ITUNES: Final = _FREE + "MusicBrainz "

# For each field, the keys that may hold it, the preferred one first.
_VORBIS: Final = {
    "title": ("title",),
    "artist": ("artist",),
    "album_artist": ("albumartist", "album artist", "album_artist"),
    "album": ("album",),
    "date": ("date", "originaldate", "year"),
    "genre": ("genre",),
    "musicbrainz_recording_id": ("musicbrainz_trackid",),
    "musicbrainz_album_id": ("musicbrainz_albumid",),
    "musicbrainz_artist_id": ("musicbrainz_artistid",),
    "artists": ("artists",),
    "isrc": ("isrc",),
    "acoustid_id": ("acoustid_id",),
    "acoustid_fingerprint": ("acoustid_fingerprint",),
}
_MP4: Final = {
    "title": ("\xa9nam",),
    "artist": ("\xa9ART",),
    "album_artist": ("aART",),
    "album": ("\xa9alb",),
    "date": ("\xa9day",),
    "genre": ("\xa9gen",),
    "musicbrainz_recording_id": (_ITUNES + "Track Id",),
    "musicbrainz_album_id": (_ITUNES + "Album Id",),
    "musicbrainz_artist_id": (_ITUNES + "Artist Id",),
    "artists": (_FREE + "ARTISTS",),
    "isrc": (_FREE + "ISRC",),
    "acoustid_id": (_FREE + "Acoustid Id",),
    "acoustid_fingerprint": (_FREE + "Acoustid Fingerprint",),
}
_ASF: Final = {
    "title": ("Title",),
    "artist": ("Author",),
    "album_artist": ("WM/AlbumArtist",),
    "album": ("WM/AlbumTitle",),
    "date": ("WM/Year", "WM/OriginalReleaseYear"),
    "genre": ("WM/Genre",),
    "musicbrainz_recording_id": ("MusicBrainz/Track Id",),
    "musicbrainz_album_id": ("MusicBrainz/Album Id",),
    "musicbrainz_artist_id": ("MusicBrainz/Artist Id",),
    "artists": ("WM/ARTISTS",),
    "isrc": ("WM/ISRC",),
    "acoustid_id": ("Acoustid/Id",),
    "acoustid_fingerprint": ("Acoustid/Fingerprint",),
}
_ID3: Final = {
    "title": ("TIT2",),
    "artist": ("TPE1",),
    "album_artist": ("TPE2",),
    "album": ("TALB",),
    "date": ("TDRC", "TDOR", "TDRL"),
    "genre": ("TCON",),
    "musicbrainz_recording_id": ("UFID:http://musicbrainz.org", "TXXX:MusicBrainz Track Id"),
    "musicbrainz_album_id": ("TXXX:MusicBrainz Album Id",),
    "musicbrainz_artist_id": ("TXXX:MusicBrainz Artist Id",),
    "artists": ("TXXX:ARTISTS", "TXXX:Artists", "TXXX:artists"),
    "isrc": ("TSRC",),
    "acoustid_id": ("TXXX:Acoustid Id", "TXXX:ACOUSTID_ID"),
    "acoustid_fingerprint": ("TXXX:Acoustid Fingerprint", "TXXX:ACOUSTID_FINGERPRINT"),
}


def tag_values(file: Any) -> TagTexts:
    """Read the texts of the known tags of a file that mutagen opened; none for ``None``, which it could not
    open.
    """
    tags = getattr(file, "tags", None)
    if tags is None:
        return {}
    names, texts = _dialect(tags)
    found = {field: _first_present(tags, keys) for field, keys in names.items()}
    return {field: texts(value) for field, value in found.items() if value is not None}


def _dialect(tags: Any) -> tuple[Mapping[str, Sequence[str]], Callable[[Any], list[str]]]:
    if isinstance(tags, ID3):
        return _ID3, _frame_texts
    if isinstance(tags, MP4Tags):
        return _MP4, _item_texts
    if isinstance(tags, ASFTags):
        return _ASF, _item_texts
    return _VORBIS, _ape_texts if isinstance(tags, APEv2) else _item_texts


def _first_present(tags: Any, keys: Sequence[str]) -> Any:
    return next((tags[key] for key in keys if key in tags), None)


def _frame_texts(frame: Any) -> list[str]:
    if hasattr(frame, "genres"):
        return list(frame.genres)
    if hasattr(frame, "data"):
        return [_text(frame.data)]
    return [str(text) for text in frame.text]


def _item_texts(items: Any) -> list[str]:
    return [_text(item) for item in items]


def _ape_texts(value: Any) -> list[str]:
    return list(value)


def _text(item: Any) -> str:
    return bytes(item).decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
