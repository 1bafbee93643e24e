"""Time the exact scan of a GPU beside that of the CPU over a million and ten million random tracks.

    python -m tools.gpu_scan

Both must find the same tracks, but for those whose scores differ by rounding alone.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa

from benchmarks.machine import machine_report
from moodrec.index.backends.gpu.scan import GpuScan
from moodrec.index.mood_index import MoodIndex
from moodrec.index.search.options import SearchOptions
from moodrec.index.search.resolve import resolve

DIM: Final = 128
K: Final = 10
QUERIES: Final = 64
REPEATS: Final = 5
LEAST_SHARED: Final = 0.999
ASKED: Final[dict[str, SearchOptions]] = {
    "no condition": SearchOptions(),
    "half pass": SearchOptions(where="calm >= 0.5"),
    "mood target": SearchOptions(mood={"calm": 0.9}),
}


def random_index(n: int) -> MoodIndex:
    """Make a flat index of n random tracks, the same at every run."""
    rng = np.random.default_rng(0)
    vectors = np.empty((n, DIM), np.float32)
    for start in range(0, n, 1 << 20):
        part = vectors[start : start + (1 << 20)]
        rng.standard_normal(part.shape, np.float32, part)
    ids = pa.array(np.char.add("t", np.arange(n).astype("U8")))
    table = pa.table({"track_id": ids, "calm": rng.random(n, np.float32)})
    return MoodIndex.build(vectors, table, ("calm",), "flat")


def timed(run: Callable[[], object]) -> float:
    """Return the median time of a call in milliseconds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def compare(n: int, device: str) -> bool:
    """Print the times over n tracks, and say whether both found the same."""
    index = random_index(n)
    # The scan itself is what is timed: below the index, which would refuse a device that is no GPU.
    catalogue = index._catalogue
    segment = catalogue.base.segment
    queries = index.vectors(index.track_ids[:QUERIES])
    start = time.perf_counter()
    scan = GpuScan(segment.vectors, device)
    print(f"{n:>11,} tracks of {DIM} numbers, copied to the device in {time.perf_counter() - start:.1f} s")
    same = True
    for name, options in ASKED.items():
        request = resolve(options, K, catalogue, queries)
        found = scan.find(segment, request, K)
        truth = index.search(queries, K, options, exact=True)
        shared = np.mean(
            [
                len({f"t{row}" for row in rows.tolist()} & set(ids)) / K
                for rows, ids in zip(found, truth.track_ids, strict=True)
            ]
        )
        there = timed(lambda request=request: scan.find(segment, request, K))  # type: ignore[misc]
        here = timed(lambda options=options: index.search(queries, K, options, exact=True))  # type: ignore[misc]
        good = bool(shared >= LEAST_SHARED)
        same &= good
        print(
            f"  {name:<14} {QUERIES} queries: {device} {there:9.1f} ms, cpu {here:9.1f} ms, "
            f"{100 * shared:.2f} % the same{'' if good else '  NOT the same'}"
        )
    return same


def main() -> None:
    """Compare, and exit with 1 where the two differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    device = parser.parse_args().device
    sizes = (1_000_000, 10_000_000) if device == "cuda" else (20_000,)
    print(machine_report("numpy", "torch"))
    sys.exit(not all(compare(n, device) for n in sizes))


if __name__ == "__main__":
    main()
