"""The graph of the ``hnsw`` preset under mood targets: recall@20 by the weight of the moods, and why it is completed.

    python -m benchmarks.scale.graph --cache DIR --data clustered

Three graphs over the same 100,000 tracks of benchmarks/search/data.py, with the settings of the preset: ``raw`` holds
[e ; m ; m^2], whose norms differ; ``completed`` holds one number more, which makes them equal, and keeps as many
candidates at every weight; ``preset`` is ``MoodIndex`` itself, which keeps more of them the more the moods weigh, and
compares all rows from a weight of .95 on. Moods and targets are drawn anew for each question. ``scan`` compares all
rows, as the preset did before. The result is benchmarks/results/scale/graph-<data>.json.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS
from benchmarks.search.building import source_hash, tell
from benchmarks.search.data import NAMES, SearchData, load_data
from benchmarks.search.results import result_file, rounded
from moodrec import MoodIndex
from moodrec.index.presets import load_preset
from moodrec.index.search.completed import completed, completed_query

K: Final = 20
WEIGHTS: Final = (0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0)
_EXTRA: Final = 16
_TOLERANCE: Final = 1e-5
Find = Callable[[NDArray[np.float32], dict[str, float], float, str | None], NDArray[np.int64]]
"""Rows found for a vector, targets, the weight of the moods, and a condition."""


def graph_of(stored: NDArray[np.float32], moods: Sequence[str]) -> Find:
    """A graph over vectors that begin with those of tracks and their moods."""
    config = load_preset("hnsw")
    graph = faiss.IndexHNSWFlat(stored.shape[1], config.links, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction, graph.hnsw.efSearch = config.ef_construction, config.ef_search
    graph.add(stored)

    def find(
        query: NDArray[np.float32], targets: dict[str, float], weight: float, where: str | None
    ) -> NDArray[np.int64]:
        asked = completed_query(query, moods, targets, weight)[: stored.shape[1]]
        rows: NDArray[np.int64] = graph.search(np.ascontiguousarray(asked[None]), K + _EXTRA)[1][0]
        return rows

    return find


def index_of(index: MoodIndex, exact: bool) -> Find:
    """The search of an index."""

    def find(
        query: NDArray[np.float32], targets: dict[str, float], weight: float, where: str | None
    ) -> NDArray[np.int64]:
        mood = targets or None
        hits = index.search(
            query, K, where=where, mood=mood, mood_weight=weight if mood else None, exact=exact
        )
        return np.array([int(one[1:]) for one in hits.track_ids[0]])

    return find


class Catalogue:
    """Tracks, and the exact scores of all of them."""

    def __init__(self, data: SearchData) -> None:
        self.data = data
        self.vectors = np.array(data.vectors)
        self.scores = np.stack([data.table[mood].to_numpy() for mood in data.moods], axis=1)

    def blended(
        self, query: NDArray[np.float32], targets: dict[str, float], weight: float
    ) -> NDArray[np.floating]:
        """(n,) scores by the formula."""
        if not targets:
            return self.vectors @ query
        gaps = [(self.scores[:, self.data.moods.index(mood)] - t) ** 2 for mood, t in targets.items()]
        near: NDArray[np.floating] = 1 - np.mean(gaps, axis=0)
        return (1 - weight) * (self.vectors @ query) + weight * near


def measure(catalogue: Catalogue, ways: dict[str, Find], seed: int, questions: int) -> dict[str, Any]:
    """Recall@20 and milliseconds of each way, by weight and number of moods, and under a filter."""
    data, cells = catalogue.data, {}
    kinds: list[tuple[float, int, str | None]] = [(0.0, 0, None)]
    kinds += [(weight, count, None) for weight in WEIGHTS[1:] for count in (1, 2)]
    kinds += [(0.5, 1, "year >= 2015"), (0.5, 1, f"{data.moods[0]} >= 0.9")]
    for weight, count, where in kinds:
        rng = np.random.default_rng([seed, round(100 * weight), count])
        passing = _mask(data, where)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for row in rng.integers(0, len(data.queries), questions):
            chosen = rng.choice(len(data.moods), count, replace=False)
            targets = {data.moods[j]: round(float(rng.random()), 2) for j in chosen}
            query = data.queries[row]
            scores = np.where(passing, catalogue.blended(query, targets, weight), -np.inf)
            kth = np.partition(scores, -K)[-K]
            for name, find in ways.items():
                if where is not None and name in ("raw", "completed"):
                    continue
                start = time.perf_counter()
                rows = find(query, targets, weight, where)
                spent = 1000 * (time.perf_counter() - start)
                right = np.count_nonzero(scores[rows[rows >= 0]] >= kth - _TOLERANCE)
                found[name].append((min(int(right), K) / K, spent))
        name = f"{count} mood{'s' * (count != 1)} at {weight:g}" if count else "no mood"
        cells[name if where is None else f"{name}, {where}"] = {
            way: {
                "recall": rounded(float(np.mean([one for one, _ in answers]))),
                "ms": rounded(statistics.median(spent for _, spent in answers)),
            }
            for way, answers in found.items()
            if answers
        }
    return cells


def _mask(data: SearchData, where: str | None) -> NDArray[np.bool_]:
    if where is None:
        return np.ones(len(data), bool)
    column, _, least = where.split()
    mask: NDArray[np.bool_] = data.table[column].to_numpy() >= np.float32(least)
    return mask


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one kind of vectors."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale.graph", description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="where catalogues are kept")
    parser.add_argument("--data", choices=NAMES, default="clustered")
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--questions", type=int, default=50, help="a cell")
    given = parser.parse_args(arguments)
    facts = {"data": given.data, "n": given.n, "k": K, "seed": given.seed, "questions": given.questions}
    file = result_file(RESULTS / "scale" / f"graph-{given.data}.json", facts)
    file.document.pop("systems", None)
    file.note_machine("graph", "moodrec", "faiss-cpu", "numpy")
    catalogue = Catalogue(load_data(given.data, given.n, given.cache))
    data = catalogue.data
    stored = completed(catalogue.vectors, catalogue.scores)
    tell("building three graphs")
    ways = {
        "raw": graph_of(np.ascontiguousarray(stored[:, :-1]), data.moods),
        "completed": graph_of(stored, data.moods),
    }
    index = MoodIndex.build(catalogue.vectors, data.table, data.moods, preset="hnsw")
    ways |= {"preset": index_of(index, False), "scan": index_of(index, True)}
    file.document["cells"] = measure(catalogue, ways, given.seed, given.questions)
    file.document["source"] = source_hash()
    file.document["machine"] = machine_report("moodrec", "faiss-cpu", "numpy")
    file.save()


if __name__ == "__main__":
    main()
