"""The figures by which trials of the default model are compared, on one fold that a network was not given."""

from __future__ import annotations

import numpy as np

from moodrec.data.labels import LabelTable
from moodrec.evaluation.experiment.scores import AllFigures
from moodrec.evaluation.experiment.stored import StoredPredictions
from moodrec.model.spec import MOOD_TASK
from moodrec.training.labels import origin_of
from moodrec.training.predict import RowPredictions
from moodrec.training.prepare import Prepared

MIN_TRACKS = 20
"""Rarer words are not scored: as in the comparison with frozen MusiCNN."""
FIGURES = {
    "mood4q": ("quadrant_f1", "word_ap", "quadrant_p10_others", "valence_auc", "arousal_auc"),
    "emotify": ("pearson",),
}


def fold_figures(data: Prepared, predictions: RowPredictions, fold: int) -> dict[str, float]:
    """Every figure, on the fold's tracks."""
    found: dict[str, float] = {}
    for dataset, names in FIGURES.items():
        stored = stored_of(data, predictions, dataset, fold)
        figures = AllFigures(stored).of(np.ones((1, len(stored))))
        found |= {name: round(float(figures[name][0]), 6) for name in names}
    return found


def stored_of(data: Prepared, predictions: RowPredictions, dataset: str, fold: int) -> StoredPredictions:
    """A dataset's tracks in the fold, with the targets that are scored."""
    origins = np.array(origin_of(data.table))[predictions.rows]
    own = (origins == dataset) & (data.folds[predictions.rows] == fold)
    rows = predictions.rows[own]
    columns = scored_targets(data.table, dataset)
    tracks = data.table.tracks.iloc[rows]
    truth = data.table.targets.to_numpy(np.float64)[np.ix_(rows, columns)]
    return StoredPredictions(
        track_ids=tracks["track_id"].to_numpy(np.str_),
        groups=tracks["group"].to_numpy(np.str_),
        artists=tracks["artist"].fillna("").to_numpy(np.str_),
        albums=tracks["album"].fillna("").to_numpy(np.str_),
        folds=np.full(len(rows), fold, np.int64),
        targets=np.array(data.table.targets.columns[columns], np.str_),
        logits=predictions.logits[MOOD_TASK][own][:, columns].astype(np.float64),
        # Of soft targets the correlation alone is used: where a label begins does not matter.
        labels=np.round(truth) if dataset == "mood4q" else (truth > np.median(truth, 0)).astype(np.float64),
        truth=truth,
        embeddings=predictions.embeddings[own].astype(np.float64),
    )


def scored_targets(table: LabelTable, dataset: str) -> list[int]:
    """Columns of a dataset's targets, words only where enough tracks have them."""
    targets = table.targets
    return [
        place
        for place, name in enumerate(targets.columns)
        if name.startswith(f"{dataset}:") and (":word:" not in name or targets[name].sum() >= MIN_TRACKS)
    ]
