"""The data of a plan's runs are loaded once per process."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from moodrec.data.labels import LabelTable
from moodrec.evaluation.experiment.events import OnExperimentEvent
from moodrec.evaluation.experiment.rows import RunRows, rows_of
from moodrec.evaluation.experiment.runs import PlannedRun
from moodrec.evaluation.experiment.truth import Truth, load_entries, truth_of
from moodrec.training.events import FeaturesReady, SpectrogramReady, TrainingEvent
from moodrec.training.prepare import Prepared, prepare
from moodrec.training.recipe import DataEntry


class Datasets:
    """Label tables, spectrograms and rows of runs, each loaded on its first use."""

    def __init__(self, cache_folder: Path, on_event: OnExperimentEvent) -> None:
        self._cache_folder, self._on_event = cache_folder, on_event
        self._tables: dict[str, LabelTable] = {}
        self._prepared: dict[str, Prepared] = {}

    def digest(self, run: PlannedRun) -> str:
        """Compute a digest that changes with the run's settings and its labels, not with the audio's location."""
        known = [run.settings_digest, *(_digest(self._table((entry,))) for entry in run.recipe.data)]
        return hashlib.sha256(" ".join(known).encode()).hexdigest()[:16]

    def prepared(self, run: PlannedRun) -> Prepared:
        """Load all tracks of a run with their spectrograms, which are computed if the cache folder lacks them."""
        settings = run.recipe.model_dump_json(include={"audio", "windows", "warm_start"})
        key = _key(run.recipe.data) + settings
        if key not in self._prepared:
            self._prepared[key] = prepare(run.recipe, self._cache_folder, self._report_spectrograms)
        return self._prepared[key]

    def truth(self, run: PlannedRun) -> Truth:
        """Load the labels of the run's dataset, and which of its tracks the run tests."""
        return truth_of(self._table(run.own_data), run.dataset, run.fold, run.phase)

    def rows(self, run: PlannedRun, truth: Truth) -> RunRows:
        """Choose the rows that train, and those that are scored.

        Args:
            run: the run.
            truth: the labels of its dataset.
        """
        return rows_of(self.prepared(run), truth, run.phase, run.recipe, run.dataset.labelled)

    def _report_spectrograms(self, event: TrainingEvent) -> None:
        if isinstance(event, SpectrogramReady | FeaturesReady):  # warnings are about publishing
            self._on_event(event)

    def _table(self, entries: tuple[DataEntry, ...]) -> LabelTable:
        key = _key(entries)
        if key not in self._tables:
            self._tables[key] = load_entries(entries)
        return self._tables[key]


def _key(entries: tuple[DataEntry, ...]) -> str:
    return "\n".join(entry.model_dump_json() for entry in entries)


def _digest(table: LabelTable) -> str:
    known = hashlib.sha256(table.tracks.drop(columns="audio").to_json(orient="split").encode())
    known.update("\n".join(map(str, table.targets.columns)).encode())
    known.update(table.targets.to_numpy(np.float32).tobytes())
    return known.hexdigest()
