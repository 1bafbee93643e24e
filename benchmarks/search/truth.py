"""What an exact float32 search finds, and how much of it a result holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.cells import Question
from benchmarks.search.terms import Columns, Mask

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
_PART = 50_000
_TOLERANCE = 1e-5
"""Sums of 128 products in another order differ by less."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The exact answer to a question."""

    wanted: int
    """k, or what passes if that is less."""
    kth_score: float
    """The lowest cosine among the best ``wanted``; -inf where nothing passes."""
    mask: Mask | None


@dataclass(frozen=True)
class Verdict:
    """What is wrong and right with one result."""

    recall: float
    short: bool
    """Fewer than k although more pass."""
    violations: int
    """Rows that do not meet the filter."""


def truths(vectors: Floats, columns: Columns, questions: Sequence[Question], k: int) -> list[Truth]:
    """Exact answers, the catalogue read once for all questions."""
    masks = [None if question.filter is None else question.filter.mask(columns) for question in questions]
    queries = np.stack([question.query for question in questions])
    best = np.full((len(questions), k), -np.inf, np.float32)
    for start in range(0, len(vectors), _PART):
        part = slice(start, start + _PART)
        scores = queries @ np.asarray(vectors[part]).T
        for i, mask in enumerate(masks):
            kept = scores[i] if mask is None else scores[i, mask[part]]
            joined = np.concatenate([best[i], kept])
            best[i] = np.partition(joined, -k)[-k:]
    found = []
    for question, mask, scores in zip(questions, masks, best, strict=True):
        wanted = min(k, question.passes)
        kth = float(np.sort(scores)[-wanted]) if wanted else -np.inf
        found.append(Truth(wanted, kth, mask))
    return found


def judge(vectors: Floats, question: Question, truth: Truth, rows: Rows) -> Verdict:
    """A hit counts when it passes and is as near as the k-th of the exact answer, so that ties count for all."""
    rows = np.asarray(rows, np.int64)
    passing = np.ones(len(rows), bool) if truth.mask is None else truth.mask[rows]
    scores = np.asarray(vectors[rows]) @ question.query if len(rows) else np.empty(0, np.float32)
    right = np.unique(rows[passing & (scores >= truth.kth_score - _TOLERANCE)])
    recall = min(len(right), truth.wanted) / truth.wanted if truth.wanted else 1.0
    return Verdict(recall, len(np.unique(rows)) < truth.wanted, int(np.count_nonzero(~passing)))
