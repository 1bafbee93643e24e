"""The tracks and the artist that a name in a search means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa

from moodrec.filters.conditions import quote_value
from moodrec.index.front import SearchFront
from moodrec.library.snapshot import DUPLICATE_OF
from moodrec.names import name_of
from moodrec.recommend.find.lexicon import Lexicon, folded_words
from moodrec.recommend.find.sentence import Seed
from moodrec.recommend.text_search import TextSearch
from moodrec.schema import ALBUM, ARTIST, ARTISTS, PATH, TITLE, TRACK_ID

OF_AN_ARTIST: Final = 50
"""The number of tracks that stand for an artist."""
TOLD: Final = (TRACK_ID, TITLE, ARTIST, ALBUM, PATH, DUPLICATE_OF)
"""The columns by which tracks are found and told apart."""
_TRIED: Final = 2_000


@dataclass(frozen=True)
class Named:
    """What a name means."""

    seed: Seed | None
    """The one meaning; None where there are several, or none."""
    matches: tuple[tuple[str, str], ...] = ()
    """The tracks that it may mean, as pairs of id and description."""


class Names:
    """Finds tracks by their whole titles, ``artist title`` or ``title by artist``, and artists by their names.

    The name of its file stands for the title of a track that has none.
    """

    def __init__(self, index: SearchFront, lexicon: Lexicon, texts: TextSearch | None = None) -> None:
        """Remember where names are found.

        Args:
            index: whose tracks there are.
            lexicon: of the same library.
            texts: the texts of :data:`TOLD`, where they are at hand.
        """
        self._index, self._lexicon = index, lexicon
        self._given = texts

    def meaning(self, phrase: tuple[str, ...]) -> Named:
        """Return what a phrase of folded words means."""
        tracks = self._tracks(phrase)
        artist = self._lexicon.artist(phrase)
        if artist is not None:
            return Named(self._by(artist), tracks)
        if len(tracks) == 1:
            return Named(Seed(tracks[0][1], (tracks[0][0],)))
        return Named(None, tracks)

    def _tracks(self, phrase: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        words = [word for word in phrase if word != "by"] or list(phrase)
        rows = self._texts.find(" ".join(words))[:_TRIED]
        found = self._texts.table.take(pa.array(rows))
        hits = [row for row in found.to_pylist() if _is_called(row, phrase)]
        originals = [row for row in hits if not row.get(DUPLICATE_OF)]
        return tuple((row[TRACK_ID], _description(row)) for row in originals or hits)

    def _by(self, spellings: tuple[str, ...]) -> Seed:
        column = ARTISTS if ARTISTS in self._index.column_names else ARTIST
        names = ", ".join(map(quote_value, spellings))
        rows = self._index.matching(f"{column} IN ({names})", columns=[TRACK_ID])
        if not len(rows):
            rows = self._index.matching(f"{ARTIST} IN ({names})", columns=[TRACK_ID])
        return Seed(spellings[0], tuple(rows[TRACK_ID].slice(0, OF_AN_ARTIST).to_pylist()))

    @cached_property
    def _texts(self) -> TextSearch:
        return TextSearch(self._index.columns(TOLD)) if self._given is None else self._given


def _is_called(row: dict[str, str | None], phrase: tuple[str, ...]) -> bool:
    title, artist = (folded_words(text) for text in (name_of(row), row.get(ARTIST) or ""))
    if not title:
        return False
    return phrase in {title, artist + title, (*title, "by", *artist), title + artist}


def _description(row: dict[str, str | None]) -> str:
    names = " - ".join(filter(None, (row.get(ARTIST), name_of(row))))
    return f"{names} ({row[ALBUM]})" if row.get(ALBUM) else names
