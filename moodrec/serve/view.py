"""One version of the index as requests see it, with what is worked out from it once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import Final

import numpy as np
import pyarrow as pa

from moodrec.catalog.seeds import resolve_seed
from moodrec.filters.columns import as_condition
from moodrec.index.front import SearchFront
from moodrec.index.search.options import SearchOptions
from moodrec.recommend.columns import ColumnSummary, column_summaries
from moodrec.recommend.find.names import TOLD
from moodrec.recommend.listing import in_order, sort_keys, within_limits
from moodrec.recommend.recommender import Recommender
from moodrec.recommend.spread import MoodSpread, mood_spreads
from moodrec.recommend.text_search import FIELDS, TextSearch
from moodrec.recommend.versioned import seed_names
from moodrec.schema import ARTIST, ARTISTS, PATH, TRACK_ID
from moodrec.serve.problems import ProblemError
from moodrec.typing import RowNumbers

_LISTS: Final = 16
"""The number of lists of ids that are kept for the next pages."""


class View:
    """A snapshot of the recommender; it never changes."""

    def __init__(self, recommender: Recommender, name: str, most: int | None = None) -> None:
        """Wrap one version of the index.

        Args:
            recommender: pinned to one version.
            name: of the version, for cursors.
            most: the number of tracks up to which columns may be read as a whole; None for any.
        """
        self._most = most
        self.recommender = recommender
        self.index: SearchFront = recommender.index
        self.name = name
        notes = "\n".join(recommender.notes).encode()
        self.tag = f"{name}-{hashlib.blake2b(notes, digest_size=4).hexdigest()}"
        """Changes with whatever answers are made of."""
        self.kept: dict[str, object] = {}
        """What others work out from this version once, by name."""
        self._lists: OrderedDict[tuple[object, ...], pa.Array] = OrderedDict()
        self._lock = Lock()

    @property
    def in_engine(self) -> bool:
        """Whether an engine holds the catalogue, rather than this process."""
        return self._most is not None

    @cached_property
    def texts(self) -> TextSearch:
        """The folded titles, artists and albums."""
        self.require_whole("words of titles, artists and albums")
        return TextSearch(self.index.columns(TOLD))

    @cached_property
    def spreads(self) -> dict[str, MoodSpread]:
        """The distribution of each mood."""
        self.require_whole("the distribution of the moods")
        return mood_spreads(self.index)

    @cached_property
    def columns(self) -> list[ColumnSummary]:
        """What each column holds."""
        self.require_whole("a summary of the columns")
        return column_summaries(self.index)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {track_id: row for row, track_id in enumerate(self.index.track_ids)}

    def rows_of(self, track_ids: Sequence[str]) -> RowNumbers:
        """Return the rows of tracks in the order of the index."""
        return np.array([self._rows[track_id] for track_id in track_ids], np.int64)

    def resolve(self, seed: str) -> str:
        """Return the id of the track that a text names: an id, a title or ``artist - title``, but no path.

        Raises:
            AmbiguousSeedError, NotFoundError: as :func:`moodrec.catalog.seeds.resolve_seed`.
        """
        if seed in self.index:
            return seed
        self.require_whole("a seed by its title")
        return resolve_seed(seed_names(self.recommender), seed, files=False)

    def require_whole(self, what: str) -> None:
        """Check that columns may be read as a whole.

        Args:
            what: needs them, for the message.

        Raises:
            ProblemError: the catalogue lies in an engine, and is too large for that.
        """
        if self._most is not None and (tracks := len(self.index)) > self._most:
            raise ProblemError(
                501,
                "TooLarge",
                f"{what}: needs columns of all {tracks:,} tracks, and this server reads those of at most "
                f"{self._most:,} from an engine; name tracks by their ids, or serve an index on disk",
            )

    def listed(
        self,
        words: str,
        where: str,
        sort: str,
        exclude_artist: tuple[str, ...] = (),
        max_per_artist: int | None = None,
    ) -> pa.Array:
        """Return the ids of the tracks that match, in order; the latest lists are kept for their next pages.

        Args:
            words: of titles, artists and albums; "" for any.
            where: a condition; "" for none.
            sort: columns, as for :meth:`Recommender.list`; "" for the order of the match.
            exclude_artist: artists whose tracks are left out.
            max_per_artist: at most so many by one artist; None sets no limit.

        Raises:
            FilterError: the condition cannot be read, or names an unknown column.
            UsageError: ``sort`` names no column, or one without an order.
        """
        key = (words, where, sort, exclude_artist, max_per_artist)
        with self._lock:
            if key in self._lists:
                self._lists.move_to_end(key)
                return self._lists[key]
        ids = self._list(*key)
        with self._lock:
            self._lists[key] = ids
            while len(self._lists) > _LISTS:
                self._lists.popitem(last=False)
        return ids

    def _list(
        self, words: str, where: str, sort: str, exclude_artist: tuple[str, ...], max_per_artist: int | None
    ) -> pa.Array:
        self.require_whole("a list of tracks")
        keys = sort_keys(sort) if sort else []
        wanted = {
            TRACK_ID,
            *FIELDS,
            ARTISTS,
            *((PATH,) if words.strip() else ()),
            *(key.column for key in keys),
        }
        names = [name for name in self.index.column_names if name in wanted]
        if where:
            condition = as_condition(SearchOptions(where=where).where or where)
            table = self.index.matching(condition, columns=names)
            texts = TextSearch(table) if words.strip() else None
        else:
            table = self.index.columns(names)
            # The rows of an engine are those of now, and not of when this version was first read.
            texts = (TextSearch(table) if self.in_engine else self.texts) if words.strip() else None
        if texts is not None:
            table = table.take(pa.array(texts.find(words)))
        if keys:
            table = in_order(table, keys)
        table = within_limits(table, {ARTIST: max_per_artist}, exclude_artist)
        return table[TRACK_ID].combine_chunks()
