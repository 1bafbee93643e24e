"""Qdrant Edge: Qdrant's engine inside the process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import (
    EF_CONSTRUCTION,
    LINKS,
    Peer,
    Rows,
    Setting,
    batches,
    filter_columns,
    ladder,
    plain_rows,
)
from benchmarks.search.data import SearchData
from benchmarks.search.terms import Columns, Filter, Term


class QdrantEdge(Peer):
    """One segment, graph with payload indexes on every column that a filter names."""

    name = "qdrant-edge"
    kind = "database"
    packages = ("qdrant-edge-py",)
    note = (
        f"HNSW, m {LINKS}, ef_construct {EF_CONSTRUCTION}; payload index on every column, one search thread"
    )

    def build(self, data: SearchData, folder: Path) -> None:
        import qdrant_edge as q

        graph = q.HnswIndexConfig(LINKS, EF_CONSTRUCTION, 10_000, max_indexing_threads=1)
        config = q.EdgeConfig(
            vectors=q.EdgeVectorParams(data.vectors.shape[1], q.Distance.Dot, hnsw_config=graph),
            hnsw_config=graph,
            optimizers=q.EdgeOptimizersConfig(
                default_segment_number=1, max_segment_size=1 << 30, indexing_threshold=1000
            ),
            max_search_threads=1,
        )
        (folder / "shard").mkdir()
        shard = q.EdgeShard.create(str(folder / "shard"), config)
        names = filter_columns(data)
        for name in names:
            shard.update(q.UpdateOperation.create_field_index(name, _index_kind(data, name)))
        for part in batches(data, 1000):
            fields, vectors = plain_rows(data, part, names), np.asarray(data.vectors[part])
            points = [q.Point(part.start + i, vector.tolist(), fields[i]) for i, vector in enumerate(vectors)]
            shard.update(q.UpdateOperation.upsert_points(points))
        while shard.optimize():
            pass
        shard.flush()
        shard.close()

    def open(self, data: SearchData, columns: Columns, folder: Path) -> None:
        import qdrant_edge

        self._q = qdrant_edge
        self._shard = qdrant_edge.EdgeShard.load(str(folder / "shard"))

    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        return [ladder("hnsw_ef", 10, 5000, 1.7), [Setting("exact", 1)]]

    def prepare(self, wanted: Filter | None) -> Any:
        if wanted is None:
            return None
        import qdrant_edge as q

        said = [(term.operator == "<>", _condition(term)) for term in wanted.terms]
        return q.Filter(must=[c for no, c in said if not no], must_not=[c for no, c in said if no])

    def search(self, query: NDArray[np.float32], prepared: Any, k: int, setting: Setting) -> Any:
        q = self._q
        exact = setting.knob == "exact"
        params = q.SearchParams(exact=exact, hnsw_ef=None if exact else setting.value)
        request = q.SearchRequest(q.Query.Nearest(query.tolist()), k, filter=prepared, params=params)
        return self._shard.search(request)

    def rows(self, found: Any) -> Rows:
        return np.array([point.id for point in found], np.int64)


def _index_kind(data: SearchData, name: str) -> Any:
    import qdrant_edge as q

    kinds = {
        "float": q.PayloadSchemaType.Float,
        "int32": q.PayloadSchemaType.Integer,
        "string": q.PayloadSchemaType.Keyword,
    }
    return kinds[str(data.table.schema.field(name).type)]


def _condition(term: Term) -> Any:
    import qdrant_edge as q

    # The package types each kind of value by itself; which one a column takes is known when this runs.
    values: list[Any] = list(term.values)
    first, last = values[0], values[-1]
    if term.operator == "IN":
        return q.FieldCondition(term.column, match=q.MatchAny(values))
    if term.operator == "<>":
        return q.FieldCondition(term.column, match=q.MatchValue(first))
    ranges = {
        ">=": lambda: q.RangeFloat(gte=first),
        "<": lambda: q.RangeFloat(lt=first),
        "BETWEEN": lambda: q.RangeFloat(gte=first, lte=last),
    }
    return q.FieldCondition(term.column, range=ranges[term.operator]())
