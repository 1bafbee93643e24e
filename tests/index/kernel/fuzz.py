"""Random searches of random indexes through a build of the kernel that checks itself.

It runs in a process of its own, which has the address sanitizer's library loaded first, and prints what it did as
JSON; the sanitizers end the process at the first fault.

    python -m tests.index.kernel.fuzz KERNEL.so SEARCHES SEED
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from moodrec.filters.columns import ColumnTable, select
from moodrec.filters.selection import row_mask
from moodrec.index.kernel import binding as kernel
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from tests.catalogues import clustered
from tests.filters.generated import as_table, random_condition, random_rows

SEARCHES_OF_AN_INDEX = 40
MOODS = ("calm",)


def main(build: str, searches: int, seed: int) -> None:
    """Search one random index after the other on every path."""
    setattr(kernel, "find_spec", lambda name: SimpleNamespace(origin=build))  # noqa: B010  # no spec is like that
    assert kernel.library() is not None, kernel.trouble()
    done: Counter[str] = Counter()
    number = 0
    while done["searches"] < searches:
        rng = random.Random(f"{seed} {number}")
        for path in kernel.paths():
            with kernel.running(path):
                _search_one(rng, done)
            done[f"indexes searched on {path}"] += 1
        number += 1
    print(json.dumps(done))


def _search_one(rng: random.Random, done: Counter[str]) -> None:
    """Build an index, let rows be added to it now and then, and search it."""
    dim, n = rng.choice([1, 7, 16, 33, 64, 100]), rng.choice([1, 2, 31, 64, 500, 1500])
    later = rng.choice([0, 0, 1, 40])
    vectors = clustered(np.random.default_rng(rng.randrange(1 << 32)), n + later, dim, max(1, n // 50))
    table = as_table(random_rows(rng, n + later)).append_column(
        "track_id", pa.array([f"t{row}" for row in range(n + later)])
    )
    sizes = {"nlist": rng.choice([None, 1, max(1, n // 40)]), "exact_rows": rng.choice([0, 0, 200])}
    preset = load_preset(rng.choice(["ivf", "ivf-sq8"])).model_copy(update=sizes)
    index = MoodIndex.build(vectors[:n], table.slice(0, n), MOODS, preset)
    if later:
        index.add(vectors[n:], table.slice(n))
    columns = ColumnTable(table)
    for _ in range(SEARCHES_OF_AN_INDEX):
        _check(index, vectors, columns, rng, done)


def _check(
    index: MoodIndex, vectors: np.ndarray, columns: ColumnTable, rng: random.Random, done: Counter[str]
) -> None:
    """One search: every hit passes the filter, hits fall in score, and a plain score is the cosine."""
    query = vectors[rng.randrange(len(vectors))] + np.float32(rng.choice([0, 0.1]))
    if not np.any(query):
        return
    asked: dict[str, Any] = {}
    passes = np.ones(len(vectors), bool)
    if rng.random() < 0.7:
        asked["where"] = random_condition(rng)
        passes = row_mask(select(asked["where"], columns), len(vectors))
    if rng.random() < 0.3:
        asked |= {"mood": {"calm": rng.random()}, "mood_weight": rng.choice([0.2, 0.9, 1.0])}
    hits = index.search(query, rng.choice([1, 5, 60]), **asked)
    count = int(hits.counts[0])
    rows = np.array([int(track_id[1:]) for track_id in hits.track_ids[0, :count]], int)
    assert passes[rows].all(), asked
    assert len(set(rows.tolist())) == count
    assert (np.diff(hits.scores[0, :count]) <= 0).all()
    if "mood" not in asked:
        cosine = vectors[rows].astype(float) @ (query / np.linalg.norm(query.astype(float)))
        np.testing.assert_allclose(hits.scores[0, :count], cosine, atol=1e-5)
    done["searches"] += 1
    done["hits"] += count
    done[f"path {hits.explanation.path}"] += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
