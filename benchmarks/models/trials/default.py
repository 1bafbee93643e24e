"""Is there a better default model? Settings that were tried, judged on tracks that no reported figure is about.

    MOODREC_DATA=... python -m benchmarks.models.trials.default [--only NAME ...]

The folds of the default model are left out two at a time, neighbours in a ring: a network learns from the other three
and is asked about each of the two. So a setting can be chosen for any fold by networks that never heard it. Each fold
is scored twice; differences are paired by fold and left-out pair.

Writes benchmarks/results/default-trials.json after each trial and goes on where it was stopped; the model card
shows it. Fifteen trials take half an hour of one core, and the features of windows.py some minutes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.machine import machine_report
from benchmarks.models.trials.scores import fold_figures
from benchmarks.models.trials.settings import JOINTS, TRIALS, Hears, Joint, Trial, changed
from benchmarks.models.trials.windows import features_of
from benchmarks.places import RECIPES, RESULTS
from moodrec.evaluation.retrieval import QUADRANTS
from moodrec.files.replacing import write_atomically
from moodrec.model.network import NetworkOutput
from moodrec.model.spec import MOOD_TASK
from moodrec.training.inputs import FrozenFeatures, LoadFeatures
from moodrec.training.labels import TaskLabels, encode_labels
from moodrec.training.loop import Trainer, TrainingSet
from moodrec.training.objective import Objective
from moodrec.training.predict import RowPredictions, predict
from moodrec.training.prepare import Prepared, prepare
from moodrec.training.recipe import Recipe, read_recipe
from moodrec.training.run import default_cache

RECIPE = RECIPES / "moodrec-1.toml"
RESULT = RESULTS / "default-trials.json"
PAIRS = ((0, 1), (1, 2), (2, 3), (3, 4), (0, 4))

Heard = dict[tuple[int, int], RowPredictions]
"""Left-out pair of folds to predictions of their tracks."""


def main() -> None:
    """Train, score, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=[trial.name for trial in TRIALS], help="these trials")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="spectrograms and features")
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    recipe = read_recipe(RECIPE)
    torch.set_num_threads(recipe.training.threads)
    bench = Bench(recipe, prepare(recipe, options.cache, lambda event: None), options.cache)
    document = started(options.out, recipe, bench.data)
    heard: dict[str, Heard] = {}
    needed = {name for joint in JOINTS if joint.name not in document["trials"] for name in joint.members}
    for trial in TRIALS:
        again = trial.name in needed
        if trial.name in options.only and (again or trial.name not in document["trials"]):
            heard[trial.name] = bench.heard(trial)
            keep(document, options.out, trial, bench.figures(heard[trial.name]))
    for joint in JOINTS:
        if set(joint.members) <= set(heard):
            keep(document, options.out, joint, bench.figures(side_by_side(joint, heard, bench.data)))


@dataclass(frozen=True)
class Bench:
    """The default recipe and its data."""

    recipe: Recipe
    data: Prepared
    cache: Path

    def heard(self, trial: Trial) -> Heard:
        """What networks trained by ``trial`` say of the folds that they were not given."""
        recipe = changed(self.recipe, trial.changes)
        loads = self._loads(trial.hears)
        return {pair: self._network(trial, recipe, FrozenFeatures(loads, recipe), pair) for pair in PAIRS}

    def figures(self, heard: Heard) -> list[dict[str, Any]]:
        """A row for each pair and each fold of it."""
        return [
            {"left_out": list(pair), "fold": fold, **fold_figures(self.data, predictions, fold)}
            for pair, predictions in heard.items()
            for fold in pair
        ]

    def _loads(self, hears: Hears) -> Sequence[LoadFeatures]:
        if hears != "all windows":
            return features_of(self.recipe, self.data, self.cache, one_level=hears.endswith("level"))
        if self.data.features is None:
            raise SystemExit(f"{RECIPE}: the trunk of its backbone is not frozen")
        return [Held(load()) for load in self.data.features]

    def _network(
        self, trial: Trial, recipe: Recipe, hearing: FrozenFeatures, pair: tuple[int, int]
    ) -> RowPredictions:
        left_out = np.isin(self.data.folds, pair)
        seen = self.data.seen & ~left_out
        labels = encode_labels(self.data.table, recipe.tasks, seen)
        with tempfile.TemporaryDirectory() as folder:
            trainer = Trainer(
                recipe, TrainingSet(hearing, labels, np.flatnonzero(seen)), Path(folder), lambda event: None
            )
            if trial.softmax:
                trainer.objective = with_softmax(trainer.objective, labels, trial.softmax)
            return predict(trainer.run(), hearing, np.flatnonzero(left_out))


@dataclass(frozen=True)
class Held:
    """Features in memory."""

    features: NDArray[np.float32]

    def __call__(self) -> NDArray[np.float32]:
        return self.features


@dataclass(frozen=True)
class WithSoftmax(Objective):
    """Also asks which of the four quadrants it is."""

    columns: tuple[int, ...] = ()
    weight: float = 0.0

    def losses(self, output: NetworkOutput, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """As always, with the cross-entropy in the moods' loss."""
        found = super().losses(output, targets)
        quadrants = targets[MOOD_TASK][:, self.columns]
        known = ~quadrants.isnan().any(1)
        if known.any():
            logits = output.logits[MOOD_TASK].float()[known][:, self.columns]
            loss = torch.nn.functional.cross_entropy(logits, quadrants[known].argmax(1))
            found[MOOD_TASK] = found[MOOD_TASK] + self.weight * loss
        return found


def with_softmax(objective: Objective, labels: TaskLabels, weight: float) -> WithSoftmax:
    """The same objective and the quadrants' cross-entropy."""
    names = labels.heads[MOOD_TASK].labels
    columns = tuple(names.index(f"mood4q:{quadrant}") for quadrant in QUADRANTS)
    return WithSoftmax(
        objective.recipe, objective.labels, objective.target_weights, columns=columns, weight=weight
    )


def side_by_side(joint: Joint, heard: dict[str, Heard], data: Prepared) -> Heard:
    """What the members say together."""
    words = np.array([name.startswith("mood4q:word:") for name in data.table.targets.columns])
    return {pair: together(joint, {m: heard[m][pair] for m in joint.members}, words) for pair in PAIRS}


def together(joint: Joint, members: dict[str, RowPredictions], words: NDArray[np.bool_]) -> RowPredictions:
    parts = list(members.values())
    embeddings = np.concatenate([part.embeddings for part in parts], axis=1)
    logits = np.mean([part.logits[MOOD_TASK] for part in parts], axis=0)
    if joint.words_of is not None:
        of_words = members[joint.words_of].logits[MOOD_TASK]
        rest = [part.logits[MOOD_TASK] for name, part in members.items() if name != joint.words_of]
        logits = np.where(words, of_words, np.mean(rest, axis=0))
    return RowPredictions(parts[0].rows, embeddings, {MOOD_TASK: logits})


def started(out: Path, recipe: Recipe, data: Prepared) -> dict[str, Any]:
    """The result so far, if it is about this recipe on this data; else an empty one."""
    about = {"recipe": recipe.digest, "data": data.digest}
    if out.exists():
        document: dict[str, Any] = json.loads(out.read_text())
        if {name: document[name] for name in about} == about:
            return document
    return {**about, "machine": machine_report("torch"), "trials": {}}


def keep(document: dict[str, Any], out: Path, trial: Trial | Joint, rows: list[dict[str, Any]]) -> None:
    """Write what was found, and say it."""
    document["trials"][trial.name] = {"against": trial.against, "rows": rows}
    write_atomically(out, (json.dumps(document, indent=1) + "\n").encode())
    figures = [name for name in rows[0] if name not in ("left_out", "fold")]
    means = {name: float(np.nanmean([row[name] for row in rows])) for name in figures}
    print(trial.name, " ".join(f"{name} {value:.4f}" for name, value in means.items()), flush=True)


if __name__ == "__main__":
    main()
