"""What a frozen MusiCNN and logistic regression predict, out of fold: the field's baseline for the default model.

    MOODREC_DATA=... python -m benchmarks.models.frozen_musicnn [--cache DIR]

A track is the mean of the 200 penultimate features of MusiCNN over the windows that the default model hears. On the
standardised features stand logistic regressions (one multinomial over the quadrants, one for each axis and each word
of at least 20 tracks) and ridge regressions (the shares of Emotify). Folds are those of the default model. How much
a regression is shrunk is chosen on the training folds alone, each left out in turn; the words share one choice.

Writes benchmarks/results/frozen-musicnn-out-of-fold.parquet, in the form of default-out-of-fold.parquet.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.places import RECIPES, RESULTS
from moodrec.evaluation.retrieval import QUADRANTS
from moodrec.files.replacing import replacing
from moodrec.metrics.classification import macro_f1
from moodrec.metrics.tagging import macro_average_precision, macro_roc_auc
from moodrec.model.checkpoint import load_model
from moodrec.training.inputs import LoadFeatures
from moodrec.training.prepare import Prepared, prepare
from moodrec.training.recipe import read_recipe
from moodrec.training.run import default_cache

RECIPE = RECIPES / "moodrec-1.toml"
OUT = RESULTS / "frozen-musicnn-out-of-fold.parquet"
PREDICTIONS = RESULTS / "default-out-of-fold.parquet"
ABOUT = b"moodrec.frozen"
MIN_TRACKS = 20
STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
"""C of the logistic regressions; the alpha of ridge is 1 / C."""

Floats = NDArray[np.float64]
Predict = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Task:
    """Targets that are learnt in one way and share one strength."""

    name: str
    targets: tuple[str, ...]
    fit: Callable[[Floats, Floats, float], Predict]
    """(n, features), (n, targets) and a strength to a function from features to (n, targets) in [0, 1]."""
    score: Callable[[Floats, Floats], float]
    """(n, targets) truth and predictions to how good they are."""


def main() -> None:
    """Compute the features where they are missing, predict, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cache", type=Path, default=default_cache(), help="spectrograms and features")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    recipe = read_recipe(RECIPE)
    data = in_folds_of(PREDICTIONS, prepare(recipe, options.cache, lambda event: None))
    if data.features is None or recipe.warm_start is None:
        raise SystemExit(f"{RECIPE}: the trunk of its backbone is not frozen")
    features = penultimate(Path(recipe.warm_start.model), data.features)
    parts, strengths = [data.table.tracks[["track_id"]].assign(fold=data.folds)], {}
    for task in tasks_of(data):
        predictions, strengths[task.name] = out_of_fold(task, features, data)
        parts.append(pd.DataFrame(predictions.astype(np.float32), columns=list(task.targets)))
        print(f"{task.name}: {len(task.targets)} targets, C {strengths[task.name]}", flush=True)
    parts.append(pd.DataFrame({"embedding": list(embeddings(features, data))}))
    about = {
        "model": recipe.warm_start.fingerprint,
        "scikit-learn": version("scikit-learn"),
        "strengths": strengths,
    }
    write(options.out, pd.concat(parts, axis=1)[data.seen], about)


def in_folds_of(predictions: Path, data: Prepared) -> Prepared:
    """The same tracks in the folds of another model's out-of-fold predictions, which have to hold them all.

    Raises:
        KeyError: a track has no prediction.
    """
    known = pd.read_parquet(predictions, columns=["track_id", "fold"]).set_index("track_id")["fold"]
    return replace(data, folds=known.loc[data.table.tracks["track_id"]].to_numpy(np.int64))


@torch.inference_mode()
def penultimate(model: Path, pooled: Sequence[LoadFeatures]) -> Floats:
    """(tracks, 200): what the model's own dense layer makes of the pooled maps, the mean over a track's windows."""
    backbone = load_model(model).network.eval().backbone
    found = [backbone.neck(torch.from_numpy(load())).mean(0).numpy() for load in pooled]
    return np.stack(found).astype(np.float64)


def tasks_of(data: Prepared) -> list[Task]:
    """What is predicted."""
    known = data.table.targets
    words = tuple(n for n in known.columns if n.startswith("mood4q:word:") and known[n].sum() >= MIN_TRACKS)
    shares = tuple(n for n in known.columns if n.startswith("emotify:"))
    quadrants = tuple(f"mood4q:{quadrant}" for quadrant in QUADRANTS)
    axes = [Task(a, (f"mood4q:{a}",), fit_each, macro_roc_auc) for a in ("valence", "arousal")]
    return [
        Task("quadrants", quadrants, fit_classes, quadrant_f1),
        *axes,
        Task("words", words, fit_each, macro_average_precision),
        Task("shares", shares, fit_shares, mean_pearson),
    ]


def out_of_fold(task: Task, features: Floats, data: Prepared) -> tuple[Floats, list[float]]:
    """Predictions (rows, targets), each by a fit on the other folds, and the strengths chosen, a fold each."""
    truth = data.table.targets[list(task.targets)].to_numpy(np.float64)
    known = data.seen & ~np.isnan(truth).any(1)
    predictions, chosen = np.empty(truth.shape), []
    for fold in np.unique(data.folds):
        own = known & (data.folds != fold)
        chosen.append(choose(task, features[own], truth[own], data.folds[own]))
        predict = task.fit(features[own], truth[own], chosen[-1])
        predictions[data.folds == fold] = predict(features[data.folds == fold])
    return predictions, chosen


def choose(task: Task, features: Floats, truth: Floats, folds: NDArray[np.int64]) -> float:
    """The strength that does best on training folds, each left out in turn: artists stay apart."""

    def quality(strength: float) -> float:
        found = []
        for fold in np.unique(folds):
            held = folds == fold
            predict = task.fit(features[~held], truth[~held], strength)
            found.append(task.score(truth[held], predict(features[held])))
        return float(np.mean(found))

    return max(STRENGTHS, key=quality)


def fit_classes(features: Floats, truth: Floats, strength: float) -> Predict:
    """One multinomial logistic regression; the targets are classes, of which a track has one."""
    model = logistic(strength).fit(features, truth.argmax(1))

    def predict(other: Floats) -> Floats:
        found = np.zeros((len(other), truth.shape[1]))
        found[:, model.classes_] = model.predict_proba(other)
        return found

    return predict


def fit_each(features: Floats, truth: Floats, strength: float) -> Predict:
    """A logistic regression for each target; what no training track tells apart is predicted alike for all."""
    columns = [
        logistic(strength).fit(features, own) if len(np.unique(own)) > 1 else own.mean() for own in truth.T
    ]

    def predict(other: Floats) -> Floats:
        found = [
            np.full(len(other), m) if isinstance(m, float) else m.predict_proba(other)[:, 1] for m in columns
        ]
        return np.stack(found, axis=1)

    return predict


def fit_shares(features: Floats, truth: Floats, strength: float) -> Predict:
    """Ridge regression, kept within [0, 1]."""
    model = make_pipeline(StandardScaler(), Ridge(alpha=1 / strength)).fit(features, truth)
    return lambda other: np.clip(model.predict(other), 0, 1)


def logistic(strength: float) -> Pipeline:
    """Logistic regression on standardised features."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))


def quadrant_f1(truth: Floats, predictions: Floats) -> float:
    """Macro-F1 of the likeliest class."""
    return macro_f1(truth.argmax(1), predictions.argmax(1))


def mean_pearson(truth: Floats, predictions: Floats) -> float:
    """Mean correlation over the targets."""
    return float(np.mean([np.corrcoef(t, p)[0, 1] for t, p in zip(truth.T, predictions.T, strict=True)]))


def embeddings(features: Floats, data: Prepared) -> NDArray[np.float32]:
    """(rows, 200) mean features, standardised on the training rows of the row's fold and dataset."""
    dataset = data.table.tracks["track_id"].str.partition("/")[0].to_numpy()
    found = np.empty(features.shape, np.float32)
    for name in np.unique(dataset):
        for fold in np.unique(data.folds):
            own = (dataset == name) & (data.folds == fold)
            others = data.seen & (dataset == name) & (data.folds != fold)
            if own.any():
                found[own] = StandardScaler().fit(features[others]).transform(features[own])
    return found


def write(path: Path, frame: pd.DataFrame, about: Mapping[str, object]) -> None:
    """The table, with how it came about in its metadata."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    known = {**(table.schema.metadata or {}), ABOUT: json.dumps(about).encode()}
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(known), temporary)


if __name__ == "__main__":
    main()
