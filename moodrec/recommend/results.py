"""The results of a recommender: ranked tracks, for one query or for many."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Self, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.filters.arrow_numpy import array_of
from moodrec.html import score_table
from moodrec.index.rows.frames import to_pandas
from moodrec.index.rows.track_table import chosen_columns
from moodrec.index.search.hits import QUERY, RANK, SCORE, Explanation, Hit, Hits, QueryHits
from moodrec.schema import ARTIST, TITLE, TRACK_ID

if TYPE_CHECKING:
    import pandas as pd

    from moodrec.index.front import SearchFront

_SHOWN: Final = 10
"""How many tracks ``repr`` writes out."""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Recommendations:
    """Tracks for one query, best first."""

    hits: Hits
    """The hits that the index returned."""
    source: SearchFront
    """The version of the index that was searched."""
    query: int = 0
    """The row of ``hits`` that these tracks are."""
    notes: tuple[str, ...] = ()
    """Notes for the user, such as that the index is out of date."""

    @cached_property
    def table(self) -> pa.Table:
        """``rank`` (1 is the best), ``track_id``, ``score``, then the other columns of the track table."""
        return self._with_scores(None)

    @property
    def column_names(self) -> list[str]:
        """The names of the columns of ``table``."""
        return [RANK, TRACK_ID, SCORE, *_others(self.source).values()]

    def select(self, names: Collection[str]) -> pa.Table:
        """Return ``table`` with some of its columns alone, which takes less time than all of them.

        ``rank``, ``track_id`` and ``score`` are always there; a name that is no column has no effect.
        """
        return self._with_scores(names)

    def _with_scores(self, names: Collection[str] | None) -> pa.Table:
        return with_scores(self.source, self.track_ids, self.scores, names, self.hits.first)

    @property
    def moods(self) -> tuple[str, ...]:
        """The names of the columns that are moods."""
        return self.source.moods

    @cached_property
    def tracks(self) -> pd.DataFrame:
        """The result as a pandas frame, with one row a track."""
        tracks = to_pandas(self.table)
        tracks[RANK] = tracks[RANK].astype("int64")  # never unknown
        return tracks

    @property
    def track_ids(self) -> list[str]:
        """The track ids, best first."""
        ids: list[str] = self.hits.track_ids[self.query, : len(self)].tolist()
        return ids

    @property
    def scores(self) -> NDArray[np.float32]:
        """(len,) The scores, higher is better."""
        scores: NDArray[np.float32] = self.hits.scores[self.query, : len(self)]
        return scores

    def to_arrow(self, columns: Collection[str] | None = None) -> pa.Table:
        """Return ``table``, which is an Arrow table.

        Args:
            columns: the names of the columns to return, in their order; None returns all.

        Raises:
            UsageError: there is no such column.
        """
        wanted = chosen_columns(columns, self.column_names)
        return self.table if wanted is None else self._with_scores(wanted).select(wanted)

    def to_pandas(self, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Return the result as a pandas frame.

        Args:
            columns: the names of the columns to return, in their order; None returns all, as ``tracks`` does.

        Raises:
            UsageError: there is no such column.
        """
        return self.tracks if columns is None else to_pandas(self.to_arrow(columns))

    @property
    def explanation(self) -> Explanation:
        """The explanation of how the tracks were found, worked out when it is read."""
        return self.hits.explanation

    def explain(self) -> str:
        """Return a text that says how the tracks were found, and why there are fewer than requested if so."""
        return str(self.explanation)

    def __len__(self) -> int:
        return int(self.hits.counts[self.query])

    def _repr_html_(self) -> str:
        """Return a table for notebooks: names, scores, and the moods as bars."""
        known = self.table.column_names
        names = [name for name in (RANK, TITLE, ARTIST, SCORE, *self.moods) if name in known]
        if TITLE not in names:
            names.insert(1, TRACK_ID)
        rows = self.table.select(names).to_pylist()
        return score_table(names, rows, self.moods, caption=self._caption())

    @overload
    def __getitem__(self, place: int) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> QueryHits: ...
    def __getitem__(self, place: int | slice) -> Hit | QueryHits:
        return self.hits[self.query][place]

    def __iter__(self) -> Iterator[Hit]:
        """Yield id and score of each track, best first."""
        return iter(self.hits[self.query])

    def __repr__(self) -> str:
        """Show the best tracks, a line each."""
        names = [name for name in (TITLE, ARTIST) if name in self.source.column_names]
        rows = self.source.rows(self.track_ids[:_SHOWN], names).to_pylist() if names else []
        lines = [f"{type(self).__name__}: {self._caption()}"]
        for place, hit in enumerate(self.hits[self.query][:_SHOWN]):
            known = [rows[place][name] for name in names if rows[place][name]]
            shown = " - ".join(map(str, known)) or hit.track_id
            lines.append(f"{self.hits.first + place + 1:>4}  {hit.score:.3f}  {shown}")
        return "\n".join([*lines, "      ..."] if len(self) > _SHOWN else lines)

    def _caption(self) -> str:
        return f"{len(self)} tracks of {len(self.source)}"


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class SimilarTracks(Recommendations):
    """The tracks most like a seed."""

    seed_id: str | None
    """The seed's id; None for a file that is not in the index."""
    file_table: pa.Table | None = None
    """A row with the path and the moods of a file that is the seed; None for a track of the index."""

    @cached_property
    def seed_table(self) -> pa.Table:
        """The seed's row of the track table; for a file, its path and its moods."""
        known = None if self.seed_id is None else self.source.rows([self.seed_id])
        return self.file_table if known is None else known

    @cached_property
    def seed_row(self) -> Mapping[str, Any]:
        """The seed's values by column, None where something is unknown."""
        row: Mapping[str, Any] = self.seed_table.to_pylist()[0]
        return row

    @cached_property
    def seed(self) -> pd.Series[Any]:
        """The seed's row as a pandas series."""
        row: pd.Series[Any] = to_pandas(self.seed_table).iloc[0]
        return row

    def _caption(self) -> str:
        names = [self.seed_row.get(name) for name in (TITLE, ARTIST)]
        known = [name for name in names if isinstance(name, str)] or [self.seed_id or "a file"]
        return f"Like {' - '.join(known)}: {super()._caption()}"


@dataclass(frozen=True, eq=False, repr=False)
class Batch(Sequence[Recommendations]):
    """The results of many queries: one table for programs, and each result by itself for people.

    ``batch.frame`` costs little; ``batch[i]`` looks up the tracks of one answer when it is asked for.
    """

    queries: tuple[str, ...]
    """The name of each query: the seed's id, or the position as text where a query has no name."""
    hits: Hits
    """The (queries, k) ids and scores."""
    source: SearchFront
    """The index that was searched."""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, hits: Hits, source: SearchFront, notes: tuple[str, ...] = (), names: Sequence[str] = ()
    ) -> Self:
        """Make the results of a search.

        Args:
            hits: one row a query.
            source: the index that was searched.
            notes: what the user should know.
            names: of the queries; by default their positions.
        """
        return cls(tuple(names or map(str, range(len(hits)))), hits, source, notes)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The results as a pandas frame, with one row a recommendation: ``query``, ``rank``, ``track_id``,
        ``score``.
        """
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_arrow(self, columns: Collection[str] | None = None) -> pa.Table:
        """Return the results as an Arrow table, with one row a recommendation.

        Args:
            columns: columns of the track table to add to ``query``, ``rank``, ``track_id`` and ``score``.

        Raises:
            UsageError: there is no such column.
        """
        table = self.hits.to_arrow()
        names = pa.array(self.queries, pa.string()).take(table[QUERY].combine_chunks())
        table = table.set_column(0, QUERY, names)
        others = {shown: ours for ours, shown in _others(self.source).items()}
        there = [*table.column_names, *others]
        wanted = [name for name in chosen_columns(columns, there) or [] if name in others]
        if wanted:
            rows = self.source.rows(table[TRACK_ID], [others[name] for name in wanted])
            for name in wanted:
                table = table.append_column(name, rows[others[name]])
        return table

    def to_pandas(self, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Return the results as a pandas frame, with one row a recommendation.

        Args:
            columns: as for :meth:`to_arrow`.

        Raises:
            UsageError: there is no such column.
        """
        return to_pandas(self.to_arrow(columns))

    def __repr__(self) -> str:
        """Show the best tracks of the first queries, a line each."""
        lines = [
            f"Batch of {len(self):,} quer{'y' if len(self) == 1 else 'ies'} over {len(self.source):,} tracks"
        ]
        for name, found in zip(self.queries[:_SHOWN], self.hits[:_SHOWN], strict=True):
            best = ", ".join(f"{hit.track_id} {hit.score:.3f}" for hit in found[:3])
            lines.append(f"  {name}: {best}{', ...' if len(found) > 3 else ''}")
        return "\n".join([*lines, "  ..."] if len(self) > _SHOWN else lines)

    def explain(self) -> str:
        """Return a text that says how the hits of all queries were found."""
        return self.hits.explain()

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, place: int) -> Recommendations: ...
    @overload
    def __getitem__(self, place: slice) -> list[Recommendations]: ...
    def __getitem__(self, place: int | slice) -> Recommendations | list[Recommendations]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        query = range(len(self))[place]
        return Recommendations(hits=self.hits, source=self.source, query=query, notes=self.notes)

    def __iter__(self) -> Iterator[Recommendations]:
        return (self[i] for i in range(len(self)))

    def _repr_html_(self) -> str:
        shown = self.frame.head(50)
        names = [str(name) for name in shown.columns]
        return score_table(names, shown.to_dict("records"), (), caption=f"{len(self)} queries")


def with_scores(
    index: SearchFront,
    track_ids: Sequence[str],
    scores: NDArray[np.floating[Any]],
    names: Collection[str] | None = None,
    first: int = 0,
) -> pa.Table:
    """Return the rows of the track table of some tracks, with ``rank``, ``track_id`` and ``score`` in front.

    Args:
        index: where the tracks are.
        track_ids: n tracks of the index, best first.
        scores: (n,) scores, higher is better.
        names: of the columns wanted beside, as they are called in the result; None takes all.
        first: the number of better tracks, after which ranks begin.
    """
    others = {ours: shown for ours, shown in _others(index).items() if names is None or shown in names}
    rows = index.rows(track_ids, list(others))
    front = {
        RANK: array_of(np.arange(first + 1, first + len(track_ids) + 1)),
        TRACK_ID: pa.array(track_ids, pa.string()),
        SCORE: array_of(np.array(scores)),
    }
    return pa.table(front | {shown: rows[ours] for ours, shown in others.items()})


def _others(index: SearchFront) -> dict[str, str]:
    """Map the user's columns but the ids to their names in a result; those named like ours get other names."""
    taken = set(index.column_names)
    names = {name: name for name in index.column_names if name != TRACK_ID}
    for ours in (RANK, SCORE):
        if ours in names:
            names[ours] = next(name for i in count(1) if (name := ours + "_" * i) not in taken)
            taken.add(names[ours])
    return names
