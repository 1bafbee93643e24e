"""Who made a track: the names of an artist credit are told apart, the main artists from their guests.

Files hold credits in many forms: one artist, several values of a tag, one text with separators ("A; B"), and guests
behind "feat.". A name is never divided at "&", "," or "/": these are parts of names as often as they join two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from moodrec.names import fold

VARIOUS_ARTISTS_ID: Final = "89ad4ac3-39f7-470e-963a-56509c546377"
"""MusicBrainz' id of the entry that stands for various artists."""
UNKNOWN_ARTIST_ID: Final = "125ec42a-7229-4250-afc5-e057484327fe"
"""MusicBrainz' id of the entry that stands for an unknown artist."""
NOT_ARTIST_IDS: Final = frozenset((VARIOUS_ARTISTS_ID, UNKNOWN_ARTIST_ID))

_NOT_ARTISTS: Final = frozenset(
    """
    various artists|various artist|various|va|v a|aa vv|aavv|vvaa|vv aa|various performers|various interprets
    verschiedene interpreten|verschiedene künstler|verschiedene|diverse interpreten|diverse künstler|diverse
    artistes divers|artistes variés|divers artistes|divers|multi interprètes|compilation|compilations
    varios artistas|varios intérpretes|varios|vários artistas|vários intérpretes|vários|artistas varios
    artisti vari|autori vari|interpreti vari|diverse artiesten|diverse artister|blandade artister|eri esittäjiä
    różni wykonawcy|různí interpreti|různí|različni izvođači|çeşitli sanatçılar|διάφοροι καλλιτέχνες
    разные исполнители|различные исполнители|разные артисты|різні виконавці|сборник
    ヴァリアス アーティスト|ヴァリアスアーティスト|オムニバス|群星|众艺人|多位艺人|合輯|合辑|여러 아티스트
    unknown artist|unknown artists|unknown|no artist|unbekannter künstler|unbekannter interpret|unbekannt
    artiste inconnu|artista desconocido|artista desconhecido|artista sconosciuto|onbekende artiest
    неизвестный исполнитель|неизвестен|未知艺术家|不明なアーティスト
    """.replace("\n", "|")
    .replace("|    ", "|")
    .strip("| ")
    .split("|")
)
"""What stands in place of an artist, folded and without punctuation."""
_SEPARATORS: Final = re.compile(r"\0|(?<!&amp)(?<!&quot)(?<!&apos)(?<!&#39)(?<!&#039);")
_GUESTS: Final = re.compile(
    r"(?:\s+|\s*[(\[{]\s*)(?:featuring\s+|feat\s*\.\s*|ft\s*\.\s*|f(?:ea)?t\s+)"
    r"(?=\S)(?![&,;/+-]|and\b|feat\b|ft\.)",
    re.IGNORECASE,
)
_IN_TITLE: Final = re.compile(
    r"[(\[{]\s*(?:featuring\s+|f(?:ea)?t\s*\.?\s+|f(?:ea)?t\.\s*)(?P<names>[^)\]}]+)", re.IGNORECASE
)
_IDS: Final = re.compile(r"[;,/\s\0]+")
SEVERAL: Final = r"(?i)[;\x00]|\bf(?:ea)?t(?:uring)?\b"
"""An expression (RE2) that every credit of several artists matches."""
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Credit:
    """The artists that a track is by."""

    main: tuple[str, ...] = ()
    """The names of the artists who made it, the first one first; none where nobody is named."""
    guests: tuple[str, ...] = ()
    """The names of those who take part as guests."""

    @property
    def everyone(self) -> tuple[str, ...]:
        """All names, those of the main artists first."""
        return (*self.main, *self.guests)


def is_artist(name: str) -> bool:
    """Say whether a name is that of an artist, and not a stand-in such as "Various Artists" or "<Unknown>"."""
    return _plain(name) not in _NOT_ARTISTS and bool(fold(name))


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", fold(name)).split())


def credit(text: str | None, listed: Sequence[str] = ()) -> Credit:
    """Read who a track is by.

    Args:
        text: the artist as it is shown, such as "A feat. B"; None where it is unknown.
        listed: the names of all artists where the file lists them, the main ones first. They say where a name such
            as "A & B" is to be divided.

    Returns:
        The names. A listed artist is a guest where the text names it behind "feat.", or does not name it at all
        although it names another one.
    """
    shown = _credit_of(text or "")
    names = _distinct(part for name in listed for part in _credit_of(name).everyone)
    if not names:
        return shown
    main_part, guest_part = _folded_parts(text or "")
    if not main_part or not is_artist(main_part):
        return Credit(tuple(names))
    unlike_guests = [name for name in names if not _is_in(name, guest_part)]
    main = [name for name in unlike_guests if _is_in(name, main_part)] or unlike_guests[:1] or names[:1]
    return Credit(tuple(main), tuple(name for name in names if name not in main))


def guests_in_title(title: str | None) -> tuple[str, ...]:
    """Read the guests that a title names in brackets: "Song (feat. B)"."""
    found = _IN_TITLE.search(title or "")
    return Credit((), tuple(_names(found["names"]))).guests if found else ()


def first_id(text: str | None) -> str | None:
    """Read the first of the MusicBrainz ids that a text holds, the main artist's; None where there is none."""
    return next((part for part in _IDS.split(text or "") if part), None)


@lru_cache(maxsize=4096)
def _credit_of(text: str) -> Credit:
    parts = _GUESTS.split(text)
    main = _distinct(_names(parts[0]))
    guests = _distinct(name for part in parts[1:] for name in _names(_unbracketed(part)))
    if not main and guests and not _SEPARATORS.sub("", parts[0]).strip():
        main, guests = guests[:1], guests[1:]
    return Credit(tuple(main), tuple(name for name in guests if name not in main))


def _folded_parts(text: str) -> tuple[str, str]:
    """Return the folded part of a credit before its guests, and that of its guests."""
    parts = _GUESTS.split(text)
    return fold(parts[0]), " ".join(map(fold, parts[1:]))


def _is_in(name: str, text: str) -> bool:
    """Say whether a folded text names an artist, as whole words."""
    return re.search(rf"(?<!\w){re.escape(fold(name))}(?!\w)", text) is not None


def _names(text: str) -> list[str]:
    parts = (" ".join(part.split()) for part in _SEPARATORS.split(text))
    return [part for part in parts if part and is_artist(part)]


def _unbracketed(text: str) -> str:
    """Cut a text at the first bracket that closes and was never opened."""
    open_: list[str] = []
    for place, character in enumerate(text):
        if character in _BRACKETS.values():
            open_.append(character)
        elif character in _BRACKETS and (not open_ or open_.pop() != _BRACKETS[character]):
            return text[:place]
    return text


def _distinct(names: Iterable[str]) -> list[str]:
    """Return names once each, whatever their case, as they are first written."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(fold(name), name)
    return list(found.values())
