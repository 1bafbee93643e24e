"""LanceDB: a columnar file format with vector and scalar indexes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.peers.peer import Peer, Rows, Setting, batches, filter_columns, ladder
from benchmarks.search.data import SearchData
from benchmarks.search.terms import Columns, Filter


class LanceDb(Peer):
    """Inverted lists, and the filter before the search, as it recommends."""

    name = "lancedb"
    kind = "database"
    packages = ("lancedb",)
    note = "IVF_FLAT, sqrt(n) parts; BTREE on numbers, BITMAP on genre; filter before the search"

    def build(self, data: SearchData, folder: Path) -> None:
        import lancedb

        database = lancedb.connect(folder / "lance")
        table = database.create_table("tracks", _batches(data))
        for name in filter_columns(data):
            table.create_scalar_index(name, index_type="BITMAP" if name == "genre" else "BTREE")
        table.create_index(
            metric="dot",
            index_type="IVF_FLAT",
            num_partitions=round(np.sqrt(len(data))),
            vector_column_name="embedding",
        )
        table.optimize()

    def open(self, data: SearchData, columns: Columns, folder: Path) -> None:
        import lancedb

        self._table = lancedb.connect(folder / "lance").open_table("tracks")

    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        return [ladder("nprobes", 1, round(np.sqrt(n)), 1.7)]

    def prepare(self, wanted: Filter | None) -> str | None:
        return None if wanted is None else str(wanted)

    def search(self, query: NDArray[np.float32], prepared: str | None, k: int, setting: Setting) -> Any:
        asked = self._table.search(query, vector_column_name="embedding").distance_type("dot")
        asked = asked.nprobes(setting.value).limit(k).select(["row", "_distance"])
        if prepared is not None:
            asked = asked.where(prepared, prefilter=True)
        return asked.to_arrow()

    def rows(self, found: Any) -> Rows:
        return np.asarray(found["row"].to_numpy(), np.int64)


def _batches(data: SearchData) -> Any:
    """The table with its vectors, some rows at a time."""
    dim = data.vectors.shape[1]
    columns = data.table.select(filter_columns(data))
    schema = columns.schema.append(pa.field("row", pa.int64()))
    schema = schema.append(pa.field("embedding", pa.list_(pa.float32(), dim)))

    def parts() -> Any:
        for part in batches(data, 100_000):
            some = columns.slice(part.start, part.stop - part.start).combine_chunks()
            flat = pa.array(np.asarray(data.vectors[part]).ravel())
            some = some.append_column("row", pa.array(np.arange(part.start, part.stop)))
            some = some.append_column("embedding", pa.FixedSizeListArray.from_arrays(flat, dim))
            yield from some.cast(schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, parts())
