"""What a candidate is judged by, on tracks that its networks were not given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.models.music import WORD, Music
from moodrec.evaluation.experiment.scores import AllFigures
from moodrec.evaluation.experiment.stored import StoredPredictions
from moodrec.metrics.classification import macro_f1

MIN_TRACKS = 20
"""Words with fewer tracks are not scored."""
CLUSTERS = tuple(f"cluster{number}" for number in range(1, 6))
FIGURES: Mapping[str, Mapping[str, str]] = {
    "mood4q": {
        "quadrant_f1": "quadrant_f1",
        "word_ap": "word_ap",
        "quadrant_p10_others": "quadrant_p10_others",
        "valence_auc": "valence_auc",
        "arousal_auc": "arousal_auc",
    },
    "emotify": {"pearson": "pearson"},
    "mirex_mood": {"mirex_word_ap": "word_ap"},
    "emopia": {"emopia_f1": "quadrant_f1"},
}
"""Dataset to: our name of a figure, and its name in :class:`AllFigures`."""
COLUMNS = {
    "quadrant_f1": "quadrant F1",
    "word_ap": "word AP",
    "quadrant_p10_others": "P@10",
    "valence_auc": "valence AUC",
    "arousal_auc": "arousal AUC",
    "pearson": "Emotify r",
    "mirex_word_ap": "MIREX word AP",
    "mirex_cluster_f1": "MIREX cluster F1",
    "emopia_f1": "EMOPIA F1",
}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """What a system says of some tracks."""

    rows: NDArray[np.int64]
    logits: Floats
    """(rows, targets), columns as in the table; NaN where it says nothing of a target."""
    embeddings: Floats
    """(rows, embedding_dim), of any length."""


def stored_of(music: Music, said: Said, dataset: str) -> StoredPredictions:
    """A dataset's tracks with the targets that are scored, in the form that the package's figures take."""
    own = music.origins[said.rows] == dataset
    rows = said.rows[own]
    columns, names = _scored(music, said, dataset)
    tracks = music.table.tracks.iloc[rows]
    truth = music.table.targets.to_numpy(np.float64)[np.ix_(rows, columns)]
    return StoredPredictions(
        track_ids=tracks["track_id"].to_numpy(np.str_),
        groups=tracks["group"].to_numpy(np.str_),
        artists=tracks["artist"].fillna("").to_numpy(np.str_),
        albums=tracks["album"].fillna("").to_numpy(np.str_),
        folds=music.folds[rows],
        targets=np.array(names, np.str_),
        logits=said.logits[own][:, columns],
        # Of soft targets the correlation alone is used: where a label begins does not matter.
        labels=(truth > np.median(truth, 0)).astype(np.float64) if dataset == "emotify" else np.round(truth),
        truth=truth,
        embeddings=said.embeddings[own],
    )


def fold_figures(music: Music, said: Said, fold: int) -> dict[str, float]:
    """Every figure of the datasets that ``music`` has, on the tracks of one fold."""
    own = music.folds[said.rows] == fold
    part = Said(said.rows[own], said.logits[own], said.embeddings[own])
    found: dict[str, float] = {}
    for dataset in dict.fromkeys(music.origins[part.rows].tolist()):
        stored = stored_of(music, part, dataset)
        figures = AllFigures(stored).of(np.ones((1, len(stored))))
        names = FIGURES[dataset].items()
        found |= {ours: float(figures[theirs][0]) for ours, theirs in names if theirs in figures}
        if set(CLUSTERS) <= {name.partition(":")[2] for name in stored.targets}:
            found["mirex_cluster_f1"] = cluster_f1(stored)
    return {name: round(value, 6) for name, value in found.items()}


def cluster_f1(stored: StoredPredictions) -> float:
    """Macro-F1 of the likeliest of the five clusters."""
    names = [str(name).partition(":")[2] for name in stored.targets]
    columns = [names.index(cluster) for cluster in CLUSTERS]
    return macro_f1(stored.truth[:, columns].argmax(1), stored.logits[:, columns].argmax(1))


def _scored(music: Music, said: Said, dataset: str) -> tuple[list[int], list[str]]:
    """Columns of the targets that are scored, and their names with the dataset in front.

    What a system was never taught it says nothing of.
    """
    targets = music.table.targets[music.origins == dataset]
    least = MIN_TRACKS if dataset == "mood4q" else 1
    taught = np.asarray(~np.isnan(said.logits).any(0))
    found = {
        place: f"{dataset}:word:{name.removeprefix(WORD)}" if name.startswith(WORD) else str(name)
        for place, name in enumerate(targets.columns)
        if taught[place]
        and (
            name.startswith(f"{dataset}:")
            or (name.startswith(WORD) and targets[name].notna().all() and targets[name].sum() >= least)
        )
    }
    return list(found), list(found.values())
