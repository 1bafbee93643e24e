"""The honest baseline: logistic and ridge regression on the mean features of frozen trunks, a target at a time.

Quadrants, and the clusters of the MIREX-like set, are classes of one multinomial regression each; axes and words have
a logistic regression each, and the shares of Emotify a ridge regression. How much a regression is shrunk is chosen on
the training folds alone, each left out in turn; the words share one choice.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from benchmarks.models.candidates import CLASSES
from benchmarks.models.figures import Said
from benchmarks.models.music import WORD, Music
from moodrec.metrics.classification import macro_f1
from moodrec.metrics.tagging import macro_average_precision, macro_roc_auc

STRENGTHS = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
"""C of the logistic regressions; the alpha of ridge is 1 / C."""
OF_WORDS = (1e-3, 3e-3, 1e-2)
"""Of these, what the words choose from: they are many."""

Floats = NDArray[np.float64]
Fit = Callable[[Floats, Floats, float], Callable[[Floats], Floats]]
"""(n, features), (n, targets) and a strength to a function from features to logits."""


@dataclass(frozen=True)
class Task:
    """Targets that are learnt in one way and share one strength."""

    targets: tuple[str, ...]
    fit: Fit
    score: Callable[[Floats, Floats], float]
    """(n, targets) truth and logits to how good they are."""
    strengths: tuple[float, ...] = STRENGTHS


def said_by(music: Music, features: Floats, seen: NDArray[np.bool_], asked: NDArray[np.bool_]) -> Said:
    """Fit on the tracks ``seen`` and say what the regressions make of those ``asked``."""
    targets, scaler = music.table.targets, StandardScaler().fit(features[seen])
    scaled, rows = scaler.transform(features), np.flatnonzero(asked)
    logits = np.full((len(rows), targets.shape[1]), np.nan)
    for task in tasks_of(music, seen):
        columns = [list(targets.columns).index(name) for name in task.targets]
        truth = targets.to_numpy(np.float64)[:, columns]
        own = seen & ~np.isnan(truth).any(1)
        if not own.any():
            continue
        strength = choose(task, scaled[own], truth[own], music.folds[own])
        logits[:, columns] = task.fit(scaled[own], truth[own], strength)(scaled[rows])
    return Said(rows, logits, embeddings_of(music, features, seen, rows))


def tasks_of(music: Music, seen: NDArray[np.bool_]) -> Iterator[Task]:
    """What is predicted; words that only one of the two sets has are learnt from that one."""
    names = [str(name) for name in music.table.targets.columns]
    for group in CLASSES:
        if set(group) <= set(names):
            yield Task(group, fit_classes, _class_f1)
    for name in names:
        if name.endswith((":valence", ":arousal")):
            yield Task((name,), fit_each, macro_roc_auc)
    shares = tuple(name for name in names if name.startswith("emotify:"))
    if shares:
        yield Task(shares, fit_shares, mean_pearson)
    words = [name for name in names if name.startswith(WORD)]
    everywhere = music.table.targets[words].notna().to_numpy()[seen & music.rows_of(("mirex_mood",))]
    both = np.asarray(everywhere.all(0)) if len(everywhere) else np.zeros(len(words), bool)
    for shared in (True, False):
        own = tuple(word for word, is_shared in zip(words, both, strict=True) if is_shared == shared)
        if own:
            yield Task(own, fit_each, macro_average_precision, OF_WORDS)


def choose(task: Task, features: Floats, truth: Floats, folds: NDArray[np.int64]) -> float:
    """The strength that does best on training folds, each left out in turn."""

    def quality(strength: float) -> float:
        found = []
        for fold in np.unique(folds):
            held = folds == fold
            found.append(
                task.score(truth[held], task.fit(features[~held], truth[~held], strength)(features[held]))
            )
        return float(np.mean(found))

    return max(task.strengths, key=quality)


def fit_classes(features: Floats, truth: Floats, strength: float) -> Callable[[Floats], Floats]:
    """One multinomial logistic regression; log-probabilities."""
    model = _logistic(features, truth.argmax(1), strength)

    def predict(other: Floats) -> Floats:
        found = np.full((len(other), truth.shape[1]), -30.0)
        found[:, model.classes_] = model.predict_log_proba(other)
        return found

    return predict


def fit_each(features: Floats, truth: Floats, strength: float) -> Callable[[Floats], Floats]:
    """A logistic regression for each target; what no training track tells apart gets one logit for all."""
    models = [_logistic(features, own, strength) if len(np.unique(own)) > 1 else None for own in truth.T]

    def predict(other: Floats) -> Floats:
        found = [np.full(len(other), -30.0) if m is None else m.decision_function(other) for m in models]
        return np.stack(found, axis=1)

    return predict


def fit_shares(features: Floats, truth: Floats, strength: float) -> Callable[[Floats], Floats]:
    """Ridge regression, kept within (0, 1); logits of the shares."""
    model = Ridge(alpha=1 / strength).fit(features, truth)

    def predict(other: Floats) -> Floats:
        shares = np.clip(model.predict(other), 1e-3, 1 - 1e-3)
        return np.asarray(np.log(shares / (1 - shares)), np.float64)

    return predict


def mean_pearson(truth: Floats, logits: Floats) -> float:
    """Mean correlation of the shares over the targets."""
    said = 1 / (1 + np.exp(-logits))
    return float(np.mean([np.corrcoef(t, p)[0, 1] for t, p in zip(truth.T, said.T, strict=True)]))


def embeddings_of(music: Music, features: Floats, seen: NDArray[np.bool_], rows: NDArray[np.int64]) -> Floats:
    """(rows, features) standardised on the training tracks of the same dataset."""
    found = np.empty((len(rows), features.shape[1]))
    for name in np.unique(music.origins[rows]):
        own = music.origins[rows] == name
        found[own] = (
            StandardScaler().fit(features[seen & (music.origins == name)]).transform(features[rows[own]])
        )
    return found


def _class_f1(truth: Floats, logits: Floats) -> float:
    return macro_f1(truth.argmax(1), logits.argmax(1))


def _logistic(features: Floats, classes: NDArray[np.generic], strength: float) -> LogisticRegression:
    with warnings.catch_warnings():
        # The few that do not converge are those of the weakest shrinkage, which is not chosen.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit(features, classes)
