"""One run is trained, predicts its test tracks, is scored, and its result is kept."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from moodrec.evaluation.experiment.folder import ResultFolder
from moodrec.evaluation.experiment.rows import RunRows
from moodrec.evaluation.experiment.runs import PlannedRun
from moodrec.evaluation.experiment.scores import Scores, score
from moodrec.evaluation.experiment.stored import StoredPredictions
from moodrec.evaluation.experiment.truth import Truth
from moodrec.files.disk import disk_errors
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK
from moodrec.training.events import OnEvent
from moodrec.training.labels import TaskLabels, album_keys, artist_keys, encode_labels
from moodrec.training.loop import LOG, Trainer, TrainingSet
from moodrec.training.metadata_input import metadata_of
from moodrec.training.predict import RowPredictions, predict
from moodrec.training.threads import torch_threads

Document = dict[str, Any]
"""A part of the JSON file that describes a finished run."""


@dataclass(frozen=True)
class TrainedRun:
    """What became of one run."""

    seconds: float
    """Training time, over all restarts."""
    scores: Scores
    """Figures on the scored tracks."""


def train_run(
    run: PlannedRun,
    digest: str,
    rows: RunRows,
    truth: Truth,
    scratch: Path,
    out: ResultFolder,
    on_event: OnEvent,
) -> TrainedRun:
    """Train the network of a run, continuing from its last checkpoint, and leave its result in ``out``.

    Args:
        run: the run.
        digest: digest of its settings and data.
        rows: the rows that train and that are scored.
        truth: the labels of its dataset.
        scratch: folder of its checkpoints.
        out: folder of the results.
        on_event: receives progress.

    Raises:
        DataError: the training diverged.
        ConfigError: the checkpoints in ``scratch`` belong to other settings.
    """
    with torch_threads(run.recipe.training.threads or os.cpu_count() or 1):
        labels = encode_labels(rows.table, run.recipe.tasks, rows.train)
        with disk_errors(scratch):
            scratch.mkdir(parents=True, exist_ok=True)
        metadata = metadata_of(run.recipe, rows.table)
        training_set = TrainingSet(rows.inputs, labels, np.flatnonzero(rows.train), rows.digest, metadata)
        trainer = Trainer(run.recipe, training_set, scratch, on_event)
        network = trainer.run()
        settings = run.recipe.metadata_input
        told = metadata if settings is not None and settings.scored == "with" else None
        predictions = predict(network, rows.inputs, rows.scored, told, labels.heads)
        stored = stored_of(predictions, rows, truth)
        stored.require_finite()
        steps = trainer.epoch_steps * run.recipe.training.epochs
        scores = score(stored.as_stored())
        cost = _cost(network, labels, scratch, steps)
        out.keep(run, stored, describe(run, digest, rows) | asdict(scores) | cost, scratch)
        return TrainedRun(cost["seconds"], scores)


def stored_of(predictions: RowPredictions, rows: RunRows, truth: Truth) -> StoredPredictions:
    """Put the predictions of the scored rows, in their order, beside their labels.

    Args:
        predictions: of the scored rows.
        rows: the rows of the run.
        truth: the labels of its dataset.
    """
    table, at = truth.table, rows.truth_rows
    return StoredPredictions(
        track_ids=table.tracks["track_id"].to_numpy().astype(np.str_)[at],
        groups=table.tracks["group"].to_numpy().astype(np.str_)[at],
        artists=np.array([artist or "" for artist in artist_keys(table)], np.str_)[at],
        albums=np.array([album or "" for album in album_keys(table)], np.str_)[at],
        folds=np.zeros(len(at), np.int64),
        targets=np.array(list(table.targets.columns), np.str_),
        logits=predictions.logits[MOOD_TASK].astype(np.float64),
        labels=truth.labels[at],
        truth=table.targets.to_numpy(np.float64)[at],
        embeddings=predictions.embeddings.astype(np.float64),
    )


def describe(run: PlannedRun, digest: str, rows: RunRows) -> Document:
    """Make the part of a result's JSON that describes a run before it is scored.

    Args:
        run: the run.
        digest: digest of its settings and data.
        rows: the rows that train and that are scored.
    """
    places: Any = {"data": {"__all__": {"root"}}, "warm_start": {"model"}, "moods": True}
    recipe = run.recipe.model_dump(mode="json", exclude=places)
    n_moods, n_train = int((rows.train & rows.with_moods).sum()), int(rows.train.sum())
    return {
        "id": run.id,
        "dataset": run.dataset.name,
        "backbone": run.backbone,
        "arm": run.arm,
        "seed": run.seed,
        "fold": run.fold,
        "phase": run.phase,
        "digest": digest,
        "recipe_digest": run.recipe.digest,
        "recipe": recipe,
        "tracks": {
            "with_moods": n_moods,
            "metadata_only": n_train - n_moods,
            "scored": len(rows.scored),
            "left_out": rows.n_left_out,
        },
    }


def _cost(network: MoodNetwork, labels: TaskLabels, scratch: Path, steps: int) -> Document:
    """Collect sizes, steps and time; the log also has the times of epochs trained before a restart."""
    log = [json.loads(line) for line in (scratch / LOG).read_text().splitlines()]
    seconds = sum(epoch["seconds"] for epoch in log)
    heads = sum(p.numel() for p in network.heads.parameters())
    return {
        "heads": {task: len(head.labels) for task, head in labels.heads.items()},
        "parameters": {"trunk": sum(p.numel() for p in network.parameters()) - heads, "heads": heads},
        "steps": steps,
        "seconds": round(seconds, 2),
        "seconds_per_step": round(seconds / steps, 5),
        "machine": machine(),
        "versions": {name: version(name) for name in ("moodrec", "torch", "numpy")}
        | {"python": platform.python_version()},
    }


@cache
def machine() -> Document:
    """Describe processor, cores and system, without names."""
    return {"processor": _processor(), "cores": os.cpu_count(), "system": platform.system()}


def _processor() -> str:
    """Read the processor's model where Linux tells it, else its family."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
