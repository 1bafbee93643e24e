"""Searches with a mood target, over all weights of the mood against the sound, with and without a cap per artist.

    python -m benchmarks.search.blended --cache DIR --data clustered --n 1000000

A question is a held-out track with targets, drawn in [0, 1], for one or two moods. Processor time of one query, one
thread; recall@10 against ``exact=True``: a hit counts when its score reaches the k-th of the exact answer. The result
is benchmarks/results/search/blended-<data>-<n>.json.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.search.asked import K
from benchmarks.search.building import ensure_built, tell
from benchmarks.search.data import DIM, NAMES, SearchData, load_data
from benchmarks.search.results import FOLDER, result_file, rounded
from benchmarks.search.worker import THREAD_LIMITS, Place
from moodrec.index import Hits, MoodIndex

WEIGHTS: Final = tuple(round(0.1 * step, 1) for step in range(11))
_TOLERANCE: Final = 1e-5


@dataclass(frozen=True)
class Blend:
    """A place in the grid."""

    weight: float
    moods: int
    max_per_artist: int | None


@dataclass(frozen=True, eq=False)
class Wish:
    """A query with its targets."""

    query: NDArray[np.float32]
    mood: dict[str, float]

    def search(self, index: MoodIndex, blend: Blend, exact: bool = False) -> Hits:
        """One search as a user writes it."""
        return index.search(
            self.query,
            K,
            mood=self.mood,
            mood_weight=blend.weight,
            max_per_artist=blend.max_per_artist,
            exact=exact,
        )


def draw(data: SearchData, moods: int, count: int, seed: int) -> list[Wish]:
    """``count`` wishes for ``moods`` moods each."""
    rng = np.random.default_rng([seed, moods])
    found = []
    for row in rng.choice(len(data.queries), count, replace=False):
        names = rng.choice(data.moods, moods, replace=False)
        found.append(Wish(data.queries[row], {str(name): round(float(rng.random()), 2) for name in names}))
    return found


def measure(index: MoodIndex, data: SearchData, seed: int, count: int, rounds: int) -> list[dict[str, Any]]:
    """Every blend, in rounds over the weights."""
    wishes = {moods: draw(data, moods, count, seed) for moods in (1, 2)}
    points = []
    for moods, cap in itertools.product((1, 2), (None, 1)):
        blends = [Blend(weight, moods, cap) for weight in WEIGHTS]
        truths = {b: [wish.search(index, b, exact=True) for wish in wishes[moods]] for b in blends}
        answers = {b: [timed(index, b, wish) for wish in wishes[moods]] for b in blends}
        times = {b: [[ms for _, ms in answers[b]]] for b in blends}
        for _ in range(rounds - 1):
            for blend in blends:
                times[blend].append([timed(index, blend, wish)[1] for wish in wishes[moods]])
        for blend in blends:
            hits = [found for found, _ in answers[blend]]
            points.append(asdict(blend) | summary(hits, truths[blend], times[blend]))
            tell(f"{blend}: {points[-1]['cpu_ms']:.2f} ms, recall {points[-1]['recall']:.3f}")
    return points


def timed(index: MoodIndex, blend: Blend, wish: Wish) -> tuple[Hits, float]:
    """The hits and the processor time in ms."""
    start = time.process_time_ns()
    hits = wish.search(index, blend)
    return hits, (time.process_time_ns() - start) / 1e6


def summary(
    hits: Sequence[Hits], truths: Sequence[Hits], rounds: Sequence[Sequence[float]]
) -> dict[str, Any]:
    """Medians over rounds, then over queries."""
    return {
        "cpu_ms": rounded(float(np.median(np.median(rounds, axis=0)))),
        "recall": rounded(float(np.mean([recall(*pair) for pair in zip(hits, truths, strict=True)]))),
        "short": sum(
            int(found.counts[0] < truth.counts[0]) for found, truth in zip(hits, truths, strict=True)
        ),
        "queries": len(hits),
        "paths": sorted({found.explanation.path for found in hits}),
    }


def recall(hits: Hits, truth: Hits) -> float:
    """Share of the exact answer's places that are as good."""
    wanted = int(truth.counts[0])
    if not wanted:
        return 1.0
    good = hits.scores[0, : hits.counts[0]] >= truth.scores[0, wanted - 1] - _TOLERANCE
    return min(int(good.sum()), wanted) / wanted


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one catalogue."""
    given = parser().parse_args(arguments)
    os.environ.update(dict.fromkeys(THREAD_LIMITS, "1"))
    place = Place("moodrec", given.data, given.n, given.cache.resolve())
    facts = {"data": given.data, "n": given.n, "dim": DIM, "k": K, "seed": given.seed}
    file = result_file(given.out or FOLDER / f"blended-{given.data}-{given.n}.json", facts)
    ensure_built(place)
    file.note_machine("blended", "moodrec", "faiss-cpu", "numpy")
    with threadpool_limits(1):
        index = MoodIndex.open(place.folder / "index")
        data = load_data(place.data, place.n, place.cache)
        file.document["points"] = measure(index, data, given.seed, given.questions, given.rounds)
    file.save()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(description="Searches with a mood target, over all weights.")
    found.add_argument("--cache", type=Path, required=True, help="of catalogues and built indexes")
    found.add_argument("--data", choices=NAMES, default="clustered")
    found.add_argument("--n", type=int, default=1_000_000)
    found.add_argument("--seed", type=int, default=0, help="of the questions")
    found.add_argument("--questions", type=int, default=40, help="a blend")
    found.add_argument("--rounds", type=int, default=3)
    found.add_argument("--out", type=Path, help="the result")
    return found


if __name__ == "__main__":
    main()
