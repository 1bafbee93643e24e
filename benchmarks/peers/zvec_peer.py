"""zvec: an embedded database with its own planner over inverted columns and a graph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
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


class Zvec(Peer):
    """Read-only, by its call of lowest latency, which gives internal ids."""

    name = "zvec"
    kind = "database"
    packages = ("zvec",)
    note = f"HNSW, m {LINKS}, ef_construction {EF_CONSTRUCTION}; inverted index on every column; internal ids"

    def build(self, data: SearchData, folder: Path) -> None:
        import zvec

        zvec.init(log_level=zvec.LogLevel.ERROR, query_threads=1, optimize_threads=1)
        collection = zvec.create_and_open(str(folder / "collection"), _schema(data))
        names = filter_columns(data)
        for part in batches(data, 1000):
            fields, vectors = plain_rows(data, part, names), np.asarray(data.vectors[part])
            collection.insert(
                [
                    zvec.Doc(id=str(part.start + i), vectors={"embedding": vector}, fields=fields[i])
                    for i, vector in enumerate(vectors)
                ]
            )
        collection.optimize(zvec.OptimizeOption(concurrency=1))
        collection.flush()
        collection.close()

    def open(self, data: SearchData, columns: Columns, folder: Path) -> None:
        import zvec

        self._zvec = zvec
        zvec.init(log_level=zvec.LogLevel.ERROR, query_threads=1, optimize_threads=1)
        option = zvec.CollectionOption(read_only=True, enable_mmap=True)
        self._collection = zvec.open(str(folder / "collection"), option)

    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        return [ladder("ef", 10, 2048), [Setting("linear", 1)]]

    def prepare(self, wanted: Filter | None) -> str | None:
        return None if wanted is None else " AND ".join(map(_text, wanted.terms))

    def search(self, query: NDArray[np.float32], prepared: str | None, k: int, setting: Setting) -> Any:
        linear = setting.knob == "linear"
        param = self._zvec.HnswQueryParam(ef=k if linear else setting.value, is_linear=linear)
        asked = self._zvec.Query("embedding", vector=query, param=param)
        return self._collection.query_internal_ids(asked, topk=k, filter=prepared)

    def rows(self, found: Any) -> Rows:
        ids = self._collection.resolve_internal_ids(found[found >= 0])
        return np.array([int(name) for name in ids], np.int64)


def _schema(data: SearchData) -> Any:
    import zvec

    kinds = {
        pa.float32(): zvec.DataType.FLOAT,
        pa.int32(): zvec.DataType.INT32,
        pa.string(): zvec.DataType.STRING,
    }
    inverted = zvec.InvertIndexParam(enable_range_optimization=True)
    graph = zvec.HnswIndexParam(zvec.MetricType.IP, m=LINKS, ef_construction=EF_CONSTRUCTION)
    return zvec.CollectionSchema(
        "tracks",
        fields=[
            zvec.FieldSchema(name, kinds[data.table.schema.field(name).type], index_param=inverted)
            for name in filter_columns(data)
        ],
        vectors=zvec.VectorSchema(
            "embedding", zvec.DataType.VECTOR_FP32, data.vectors.shape[1], index_param=graph
        ),
    )


def _text(term: Term) -> str:
    """It has no BETWEEN, and writes ``<>`` as ``!=``."""
    if term.operator == "BETWEEN":
        return f"{term.column} >= {term.values[0]} AND {term.column} <= {term.values[1]}"
    return str(term).replace("<>", "!=")
