"""Plans are trained whole, shared out, stopped and continued, and never mixed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from moodrec.errors import ConfigError, CorruptStoreError, MoodrecError
from moodrec.evaluation.experiment.events import (
    ExperimentEvent,
    GridProgress,
    PlanRead,
    RunFailed,
    RunFinished,
    RunProgress,
)
from moodrec.evaluation.experiment.folder import ResultFolder, finished_runs
from moodrec.evaluation.experiment.grid import GridOptions, GridReport, run_plan
from moodrec.evaluation.experiment.stored import load_predictions
from moodrec.evaluation.experiment.work import runs_of
from moodrec.training.events import EpochFinished, TrainingResumed
from tests.evaluation.experiment.made_up import ONE_RUN, write_plan

SCRIPT = """
import sys
from pathlib import Path
from moodrec.evaluation.experiment.grid import GridOptions, run_plan
plan, out, cache, only, jobs = sys.argv[1:]
run_plan(Path(plan), Path(out), GridOptions(int(jobs), only=only, cache_folder=Path(cache)), lambda event: None)
"""


def train(plan: Path, out: Path, cache: Path, **options: Any) -> tuple[GridReport, list[ExperimentEvent]]:
    events: list[ExperimentEvent] = []
    report = run_plan(plan, out, GridOptions(cache_folder=cache, **options), events.append)
    return report, events


def progress_of(event: ExperimentEvent) -> GridProgress | None:
    assert isinstance(event, RunFinished | RunFailed)
    return event.progress


def start(plan: Path, out: Path, cache: Path, only: str, jobs: int = 1) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SCRIPT, str(plan), str(out), str(cache), only, str(jobs)]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    while not path.exists():
        assert process.poll() is None, "training ended before it could be killed"
        time.sleep(0.002)


def copy_of(results: Path, place: Path) -> Path:
    shutil.copytree(results, place)
    return place


def test_every_run_leaves_its_result(results: Path) -> None:
    runs = finished_runs(results)
    assert len(runs) == 8
    facts = next(run.facts for run in runs if run.facts["id"] == ONE_RUN)
    assert facts["tracks"] == {"with_moods": 24, "metadata_only": 28, "scored": 6, "left_out": 2}
    assert facts["steps"] == 3
    assert set(facts["heads"]) == {"mood", "artist", "album", "year", "genre"}
    assert {"ap", "roc_auc", "word_ap", "quadrant_f1", "valence_auc", "arousal_auc"} == set(facts["moods"])
    assert not (results / ".scratch").exists()
    assert str(Path.home()) not in (results / f"{ONE_RUN}.json").read_text()


def test_arms_take_equal_steps_and_score_equal_tracks(results: Path) -> None:
    by_cell: dict[str, list[Any]] = {}
    for run in finished_runs(results):
        by_cell.setdefault(run.facts["dataset"], []).append(
            (run.facts["steps"], tuple(run.predictions().track_ids))
        )
    assert all(len(set(found)) == 1 for found in by_cell.values())


def test_nothing_is_trained_twice(results: Path, datasets: Path, cache: Path, tmp_path: Path) -> None:
    out = copy_of(results, tmp_path / "out")
    report, events = train(write_plan(datasets), out, cache)
    assert events == [PlanRead(8, 8, 0)]
    assert len(report.finished) == 8
    (out / f"{ONE_RUN}.json").unlink()
    before = load_predictions(out / f"{ONE_RUN}.npz")
    report, events = train(write_plan(datasets), out, cache)
    assert report.trained == (ONE_RUN,)
    assert progress_of(events[-1]) == GridProgress(1, 1, 0)
    assert load_predictions(out / f"{ONE_RUN}.npz").logits.tolist() == before.logits.tolist()


def test_two_processes_share_the_runs_out(results: Path, datasets: Path, cache: Path, tmp_path: Path) -> None:
    report, events = train(write_plan(datasets), tmp_path / "out", cache, jobs=2, only="songs/*")
    finished = [event.run for event in events if isinstance(event, RunFinished)]
    assert sorted(finished) == sorted(report.trained) == sorted(set(finished))
    assert len(finished) == 4
    assert progress_of(events[-1]) == GridProgress(4, 4, 0)
    epochs = [event for event in events if isinstance(event, RunProgress)]
    assert {event.run for event in epochs} == set(finished)
    for run in finished_runs(tmp_path / "out"):
        same = load_predictions(results / f"{run.facts['id']}.npz")
        assert (run.predictions().logits == same.logits).all(), "jobs do not change a result"
    assert not (tmp_path / "out" / ".scratch").exists()


def test_killed_and_resumed_equals_uninterrupted(datasets: Path, cache: Path, tmp_path: Path) -> None:
    plan = write_plan(datasets, "long", epochs=12)
    train(plan, tmp_path / "whole", cache, only=ONE_RUN)
    scratch = tmp_path / "killed" / ".scratch" / ONE_RUN.replace("/", ".")
    killed = start(plan, tmp_path / "killed", cache, ONE_RUN)
    wait_for(scratch / "state-000003.json", killed)
    killed.send_signal(signal.SIGKILL)
    killed.wait(30)
    assert not (tmp_path / "killed" / f"{ONE_RUN}.json").exists()

    report, events = train(plan, tmp_path / "killed", cache, only=ONE_RUN)
    assert report.trained == (ONE_RUN,)
    told = [event.event for event in events if isinstance(event, RunProgress)]
    assert next(event.epoch for event in told if isinstance(event, TrainingResumed)) >= 3
    npz = [(tmp_path / name / f"{ONE_RUN}.npz").read_bytes() for name in ("whole", "killed")]
    assert npz[0] == npz[1]
    log = json.loads((tmp_path / "killed" / f"{ONE_RUN}.json").read_text())
    assert log["steps"] == 36
    assert log["seconds"] > 0
    assert not scratch.exists()


def test_a_run_that_somebody_has_is_passed_over(datasets: Path, cache: Path, tmp_path: Path) -> None:
    plan = write_plan(datasets, "long", epochs=12)
    run = next(run for run in runs_of(plan, None) if run.id == ONE_RUN)
    with ResultFolder(tmp_path).claim(run) as scratch:
        assert scratch is not None
        with ResultFolder(tmp_path).claim(run) as second:
            assert second is None
        report, _ = train(plan, tmp_path, cache, only=ONE_RUN)
        assert report.trained == ()
        assert report.left == (ONE_RUN,)
    with ResultFolder(tmp_path).claim(run) as third:
        assert third is not None


def test_other_settings_or_data_are_refused(
    results: Path, datasets: Path, cache: Path, tmp_path: Path
) -> None:
    out = copy_of(results, tmp_path / "out")
    with pytest.raises(ConfigError, match="remove the file"):
        train(write_plan(datasets, "other", epochs=2), out, cache)
    with pytest.raises(ConfigError, match="remove the file"):
        train(write_plan(datasets), out, cache, phase="select")
    for path in datasets.iterdir():
        if path.suffix in (".wav", ".csv"):
            shutil.copy(path, tmp_path / path.name)
    train(write_plan(tmp_path), out, cache, dry_run=True)  # elsewhere, but the same data
    lines = (tmp_path / "songs.csv").read_text().splitlines()
    (tmp_path / "songs.csv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(ConfigError, match="other data"):
        train(write_plan(tmp_path), out, cache)


def test_a_damaged_result_is_not_read(results: Path, datasets: Path, cache: Path, tmp_path: Path) -> None:
    out = copy_of(results, tmp_path / "out")
    npz = out / f"{ONE_RUN}.npz"
    run = next(run for run in finished_runs(out) if run.facts["id"] == ONE_RUN)
    npz.write_bytes(npz.read_bytes()[:-7])
    with pytest.raises(CorruptStoreError, match="run again"):
        run.predictions()
    shutil.copy(out / f"{ONE_RUN.replace('seed-0', 'seed-1')}.npz", npz)
    with pytest.raises(CorruptStoreError, match="not what its JSON describes"):
        run.predictions()
    (out / f"{ONE_RUN}.json").write_text("{")
    with pytest.raises(CorruptStoreError, match="run again"):
        train(write_plan(datasets), out, cache)


def test_limit_only_and_dry_run(datasets: Path, cache: Path, tmp_path: Path) -> None:
    plan = write_plan(datasets)
    report, _ = train(plan, tmp_path / "out", cache, dry_run=True)
    assert len(report.left) == 8
    assert not (tmp_path / "out").exists()
    report, _ = train(plan, tmp_path / "out", cache, only="felt/*", limit=1)
    assert report.trained == ("felt/fcn/mood/seed-0",)
    assert len(report.left) == 3
    with pytest.raises(ConfigError, match="no run fits"):
        train(plan, tmp_path / "out", cache, only="nothing*")


def test_a_run_that_fails_does_not_stop_the_others(datasets: Path, cache: Path, tmp_path: Path) -> None:
    wild = '\n[[arm]]\nname = "wild"\nonly_datasets = ["felt"]\nrecipe.training.learning_rate = 1e30\n'
    plan = write_plan(datasets, "wild", more=wild)
    report, events = train(plan, tmp_path, cache, only="felt/*/seed-0")
    assert list(report.failed) == ["felt/fcn/wild/seed-0"]
    assert "learning_rate" in report.failed["felt/fcn/wild/seed-0"]
    assert len(report.trained) == 2
    assert progress_of(events[-1]) == GridProgress(3, 3, 0)


def test_a_process_that_dies_is_told(datasets: Path, cache: Path, tmp_path: Path) -> None:
    plan = write_plan(datasets, "long", epochs=12)

    def kill_all(event: ExperimentEvent) -> None:
        if isinstance(event, RunProgress) and isinstance(event.event, EpochFinished):
            children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
            for child in children:
                os.kill(int(child), signal.SIGKILL)

    if not Path(f"/proc/{os.getpid()}/task").exists():
        pytest.skip("needs Linux")
    with pytest.raises(MoodrecError, match="go on"):
        run_plan(plan, tmp_path, GridOptions(jobs=2, only="songs/*", cache_folder=cache), kill_all)
