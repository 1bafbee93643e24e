"""The folder of an experiment records which runs are finished, and which process works on which run.

::

    plan.toml                                       a copy of the plan
    mood4q/fcn/mood/seed-0/fold-0.json   .npz       a finished run
    .scratch/<run>.lock                             held while the run is trained
    .scratch/<run>/                                 its checkpoints, removed when it is finished
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from moodrec.errors import ConfigError, CorruptStoreError, StoreLockedError
from moodrec.evaluation.experiment.runs import PlannedRun
from moodrec.evaluation.experiment.stored import (
    StoredPredictions,
    load_predictions,
    read_result,
    save_predictions,
    write_result,
)
from moodrec.files.disk import disk_errors
from moodrec.lock import WriterLock

PLAN: Final = "plan.toml"
"""Name of the copy of the plan."""
SCRATCH: Final = ".scratch"
"""Name of the folder of unfinished runs."""


@dataclass(frozen=True)
class ResultFolder:
    """The results of the runs of one plan."""

    path: Path

    def is_finished(self, run: PlannedRun, digest: str) -> bool:
        """Say whether a run's result is in the folder.

        Args:
            run: the run.
            digest: digest of its settings and data.

        Raises:
            ConfigError: there is a result, but of other settings or other data.
            CorruptStoreError: its JSON is damaged.
        """
        place = self._result(run.id)
        if not place.exists():
            return False
        if read_result(place)["digest"] != digest:
            raise ConfigError(
                f"{place}: was made by other settings or from other data than the plan's run {run.id}; "
                f"choose another --out, or remove the file to train it again"
            )
        return True

    @contextmanager
    def claim(self, run: PlannedRun) -> Iterator[Path | None]:
        """Hold a run's scratch folder while the block runs; None where another process holds it."""
        scratch = self.path / SCRATCH / run.id.replace("/", ".")
        with disk_errors(scratch):
            scratch.parent.mkdir(parents=True, exist_ok=True)
        lock_file = scratch.with_name(scratch.name + ".lock")
        lock = WriterLock(lock_file)
        try:
            lock.acquire()
        except StoreLockedError:
            yield None
            return
        try:
            yield scratch
        finally:
            lock.release()
            if not scratch.exists():  # finished, so a process that still opens the old lock has nothing to do
                with suppress(OSError):
                    lock_file.unlink()

    def keep(self, run: PlannedRun, stored: StoredPredictions, result: dict[str, Any], scratch: Path) -> None:
        """Write a finished run: the arrays, then the JSON that completes it; then its checkpoints are removed.

        Args:
            run: the run.
            stored: its predictions.
            result: what its JSON says.
            scratch: folder of its checkpoints.
        """
        place = self._result(run.id)
        sha256 = save_predictions(place.with_suffix(".npz"), stored)
        write_result(place, result | {"predictions_sha256": sha256})
        shutil.rmtree(scratch, ignore_errors=True)

    def tidy(self) -> None:
        """Remove the scratch folder if it is empty."""
        with suppress(OSError):
            (self.path / SCRATCH).rmdir()

    def _result(self, run_id: str) -> Path:
        return self.path / f"{run_id}.json"


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A finished run as a report reads it."""

    facts: dict[str, Any]
    """The content of its JSON file."""
    place: Path

    @property
    def id(self) -> str:
        """Id of the run, such as ``mood4q/fcn/mood/seed-0/fold-0``."""
        return str(self.facts["id"])

    @property
    def dataset(self) -> str:
        """Name of the dataset in the plan."""
        return str(self.facts["dataset"])

    @property
    def backbone(self) -> str:
        """Name of the backbone in the plan."""
        return str(self.facts["backbone"])

    @property
    def arm(self) -> str:
        """Name of the arm in the plan."""
        return str(self.facts["arm"])

    @property
    def seed(self) -> int:
        """Seed of the network."""
        return int(self.facts["seed"])

    @property
    def fold(self) -> int | None:
        """The test fold; None where the dataset's own split was tested."""
        fold = self.facts["fold"]
        return None if fold is None else int(fold)

    def predictions(self) -> StoredPredictions:
        """Read the arrays of the run's predictions.

        Raises:
            CorruptStoreError: they are missing, or differ from what the JSON describes.
        """
        return load_predictions(self.place.with_suffix(".npz"), self.facts["predictions_sha256"])


def finished_runs(folder: Path) -> list[FinishedRun]:
    """Read every result under a folder, in the order of the names.

    Raises:
        CorruptStoreError: one of them is damaged.
    """
    places = [place for place in sorted(folder.rglob("*.json")) if SCRATCH not in place.parts]
    runs = [FinishedRun(read_result(place), place) for place in places]
    strangers = [run.place for run in runs if "predictions_sha256" not in run.facts]
    if strangers:
        raise CorruptStoreError(f"{strangers[0]}: is not the result of a run")
    return runs
