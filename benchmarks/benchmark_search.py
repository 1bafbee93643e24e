"""Search, timed: ``pytest benchmarks/benchmark_search.py --benchmark-enable`` times the steps of one search, and
``python benchmarks/benchmark_search.py`` prints the table of indexes/README.md.

Catalogues are clusters of made-up vectors: ``--rows``, ``--dim``, ``--seed``. Filters pass a share of the rows and
lie near the query, anywhere, or far from it. A time is the processor time of one query, from the text of the filter
to the hits, median over the queries; the text is parsed at its first use only. Recall is against ``exact=True``.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))

from moodrec.filters.columns import ColumnTable, row_mask
from moodrec.filters.parse import parse
from moodrec.index.mood_index import MoodIndex
from moodrec.index.runtime import faiss
from tests.catalogues import clustered
from tests.contracts import recall

PRESETS = ("flat", "ivf", "ivf-sq8", "hnsw")
K, QUERIES = 10, 30
WHERE = "calm >= 0.6 AND happy < 0.9 AND year BETWEEN 1990 AND 1999 AND artist <> 'artist 5'"


@dataclass(frozen=True)
class Catalogue:
    vectors: NDArray[np.float32]
    table: pa.Table
    queries: NDArray[np.float32]


def make_catalogue(rows: int, dim: int, seed: int) -> Catalogue:
    """Columns ``close<i>`` hold how near a row is to query i, as a share of the rows that are farther."""
    rng = np.random.default_rng(seed)
    vectors = clustered(rng, rows, dim, max(10, rows // 100))
    queries = vectors[rng.choice(rows, QUERIES, replace=False)]
    columns: dict[str, Any] = {
        "track_id": [f"t{row}" for row in range(rows)],
        "artist": [f"artist {number}" for number in rng.integers(0, max(1, rows // 30), rows)],
        "year": rng.integers(1950, 2025, rows).astype(np.int32),
        "calm": rng.random(rows, np.float32),
        "happy": rng.random(rows, np.float32),
        "chance": rng.random(rows, np.float32),
    }
    for i, query in enumerate(queries):
        blurred = vectors @ query + 0.02 * rng.standard_normal(rows)
        columns[f"close{i}"] = (blurred.argsort().argsort() / rows).astype(np.float32)
    return Catalogue(vectors, pa.table(columns), queries)


# The micro-costs, for comparison between commits


@cache
def small() -> Catalogue:
    return make_catalogue(100_000, 64, 0)


@cache
def index(preset: str) -> MoodIndex:
    return MoodIndex.build(small().vectors, small().table, ["calm", "happy"], preset)


def test_parse(benchmark: Any) -> None:
    texts: Iterator[str] = (f"{WHERE} AND calm <> {i / 1e6}" for i in range(10**9))
    benchmark(lambda: parse(next(texts)))


def test_mask(benchmark: Any) -> None:
    condition, columns = parse(WHERE), ColumnTable(small().table)
    benchmark(lambda: row_mask(condition, columns))


@pytest.mark.parametrize("preset", PRESETS)
def test_unfiltered(benchmark: Any, preset: str) -> None:
    searched = index(preset)
    benchmark(lambda: searched.search(small().queries[0], K))


@pytest.mark.parametrize("preset", PRESETS)
def test_filtered(benchmark: Any, preset: str) -> None:
    searched = index(preset)
    benchmark(lambda: searched.search(small().queries[0], K, where=WHERE))


def test_blended_and_capped(benchmark: Any) -> None:
    searched = index("ivf")
    benchmark(lambda: searched.search(small().queries[0], K, mood={"calm": 0.9}, max_per_artist=1))


def test_batch_of_64(benchmark: Any) -> None:
    searched = index("flat")
    benchmark(lambda: searched.search(small().vectors[:64], K))


def test_open(benchmark: Any, tmp_path: Path) -> None:
    index("ivf").save(tmp_path / "index")
    benchmark(lambda: MoodIndex.open(tmp_path / "index"))


# The table


@dataclass(frozen=True)
class Case:
    name: str
    conditions: Callable[[int], dict[str, Any]]


def cases() -> list[Case]:
    found = [Case("no filter", lambda i: {})]
    for share in (0.5, 0.1, 0.01, 0.001):
        percent = f"{share:.1%}".replace(".0%", "%")
        found += [
            Case(f"{percent} agrees", lambda i, s=share: {"where": f"close{i} >= {1 - s}"}),
            Case(f"{percent} random", lambda i, s=share: {"where": f"chance < {s}"}),
            Case(f"{percent} opposes", lambda i, s=share: {"where": f"close{i} < {s}"}),
        ]
    found.append(Case("mood target", lambda i: {"mood": {"calm": 0.9}}))
    found.append(Case("one per artist", lambda i: {"max_per_artist": 1}))
    return found


def measure(searched: MoodIndex, catalogue: Catalogue, case: Case) -> str:
    conditions = [case.conditions(i) for i in range(QUERIES)]
    truths = [
        searched.search(query, K, exact=True, **one)  # the first use of a column builds it, too
        for query, one in zip(catalogue.queries, conditions, strict=True)
    ]
    time.sleep(0.3)  # threads of the truth's matrix products stay awake a while
    times, recalls, paths = [], [], set()
    for query, one, truth in zip(catalogue.queries, conditions, truths, strict=True):
        start = time.thread_time()
        hits = searched.search(query, K, **one)
        times.append(time.thread_time() - start)
        recalls.append(recall(hits, truth))
        paths.add(hits.explanation.path)
    return f"{np.median(times) * 1e3:.2f} ms, {np.mean(recalls):.3f} ({'/'.join(sorted(paths))})"


def build_and_describe(catalogue: Catalogue, preset: str) -> tuple[MoodIndex, str]:
    start = time.perf_counter()
    built = MoodIndex.build(catalogue.vectors, catalogue.table, ["calm", "happy"], preset)
    seconds = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        built.save(f"{folder}/index")
        size = sum(
            p.stat().st_size for p in Path(folder).rglob("*") if p.is_file() and p.name != "tracks.arrow"
        )
        start = time.perf_counter()
        MoodIndex.open(f"{folder}/index").search(catalogue.queries[0], K)
        opening = time.perf_counter() - start
    return built, f"{seconds:.1f} s, {size / 1e6:.0f} MB, {opening * 1e3:.0f} ms"


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(": ", 1)[1] for line in lines if line.startswith("model name")]
    return f"{len(names) or '?'} cores {names[0] if names else platform.processor()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--presets", nargs="+", default=list(PRESETS))
    options = parser.parse_args()
    catalogue = make_catalogue(options.rows, options.dim, options.seed)
    print(
        f"{options.rows:,} vectors of {options.dim} numbers, k = {K}, {QUERIES} queries, seed {options.seed};"
    )
    print(
        f"{machine()}, Python {platform.python_version()}, NumPy {np.__version__}, FAISS {faiss.__version__}.\n"
    )
    described = {preset: build_and_describe(catalogue, preset) for preset in options.presets}
    print("| |", " | ".join(options.presets), "|\n|" + "---|" * (len(options.presets) + 1))
    print(
        "| build, files without the table, open and search |",
        " | ".join(text for _, text in described.values()),
        "|",
    )
    for case in cases():
        cells = [measure(built, catalogue, case) for built, _ in described.values()]
        print(f"| {case.name} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
