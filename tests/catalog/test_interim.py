"""While an analysis runs: what is done can be searched, and the library says how far it is."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from moodrec.catalog.analyze import AnalysisProgress, plan_analysis, run_analysis
from moodrec.catalog.interim import InterimIndex
from moodrec.catalog.overview import library_info
from moodrec.catalog.refresh import refresh_index
from moodrec.catalog.run_text import duration, run_text
from moodrec.catalog.time_left import TimeLeft
from moodrec.errors import NotFoundError
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from moodrec.library.notes import RUN_FILE, RunState, latest_run, note_run
from moodrec.recommend.recommender import Recommender
from tests.catalog.corpus import write_songs
from tests.catalog.toy import ToyModel

MODEL = ToyModel()


def test_what_is_done_can_be_searched_while_the_rest_is_analysed(tmp_path: Path) -> None:
    write_songs(tmp_path / "music", 5)
    notes: list[str] = []
    sizes: list[int] = []

    def look(progress: AnalysisProgress) -> None:
        if progress.done == 1:
            with pytest.raises(NotFoundError, match=r"an analysis is running: [01] of 5 files"):
                Recommender.open(tmp_path / "lib")
            return
        found = Recommender.open(tmp_path / "lib")
        notes.extend(found.notes)
        sizes.append(len(found.index))
        assert progress.searchable == len(found.index)
        assert progress.seconds_left >= 0

    with Library.create(tmp_path / "lib") as library:
        plan = plan_analysis([tmp_path / "music"], library, MODEL)
        run_analysis(plan, library, MODEL, 1, look, interim_tracks=2)
        assert sizes[:2] == [2, 2]
        assert set(sizes[2:]) <= {2, 4}, "on a busy machine the second index may not have been worth its time"
        assert all(note.startswith("an analysis is running: ") for note in notes)
        assert notes[-1].endswith(f"{sizes[-1]} tracks can be searched so far")
        refresh_index(library)
        assert library_info(library).analysis is None
    assert Recommender.open(tmp_path / "lib").notes == ()


def test_a_run_that_was_stopped_says_what_remains(tmp_path: Path) -> None:
    write_songs(tmp_path / "music", 4)

    def stop(progress: AnalysisProgress) -> None:
        if progress.done == 3:
            raise KeyboardInterrupt

    with Library.create(tmp_path / "lib") as library:
        plan = plan_analysis([tmp_path / "music"], library, MODEL)
        with pytest.raises(KeyboardInterrupt):
            run_analysis(plan, library, MODEL, 1, stop)
        state = library_info(library).analysis
        assert state is not None
        assert (state.running, state.done, state.remaining) == (False, 3, 1)
        assert "interrupted after 3 of 4 files; 1 remain" in (run_text(state) or "")
        run_analysis(plan_analysis([tmp_path / "music"], library, MODEL, limit=1), library, MODEL, 1)
        assert library_info(library).analysis is None


def test_what_a_limit_leaves_is_said(tmp_path: Path) -> None:
    write_songs(tmp_path / "music", 3)
    with Library.create(tmp_path / "lib") as library:
        run_analysis(plan_analysis([tmp_path / "music"], library, MODEL, limit=1), library, MODEL, 1)
        assert "2 files remain for a later run" in (run_text(library_info(library).analysis) or "")


def test_a_killed_run_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    state = RunState(10, 4, seconds_left=60.0)
    note_run(tmp_path, state)
    assert latest_run(tmp_path) == replace(state, noted_at=latest_run(tmp_path).noted_at)  # type: ignore[union-attr]
    assert state.running
    assert not replace(state, process=gone.pid).running
    assert not replace(state, host="elsewhere", noted_at=0.0).running
    assert replace(state, host="elsewhere").running
    assert not replace(state, ended=True).running


@pytest.mark.parametrize("text", ["", "[]", "{", '{"total": 1, "more": 2}', "null"])
def test_a_damaged_note_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / RUN_FILE).write_text(text)
    assert latest_run(tmp_path) is None


def test_a_link_in_the_place_of_a_note_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text('{"total": 1}')
    (tmp_path / RUN_FILE).symlink_to(target)
    assert latest_run(tmp_path) is None
    note_run(tmp_path, RunState(3))
    assert target.read_text() == '{"total": 1}'
    assert latest_run(tmp_path) is not None


def test_a_disk_that_cannot_be_written_to_does_not_stop_the_run(tmp_path: Path) -> None:
    note_run(tmp_path / "file" / "below", RunState(3)) if (tmp_path / "file").write_text("x") else None
    assert latest_run(tmp_path / "file" / "below") is None


def test_the_index_of_another_model_stays_while_a_new_one_works(tmp_path: Path) -> None:
    write_songs(tmp_path / "music", 4)
    other = ToyModel(seed=1)
    with Library.create(tmp_path / "lib") as library:
        for model in (MODEL, other):
            plan = plan_analysis([tmp_path / "music"], library, model)
            seen: list[AnalysisProgress] = []
            run_analysis(plan, library, model, 1, seen.append, interim_tracks=1)
            assert any(progress.searchable for progress in seen) is (model is MODEL)
            refresh_index(library)


def test_a_large_library_is_not_indexed_all_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_songs(tmp_path / "music", 2)
    with Library.create(tmp_path / "lib") as library:
        plan = plan_analysis([tmp_path / "music"], library, MODEL)
        run_analysis(plan, library, MODEL, 1)
        with library.writer():
            clock = [0.0]

            def slow(library: Library) -> MoodIndex:
                clock[0] += 10.0
                return refresh_index(library)

            monkeypatch.setattr("moodrec.catalog.interim.time.monotonic", lambda: clock[0])
            monkeypatch.setattr("moodrec.catalog.interim.refresh_index", slow)
            interim = InterimIndex(library, MODEL.fingerprint, every_tracks=1)
            built = []
            for wait in (
                5.0,
                15.0,
                90.0,
            ):  # an index takes ten seconds: the next is due a hundred seconds later
                clock[0] += wait
                interim.searchable = 0
                interim.count(True)
                built.append(interim.searchable)
            assert built == [2, 0, 2]


def test_the_time_left_follows_the_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_songs(tmp_path / "music", 3)
    with Library.create(tmp_path / "lib") as library:
        plan = plan_analysis([tmp_path / "music"], library, MODEL)
    plan = replace(plan, files=tuple(plan.files[:1]) * 100, estimated_seconds=10.0)
    clock = [0.0]
    monkeypatch.setattr("moodrec.catalog.time_left.time.monotonic", lambda: clock[0])
    left = TimeLeft(plan)
    found = []
    for _ in range(50):
        clock[0] += 2.0  # twenty times as slow as was estimated
        found.append(left.after(plan.files[0]))
    assert found[0] < 30
    assert found[-1] == pytest.approx(100.0)


def test_durations() -> None:
    assert [duration(s) for s in (0.2, 89, 95, 5400, 36000)] == [
        "1 s",
        "89 s",
        "2 min",
        "1 h 30 min",
        "10 h 0 min",
    ]


def test_the_process_of_another_user_is_alive() -> None:
    if os.getuid() == 0:
        assert replace(RunState(1), process=1).running
    else:
        assert RunState(1).running
