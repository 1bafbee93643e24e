"""The grid of the search benchmark: what a filter passes, how it relates to the seed, and questions to ask.

``agrees``: the seed meets a condition on a mood that passes this share of the tracks. ``opposes``: the condition is
at the other end of that mood's scale. ``random``: a range of days that has nothing to do with the vectors. In the
cells of three terms, a range of years and a condition on text come with it, and the first condition is widened so
that the three together pass the share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.data import DAYS, SearchData
from benchmarks.search.terms import Columns, Filter, Mask, Term

Relation = Literal["none", "agrees", "random", "opposes"]
SHARES: Final = (0.5, 0.1, 0.01, 0.001)
RELATIONS: Final[tuple[Relation, ...]] = ("agrees", "random", "opposes")
LONG: Final = 0.1
"""The share at which there are cells of three terms, too."""
_DIGITS: Final = 9


@dataclass(frozen=True)
class Cell:
    """A place in the grid."""

    share: float
    relation: Relation
    terms: int

    @property
    def name(self) -> str:
        """Such as ``10% opposes, 3 terms``."""
        if self.relation == "none":
            return "no filter"
        long = f", {self.terms} terms" if self.terms > 1 else ""
        return f"{100 * self.share:g}% {self.relation}{long}"


@dataclass(frozen=True, eq=False)
class Question:
    """A query and its filter."""

    query: NDArray[np.float32]
    filter: Filter | None
    passes: int
    """Rows that meet the filter."""


def all_cells() -> list[Cell]:
    """The whole grid."""
    cells = [Cell(1.0, "none", 0)]
    for share in SHARES:
        cells += [Cell(share, relation, 1) for relation in RELATIONS]
        cells += [Cell(share, relation, 3) for relation in RELATIONS if share == LONG]
    return cells


class QuestionMaker:
    """Draws questions about a catalogue."""

    def __init__(self, data: SearchData, columns: Columns, seed: int) -> None:
        self._data, self._columns, self._seed = data, columns, seed

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Of the catalogue."""
        return self._data.vectors

    def draw(self, cell: Cell, count: int) -> list[Question]:
        """``count`` questions of a cell; agreeing and opposing cells ask about the same tracks."""
        rng = np.random.default_rng([self._seed, round(1e6 * cell.share), cell.terms])
        return [self._question(cell, rng) for _ in range(count)]

    def _question(self, cell: Cell, rng: np.random.Generator) -> Question:
        if cell.relation == "none":
            row = int(rng.integers(len(self._data.queries)))
            return Question(self._data.queries[row], None, len(self._data))
        others = tuple(self._other_terms(rng)) if cell.terms > 1 else ()
        if cell.relation == "random":
            row, first = int(rng.integers(len(self._data.queries))), self._days(cell.share, others, rng)
        else:
            row, first = self._mood(cell, others, rng)
        wanted = Filter((first, *others))
        return Question(self._data.queries[row], wanted, int(wanted.mask(self._columns).sum()))

    def _other_terms(self, rng: np.random.Generator) -> Iterator[Term]:
        """Each passes the greater part of the catalogue."""
        start = int(rng.integers(1964, 1990))
        yield Term("year", "BETWEEN", (start, start + 34))
        if rng.random() < 0.5:
            yield Term("artist", "<>", (str(rng.choice(list(self._columns.categories["artist"]))),))
        else:
            yield Term("genre", "IN", self._genres(rng))

    def _genres(self, rng: np.random.Generator) -> tuple[str, ...]:
        """Genres in random order, as many as it takes to pass the greater part."""
        names = sorted(self._columns.categories["genre"])
        sizes = np.bincount(self._columns.codes["genre"], minlength=len(names))
        drawn: list[str] = []
        for name in rng.permutation(names):
            drawn.append(str(name))
            if sizes[[self._columns.categories["genre"][one] for one in drawn]].sum() > 0.6 * sizes.sum():
                break
        return tuple(sorted(drawn))

    def _days(self, share: float, others: tuple[Term, ...], rng: np.random.Generator) -> Term:
        """A range of days such that all terms pass ``share``."""
        days = self._columns.numbers["added_day"]
        kept = days if not others else days[Filter(others).mask(self._columns)]
        by_day = np.bincount(kept, minlength=DAYS)
        wanted = round(share * len(days))
        upto = np.concatenate([[0], by_day.cumsum()])
        last_start = max(0, int(np.searchsorted(upto, upto[-1] - wanted, "right")) - 1)
        start = int(rng.integers(0, last_start + 1))
        width = nearest(upto[start + 1 :] - upto[start], wanted)
        return Term("added_day", "BETWEEN", (start, start + width))

    def _mood(self, cell: Cell, others: tuple[Term, ...], rng: np.random.Generator) -> tuple[int, Term]:
        """A held-out row, and a condition on a mood of which the row is at one end."""
        mood = int(rng.integers(len(self._data.moods)))
        name, own = self._data.moods[mood], self._data.query_moods[:, mood]
        high = bool(rng.random() < 0.5)
        rows = np.flatnonzero(own >= 1 - cell.share if high else own < cell.share)
        row = int(rng.choice(rows)) if len(rows) else int(own.argmax() if high else own.argmin())
        upper = high == (cell.relation == "agrees")
        kept = Filter(others).mask(self._columns) if others else None
        return row, threshold(name, self._columns.numbers[name], cell.share, upper, kept)


def threshold(name: str, scores: NDArray[np.generic], share: float, upper: bool, kept: Mask | None) -> Term:
    """The condition on one end of a scale that passes ``share`` of all rows together with ``kept``."""
    if kept is None:
        edge = 1 - share if upper else share
    else:
        some, wanted = np.sort(scores[kept]), round(share * len(scores))
        if wanted >= len(some):
            raise ValueError(f"the other terms pass {len(some)} rows, fewer than {wanted}")
        place = len(some) - wanted if upper else wanted
        edge = (float(some[place - 1]) + float(some[place])) / 2
    return Term(name, ">=" if upper else "<", (round(edge, _DIGITS),))


def nearest(counts: NDArray[np.int64], wanted: int) -> int:
    """The place in rising ``counts`` whose value is nearest to ``wanted``."""
    return int(np.abs(counts - wanted).argmin())
