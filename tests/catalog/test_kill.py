"""A run that is killed, or stopped with Ctrl-C, and started again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from moodrec.catalog.analyze import plan_analysis, run_analysis
from moodrec.library.library import Library
from moodrec.library.records import Outcome
from tests.catalog.corpus import write_broken, write_songs
from tests.catalog.toy import ToyModel

ROOT = Path(__file__).parents[2]
RUN = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv.pop())
from moodrec.catalog.analyze import plan_analysis, run_analysis
from moodrec.library.library import Library
from tests.catalog.toy import ToyModel
folder, place, journal = map(Path, sys.argv[1:])
model = ToyModel(journal=journal)
with Library.open_or_create(place) as library:
    plan = plan_analysis([folder], library, model, jobs=2)
    run_analysis(plan, library, model, 2, lambda progress: print(progress.last.state.path.name, flush=True))
"""
SONGS = 20


class Run:
    """``run_analysis`` in a process of its own, which can be stopped after some files."""

    def __init__(self, tmp_path: Path) -> None:
        self.music, self.place, self.journal = (tmp_path / name for name in ("music", "library", "journal"))

    def stop_after(self, files: int, stop: signal.Signals) -> tuple[int, list[str], str]:
        """Exit code, the files acknowledged, and what was printed as an error."""
        command = [sys.executable, "-c", RUN, str(self.music), str(self.place), str(self.journal), str(ROOT)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            seen = [process.stdout.readline().rstrip("\n") for _ in range(files)]
            process.send_signal(stop)
            rest, errors = process.communicate(timeout=30)
        return process.returncode, seen + rest.splitlines(), errors

    def analysed(self) -> int:
        return len(self.journal.read_text().splitlines())


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path)
    write_songs(run.music, SONGS, ".wav")
    return run


def outcomes_by_name(library: Library) -> dict[str, str]:
    return {path.name: record.outcome for path, record in library.files().items()}


@pytest.mark.parametrize("files", [1, 10])
def test_after_a_kill_nothing_acknowledged_is_lost_or_decoded_again(run: Run, files: int) -> None:
    code, told, _ = run.stop_after(files, signal.SIGKILL)
    assert code == -signal.SIGKILL
    analysed_before = run.analysed()
    model = ToyModel(journal=run.journal)
    with Library.open(run.place) as library:
        kept = outcomes_by_name(library)
        assert files <= len(kept) < SONGS, "the run was to be killed in its middle"
        assert set(told) <= set(kept)
        assert analysed_before - len(kept) <= 1
        ids = set(library.frame()["track_id"])
        plan = plan_analysis([run.music], library, model)
        assert {state.path.name for state in plan.files} == {f"{i:03d}.wav" for i in range(SONGS)} - set(kept)
        run_analysis(plan, library, model)
        assert run.analysed() == analysed_before + SONGS - len(kept)
        assert ids < set(library.frame()["track_id"])
        assert library.outcomes()[Outcome.OK] == SONGS


def test_killed_again_and_again_it_ends_as_if_it_had_not_been(run: Run, tmp_path: Path) -> None:
    write_broken(run.music / "broken")
    for files in (3, 8):
        run.stop_after(files, signal.SIGKILL)
    with Library.open(run.place) as library, Library.create(tmp_path / "whole") as whole:
        for one in (library, whole):
            run_analysis(plan_analysis([run.music], one, ToyModel()), one, ToyModel(), 2)
        assert outcomes_by_name(library) == outcomes_by_name(whole)
        np.testing.assert_array_equal(library.embeddings(), whole.embeddings())


def test_ctrl_c_ends_cleanly_and_keeps_what_was_acknowledged(run: Run) -> None:
    started = time.monotonic()
    code, told, errors = run.stop_after(5, signal.SIGINT)
    assert time.monotonic() - started < 15
    assert code == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert "ResourceWarning" not in errors
    with Library.open(run.place) as library, library.writer():
        assert set(told) <= set(outcomes_by_name(library))
        assert len(library.files()) < SONGS
