"""The SELECT statements of searches."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from moodrec.engines.columns import StoredColumn
from moodrec.engines.leaves import Thresholds
from moodrec.engines.postgres.conditions import TRUE, Sql, Translator, joined
from moodrec.engines.postgres.tables import COMPLETED, CREDITED, EMBEDDING, SEQ, identifier
from moodrec.engines.request import EngineRequest
from moodrec.filters.conditions import Condition
from moodrec.schema import TRACK_ID

_HALVES: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Statements:
    """Writes the SQL of searches over one catalogue."""

    tracks: str
    """The quoted name of the table of tracks."""
    columns: dict[str, StoredColumn]
    """The stored columns by name."""
    thresholds: Thresholds
    """Looks up what ``pct(column)`` stands for."""

    def condition(self, condition: Condition) -> Sql:
        """Translate a condition; it raises what :class:`Translator` raises."""
        return Translator(self.columns, self.thresholds).condition(condition)

    def passing(self, request: EngineRequest) -> Sql:
        """Write the condition that a track must meet to be a hit, but for the seed itself.

        Raises:
            FilterError: as :class:`Translator`.
            UsageError: an option needs a column that the track table lacks.
        """
        options = request.options
        request.require_columns(self.columns)
        parts = [self.condition(one) for one in request.conditions]
        parts += [Sql(f"{identifier(mood)} IS NOT NULL") for mood in request.needed_moods]
        name = identifier(TRACK_ID)
        if options.only is not None:
            parts.append(Sql(f"{name} = ANY(%s)", (storable(options.only),)))
        if options.exclude:
            parts.append(Sql(f"{name} <> ALL(%s)", (storable(options.exclude),)))
        if options.exclude_artist:
            names = storable(request.excluded_artists)
            parts.append(Sql(f"({CREDITED} IS NULL OR NOT {CREDITED} && %s::text[])", (names,)))
        return joined(tuple(parts), "AND") if parts else TRUE

    def nearest(self, passing: Sql, limit: int) -> str:
        """Write the statement that finds the tracks of largest inner product; its last value is the query.

        Args:
            passing: the condition.
            limit: how many tracks are returned.
        """
        return f"{self._select} WHERE {passing.text} ORDER BY {COMPLETED} <#> %s LIMIT {int(limit)}"

    def by_ids(self) -> str:
        """Write the statement that returns tracks of given ids."""
        return f"{self._select} WHERE {identifier(TRACK_ID)} = ANY(%s)"

    @property
    def _select(self) -> str:
        names = [SEQ, EMBEDDING, *map(identifier, self.columns)]
        return f"SELECT {', '.join(names)} FROM {self.tracks}"

    def rows(self, condition: Sql, columns: Iterable[str]) -> str:
        """Write the statement that returns columns of the rows that meet a condition, in the order of arrival.

        Args:
            condition: the condition.
            columns: the names of the columns.
        """
        names = ", ".join(map(identifier, columns))
        return f"SELECT {names} FROM {self.tracks} WHERE {condition.text} ORDER BY {SEQ}"

    def percentiles(self, column: str) -> str:
        """Write the statement that finds the least and greatest value whose percentile lies in a range.

        The percentile of a value is the share of known values below it and half the share of those equal to it, in
        single precision, as :mod:`moodrec.filters.percentiles` defines it.

        Args:
            column: the name of a column of numbers.
        """
        name = identifier(column)
        # Single precision travels as its shortest decimal, which is another number in double precision.
        kind = "bigint" if self.columns[column].kind == "whole" else "float8"
        return (
            f"SELECT min(value)::{kind}, max(value)::{kind} FROM (SELECT value, "
            "((2 * sum(n) OVER (ORDER BY value) - n)::float8 / (2 * sum(n) OVER ())::float8)::real AS share "
            f"FROM (SELECT {name} AS value, count(*) AS n FROM {self.tracks} WHERE {name} IS NOT NULL GROUP BY 1) "
            "AS counted) AS shares WHERE share BETWEEN %s AND %s"
        )


def storable(given: Iterable[str]) -> list[str]:
    """List texts without those that hold NUL or half a character, which no stored text does."""
    return [one for one in given if "\0" not in one and not _HALVES.search(one)]
