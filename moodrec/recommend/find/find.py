"""A search in words: read it, then run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from moodrec.arguments import brief, whole
from moodrec.errors import UsageError
from moodrec.given import kind_of, text_of
from moodrec.index.search.options import SearchOptions
from moodrec.recommend.find.lexicon import Lexicon, lexicon_of
from moodrec.recommend.find.names import Names
from moodrec.recommend.find.reader import read
from moodrec.recommend.find.sentence import Sentence
from moodrec.recommend.listing import within_limits
from moodrec.recommend.recommender import Recommender
from moodrec.recommend.results import Recommendations
from moodrec.recommend.text_search import TextSearch
from moodrec.recommend.versioned import of_one_version
from moodrec.schema import ALBUM, ARTIST

DEFAULT_K: Final = 20
LONGEST_TEXT: Final = 500


@dataclass(frozen=True, eq=False)
class Answer:
    """The tracks of a search in words."""

    sentence: Sentence
    table: pa.Table
    """The tracks, best first, with ``rank`` and ``score`` where they are ranked by a seed or by moods."""
    ranked: Recommendations | None
    """The same with its explanation; None where there are conditions alone."""


@of_one_version
def understand(
    recommender: Recommender, text: str, lexicon: Lexicon | None = None, texts: TextSearch | None = None
) -> Sentence:
    """Read a search in words, such as ``calm dreamy 90s jazz not sad, one per artist``.

    Words of moods come from a lexicon (docs/find.md), genres and artists from the library. What is not understood is
    told in :attr:`Sentence.not_understood`; nothing is guessed.

    Args:
        recommender: whose library is searched.
        text: what was typed, up to 500 characters.
        lexicon: the words of this version of the library, where they are at hand.
        texts: its folded texts, where they are at hand.

    Raises:
        UsageError: the text is too long.
    """
    if len(text_of(text, "text")) > LONGEST_TEXT:
        raise UsageError(f"the text has {len(text)} characters; it may have up to {LONGEST_TEXT}")
    known = lexicon_of(recommender.index) if lexicon is None else lexicon
    return read(text, known, Names(recommender.index, known, texts))


@of_one_version
def find(recommender: Recommender, sentence: Sentence, k: int | None = None) -> Answer:
    """Search as a sentence says: near its seed, else by its moods, else by its conditions alone.

    Args:
        recommender: whose library is searched.
        sentence: as from :func:`understand`.
        k: the number of tracks; that of the sentence, or 20, where it is None.

    Raises:
        UsageError: nothing was understood.
    """
    kind_of(sentence, Sentence, "sentence")
    wanted = whole((sentence.k or DEFAULT_K) if k is None else k, "k")
    if (
        sentence.seed is None
        and not sentence.moods
        and not sentence.conditions
        and not sentence.exclude_artist
    ):
        raise UsageError(
            f"nothing was understood of {brief(sentence.text)}; name a mood, a genre, an artist, a decade, "
            "or a track after 'like'"
        )
    options = SearchOptions(
        where=sentence.where,
        exclude_artist=sentence.exclude_artist,
        max_per_artist=sentence.max_per_artist,
        max_per_album=sentence.max_per_album,
        distinct=sentence.distinct,
        diversity=sentence.diversity,
    )
    if sentence.seed is None and not sentence.moods:
        return Answer(sentence, _listed(recommender, sentence, wanted), None)
    found = _ranked(recommender, sentence, wanted, options)
    return Answer(sentence, found.table, found)


def _ranked(recommender: Recommender, sentence: Sentence, k: int, options: SearchOptions) -> Recommendations:
    if sentence.seed is None:
        return recommender.by_mood(dict(sentence.moods), k, options)
    asked = options.replace(mood=dict(sentence.moods)) if sentence.moods else options
    if len(sentence.seed.track_ids) == 1:
        return recommender.similar(sentence.seed.track_ids[0], k, asked)
    return recommender.for_history(list(sentence.seed.track_ids), k, asked)


def _listed(recommender: Recommender, sentence: Sentence, k: int) -> pa.Table:
    """The first tracks that meet the conditions, within the limits on artists and albums."""
    index = recommender.index
    table = index.table if sentence.where is None else index.matching(sentence.where)
    most = {ARTIST: sentence.max_per_artist, ALBUM: sentence.max_per_album}
    return within_limits(table, most, sentence.exclude_artist, k)
