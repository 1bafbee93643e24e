"""``PostgresIndex``: a catalogue in PostgreSQL, whose candidates pgvector finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.arguments import brief
from moodrec.engines.base import EngineIndex
from moodrec.engines.columns import restored, stored_columns
from moodrec.engines.connection import closed_on_failure
from moodrec.engines.facts import NAME, CatalogueFacts, facts_json, read_facts
from moodrec.engines.postgres.conditions import TRUE, Sql
from moodrec.engines.postgres.server import Server
from moodrec.engines.postgres.statements import Statements, storable
from moodrec.engines.postgres.tables import (
    COMPLETED,
    Names,
    check_names,
    column_changes,
    copy_rows,
    create_tracks,
    identifier,
)
from moodrec.engines.request import Candidates, EngineRequest
from moodrec.engines.widening import widening
from moodrec.errors import NotFoundError
from moodrec.filters.conditions import Condition
from moodrec.schema import TRACK_ID
from moodrec.typing import Vectors

_SCAN_ROWS: Final = 2_000
"""Where no more rows seem to pass, all of them are compared."""
_SCAN_SHARE: Final = 0.05
"""The same for a share of the catalogue: the graph finds too few of the nearest rows where little passes."""
_HEAVY_MOODS: Final = 0.9
"""From this weight of the moods on, neighbours in the graph say little about the order, and all rows are compared."""
_LEAST_EF, _MOST_EF = 400, 1_000
"""The largest ``hnsw.ef_search`` that pgvector allows; a search that needs more candidates compares all rows."""
_GRAPH: Final = (
    "SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', 'off', true), "
    "set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true), "
    "set_config('enable_bitmapscan', 'off', true)"
)
_SCAN: Final = (
    "SELECT set_config('enable_seqscan', 'on', true), set_config('enable_sort', 'on', true), "
    "set_config('enable_bitmapscan', 'on', true), set_config('enable_indexscan', 'off', true)"
)
_BY_GRAPH: Final = "candidates, then exact scores"
_SPARE: Final = 4
"""The graph is asked for so many times the rows among which enough should pass."""
_FACTS_WAIT_S: Final = 3.0
"""Seconds to wait for a connection by which one learns whether the server is there."""
_LINKS, _EF_CONSTRUCTION = 24, 128


class PostgresIndex(EngineIndex):
    """A catalogue in PostgreSQL: filters are SQL with bound parameters, and pgvector's HNSW finds candidates.

    Where few rows pass by the planner's estimate, all of them are compared. Elsewhere the graph finds the nearest
    rows, several times as many as should be needed for enough of them to pass. Where fewer do, the condition opposes
    the query, and all rows that pass are compared after all: a walk that goes on until enough rows pass returns those
    it meets first, which under such a condition are often not the nearest.
    """

    kind = "postgres"

    def __init__(self, server: Server, names: Names, facts: CatalogueFacts) -> None:
        """Take over a connected server; use :meth:`build` or :meth:`open`.

        Args:
            server: the connections.
            names: the names of the tables.
            facts: what is known of the catalogue.
        """
        super().__init__(facts)
        self._server, self._names = server, names

    @classmethod
    def _build(cls, address: str, name: str, facts: CatalogueFacts, rows: pa.Table, vectors: Vectors) -> Self:
        names, columns = Names(name), tuple(stored_columns(facts.schema).values())
        check_names(columns)
        with closed_on_failure(Server(address)) as server:
            # One transaction: searches go on over the former catalogue until the new one is complete.
            with server.transaction() as cursor:
                cursor.execute(create_tracks(names.next_tracks, columns, facts.dim, len(facts.moods)), ())
                copy_rows(cursor, names.next_tracks, columns, rows, vectors, facts.moods)
                cursor.execute(
                    f"CREATE INDEX ON {names.next_tracks} USING hnsw ({COMPLETED} vector_ip_ops) "
                    f"WITH (m = {_LINKS}, ef_construction = {_EF_CONSTRUCTION})"
                )
                # Only now, for the moment that is left, must readers wait.
                cursor.execute(f"DROP TABLE IF EXISTS {names.tracks}")
                cursor.execute(f"ALTER TABLE {names.next_tracks} RENAME TO {names.tracks}")
                cursor.execute(
                    f"CREATE TABLE IF NOT EXISTS {names.facts} (one boolean PRIMARY KEY, facts jsonb)"
                )
                cursor.execute(f"DELETE FROM {names.facts}")
                cursor.execute(f"INSERT INTO {names.facts} VALUES (true, %s::jsonb)", (facts_json(facts),))
                cursor.execute(f"ANALYZE {names.tracks}")
            return cls(server, names, _facts_in(server, names))

    @classmethod
    def open(cls, address: str, name: str = NAME) -> Self:
        """Open a catalogue.

        Args:
            address: a connection string of libpq, such as ``postgresql://user@host/database``.
            name: what the catalogue is called.

        Raises:
            NotFoundError: there is none of this name.
            EngineError, MissingExtraError: the server cannot be used.
        """
        names = Names(name)
        with closed_on_failure(Server(address)) as server:
            return cls(server, names, _facts_in(server, names))

    def _read_again(self) -> bool:
        facts = _facts_in(self._server, self._names)
        if facts.version == self._facts.version:
            return False
        self._facts = facts
        return True

    def close(self) -> None:
        self._server.close()

    def __len__(self) -> int:
        return int(self._value(f"SELECT count(*) FROM {self._names.tracks}"))

    def _matching(self, condition: Condition | None, columns: Sequence[str]) -> pa.Table:
        return self._rows(TRUE if condition is None else self._statements.condition(condition), columns)

    def _stored_rows(self, track_ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        return self._rows(Sql(f"{identifier(TRACK_ID)} = ANY(%s)", (storable(track_ids),)), columns)

    def _known(self, track_ids: Sequence[str]) -> set[str]:
        name = identifier(TRACK_ID)
        with self._server.transaction() as cursor:
            cursor.execute(
                f"SELECT {name} FROM {self._names.tracks} WHERE {name} = ANY(%s)", (storable(track_ids),)
            )
            return {row[0] for row in cursor.fetchall()}

    def _count(self, request: EngineRequest) -> int:
        passing = self._statements.passing(request)
        return int(
            self._value(f"SELECT count(*) FROM {self._names.tracks} WHERE {passing.text}", passing.values)
        )

    def _candidates(self, track_ids: Sequence[str]) -> Candidates:
        with self._server.transaction() as cursor:
            cursor.execute(self._statements.by_ids(), (storable(track_ids),))
            return self._found(cursor.fetchall(), True, "postgres", "by id")

    def _nearest(self, request: EngineRequest, query: int, depth: int) -> Candidates:
        passing = self._statements.passing(request)
        statement = self._statements.nearest(passing, depth)
        values = (*passing.values, request.completed(query))
        with self._server.transaction() as cursor:
            every, expected = (self._estimated(cursor, one) for one in (TRUE, passing))
            reason = _why_scan(request, query, every, expected, depth)
            if reason is None:
                cursor.execute(_GRAPH, (str(_breadth(depth, every, expected)),))
                cursor.execute(statement, values)
                if len(rows := cursor.fetchall()) >= request.least(depth):
                    return self._found(rows, False, "postgres hnsw", _BY_GRAPH)
                reason = "few of the nearest rows pass"
            cursor.execute(_SCAN)
            cursor.execute(statement, values)
            rows = cursor.fetchall()
        complete = len(rows) < depth
        return self._found(rows, complete, "postgres scan", reason)

    def _estimated(self, cursor: Any, condition: Sql) -> int:
        """Return how many rows PostgreSQL's planner expects to meet a condition."""
        cursor.execute(
            f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {self._names.tracks} WHERE {condition.text}",
            condition.values,
        )
        return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])

    def _write(self, vectors: Vectors, table: pa.Table, replaces: bool) -> None:
        with self._server.transaction() as cursor:
            # Writers wait for one another here; readers do not.
            cursor.execute(f"SELECT facts FROM {self._names.facts} FOR UPDATE")
            facts = read_facts(cursor.fetchone()[0], self._names.catalogue)
            wider = widening(facts, table)
            check_names(wider.added)
            for statement in column_changes(self._names.tracks, wider.added, wider.retyped):
                cursor.execute(statement, ())
            rows = wider.rows
            ids = table[TRACK_ID].to_pylist()
            name = identifier(TRACK_ID)
            if replaces:
                cursor.execute(f"DELETE FROM {self._names.tracks} WHERE {name} = ANY(%s)", (ids,))
            cursor.execute(f"SELECT {name} FROM {self._names.tracks} WHERE {name} = ANY(%s)", (ids,))
            known = {row[0] for row in cursor.fetchall()}
            new = np.array([one not in known for one in ids], bool)
            columns = tuple(stored_columns(rows.schema).values())
            copy_rows(
                cursor, self._names.tracks, columns, rows.filter(pa.array(new)), vectors[new], facts.moods
            )
            # Always: its version tells readers that rows have changed.
            cursor.execute(f"UPDATE {self._names.facts} SET facts = %s::jsonb", (facts_json(wider.facts),))
        self.refresh()

    def _delete(self, track_ids: Sequence[str]) -> None:
        with self._server.transaction() as cursor:
            cursor.execute(f"SELECT facts FROM {self._names.facts} FOR UPDATE")
            facts = read_facts(cursor.fetchone()[0], self._names.catalogue)
            cursor.execute(
                f"DELETE FROM {self._names.tracks} WHERE {identifier(TRACK_ID)} = ANY(%s)",
                (storable(track_ids),),
            )
            cursor.execute(f"UPDATE {self._names.facts} SET facts = %s::jsonb", (facts_json(facts),))
        self.refresh()

    @property
    def _statements(self) -> Statements:
        return Statements(self._names.tracks, stored_columns(self._facts.schema), self._range_of)

    def _range_of(self, column: str, low: float, high: float) -> tuple[float, float] | None:
        with self._server.transaction() as cursor:
            cursor.execute(self._statements.percentiles(column), (low, high))
            found = cursor.fetchone()
        return None if found[0] is None else (found[0], found[1])

    def _rows(self, condition: Sql, columns: Sequence[str]) -> pa.Table:
        with self._server.transaction() as cursor:
            cursor.execute(self._statements.rows(condition, columns), condition.values)
            found = list(zip(*cursor.fetchall(), strict=True)) or [()] * len(columns)
        return self._tabled(columns, found)

    def _tabled(self, names: Sequence[str], values: Sequence[Sequence[Any]]) -> pa.Table:
        """Make a track table of the values of some columns."""
        columns = stored_columns(self._facts.schema)
        arrays = [pa.array(one, columns[name].type) for name, one in zip(names, values, strict=True)]
        return restored(pa.table(arrays, names=list(names)), self._facts.schema)

    def _found(self, rows: Sequence[tuple[Any, ...]], complete: bool, path: str, reason: str) -> Candidates:
        columns = list(zip(*rows, strict=True)) or [()] * (2 + len(self._facts.schema))
        vectors = (
            np.stack([_numbers(one) for one in columns[1]]) if rows else np.empty((0, self.dim), np.float32)
        )
        arrival = np.array(columns[0], np.int64)
        return Candidates(
            arrival, self._tabled(self.column_names, columns[2:]), vectors, complete, path, reason
        )

    def _value(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        with self._server.transaction() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()[0]


def _breadth(depth: int, every: int, expected: int) -> int:
    """Return how many of the nearest rows the graph is asked for, so that ``depth`` of them should pass."""
    return max(_LEAST_EF, min(_MOST_EF, _SPARE * depth * every // max(1, expected)))


def _why_scan(request: EngineRequest, query: int, every: int, expected: int, depth: int) -> str | None:
    """Return why all rows that pass are compared, or None for a walk of the graph."""
    if request.options.exact:
        return "an exact search was asked for"
    if request.weight(query) >= _HEAVY_MOODS:
        return "the moods decide nearly alone"
    if depth > _MOST_EF // 2:
        return "many rows are needed"
    return "few rows pass" if expected <= max(_SCAN_ROWS, int(_SCAN_SHARE * every)) else None


def _facts_in(server: Server, names: Names) -> CatalogueFacts:
    with server.transaction(_FACTS_WAIT_S) as cursor:
        cursor.execute("SELECT to_regclass(%s)", (names.facts,))
        if cursor.fetchone()[0] is None:
            raise NotFoundError(
                f"there is no catalogue {brief(names.catalogue)} in this database; build it first"
            )
        cursor.execute(f"SELECT facts FROM {names.facts}")
        found = cursor.fetchone()
    return read_facts({} if found is None else found[0], names.catalogue)


def _numbers(vector: Any) -> NDArray[np.float32]:
    """Read a vector as pgvector's package returns it, which differs by its version."""
    return np.asarray(vector.to_numpy() if hasattr(vector, "to_numpy") else vector, np.float32)
