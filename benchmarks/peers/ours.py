"""moodrec: preset ``auto``, nothing tuned, from the text of the filter to the ids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import ONE_SETTING, Peer, Rows, Setting
from benchmarks.search.data import SearchData
from benchmarks.search.terms import Columns, Filter
from moodrec import MoodIndex


class Moodrec(Peer):
    """The index as a user gets it."""

    name = "moodrec"
    kind = "ours"
    packages = ("moodrec", "faiss-cpu", "numpy", "pyarrow", "sqlglot")
    note = "preset auto; the text of the filter is given to every search"

    def build(self, data: SearchData, folder: Path) -> None:
        MoodIndex.build(data.vectors, data.table, data.moods, preset="auto").save(folder / "index")

    def open(self, data: SearchData, columns: Columns, folder: Path) -> None:
        self._index = MoodIndex.open(folder / "index")

    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        return [[ONE_SETTING]]

    def prepare(self, wanted: Filter | None) -> str | None:
        return None if wanted is None else str(wanted)

    def search(self, query: NDArray[np.float32], prepared: str | None, k: int, setting: Setting) -> Any:
        hits = self._index.search(query, k, where=prepared)
        return hits.track_ids[0]

    def rows(self, found: Any) -> Rows:
        return np.array([int(track_id[1:]) for track_id in found if track_id is not None], np.int64)
