"""Readers and writers on one index at once, and the check that every answer is that of one version.

Each writer owns some of the tracks and changes only those, so that a version of the index is known by how many
changes each writer has made. A reader notes how many changes had ended when its search began, and how many had begun
when it ended: the answer must be right for one combination of numbers in between.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.config import IndexConfig
from moodrec.index.mood_index import MoodIndex
from tests.catalogues import clustered

DIM, K = 24, 10
AT_ONCE = 64
NEVER = 1 << 40
SEARCHES: tuple[dict[str, Any], ...] = (
    {"exact": True},
    {"exact": True, "where": "calm >= 0.5"},
    {"exact": True, "mood": {"calm": 0.8}, "mood_weight": 0.4},
    {},
    {"where": "calm >= 0.5"},
    {"mood": {"calm": 0.8}, "mood_weight": 0.4},
)


@dataclass
class Row:
    """A track as it was from one change of its writer to another."""

    track_id: str
    writer: int
    vector: NDArray[np.float32]
    calm: float
    born: int
    died: int = NEVER


@dataclass
class Answer:
    """What a search gave, and the changes it may have seen: from and up to so many, for each writer."""

    query: NDArray[np.float32]
    options: dict[str, Any]
    earliest: tuple[int, ...]
    latest: tuple[int, ...]
    ids: list[str]
    scores: list[float]


@dataclass
class Report:
    """What came out of a run."""

    answers: int
    changes: int
    wrong: list[str]
    recall: float
    """Mean recall of the searches that were not exact, against brute force over the version they saw."""
    failures: Counter[str]
    versions_apart: int
    """Answers for which more than one version was possible."""


@dataclass
class Trial:
    """One index under readers and writers."""

    config: IndexConfig
    rows_at_first: int = 1500
    readers: int = 8
    writers: int = 2
    seed: int = 0
    history: list[Row] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)

    def run(self, seconds: float, most_changes: int = NEVER) -> Report:
        """Search and change for some seconds, then check every answer."""
        rng = np.random.default_rng(self.seed)
        self.pool = clustered(rng, 20_000, DIM, 60)
        vectors, calm = self.pool[: self.rows_at_first], rng.random(self.rows_at_first).astype(np.float32)
        ids = [f"t{row}" for row in range(self.rows_at_first)]
        self.index = MoodIndex.build(vectors, frame(ids, calm), ["calm"], self.config)
        for row, track_id in enumerate(ids):
            self.history.append(Row(track_id, row % self.writers, vectors[row], float(calm[row]), 0))
        self.begun, self.ended = [0] * self.writers, [0] * self.writers
        self.stop, self.most_changes = threading.Event(), most_changes
        threads = [threading.Thread(target=self._read, args=(i,)) for i in range(self.readers)]
        threads += [threading.Thread(target=self._write, args=(i,)) for i in range(self.writers)]
        for thread in threads:
            thread.start()
        self.stop.wait(seconds)
        self.stop.set()
        for thread in threads:
            thread.join()
        return self._report()

    def _read(self, number: int) -> None:
        rng = np.random.default_rng([self.seed, 1, number])
        while not self.stop.is_set():
            query = self.pool[rng.integers(len(self.pool))]
            options = SEARCHES[rng.integers(len(SEARCHES))]
            earliest = tuple(self.ended)
            try:
                hits = self.index.search(query, K, **options)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is counted as a failure
                self.failures[f"search: {type(error).__name__}: {error}"] += 1
                continue
            ids, scores = hits.track_ids[0].tolist(), hits.scores[0].tolist()
            self.answers.append(Answer(query, options, earliest, tuple(self.begun), ids, scores))
            time.sleep(0.001)

    def _write(self, writer: int) -> None:
        rng = np.random.default_rng([self.seed, 2, writer])
        own = {row.track_id: row for row in self.history if row.writer == writer}
        fresh = itertools.count()
        while not self.stop.is_set() and self.ended[writer] < self.most_changes:
            number = self.ended[writer] + 1
            self.begun[writer] = number
            try:
                self._change(writer, number, rng, own, fresh)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is counted as a failure
                self.failures[f"change: {type(error).__name__}: {error}"] += 1
                return
            self.ended[writer] = number
            time.sleep(0.002)

    def _change(
        self, writer: int, number: int, rng: np.random.Generator, own: dict[str, Row], fresh: Any
    ) -> None:
        kind = rng.choice(
            ["add", "add", "add", "remove", "replace", "update", "compact"],
            p=[0.2] * 3 + [0.2, 0.1, 0.09, 0.01],
        )
        count = int(rng.integers(1, 30)) if rng.random() < 0.9 else 200
        some = rng.choice(sorted(own), min(count, len(own)), replace=False).tolist() if own else []
        vectors, calm = (
            self.pool[rng.integers(0, len(self.pool), count)],
            rng.random(count).astype(np.float32),
        )
        if kind == "add" or len(own) < 100:
            ids = [f"w{writer}-{next(fresh)}" for _ in range(count)]
            made = self._make(own, writer, number, ids, vectors, calm)
            self.index.add(vectors, frame(ids, calm))
        elif kind == "remove":
            made = self._make(own, writer, number, [], vectors, calm, gone=some)
            self.index.remove(some)
        elif kind == "replace":
            vectors, calm = vectors[: len(some)], calm[: len(some)]
            made = self._make(own, writer, number, some, vectors, calm, gone=some)
            self.index.add(vectors, frame(some, calm), on_conflict="replace")
        elif kind == "update":
            calm = calm[: len(some)]
            kept = np.array([own[name].vector for name in some])
            made = self._make(own, writer, number, some, kept, calm, gone=some)
            self.index.update(frame(some, calm))
        else:
            made = []
            self.index.compact()
        self.history += made

    def _make(
        self,
        own: dict[str, Row],
        writer: int,
        number: int,
        ids: list[str],
        vectors: NDArray[np.float32],
        calm: NDArray[np.float32],
        gone: list[str] | tuple[str, ...] = (),
    ) -> list[Row]:
        """Note in the history what a change is about to do."""
        for name in gone:
            own.pop(name).died = number
        made = [
            Row(name, writer, vector, value, number)
            for name, vector, value in zip(ids, vectors, calm.tolist(), strict=False)
        ]
        own.update({row.track_id: row for row in made})
        return made

    def _report(self) -> Report:
        rows = self.history
        self.vectors = np.array([row.vector for row in rows]).astype(np.float64)
        self.calm = np.array([np.float32(row.calm) for row in rows]).astype(np.float64)
        self.writer = np.array([row.writer for row in rows])
        self.born, self.died = np.array([row.born for row in rows]), np.array([row.died for row in rows])
        self.rows_of: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            self.rows_of.setdefault(row.track_id, []).append(number)
        wrong, recalls, apart = [], [], 0
        for answer, scores in self._scored_answers():
            spans = [range(low, high + 1) for low, high in zip(answer.earliest, answer.latest, strict=True)]
            apart += max(map(len, spans)) > 1
            found = max(self._agreement(answer, scores, version) for version in itertools.product(*spans))
            exact = bool(answer.options.get("exact"))
            if found < (1.0 if exact else 0.0):
                wrong.append(f"{answer.options} between {answer.earliest} and {answer.latest}: {answer.ids}")
            elif not exact:
                recalls.append(found)
        mean = float(np.mean(recalls)) if recalls else 1.0
        return Report(len(self.answers), sum(self.ended), wrong, mean, self.failures, apart)

    def _agreement(self, answer: Answer, scores: NDArray[np.float64], version: tuple[int, ...]) -> float:
        """The share of a version's k best rows that an answer holds; -1 where it is no answer of that version."""
        at = np.array(version)[self.writer]
        there = (self.born <= at) & (at < self.died)
        rows = [next((row for row in self.rows_of.get(name, ()) if there[row]), -1) for name in answer.ids]
        if -1 in rows:
            return -1.0
        if "where" in answer.options:
            there &= self.calm >= 0.5
        theirs = scores[rows]
        if not there[rows].all() or not np.allclose(theirs, answer.scores, atol=1e-5):
            return -1.0
        if (np.diff(theirs) > 1e-5).any():
            return -1.0
        last = np.partition(scores[there], -K)[-K]
        return float(np.mean(theirs >= last - 1e-6))

    def _scored_answers(self) -> Iterator[tuple[Answer, NDArray[np.float64]]]:
        """Each answer, with the score of every row that there ever was for its query; several at a time, by BLAS."""
        for start in range(0, len(self.answers), AT_ONCE):
            some = self.answers[start : start + AT_ONCE]
            cosines = np.array([answer.query for answer in some]).astype(np.float64) @ self.vectors.T
            for answer, cosine in zip(some, cosines, strict=True):
                yield answer, self._blended(answer, cosine)

    def _blended(self, answer: Answer, cosine: NDArray[np.float64]) -> NDArray[np.float64]:
        if "mood" not in answer.options:
            return cosine
        weight, target = answer.options["mood_weight"], answer.options["mood"]["calm"]
        return np.asarray((1 - weight) * cosine + weight * (1 - (self.calm - target) ** 2))


def frame(ids: list[str], calm: NDArray[np.float32]) -> pd.DataFrame:
    """A track table."""
    return pd.DataFrame({"track_id": ids, "calm": calm})
