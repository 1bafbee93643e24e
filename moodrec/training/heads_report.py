"""The metadata heads are scored on held-out tracks, and their scores are compared with chance."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moodrec.files.replacing import write_atomically
from moodrec.metrics.tagging import roc_auc
from moodrec.model.losses import UNKNOWN_CLASS
from moodrec.model.spec import MOOD_TASK
from moodrec.training.labels import TaskLabels
from moodrec.training.predict import RowPredictions

N_PERMUTATIONS = 2000
"""Number of random pairings of tracks and labels for the p-value of a class head."""


@dataclass(frozen=True)
class HeadScore:
    """How well one metadata head predicts the held-out tracks; without such tracks, the last four are None."""

    tracks: int
    """Held-out tracks whose label is known to the head."""
    classes: int
    """Classes, ranges or genres that the head tells apart."""
    accuracy: float | None = None
    """Top-1 accuracy of a class or ordinal head, in [0, 1]."""
    roc_auc: float | None = None
    """Mean ROC-AUC over the genres, in [0, 1]."""
    chance: float | None = None
    """The score of the best constant answer; one half for genres."""
    p_value: float | None = None
    """Share of random pairings of tracks and labels that score as well."""

    def document(self) -> dict[str, float]:
        """Give the fields for JSON; those that are None are left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def report_heads(path: Path, labels: TaskLabels, held: RowPredictions, seed: int) -> None:
    """Write, for every metadata head, its score on the held-out rows, chance, and a permutation p-value.

    Class heads are scored by top-1 accuracy; chance is the best constant answer. So are ordinal heads, whose answer
    is the range with as many edges below it as are more likely passed than not (the rank of CORAL, arXiv
    1901.07884). Genre is scored by the mean ROC-AUC over genres; chance is one half. A head for which all held-out
    labels are unknown has no score. The p-value is the share of random pairings of tracks and labels that score as
    well.

    Args:
        path: the JSON file to write.
        labels: the targets of all rows.
        held: predictions of the held-out rows.
        seed: seed of the permutations.
    """
    rng = np.random.default_rng(seed)
    report = {}
    for task in sorted(set(labels.heads) - {MOOD_TASK}):
        targets = labels.targets[task][held.rows]
        kind, logits = labels.heads[task].kind, held.logits[task]
        if kind == "multi_label":
            report[task] = _score_labels(logits, np.asarray(targets, np.float32), rng)
        elif kind == "ordinal":
            ranges = ranges_above(np.asarray(targets, np.float32))
            report[task] = _score_classes((logits > 0).sum(1), ranges, logits.shape[1] + 1, rng)
        else:
            classes = np.asarray(targets, np.int64)
            report[task] = _score_classes(logits.argmax(1), classes, logits.shape[1], rng)
    documents = {task: score.document() for task, score in report.items()}
    write_atomically(path, json.dumps(documents, indent=1).encode())


def ranges_above(targets: NDArray[np.float32]) -> NDArray[np.int64]:
    """Convert (n, edges) answers to "above this edge?" to the (n,) number of the range, -1 where unknown."""
    known = ~np.isnan(targets).any(1)
    return np.where(known, np.nan_to_num(targets).sum(1), UNKNOWN_CLASS).astype(np.int64)


def _score_classes(
    guesses: NDArray[np.int64], targets: NDArray[np.int64], n_classes: int, rng: np.random.Generator
) -> HeadScore:
    known = targets != UNKNOWN_CLASS
    if not known.any():
        return HeadScore(0, n_classes)
    truth, guess = targets[known], guesses[known]
    score = float(np.mean(truth == guess))
    shuffled = [float(np.mean(rng.permutation(truth) == guess)) for _ in range(N_PERMUTATIONS)]
    return HeadScore(
        tracks=int(known.sum()),
        classes=n_classes,
        accuracy=score,
        chance=float(np.bincount(truth).max() / len(truth)),
        p_value=_p_value(score, shuffled),
    )


def _score_labels(
    logits: NDArray[np.float32], targets: NDArray[np.float32], rng: np.random.Generator
) -> HeadScore:
    score = _mean_roc_auc(logits, targets)
    if np.isnan(score):
        return HeadScore(0, int(logits.shape[1]))
    # Fewer permutations than for classes, because each one computes the ROC-AUC of every genre.
    shuffled = [_mean_roc_auc(logits[rng.permutation(len(logits))], targets) for _ in range(200)]
    return HeadScore(
        tracks=int((~np.isnan(targets)).any(1).sum()),
        classes=int(logits.shape[1]),
        roc_auc=score,
        chance=0.5,
        p_value=_p_value(score, shuffled),
    )


def _mean_roc_auc(logits: NDArray[np.float32], targets: NDArray[np.float32]) -> float:
    found = []
    for column in range(targets.shape[1]):
        known = ~np.isnan(targets[:, column])
        truth = targets[known, column] > 0.5
        if truth.any() and not truth.all():
            found.append(roc_auc(truth, logits[known, column]))
    return float(np.mean(found)) if found else float("nan")


def _p_value(score: float, shuffled: list[float]) -> float:
    return (1 + sum(value >= score for value in shuffled)) / (1 + len(shuffled))
