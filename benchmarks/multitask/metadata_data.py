"""The systems and datasets of docs/results/metadata.md: predictions, labels and metadata of the same tracks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.sources import load_source
from moodrec.evaluation.context.inputs import ContextInputs
from moodrec.evaluation.context.metadata import load_metadata, metadata_of
from moodrec.evaluation.predictions import load_predictions, match
from moodrec.evaluation.scored import scored_table
from moodrec.model.describe import PACKAGED_MODEL, SPEC
from moodrec.model.spec import PublishedMood
from moodrec.training.quality import mood_labels

Floats = NDArray[np.float64]
RESULTS: Final = Path(__file__).parents[1] / "results"
OUT_OF_FOLD: Final = RESULTS / "default-out-of-fold.parquet"
"""Out-of-fold predictions of the default model."""
JAMENDO: Final = ("vggish", "convs", "filters")


def data_folder() -> Path:
    """``$MOODREC_DATA``."""
    return Path(os.environ["MOODREC_DATA"])


def jamendo(system: str, part: str) -> ContextInputs:
    """Split 0 of MTG-Jamendo, ``validation`` or ``test``; VGG-ish has no stored scores of its validation tracks."""
    tables = data_folder() / "tables"
    systems = np.load(tables / "jamendo_systems.npz", allow_pickle=False)
    ids = systems[f"track_id_{part}"]
    told = load_metadata(tables / "mtg_jamendo.parquet")
    place = {track_id: row for row, track_id in enumerate(told.track_ids or ())}
    mine = told.select([place[str(track_id)] for track_id in ids])
    names = sorted(set().union(*(mine.tags or ())))
    truth = np.load(tables / "groundtruth.npy") if part == "test" else systems["groundtruth_validation"]
    own = np.array([[name in tags for name in names] for tags in mine.tags or ()])
    if not (own == truth).all():
        raise SystemExit("the labels of MTG-Jamendo are not its tags: another order of rows or columns")
    scores = (
        np.load(tables / "baseline_vggish_predictions.npy")
        if system == "vggish"
        else systems[f"{system}_{part}"]
    )
    return ContextInputs(
        f"MTG-Jamendo split 0, {part}",
        tuple(names),
        scores.astype(np.float64),
        truth.astype(np.float64),
        mine,
    )


def words(least: int = 10) -> ContextInputs:
    """Mood words of 4Q that this many clips have, by the default model's out-of-fold predictions."""
    inputs = _targets("mood4q")
    kept = [
        i for i, tag in enumerate(inputs.tags) if ":word:" in tag and np.nansum(inputs.labels[:, i]) >= least
    ]
    return _columns(inputs, kept)


def felt() -> ContextInputs:
    """The nine emotions of Emotify, positive in the top third, by the same predictions."""
    inputs = _targets("emotify")
    return _columns(inputs, [i for i, tag in enumerate(inputs.tags) if tag.startswith("emotify:")])


def published(dataset: str) -> ContextInputs:
    """The published moods of the default model that have a label in a dataset, by out-of-fold predictions."""
    table = load_source(dataset, data_folder() / dataset)
    predictions = load_predictions(OUT_OF_FOLD)
    document = json.loads((PACKAGED_MODEL / SPEC).read_text())
    named = {name: PublishedMood.model_validate(mood) for name, mood in document["moods"].items()}
    targets = tuple(document["heads"]["mood"]["labels"])
    frame = pd.DataFrame(_logit(predictions.scores.astype(np.float64)), columns=list(predictions.targets))
    rows = match(predictions, table).rows
    place = {track_id: row for row, track_id in enumerate(predictions.track_ids)}
    ids = [f"{dataset}/{track_id}" for track_id in table.tracks["track_id"].iloc[rows]]
    binary = scored_table(table, predictions)
    labels = pd.DataFrame(np.nan, index=range(len(rows)), columns=list(targets))
    for i, tag in enumerate(binary.tags):
        labels[tag] = binary.labels[:, i]
    values = labels.to_numpy(np.float32)
    moods = {name: mood_labels(mood, targets, values) for name, mood in named.items()}
    known = [name for name, mine in moods.items() if not np.isnan(mine).all()]
    scores = [
        frame[list(named[name].targets)].mean(axis=1).to_numpy()[[place[i] for i in ids]] for name in known
    ]
    truth = np.stack([moods[name] for name in known], axis=1).astype(np.float64)
    return ContextInputs(
        f"published moods on {dataset}",
        tuple(known),
        np.stack(scores, axis=1),
        truth,
        metadata_of(table).select(rows),
    )


def mirex() -> ContextInputs:
    """The words and clusters of the MIREX-like set, by the default model's out-of-fold predictions."""
    return _targets("mirex_mood")


def _targets(dataset: str) -> ContextInputs:
    table = load_source(dataset, data_folder() / dataset)
    predictions = load_predictions(OUT_OF_FOLD)
    scored = scored_table(table, predictions)
    told = metadata_of(table).select(match(predictions, table).rows)
    return ContextInputs(dataset, scored.tags, scored.scores, scored.labels, told)


def _columns(inputs: ContextInputs, kept: list[int]) -> ContextInputs:
    tags = tuple(inputs.tags[i] for i in kept)
    return ContextInputs(
        inputs.dataset, tags, inputs.scores[:, kept], inputs.labels[:, kept], inputs.metadata
    )


def _logit(p: Floats) -> Floats:
    clipped = np.clip(p, 1e-7, 1 - 1e-7)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))
