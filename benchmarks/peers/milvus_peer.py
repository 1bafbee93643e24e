"""Milvus Lite: Milvus's interface over FAISS, in the process, spoken to over a local socket."""

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

_TRACKS = "tracks"
_HOUR_MS = 3_600_000


class MilvusLite(Peer):
    """HNSW, and an inverted index on every column that a filter names."""

    name = "milvus-lite"
    kind = "database"
    packages = ("milvus-lite", "pymilvus")
    note = f"HNSW, M {LINKS}, efConstruction {EF_CONSTRUCTION}; inverted index on every column; local socket included"

    def build(self, data: SearchData, folder: Path) -> None:
        client = _client(folder)
        client.create_collection(_TRACKS, schema=_schema(data, client))
        names = filter_columns(data)
        for part in batches(data, 5000):
            fields, vectors = plain_rows(data, part, names), np.asarray(data.vectors[part])
            rows = [
                {"id": part.start + i, "embedding": vector, **fields[i]} for i, vector in enumerate(vectors)
            ]
            client.insert(_TRACKS, rows)
        client.flush(_TRACKS)
        client.create_index(_TRACKS, _indexes(client, names), timeout=_HOUR_MS / 1000)
        client.load_collection(_TRACKS)
        client.close()

    def open(self, data: SearchData, columns: Columns, folder: Path) -> None:
        self._client = _client(folder)
        self._client.load_collection(_TRACKS)

    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        return [ladder("ef", 10, min(n, 5000), 1.7)]

    def prepare(self, wanted: Filter | None) -> str:
        return "" if wanted is None else " and ".join(map(_text, wanted.terms))

    def search(self, query: NDArray[np.float32], prepared: str, k: int, setting: Setting) -> Any:
        params = {"metric_type": "IP", "params": {"ef": setting.value}}
        return self._client.search(_TRACKS, [query], filter=prepared, limit=k, search_params=params)

    def rows(self, found: Any) -> Rows:
        return np.array([hit["id"] for hit in found[0]], np.int64)


def _client(folder: Path) -> Any:
    from pymilvus import MilvusClient

    # Its server closes connections that ask too often whether it lives, as the client does while it builds.
    options = {"grpc.keepalive_time_ms": _HOUR_MS, "grpc.keepalive_permit_without_calls": 0}
    return MilvusClient(str(folder / "milvus.db"), grpc_options=options)


def _schema(data: SearchData, client: Any) -> Any:
    from pymilvus import DataType

    kinds = {pa.float32(): DataType.FLOAT, pa.int32(): DataType.INT32, pa.string(): DataType.VARCHAR}
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=data.vectors.shape[1])
    for name in filter_columns(data):
        kind = kinds[data.table.schema.field(name).type]
        schema.add_field(name, kind, **({"max_length": 100} if kind == DataType.VARCHAR else {}))
    return schema


def _indexes(client: Any, names: Sequence[str]) -> Any:
    indexes = client.prepare_index_params()
    graph = {"M": LINKS, "efConstruction": EF_CONSTRUCTION}
    indexes.add_index("embedding", index_type="HNSW", metric_type="IP", params=graph)
    for name in names:
        indexes.add_index(name, index_type="INVERTED")
    return indexes


def _text(term: Term) -> str:
    if term.operator == "BETWEEN":
        return f"({term.column} >= {term.values[0]} and {term.column} <= {term.values[1]})"
    if term.operator == "IN":
        return f"{term.column} in {[str(value) for value in term.values]}"
    return str(term).replace("<>", "!=")
