"""Ten thousand random additions, replacements and removals: the answers are those of an index built anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from tests.catalogues import MOODS, Sample, sample_catalogue
from tests.contracts import assert_same, recall

POOL = sample_catalogue(1500, seed=4)
SEARCHES: tuple[dict[str, Any], ...] = (
    {},
    {"where": "calm >= 0.5 AND year < 2000"},
    {"mood": {"calm": 0.8}, "max_per_artist": 1},
)


class Changing:
    """An index, and beside it what it should hold: a row of the pool for each id, in the order of arrival."""

    def __init__(self, preset: str) -> None:
        self.rng = np.random.default_rng(11)
        config = load_preset(preset).model_copy(update={"exact_rows": 0, "first_lists": 4, "max_growth": 2.0})
        self.config = config
        self.held = {f"t{row}": row for row in range(300)}
        self.index = self.rebuilt()

    def sample(self, ids: list[str]) -> Sample:
        rows = [self.held[name] for name in ids]
        return Sample(POOL.vectors[rows], POOL.table.take(rows).set_column(0, "track_id", pa.array(ids)))

    def rebuilt(self) -> MoodIndex:
        sample = self.sample(list(self.held))
        return MoodIndex.build(sample.vectors, sample.table, MOODS, self.config)

    def change(self) -> int:
        """One change of several tracks; returns how many."""
        count = int(self.rng.integers(1, 60))
        kind = self.rng.choice(["add", "remove", "replace"]) if 150 < len(self.held) < 900 else "add"
        if len(self.held) >= 900:
            kind = "remove"
        known = list(self.held)
        if kind == "add":
            fresh = [f"n{self.rng.integers(1 << 40)}" for _ in range(count)]
            self._put(fresh, "error")
        elif kind == "remove":
            gone = self.rng.choice(known, min(count, len(known)), replace=False).tolist()
            self.index.remove(gone)
            for name in gone:
                del self.held[name]
        else:
            self._put(self.rng.choice(known, count, replace=False).tolist(), "replace")
        return count

    def _put(self, names: list[str], on_conflict: str) -> None:
        for name in names:
            self.held.pop(name, None)  # a replaced track comes last
            self.held[name] = int(self.rng.integers(len(POOL.vectors)))
        sample = self.sample(names)
        self.index.add(sample.vectors, sample.table, on_conflict=on_conflict)  # type: ignore[arg-type]

    def check(self, index: MoodIndex) -> None:
        rebuilt, queries = self.rebuilt(), POOL.vectors[:40]
        assert index.track_ids == list(self.held)
        assert index.frame.equals(rebuilt.frame)
        for conditions in SEARCHES:
            truth = rebuilt.search(queries, exact=True, **conditions)
            assert_same(index.search(queries, exact=True, **conditions), truth)
            assert recall(index.search(queries, **conditions), truth) >= 0.95


@pytest.mark.parametrize(("preset", "operations"), [("flat", 10_000), ("ivf-sq8", 5_000), ("hnsw", 3_000)])
def test_many_changes_equal_a_rebuild(preset: str, operations: int, tmp_path: Path) -> None:
    changing, done, checked = Changing(preset), 0, 0
    while done < operations:
        done += changing.change()
        if done // 2_500 > checked:
            checked = done // 2_500
            changing.check(changing.index)
            changing.index.save(tmp_path / "index")
            changing.index = MoodIndex.open(tmp_path / "index")
    changing.check(changing.index)
