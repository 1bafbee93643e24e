"""Questions put to a catalogue in an engine, compared with an exact search of the index on one machine.

Ten hits each, under the filters of :mod:`benchmarks.search.cells` and, without a filter and under one that passes a
tenth, with a mood target at several weights.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from benchmarks.search.cells import Cell, Question, QuestionMaker, all_cells
from benchmarks.search.data import SearchData
from benchmarks.search.terms import Columns
from moodrec.engines.base import EngineIndex
from moodrec.index.mood_index import MoodIndex
from moodrec.index.search.options import SearchOptions

K: Final = 10
SEED: Final = 0
WEIGHTS: Final = (0.3, 0.6, 0.95, 1.0)
BLENDED: Final = (Cell(1.0, "none", 0), Cell(0.1, "random", 1), Cell(0.1, "opposes", 1))


def questions_of(data: SearchData, count: int) -> Iterator[tuple[str, list[tuple[Question, SearchOptions]]]]:
    """Draw the questions of every cell, with what they ask for.

    Args:
        data: the catalogue.
        count: questions a cell.
    """
    maker = QuestionMaker(data, Columns.of(data.table), SEED)
    for cell in all_cells():
        yield cell.name, [(one, _options(one, {}, None)) for one in maker.draw(cell, count)]
    rng = np.random.default_rng(SEED)
    for cell in BLENDED:
        for weight in WEIGHTS:
            asked = []
            for one in maker.draw(cell, count):
                moods = rng.choice(list(data.moods), int(rng.integers(1, 3)), replace=False)
                mood = {str(name): round(float(rng.random()), 2) for name in moods}
                asked.append((one, _options(one, mood, weight)))
            yield f"{cell.name}, mood at {weight:g}", asked


def _options(question: Question, mood: dict[str, float], weight: float | None) -> SearchOptions:
    where = None if question.filter is None else str(question.filter)
    return SearchOptions(where=where, mood=mood or None, mood_weight=weight)


def measure(index: EngineIndex, data: SearchData, count: int) -> dict[str, Any]:
    """Put the questions of every cell to a catalogue.

    Args:
        index: the catalogue in the engine.
        data: its rows.
        count: questions a cell.
    """
    truth = MoodIndex.build(data.vectors, data.table, data.moods, "flat")
    cells = {}
    for name, asked in questions_of(data, count):
        cells[name] = figures(index, truth, asked)
        print(name, cells[name], file=sys.stderr, flush=True)
    return cells


def figures(
    index: EngineIndex, truth: MoodIndex, asked: list[tuple[Question, SearchOptions]]
) -> dict[str, Any]:
    """Recall at ten, the median time of an answer, and the ways that searches took.

    A hit counts as found where its score reaches that of the tenth track of the exact search: tracks of one score
    are as good as one another.

    Args:
        index: the catalogue in the engine.
        truth: the same rows on this machine.
        asked: questions of one cell.
    """
    recalls, times, paths = [], [], []
    for question, options in asked:
        start = time.perf_counter()
        hits = index.search(question.query, K, options)
        times.append(time.perf_counter() - start)
        best = truth.search(question.query, K, options.replace(exact=True)).scores[0]
        best = best[np.isfinite(best)]
        found = int((hits.scores[0] >= best[-1] - 1e-6).sum()) if len(best) else 0
        recalls.append(found / max(1, len(best)))
        paths.append(hits.explanation.path)
    return {
        "recall": round(float(np.mean(recalls)), 4),
        "lowest": round(min(recalls), 2),
        "median_ms": round(1000 * float(np.median(times)), 2),
        "by_graph": sum("hnsw" in path for path in paths),
        "questions": len(asked),
        "passes": round(float(np.mean([question.passes for question, _ in asked]))),
    }
