"""Calibration of the stop rule by searches whose answers are known, under filters as users write them.

:mod:`moodrec.index.backends.ivf.stop_rule` fits the rule without a filter. Moods follow from embeddings, so a filter
on a mood passes rows on one side of a plane, near the query or far from it. Calibration makes such filters from
random directions with noise, runs the index's own search under them, compares it with the exact answer, and
lowers the shares that may be left unprobed until every kind of search reaches the target recall.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.config import IndexConfig
from moodrec.filters.selection import Range
from moodrec.index.backends.base import Backend
from moodrec.index.backends.ivf.list_shares import KnownShares, ListShares
from moodrec.index.backends.ivf.stop_rule import sample_scores
from moodrec.index.rows.segment import Segment
from moodrec.index.search.passing import Passing, RowCondition, Term
from moodrec.index.search.request import Request
from moodrec.typing import Float32Array, RowMask, RowNumbers, Vectors

QUERIES: Final = 64
"""The number of sample queries."""
STEP: Final = 0.75
"""The factor by which one step lowers the shares that may be left unprobed."""
MOST_STEPS: Final = 10
"""The largest number of steps for one group of levels."""
_NEAR: Final = 3
"""Levels that count as near the query; they are calibrated apart from the others, whose lists' tails are lighter."""
_FAR_KINDS: Final = ("0.5 opposes", "0.1 agrees", "0.1 opposes", "0.01 agrees", "0.01 opposes")
Groups = tuple[tuple[slice, tuple[str, ...]], ...]
UNINFORMED_GROUPS: Final[Groups] = (
    (slice(0, _NEAR), ("no filter", "0.5 agrees")),
    (slice(_NEAR, None), (*_FAR_KINDS, "0.01 around")),
)
"""Groups of levels and the kinds of searches that end at them, near the query or farther away."""
INFORMED_GROUPS: Final[Groups] = (
    (slice(0, _NEAR), ("0.5 agrees", "0.01 around")),
    (slice(_NEAR, None), _FAR_KINDS),
)
"""The groups where it is known how much of each list passes. A filter around the query's own mood ends near then."""
_AROUND: Final = 0.01
"""The share of the rows that a filter around the query's own mood passes."""
_DIRECTIONS: Final = 4
"""The number of synthetic moods."""
_SHARES: Final = (0.5, 0.1, 0.01)
"""The shares of the rows that the other filters pass."""
_NOISE: Final = 0.3
"""The noise of a synthetic mood, in standard deviations of the mood."""
_NEIGHBOURS: Final = 10
"""The number of hits that the recall of a search counts."""
_MARGIN: Final = 0.3
"""The sample may lose this share of what the target recall allows to miss, because other queries differ from it."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A search whose exact answer is known."""

    kind: str
    """The kind of its filter, such as ``0.1 opposes``."""
    query: int
    """The row whose vector is the query."""
    selection: Range | None
    """The filter; None: there is none."""
    truth: RowNumbers
    """The nearest rows that pass, in any order."""


def trials(segment: Segment, config: IndexConfig) -> list[Trial]:
    """Make searches without a filter, and with filters that agree with the query, oppose it, or pass rows around it.

    Args:
        segment: the rows.
        config: the settled preset, with the seed of the sample.
    """
    rng = np.random.default_rng(config.seed + 1)
    columns = [_made_up_mood(segment.vectors, rng) for _ in range(_DIRECTIONS)]
    ordered = [np.sort(column) for column in columns]
    found = []
    for number, (row, scores) in enumerate(sample_scores(segment.vectors, config.seed + 1, QUERIES)):
        column, rising = columns[number % _DIRECTIONS], ordered[number % _DIRECTIONS]
        found.append(Trial("no filter", row, None, _best(scores, scores > -1)))
        for kind, test in _tests(column, rising, row):
            found.append(Trial(kind, row, test, _best(scores, test.rows())))
    return found


def shares_of(known: Sequence[Trial], list_of: NDArray[np.int64], nlist: int) -> KnownShares:
    """Count how the synthetic moods are spread over the lists, as the index knows it of its mood columns.

    Args:
        known: the sample searches.
        list_of: (n,) the list of each row.
        nlist: the number of lists.
    """
    sizes = np.bincount(list_of, minlength=nlist)
    columns = {id(one.selection.values): one.selection.values for one in known if one.selection is not None}
    return KnownShares(others=[(one, ListShares.of(one, list_of, sizes)) for one in columns.values()])


def reaches_target(backend: Backend, segment: Segment, known: Sequence[Trial], target_recall: float) -> bool:
    """Check whether every kind of search reaches the target recall with some margin.

    Args:
        backend: the backend whose search is measured.
        segment: its rows.
        known: the sample searches.
        target_recall: the recall that the preset promises, in [0, 1].
    """
    least = 1 - (1 - target_recall) * _MARGIN
    shares: dict[str, list[float]] = {}
    for trial in known:
        if len(trial.truth):
            found = backend.find(segment, _request(segment, trial), _NEIGHBOURS + 1)
            # A search that gives up is followed by a scan, which finds all.
            share = float(np.isin(trial.truth, found.rows[0]).mean()) if found.settled[0] else 1.0
            shares.setdefault(trial.kind, []).append(share)
    return all(np.mean(share) >= least for share in shares.values())


def _made_up_mood(vectors: Vectors, rng: np.random.Generator) -> Float32Array:
    """Return (n,) a synthetic mood: how far each row lies along the line between two random rows, with noise."""
    first, second = vectors[rng.integers(0, len(vectors), 2)]
    along = vectors @ (first - second)
    blurred: Float32Array = along + np.float32(_NOISE * along.std()) * rng.standard_normal(
        len(along), np.float32
    )
    return blurred


def _tests(column: Float32Array, rising: Float32Array, row: int) -> Iterator[tuple[str, Range]]:
    """Yield the kinds of filters and their tests for one query.

    ``column`` (n,) is a synthetic mood, ``rising`` (n,) the same values in ascending order, and ``row`` the query.
    """
    last, place = len(rising) - 1, int(np.searchsorted(rising, column[row]))
    high_side = place > last / 2
    for share in _SHARES:
        low, high = float(rising[round(share * last)]), float(rising[round((1 - share) * last)])
        tests = (Range(column, -np.inf, low), Range(column, high, np.inf))
        yield f"{share} agrees", tests[high_side]
        yield f"{share} opposes", tests[not high_side]
    first = min(max(0, place - round(_AROUND / 2 * last)), last - round(_AROUND * last))
    around = Range(column, float(rising[first]), float(rising[first + round(_AROUND * last)]))
    yield f"{_AROUND} around", around


def _best(scores: Float32Array, passing: RowMask) -> RowNumbers:
    rows = np.flatnonzero(passing & (scores > -1))
    if len(rows) > _NEIGHBOURS:
        rows = rows[np.argpartition(scores[rows], -_NEIGHBOURS)[-_NEIGHBOURS:]]
    return rows


def _request(segment: Segment, trial: Trial) -> Request:
    terms = () if trial.selection is None else (Term(trial.kind, trial.selection),)
    return Request(
        queries=np.ascontiguousarray(segment.vectors[[trial.query]]),
        k=_NEIGHBOURS,
        passing=Passing(RowCondition(len(segment), len(segment), None, terms)),
        tail_passing=None,
        skipped=np.empty((1, 0), np.int64),
        query_rows=np.full(1, -1),
        blend=None,
        caps=(),
        distinct=False,
        diversity=0.0,
        exact=False,
    )
