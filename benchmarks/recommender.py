"""What a recommender asks of 200,000 tracks beside searches: pairs scored, candidates put in order, allow-lists, ids.

    python -m benchmarks.recommender                 # writes benchmarks/results/recommender.json
    python -m benchmarks.recommender --tracks 20000 --out -

Tracks are made up, in clusters, of seed 0; the index is saved and opened, as in a service. Times are those of the
processor, so that others at work on the machine lengthen them a little only.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.machine import machine_report
from benchmarks.search.micro.catalogue import columns
from moodrec import MoodIndex, Recommender, SearchOptions
from tests.catalogues import clustered

OUT = Path(__file__).parent / "results" / "recommender.json"
DIM, PAIRS, CANDIDATES, LISTS, ALLOWED = 128, 100_000, 200, 50, 28_000


def made(tracks: int, folder: Path, preset: str = "ivf-sq8") -> Recommender:
    """Save an index of made-up tracks, whose ids are in no order, and open it."""
    rng = np.random.default_rng(0)
    names = {"track_id": [f"track-{row:07d}" for row in rng.permutation(tracks)]}
    table = pa.table({**names, **columns(rng, tracks)})
    MoodIndex.build(clustered(rng, tracks, DIM, tracks // 100), table, ["calm", "happy"], preset).save(folder)
    return Recommender.open(folder)


def times(action: Callable[[], object], repeats: int) -> dict[str, float]:
    """Run an action some times and give the median and the least of its times on the processor, in ms."""
    action()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        action()
        taken.append(1000 * (time.process_time() - start))
    return {"median_ms": round(float(np.median(taken)), 3), "least_ms": round(min(taken), 3)}


def measure(rec: Recommender) -> dict[str, dict[str, float]]:
    """Measure each call."""
    known = rec.index.track_ids
    order = np.random.default_rng(1).permutation(len(known))
    ids = [known[row] for row in order[:PAIRS].tolist()]
    pairs = list(zip(ids, ids[::-1], strict=True))
    candidates = dict(zip(ids[:CANDIDATES], np.linspace(1, 0, CANDIDATES).tolist(), strict=True))
    lists = [ids[place : CANDIDATES * LISTS : LISTS] for place in range(LISTS)]
    query, allowed = rec.index.vectors(ids[:1]), ids[:ALLOWED]
    once = SearchOptions(only=allowed)
    return {
        f"score {len(pairs):,} pairs": times(lambda: rec.score(pairs), 7),
        f"score {len(pairs):,} pairs, with a mood": times(lambda: rec.score(pairs, mood={"calm": 0.8}), 7),
        f"rerank {CANDIDATES} candidates": times(lambda: rec.rerank(candidates, mood={"calm": 0.8}), 100),
        f"rerank {LISTS} lists of {CANDIDATES}": times(lambda: rec.rerank(lists, mood={"calm": 0.8}), 20),
        f"search among {len(allowed):,} allowed, options made once": times(
            lambda: rec.index.search(query, 10, once), 100
        ),
        f"search among {len(allowed):,} allowed, a list each time": times(
            lambda: rec.index.search(query, 10, only=allowed), 30
        ),
        "vectors of 1 id": times(lambda: rec.index.vectors(ids[:1]), 200),
        "vectors of 200 ids": times(lambda: rec.index.vectors(ids[:200]), 100),
        f"vectors of {len(allowed):,} ids": times(lambda: rec.index.vectors(allowed), 10),
    }


def main() -> None:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=200_000)
    parser.add_argument("--out", default=str(OUT), help="- prints it")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(made(asked.tracks, Path(folder)))
    result = {
        "tracks": asked.tracks,
        "seed": 0,
        "processor_times": found,
        "machine": machine_report("numpy", "pyarrow", "faiss-cpu"),
    }
    text = json.dumps(result, indent=1)
    if asked.out == "-":
        print(text)
    else:
        Path(asked.out).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
