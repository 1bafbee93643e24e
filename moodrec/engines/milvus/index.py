"""``MilvusIndex``: a catalogue in Milvus, whose candidates its HNSW index finds."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa

from moodrec.arguments import brief
from moodrec.engines.base import EngineIndex
from moodrec.engines.columns import restored, stored_columns
from moodrec.engines.connection import closed_on_failure
from moodrec.engines.facts import NAME, CatalogueFacts, facts_json, read_facts
from moodrec.engines.milvus.fields import COMPLETED, ROW, SEQ, FilterField, entities, filter_fields
from moodrec.engines.milvus.names import Names, marked, unmarked
from moodrec.engines.milvus.server import PAGE, Server
from moodrec.engines.milvus.statements import Statements
from moodrec.engines.milvus.terms import EVERY, among, both, literal
from moodrec.engines.request import Candidates, EngineRequest
from moodrec.engines.widening import widening
from moodrec.errors import NotFoundError
from moodrec.filters.conditions import Condition
from moodrec.index.search.completed import completed_dim
from moodrec.schema import TRACK_ID
from moodrec.typing import Float32Array, Vectors

_SCAN_ROWS: Final = 2_000
"""Where no more rows pass, all of them are compared."""
_LEAST_EF, _MOST_EF = 600, 8_192
"""How many rows a walk of the graph keeps; a search that needs more candidates compares all rows."""
_LEAST_FILTERED_EF: Final = 1_000
_SPARE: Final = 4
"""Under a filter a walk keeps so many times the rows among which enough should pass."""
_HEAVY_MOODS: Final = 0.9
"""From this weight of the moods on, neighbours in the graph say little about the order, and a walk keeps the most."""


class MilvusIndex(EngineIndex):
    """A catalogue in Milvus: filters are boolean expressions, and an HNSW index finds candidates.

    Milvus has no transactions: an addition is checked as a whole and then written page by page, so that a server that
    fails in between leaves the pages before. A build is another collection, and an alias goes over to it when it is
    complete; searches of those who have the former one open go on until they :meth:`refresh`, up to the build after
    that.
    """

    kind = "milvus"

    def __init__(
        self, server: Server, names: Names, collection: str, facts: CatalogueFacts, kept: dict[str, str]
    ) -> None:
        """Take over a connected server; use :meth:`build` or :meth:`open`.

        Args:
            server: the connection.
            names: the names of the catalogue.
            collection: the collection that holds the tracks.
            facts: what is known of the catalogue.
            kept: the names of the fields for filters, by column.
        """
        super().__init__(facts)
        self._server, self._names, self._collection, self._kept = server, names, collection, kept
        self._last_seq = 0

    @classmethod
    def _build(cls, address: str, name: str, facts: CatalogueFacts, rows: pa.Table, vectors: Vectors) -> Self:
        names, fields = Names(name), filter_fields(stored_columns(facts.schema), facts.moods)
        kept = {one: field.name for one, field in fields.items()}
        collection = names.collection(uuid.uuid4().hex)
        with closed_on_failure(Server(address)) as server:
            index = cls(server, names, collection, facts, kept)
            with ExitStack() as on_failure:
                on_failure.callback(server.drop, collection)
                server.create_tracks(collection, fields.values(), completed_dim(facts.dim, len(facts.moods)))
                for start in range(0, len(vectors), 10 * PAGE):
                    part = slice(start, start + 10 * PAGE)
                    index._insert(rows.slice(start, 10 * PAGE), vectors[part], replaces=False)
                server.build_graph(collection, len(vectors))
                index._write_facts(facts)
                on_failure.pop_all()
            index._publish()
            index._read_again()
            return index

    @classmethod
    def open(cls, address: str, name: str = NAME) -> Self:
        """Open a catalogue.

        Args:
            address: ``milvus://host:19530``, or the path of a file for Milvus Lite.
            name: what the catalogue is called.

        Raises:
            NotFoundError: there is none of this name.
            EngineError, MissingExtraError: the server cannot be used.
        """
        names = Names(name)
        with closed_on_failure(Server(address)) as server:
            collection, facts, kept = _current(server, names)
            server.load(collection)
            return cls(server, names, collection, facts, kept)

    def _read_again(self) -> bool:
        collection, facts, kept = _current(self._server, self._names)
        if (collection, facts.version) == (self._collection, self._facts.version):
            return False
        if collection != self._collection:
            self._server.load(collection)
        self._collection, self._facts, self._kept = collection, facts, kept
        return True

    def close(self) -> None:
        self._server.close()

    def __len__(self) -> int:
        return self._server.count(self._collection, EVERY)

    def about(self) -> int:
        return self._server.count(self._collection, EVERY, roughly=True)

    def _matching(self, condition: Condition | None, columns: Sequence[str]) -> pa.Table:
        where = EVERY if condition is None else self._statements.condition(condition).true
        return self._rows(where).select(columns)

    def _stored_rows(self, track_ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        return self._rows(among(TRACK_ID, track_ids)).select(columns)

    def _known(self, track_ids: Sequence[str]) -> set[str]:
        return {
            row[TRACK_ID]
            for start in range(0, len(track_ids), PAGE)
            for row in self._server.query(
                self._collection, among(TRACK_ID, track_ids[start : start + PAGE]), [TRACK_ID]
            )
        }

    def _count(self, request: EngineRequest) -> int:
        return self._server.count(self._collection, self._statements.passing(request))

    def _candidates(self, track_ids: Sequence[str]) -> Candidates:
        found = self._server.query(self._collection, among(TRACK_ID, track_ids), [SEQ, COMPLETED, ROW])
        return self._found(found, True, "milvus", "by id")

    def _nearest(self, request: EngineRequest, query: int, depth: int) -> Candidates:
        where = self._statements.passing(request)
        vector = request.completed(query)
        every, passing = (self._server.count(self._collection, one, roughly=True) for one in (EVERY, where))
        reason = _why_scan(request, passing, depth)
        if reason is not None:
            return self._scanned(where, passing, vector, depth, reason)
        ef = _MOST_EF if request.weight(query) >= _HEAVY_MOODS else _breadth(depth, every, passing)
        found = self._server.nearest(self._collection, vector, where, depth, ef, [SEQ, COMPLETED, ROW])
        if len(found) < depth:
            return self._scanned(where, passing, vector, depth, "the graph gave up before enough rows passed")
        return self._found(found, False, "milvus hnsw", "candidates, then exact scores")

    def _scanned(self, where: str, passing: int, vector: Float32Array, depth: int, reason: str) -> Candidates:
        """Compare all rows that pass, page by page."""
        scores, ids = np.empty(0, np.float32), np.empty(0, object)
        for page in self._pages(where, [TRACK_ID, COMPLETED], passing):
            products = np.array([row[COMPLETED] for row in page], np.float32) @ vector
            scores = np.concatenate([scores, products])
            ids = np.concatenate([ids, np.array([row[TRACK_ID] for row in page], object)])
            if len(scores) > depth:
                best = np.argpartition(-scores, depth - 1)[:depth]
                scores, ids = scores[best], ids[best]
        found = self._server.query(self._collection, among(TRACK_ID, ids.tolist()), [SEQ, COMPLETED, ROW])
        return self._found(found, len(found) < depth, "milvus scan", reason)

    def _pages(
        self, where: str, fields: Sequence[str], passing: int | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """Read fields of all rows that meet an expression, which ``passing`` do, in the order of arrival."""
        if passing is not None and passing <= PAGE:
            if found := self._server.query(self._collection, where, [SEQ, *fields]):
                yield sorted(found, key=lambda row: int(row[SEQ]))
            return
        keys = sorted(row[SEQ] for row in self._server.query(self._collection, where, [SEQ]))
        for start in range(0, len(keys), PAGE):
            page = keys[start : start + PAGE]
            within = both(f"{SEQ} >= {page[0]}", f"{SEQ} <= {page[-1]}", where)
            found = self._server.query(self._collection, within, [SEQ, *fields])
            yield sorted(found, key=lambda row: int(row[SEQ]))

    def _write(self, vectors: Vectors, table: pa.Table, replaces: bool) -> None:
        self.refresh()
        wider = widening(self._facts, table)
        rows = wider.rows
        if not replaces:
            known = self._known(table[TRACK_ID].to_pylist())
            new = np.array([one not in known for one in table[TRACK_ID].to_pylist()], bool)
            rows, vectors = rows.filter(pa.array(new)), vectors[new]
        with self._marked():
            self._insert(rows, vectors, replaces)
            if wider.facts is not self._facts:
                self._write_facts(wider.facts)

    @contextmanager
    def _marked(self) -> Iterator[None]:
        """Tell readers after a block that rows have changed, even where it failed half-way."""
        try:
            yield
        finally:
            self._keep(marked(self._collection), uuid.uuid4().hex)
            self.refresh()

    def _insert(self, rows: pa.Table, vectors: Vectors, replaces: bool) -> None:
        first = max(time.time_ns(), self._last_seq + 1)
        self._last_seq = first + len(vectors)
        made = entities(rows, vectors, self.moods, self._fields, first)
        self._server.write(self._collection, made, replaces)

    def _delete(self, track_ids: Sequence[str]) -> None:
        with self._marked():
            for start in range(0, len(track_ids), PAGE):
                self._server.delete(self._collection, among(TRACK_ID, track_ids[start : start + PAGE]))

    @property
    def _fields(self) -> dict[str, FilterField]:
        return filter_fields(stored_columns(self._facts.schema), self.moods, self._kept)

    @property
    def _statements(self) -> Statements:
        return Statements(stored_columns(self._facts.schema), self._fields, self._pages)

    def _rows(self, where: str) -> pa.Table:
        return self._tabled([row for page in self._pages(where, [ROW]) for row in page])

    def _tabled(self, found: Sequence[dict[str, Any]]) -> pa.Table:
        """Make a track table of stored rows."""
        columns = stored_columns(self._facts.schema)
        schema = pa.schema([(name, column.type) for name, column in columns.items()])
        return restored(
            pa.Table.from_pylist([json.loads(row[ROW]) for row in found], schema), self._facts.schema
        )

    def _found(self, rows: Sequence[dict[str, Any]], complete: bool, path: str, reason: str) -> Candidates:
        arrival = np.array([row[SEQ] for row in rows], np.int64)
        stored = [row[COMPLETED][: self.dim] for row in rows]
        vectors = np.array(stored, np.float32).reshape(len(rows), self.dim)
        return Candidates(arrival, self._tabled(rows), vectors, complete, path, reason)

    def _write_facts(self, facts: CatalogueFacts) -> None:
        if not self._server.exists(self._names.facts):
            self._server.create_facts(self._names.facts)
        self._keep(self._collection, facts_json(facts, fields=self._kept, written=time.time_ns()))

    def _keep(self, key: str, text: str) -> None:
        row = {"collection": key, "facts": text, "unused": [0.0, 0.0]}
        self._server.write(self._names.facts, [row], replaces=True)

    def _publish(self) -> None:
        """Let the alias name the collection, and remove all collections but it and the one before it."""
        server, names = self._server, self._names
        before = server.resolved(names.catalogue) if server.exists(names.catalogue) else None
        server.point(names.catalogue, self._collection)
        kept = {one for name in (before, self._collection) if name for one in (name, marked(name))}
        for row in server.query(names.facts, 'collection != ""', ["collection"]):
            if (key := row["collection"]) not in kept:
                server.drop(unmarked(key))
                server.delete(names.facts, f"collection in [{literal(key)}]")


def _breadth(depth: int, every: int, passing: int) -> int:
    """Return how many rows a walk of the graph keeps for ``depth`` candidates."""
    least = _LEAST_EF if passing >= every else _LEAST_FILTERED_EF
    return max(depth, min(_MOST_EF, max(least, _SPARE * depth * every // max(1, passing))))


def _why_scan(request: EngineRequest, passing: int, depth: int) -> str | None:
    """Return why all rows that pass are compared, or None for a walk of the graph."""
    if request.options.exact:
        return "an exact search was asked for"
    if passing <= max(_SCAN_ROWS, depth):
        return "few rows pass"
    return "many rows are needed" if depth > _MOST_EF else None


def _current(server: Server, names: Names) -> tuple[str, CatalogueFacts, dict[str, str]]:
    """Return the collection that a catalogue has now, what is known of it, and its fields by column."""
    if not server.exists(names.catalogue):
        raise NotFoundError(f"there is no catalogue {brief(names.catalogue)} in this Milvus; build it first")
    collection = server.resolved(names.catalogue)
    server.load(names.facts)
    keys = ", ".join(map(literal, (collection, marked(collection))))
    found = server.query(names.facts, f"collection in [{keys}]", ["collection", "facts"])
    told = {row["collection"]: row["facts"] for row in found}
    stored = json.loads(told.get(collection, "{}"))
    facts = read_facts(stored, names.catalogue)
    version = facts.version + told.get(marked(collection), "")
    return collection, replace(facts, version=version), dict(stored["fields"])
