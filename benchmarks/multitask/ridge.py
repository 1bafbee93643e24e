"""Ridge regression on frozen features: the honest baseline of an experiment that trains networks on few labels.

    MOODREC_DATA=... python -m benchmarks.multitask.ridge PLAN --out DIR [--only PATTERN] [--cache DIR]

Takes the plan's runs of its baseline arm on backbones whose trunk is frozen, learns the same moods from the same
tracks, from each track's mean features, and leaves results of an arm ``ridge`` beside the others. The penalty is
chosen by leave-one-out errors on the labelled tracks. Finished runs are kept.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from dataclasses import asdict, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.evaluation.experiment.datasets import Datasets
from moodrec.evaluation.experiment.folder import ResultFolder
from moodrec.evaluation.experiment.plan import read_plan
from moodrec.evaluation.experiment.rows import RunRows
from moodrec.evaluation.experiment.runs import Run
from moodrec.evaluation.experiment.scores import score
from moodrec.evaluation.experiment.train import describe, machine, stored_of
from moodrec.evaluation.experiment.work import runs_of
from moodrec.model.spec import MOOD_TASK
from moodrec.training.frozen import trunk_is_frozen
from moodrec.training.predict import Predictions
from moodrec.training.run import default_cache

Floats = NDArray[np.float64]

ARM: Final = "ridge"
PENALTIES: Final = tuple(10.0**power for power in np.arange(0, 6.5, 0.5))
"""Of the squared weights, on standardised features."""
EMBEDDING: Final = 128
"""Principal components that are kept as the embedding."""


def ridge(train: Floats, targets: Floats, test: Floats) -> tuple[Floats, float]:
    """Predict targets by ridge regression, solved through the Gram matrix of the tracks.

    Args:
        train: ``(n, d)`` features of the labelled tracks.
        targets: ``(n, T)`` finite.
        test: ``(m, d)``.

    Returns:
        ``(m, T)`` predictions, and the penalty with the smallest leave-one-out error.
    """
    mean, spread = train.mean(0), train.std(0)
    inputs, others = ((part - mean) / np.where(spread > 0, spread, 1) for part in (train, test))
    level = targets.mean(0)
    values, vectors = np.linalg.eigh(inputs @ inputs.T)
    turned = vectors.T @ (targets - level)
    errors, solved = [], []
    for penalty in PENALTIES:
        shrink = 1 / (np.maximum(values, 0) + penalty)
        dual = vectors @ (shrink[:, None] * turned)
        leave = (
            vectors**2
        ) @ shrink  # the diagonal of the inverse: residual_i = dual_i / inverse_ii when i is left out
        errors.append(float(((dual / leave[:, None]) ** 2).mean()))
        solved.append(dual)
    best = int(np.argmin(errors))
    return others @ (inputs.T @ solved[best]) + level, PENALTIES[best]


def run_ridge(
    run: Run, digest: str, rows: RunRows, data: Datasets, out: ResultFolder, scratch: Path
) -> float:
    """Fit, score and keep one run; returns its average precision."""
    began = time.monotonic()
    learnt = np.flatnonzero(rows.train & rows.with_moods)
    features = np.stack([rows.hearing.whole(int(row)).numpy().mean(0) for row in [*learnt, *rows.scored]])
    train, test = features[: len(learnt)].astype(np.float64), features[len(learnt) :].astype(np.float64)
    targets = rows.table.targets.to_numpy(np.float64)[learnt]
    predicted, penalty = ridge(train, targets, test)
    _, _, axes = np.linalg.svd(train - train.mean(0), full_matrices=False)
    embeddings = ((test - train.mean(0)) @ axes[:EMBEDDING].T).astype(np.float32)
    predictions = Predictions(rows.scored, embeddings, {MOOD_TASK: predicted.astype(np.float32)})
    stored = stored_of(predictions, rows, data.truth(run))
    result = describe(run, digest, rows) | asdict(score(stored.as_stored()))
    result |= {"penalty": penalty, "seconds": round(time.monotonic() - began, 2), "machine": machine()}
    out.keep(run, stored, result, scratch)
    return float(result["moods"]["ap"])


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("plan", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="*")
    parser.add_argument("--cache", type=Path, default=None)
    given = parser.parse_args()
    data, folder = Datasets(given.cache or default_cache(), lambda event: None), ResultFolder(given.out)
    baseline = read_plan(given.plan).compared[0]
    for network in runs_of(given.plan, None):
        run = replace(network, arm=ARM)
        if network.arm != baseline or not trunk_is_frozen(run.recipe) or not fnmatchcase(run.id, given.only):
            continue
        # With all labels, the seed decides nothing here.
        if run.dataset.labelled == 1 and run.seed:
            continue
        digest = hashlib.sha256(f"{ARM} {data.digest(network)}".encode()).hexdigest()[:16]
        if folder.is_finished(run, digest):
            continue
        with folder.claim(run) as scratch:
            if scratch is not None:
                rows = data.rows(network, data.truth(network))
                print(f"{run.id}: AP {run_ridge(run, digest, rows, data, folder, scratch):.4f}", flush=True)


if __name__ == "__main__":
    main()
