"""``moodrec train`` turns a recipe into a model folder, with out-of-fold predictions where the recipe has folds.

The output folder::

    model/                   what MoodModel.load takes; with folds, context.json says how metadata corrects it
    out-of-fold.parquet      predictions of models not trained on the track (with split.folds)
    metadata-heads.json      scores of the metadata heads on held-out tracks (with split.within_artist)
    final/ fold-0/ ...       logs and checkpoints, one folder per network
    recipe.toml              a copy of the recipe
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import platformdirs
from numpy.typing import NDArray

from moodrec.errors import ConfigError, ExportError, MissingExtraError
from moodrec.files.disk import disk_errors
from moodrec.files.replacing import write_atomically
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK
from moodrec.training.calibration import Calibration, plan_calibration
from moodrec.training.devices import Devices
from moodrec.training.events import MoodsRenamed, NetworkStarted, OnEvent, TrainingWarning
from moodrec.training.heads_report import report_heads
from moodrec.training.labels import TaskLabels, encode_labels
from moodrec.training.loop import Trainer, TrainingSet
from moodrec.training.metadata_input import metadata_of
from moodrec.training.out_of_fold import OUT_OF_FOLD, load_predictions, save_predictions, write_out_of_fold
from moodrec.training.predict import RowPredictions, predict
from moodrec.training.prepare import Prepared, prepare, prepare_copies
from moodrec.training.publish import publish, renamed_moods
from moodrec.training.quality import MeasuredMood, measure_moods
from moodrec.training.recipe import Recipe, read_recipe
from moodrec.training.refine import refine
from moodrec.training.steady import CopiedTracks
from moodrec.training.threads import torch_threads
from moodrec.typing import Float32Array

_FINAL: Final = "final"
"""The network that learns from all tracks."""
_DONE: Final = "done"
"""What the first process tells the others when no further network is trained."""


@dataclass(frozen=True)
class TrainingResult:
    """What a run made, and how well it tells the moods."""

    model: Path | None
    """The model folder; None where ``only_fold`` trains a part of the run alone, and in all processes of several but
    the first."""
    fingerprint: str | None
    """The model's fingerprint; None without a model."""
    out_of_fold: Path | None
    """Predictions of models that were not trained on the track; None without folds."""
    moods: tuple[MeasuredMood, ...] = ()
    """How well each published mood is told; empty where every network was trained on all labelled tracks."""
    measured_on: str = ""
    """A sentence on the predictions that ``moods`` was measured on."""


def train_recipe(
    recipe_path: Path, out: Path, on_event: OnEvent, cache_folder: Path | None = None
) -> TrainingResult:
    """Train what a recipe describes, continuing in ``out`` whatever an earlier run of it left.

    Started by ``torchrun`` in several processes, they train each network together (:mod:`moodrec.training.devices`);
    the first writes, and the others' ``on_event`` is called for warnings and preparation alone.

    Args:
        recipe_path: the recipe.
        out: folder of the run.
        on_event: receives progress and warnings.
        cache_folder: folder of spectrograms; by default :func:`default_cache`.

    Raises:
        ConfigError: the recipe is wrong, or ``out`` holds a run of another recipe or on other data.
        DataError: a dataset is malformed, or there are no moods to learn from it.
    """
    recipe = read_recipe(recipe_path)
    digest = recipe.digest  # computed first: it raises if the model to start from is missing
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    with Devices.joined() as devices, torch_threads(recipe.training.threads):
        data = _prepared(recipe, cache_folder or default_cache(), on_event, devices)
        copies = prepare_copies(recipe, data, cache_folder or default_cache(), on_event)
        calibration = plan_calibration(recipe, data)
        if renamed := renamed_moods({} if recipe.moods else calibration.moods):
            on_event(MoodsRenamed(renamed))
        run = _Run(recipe, data, copies, calibration, out, on_event, devices)
        if not devices.first:
            return run.follow()
        try:
            _claim(out, digest + data.digest, recipe_path)
            return run.all()
        finally:
            devices.tell(_DONE)


def _prepared(recipe: Recipe, cache_folder: Path, on_event: OnEvent, devices: Devices) -> Prepared:
    """Prepare the data, on each machine by one process before the others, which find it in the cache."""
    if devices.first_here:
        data = prepare(recipe, cache_folder, on_event)
        devices.wait()
        return data
    devices.wait()
    return prepare(recipe, cache_folder, on_event)


def default_cache() -> Path:
    """Give the folder in which spectrograms are kept between runs."""
    return Path(platformdirs.user_cache_dir("moodrec")) / "log-mel"


@dataclass(frozen=True)
class _Run:
    recipe: Recipe
    data: Prepared
    copies: CopiedTracks | None
    calibration: Calibration
    out: Path
    on_event: OnEvent
    devices: Devices

    def follow(self) -> TrainingResult:
        """Take part in the training of each network that the first process trains, and write nothing."""
        name: str
        while (name := self.devices.tell(None)) != _DONE:
            own = self.data.seen
            if name != _FINAL:
                own = own & (self.data.folds != int(name.removeprefix("fold-")))
            self._train(name, own)
        return TrainingResult(None, None, None)

    def all(self) -> TrainingResult:
        parts = [self._fold(fold) for fold in self._fold_numbers()]
        if self.recipe.split.only_fold is not None:
            return self._measured_fold(parts)
        written = self._write_out_of_fold(parts) if parts else None
        network, labels = self._train(_FINAL, self.data.seen)
        if self.data.held_out.any():
            rows = np.flatnonzero(self.data.held_out)
            held = predict(network, self.data.inputs(self.recipe), rows, heads=labels.heads)
            report_heads(self.out / "metadata-heads.json", labels, held, self.recipe.seed)
        return self._publish(network, labels, parts, written)

    def _fold_numbers(self) -> list[int]:
        only = self.recipe.split.only_fold
        return list(range(self.recipe.split.folds)) if only is None else [only]

    def _fold(self, fold: int) -> RowPredictions:
        """Predict the rows of one fold with a network trained on the others; stored predictions are read back."""
        place = self.out / f"fold-{fold}" / "predictions.safetensors"
        if place.exists():
            return load_predictions(place)
        network, labels = self._train(f"fold-{fold}", self.data.seen & (self.data.folds != fold))
        rows = np.flatnonzero(self.data.folds == fold)
        predictions = predict(network, self.data.inputs(self.recipe), rows, heads=labels.heads)
        save_predictions(place, predictions)
        return predictions

    def _train(self, name: str, seen: NDArray[np.bool_]) -> tuple[MoodNetwork, TaskLabels]:
        folder = self.out / name
        with disk_errors(folder):
            folder.mkdir(exist_ok=True)
        if self.devices.first:
            self.devices.tell(name)
        labels = encode_labels(self.data.table, self.recipe.tasks, seen)
        numbers = [*(f"fold-{fold}" for fold in self._fold_numbers()), _FINAL]
        if self.recipe.split.only_fold is not None:
            numbers = numbers[:-1]
        place = 1 + numbers.index(name)
        self.on_event(NetworkStarted(name, int(seen.sum()), _sizes(labels), place, len(numbers)))
        rows, inputs = np.flatnonzero(seen), self.data.inputs(self.recipe)
        metadata = metadata_of(self.recipe, self.data.table)
        training_set = TrainingSet(inputs, labels, rows, self.data.digest, metadata)
        network = Trainer(self.recipe, training_set, folder, self.on_event, self.devices).run()
        if self.devices.first:
            refine(network, self.recipe, inputs, labels, seen, self.copies)
        return network, labels

    def _write_out_of_fold(self, parts: list[RowPredictions]) -> Path:
        write_out_of_fold(self.out / OUT_OF_FOLD, self.data, parts, self.recipe.digest)
        return self.out / OUT_OF_FOLD

    def _measured_fold(self, parts: list[RowPredictions]) -> TrainingResult:
        """Give the figures of the one fold that is trained, on its tracks that are not held out for testing."""
        part = parts[0]
        usable = self.data.seen[part.rows]
        figures = self._measure(part.rows[usable], part.logits[MOOD_TASK][usable])
        note = f"predictions of fold {self.recipe.split.only_fold}, by a model that was trained on the others"
        return TrainingResult(None, None, self._write_out_of_fold(parts), figures, note)

    def _measure(self, rows: NDArray[np.int64], logits: Float32Array) -> tuple[MeasuredMood, ...]:
        labels = self.data.table.targets.to_numpy(np.float32)[rows]
        groups = self.data.table.tracks["group"].to_numpy()[rows].tolist()
        return measure_moods(self.calibration.moods, self.calibration.targets, logits, labels, groups)

    def _publish(
        self, network: MoodNetwork, labels: TaskLabels, parts: list[RowPredictions], out_of_fold: Path | None
    ) -> TrainingResult:
        rows = self.calibration.rows
        predicted = parts or [predict(network, self.data.inputs(self.recipe), rows, heads=labels.heads)]
        place = {row: i for i, row in enumerate(np.concatenate([part.rows for part in predicted]).tolist())}
        logits = np.concatenate([part.logits[MOOD_TASK] for part in predicted])
        logits = logits[[place[row] for row in rows.tolist()]]
        targets = self.data.table.targets.to_numpy(np.float32)[rows]
        tracks = self.data.table.tracks.iloc[rows] if parts else None
        measured = self._measure(rows, logits) if self.calibration.unseen else ()
        quality = {one.mood: one.quality for one in measured if one.quality is not None and parts}
        known = (network, self.recipe, labels.heads, logits, targets, self.calibration.note)
        try:
            fingerprint = publish(self.out / "model", *known, tracks=tracks, quality=quality)
        except (ExportError, MissingExtraError) as error:
            # A network that was trained for hours is kept, whatever else is wrong.
            self.on_event(TrainingWarning(f"{error}; the model is published without one, for PyTorch alone"))
            fingerprint = publish(self.out / "model", *known, graph=False, tracks=tracks, quality=quality)
        note = self.calibration.note if measured else ""
        return TrainingResult(self.out / "model", fingerprint, out_of_fold, measured, note)


def _claim(out: Path, digest: str, recipe_path: Path) -> None:
    """Record which run this folder holds; raise ConfigError if it holds another."""
    mark = out / "recipe.digest"
    if mark.exists() and mark.read_text() != digest:
        raise ConfigError(
            f"{out}: holds a run of another recipe, or on other data; choose another --out or remove it"
        )
    write_atomically(out / "recipe.toml", recipe_path.read_bytes())
    write_atomically(mark, digest.encode())


def _sizes(labels: TaskLabels) -> dict[str, int]:
    return {task: len(head.labels) for task, head in labels.heads.items()}
