"""A fixed vocabulary of everyday genres, onto which the names of every library are mapped.

``genres.csv`` beside this file is the whole table: a genre, the genres that it implies, and the names under which
AllMusic, Discogs, MTG-Jamendo and ID3 have it. A name may stand in several rows: "Pop/Rock" is both pop and rock.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

TABLE: Final = "genres.csv"
_SEPARATORS: Final = re.compile(r"[;,/|\\\0]|\s+-\s+")
_AND: Final = re.compile(r"\s*(&|\+|\bn'|'n'|\band\b)\s*")
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Vocabulary:
    """The genres, and what each known name stands for."""

    genres: tuple[str, ...]
    """Names of the genres, snake_case, in the order of the table; columns of :func:`genre_matrix` follow it."""
    names: dict[str, tuple[str, ...]]
    """Key of a name (:func:`genre_key`) to the genres that it means, those that these imply included."""

    def of(self, name: str) -> tuple[str, ...]:
        """The genres of one name as a library spells it; empty where no part of it is known.

        A whole name comes first ("Pop/Rock"), then its parts at commas and strokes, then, for a part that is still
        unknown, its last words: "Melodic Death Metal" ends in "Death Metal", so it is metal.
        """
        whole = self.names.get(genre_key(name))
        found = (
            set(whole) if whole else {genre for part in _SEPARATORS.split(name) for genre in self._tail(part)}
        )
        return tuple(genre for genre in self.genres if genre in found)

    def _tail(self, part: str) -> tuple[str, ...]:
        words = _words(part)
        for first in range(len(words)):
            found = self.names.get("".join(words[first:]))
            if found:
                return found
        return ()


@cache
def vocabulary() -> Vocabulary:
    """Read the table that is part of the package."""
    text = resources.files(__package__).joinpath(TABLE).read_text(encoding="utf-8")
    return _vocabulary(list(csv.DictReader(text.splitlines())))


def genre_key(name: str) -> str:
    """The form in which names are compared: case, accents, spaces, strokes and ways to write "and" do not count."""
    return "".join(_words(name))


def genres_of(names: Iterable[str]) -> tuple[str, ...]:
    """The genres of all names of a track, each once, in the order of the vocabulary; unknown names are ignored.

    >>> genres_of(["Pop/Rock", "Melodic Death Metal", "Kizomba"])
    ('rock', 'pop_rock', 'metal', 'pop')
    """
    words = vocabulary()
    found = {genre for name in names for genre in words.of(name)}
    return tuple(genre for genre in words.genres if genre in found)


def genre_matrix(names: Sequence[Iterable[str]]) -> NDArray[np.float64]:
    """Which genres each track has.

    Args:
        names: for each of ``n`` tracks the genre names that its library gives it, none where they are unknown.

    Returns:
        ``(n, genres)`` of 0 and 1, columns in the order of ``vocabulary().genres``. A track without a known genre
        has a row of zeros.
    """
    place = {genre: column for column, genre in enumerate(vocabulary().genres)}
    matrix = np.zeros((len(names), len(place)))
    known: dict[tuple[str, ...], list[int]] = {}  # libraries have few different lists of genres
    for row, mine in enumerate(map(tuple, names)):
        if mine not in known:
            known[mine] = [place[genre] for genre in genres_of(mine)]
        matrix[row, known[mine]] = 1
    return matrix


def _words(name: str) -> list[str]:
    """Words of a folded name; "&", "+", "'n'" and "and" are all the word "n"."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _WORD.findall(_AND.sub(" n ", plain.replace("’", "'")).replace("'", ""))


def _vocabulary(rows: list[dict[str, str]]) -> Vocabulary:
    genres = tuple(row["genre"] for row in rows)
    broader = {row["genre"]: row["broader"].split() for row in rows}
    names: dict[str, set[str]] = {}
    for row in rows:
        for name in (row["genre"], *filter(None, row["also_called"].split("|"))):
            names.setdefault(genre_key(name), set()).update(_with_broader(row["genre"], broader))
    return Vocabulary(
        genres,
        {key: tuple(genre for genre in genres if genre in found) for key, found in names.items()},
    )


def _with_broader(genre: str, broader: dict[str, list[str]]) -> set[str]:
    return {genre}.union(*(_with_broader(above, broader) for above in broader[genre]))
