"""Folders of music become tracks of a library.

Tests the inside of moodrec.catalog.decode_pool on purpose.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import moodrec.catalog.decode_pool as pool_module
from moodrec.audio.decode import decode
from moodrec.audio.windows import cut_windows
from moodrec.catalog.analyze import AnalysisProgress, AnalysisReport, plan_analysis, run_analysis
from moodrec.catalog.refresh import refresh_index
from moodrec.config import DecodeLimits
from moodrec.errors import AudioError, MoodrecError, StoreLockedError
from moodrec.library.library import Library
from moodrec.library.records import Outcome
from tests.catalog.corpus import SUFFIXES, retag, write_broken, write_song, write_songs
from tests.catalog.toy import Floats, ToyModel, ToyMoods

MODEL = ToyModel()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as library:
        yield library


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


def analyze(
    library: Library, *folders: Path, model: ToyModel = MODEL, jobs: int = 1, retry: bool = False
) -> AnalysisReport:
    plan = plan_analysis(folders, library, model, retry_failed=retry)
    return run_analysis(plan, library, model, jobs)


def ids(library: Library) -> dict[str, str]:
    frame = library.frame()
    return {Path(path).name: str(key) for path, key in zip(frame["path"], frame["track_id"], strict=True)}


def test_a_plan_without_a_library_leaves_the_disk_as_it_is(music: Path, tmp_path: Path) -> None:
    songs = write_songs(music, 2)
    before = sorted(tmp_path.rglob("*"))
    with Library.open_or_empty(tmp_path / "none") as library:
        assert [state.path for state in plan_analysis([music], library, MODEL).files] == songs
        assert library.files() == {}
    assert sorted(tmp_path.rglob("*")) == before


def test_a_library_that_is_not_there_is_not_written(music: Path, tmp_path: Path) -> None:
    write_songs(music, 1)
    with Library.open_or_empty(tmp_path) as library, pytest.raises(MoodrecError, match="readonly"):
        analyze(library, music)


def test_every_format_ends_as_a_track_with_its_tags(library: Library, music: Path) -> None:
    for i, suffix in enumerate(SUFFIXES):
        path = write_song(music / f"{i}{suffix}", i)
        if suffix != ".wav":
            retag(path, title=f"Song {i}", artist="Us", date="1999-05-04")
    report = analyze(library, music)
    assert report.counts == {"ok": 6, "partial": 0, "silent": 0, "failed": 0}
    frame = library.frame().sort_values("path")
    assert frame["title"].tolist()[1:] == [f"Song {i}" for i in range(1, 6)]
    assert frame["year"].tolist()[1:] == [1999] * 5
    assert pd.isna(frame["title"].iloc[0])
    np.testing.assert_allclose(frame["duration"], 1.0, atol=0.1)


def test_what_is_stored_is_what_the_model_computes(library: Library, music: Path) -> None:
    path = write_song(music / "a.ogg", 3, seconds=3.0)
    analyze(library, music)
    waveform = decode(path, MODEL.sample_rate)
    expected = MODEL.analyze_windows(
        cut_windows(waveform.samples, MODEL.window_samples, MODEL.windows.max_windows)
    )
    np.testing.assert_array_equal(library.embeddings()[0], expected.embedding)
    np.testing.assert_array_equal(library.frame()[list(MODEL.moods)].to_numpy()[0], expected.mood_scores)


def test_a_broken_file_costs_only_itself(library: Library, music: Path) -> None:
    expected = write_broken(music / "broken")
    good = write_songs(music / "good", 3)
    report = analyze(library, music, jobs=2)
    files = library.files()
    outcomes = {
        path.name: f"{record.outcome} {record.reason}" for path, record in files.items() if path not in good
    }
    assert outcomes == expected
    assert all(files[path].outcome is Outcome.OK for path in good)
    assert sum(report.counts.values()) == len(files) == len(good) + len(expected)
    for failure in report.failures:
        assert failure.message
        assert "\n" not in failure.message
        assert "Traceback" not in failure.message
    assert {failure.state.path for failure in report.failures} == {
        record.state.path for record in library.failures()
    }


def test_a_second_run_decodes_nothing(library: Library, music: Path) -> None:
    expected = write_broken(music / "broken")
    write_songs(music, 2)
    analyze(library, music)
    before = library.revision
    plan = plan_analysis([music], library, MODEL)
    assert plan.files == ()
    assert plan.already_done == 2 + len(expected)
    failed = [name for name, outcome in expected.items() if outcome.startswith("failed")]
    assert sorted(record.state.path.name for record in plan.remembered_failures) == sorted(failed)
    report = run_analysis(plan, library, MODEL)
    assert report.counts == dict.fromkeys(Outcome, 0)
    assert library.revision == before


def test_failures_are_tried_again_when_asked_for_or_when_the_file_changes(
    library: Library, music: Path
) -> None:
    for name in ("a.mp3", "b.mp3"):
        (music / name).write_text("text")
    analyze(library, music)
    assert [state.path.name for state in plan_analysis([music], library, MODEL, retry_failed=True).files] == [
        "a.mp3",
        "b.mp3",
    ]
    write_song(music / "b.mp3")
    assert [state.path.name for state in plan_analysis([music], library, MODEL).files] == ["b.mp3"]
    assert analyze(library, music).counts[Outcome.OK] == 1
    assert library.outcomes() == {"ok": 1, "partial": 0, "silent": 0, "failed": 1}


def test_a_missing_package_is_no_fault_of_the_file(
    library: Library, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_song(music / "a.m4a")
    with monkeypatch.context() as without_av:
        start = f"import sys; sys.modules['av'] = None; {pool_module._START}"
        without_av.setattr(pool_module, "_START", start)
        (failure,) = analyze(library, music).failures
    assert failure.reason == "missing_extra"
    assert "pip install 'moodrec[av]'" in str(failure.message)
    assert analyze(library, music).counts[Outcome.OK] == 1


def test_the_number_of_processes_does_not_matter(tmp_path: Path, music: Path) -> None:
    write_songs(music, 7)
    write_broken(music / "broken")
    stored = []
    for jobs in (1, 3):
        with Library.create(tmp_path / f"library-{jobs}") as library:
            analyze(library, music, jobs=jobs)
            stored.append((library.frame().drop(columns="track_id"), library.embeddings()))
    pd.testing.assert_frame_equal(stored[0][0], stored[1][0])
    np.testing.assert_array_equal(stored[0][1], stored[1][1])


def test_moved_and_retagged_files_keep_their_ids(library: Library, music: Path, tmp_path: Path) -> None:
    moved, retagged, kept = (write_song(music / f"{i}.flac", i, title=f"Song {i}") for i in range(3))
    analyze(library, music)
    before = ids(library)
    (music / "sub").mkdir()
    moved.rename(music / "sub" / "elsewhere.flac")
    retag(retagged, title="Another name for it")
    journal = tmp_path / "journal"
    report = analyze(library, music, model=ToyModel(journal=journal))
    assert (report.counts[Outcome.OK], report.recognised) == (2, 2)
    assert not journal.exists(), "a sound that is known is not analysed again"
    assert ids(library) == {
        "elsewhere.flac": before["0.flac"],
        "1.flac": before["1.flac"],
        kept.name: before["2.flac"],
    }
    assert set(library.frame()["title"]) == {"Song 0", "Another name for it", "Song 2"}


def test_a_copy_is_marked(library: Library, music: Path) -> None:
    path = write_song(music / "a.flac")
    shutil.copy(path, music / "b.flac")
    assert analyze(library, music, jobs=2).recognised == 1
    known = ids(library)
    copies = library.frame().set_index("track_id")["duplicate_of"].dropna().to_dict()
    assert copies == {known["b.flac"]: known["a.flac"]}


def test_files_that_go_and_come_back(library: Library, music: Path, tmp_path: Path) -> None:
    write_songs(music, 3)
    write_song(tmp_path / "other" / "x.flac", 9)
    analyze(library, music, tmp_path / "other")
    before = ids(library)
    (music / "001.flac").rename(tmp_path / "away")
    plan = plan_analysis([music], library, MODEL)
    assert [state.path.name for state in plan.gone] == ["001.flac"]
    run_analysis(plan, library, MODEL)
    assert set(ids(library)) == {"000.flac", "002.flac", "x.flac"}
    (tmp_path / "away").rename(music / "001.flac")
    plan = plan_analysis([music], library, MODEL)
    assert [state.path.name for state in plan.returned] == ["001.flac"]
    assert plan.files == ()
    run_analysis(plan, library, MODEL)
    assert ids(library) == before


def test_what_a_link_leads_to_goes_and_comes_back(library: Library, music: Path, tmp_path: Path) -> None:
    write_songs(music, 2)
    write_song(tmp_path / "disk" / "x.flac", 9)
    (music / "link.flac").symlink_to(tmp_path / "disk" / "x.flac")
    analyze(library, music)
    before = ids(library)
    assert set(before) == {"000.flac", "001.flac", "x.flac"}
    (tmp_path / "disk").rename(tmp_path / "away")
    report = analyze(library, music)
    assert [(str(one.state.path), one.reason) for one in report.failures] == [
        (str(music / "link.flac"), "missing")
    ]
    assert analyze(library, music).failures == ()
    (tmp_path / "away").rename(tmp_path / "disk")
    plan = plan_analysis([music], library, MODEL)
    assert plan.files == ()
    run_analysis(plan, library, MODEL)
    assert ids(library) == before


def test_a_folder_that_is_empty_all_at_once_may_be_a_disk_that_is_not_there(
    library: Library, music: Path, tmp_path: Path
) -> None:
    write_songs(music, 2)
    write_song(tmp_path / "other" / "x.flac", 9)
    analyze(library, music, tmp_path / "other")
    before = ids(library)
    for path in music.iterdir():
        path.rename(tmp_path / path.name)
    plan = plan_analysis([music, tmp_path / "other"], library, MODEL)
    assert (plan.empty_folders, plan.gone) == ((music,), ())
    run_analysis(plan, library, MODEL)
    assert ids(library) == before


def test_another_model_analyses_every_file_that_can_be_decoded(library: Library, music: Path) -> None:
    write_songs(music, 2)
    expected = write_broken(music / "broken")
    analyze(library, music)
    before = ids(library)
    other = ToyModel(name="other", seed=7, embedding_dim=8, moods=("calm",))
    decoded = sum(not outcome.startswith("failed") for outcome in expected.values())
    assert sum(analyze(library, music, model=other).counts.values()) == 2 + decoded
    assert ids(library) == before
    assert library.embeddings().shape == (4, 8)
    assert library.embeddings(MODEL.fingerprint).shape == (4, 16)


def test_search_goes_by_the_old_model_until_the_new_one_has_analysed_every_track(
    library: Library, music: Path
) -> None:
    write_songs(music, 4)
    assert not analyze(library, music).switched
    new = ToyModel(name="new", seed=7, embedding_dim=8)
    plan = plan_analysis([music], library, new, limit=3)
    assert (len(plan.files), plan.postponed) == (3, 1)
    report = run_analysis(plan, library, new)
    assert (report.switched, report.waiting) == (False, 1)
    assert library.model().fingerprint == MODEL.fingerprint
    assert library.embeddings().shape == (4, 16)
    report = analyze(library, music, model=new)
    assert (report.switched, report.waiting, sum(report.counts.values())) == (True, 0, 1)
    assert library.embeddings().shape == (4, 8)
    assert analyze(library, music).switched, "and back again, with nothing to analyse"
    assert library.model().fingerprint == MODEL.fingerprint


def test_what_fails_under_a_new_model_is_not_lost_to_the_old_one(library: Library, music: Path) -> None:
    write_songs(music, 3)
    analyze(library, music)
    new = MoodyModel(name="moody")
    report = analyze(library, music, model=new)
    assert report.counts[Outcome.FAILED] == 2
    assert report.switched
    assert len(library.frame()) == 1
    assert len(library.frame(MODEL.fingerprint)) == 3


def test_progress_counts_up_to_the_total(library: Library, music: Path) -> None:
    write_songs(music, 3)
    (music / "text.mp3").write_text("text")
    seen: list[AnalysisProgress] = []
    plan = plan_analysis([music], library, MODEL)
    report = run_analysis(plan, library, MODEL, 2, seen.append)
    assert [(progress.done, progress.total) for progress in seen] == [(i, 4) for i in range(1, 5)]
    assert [progress.last.state for progress in seen] == list(plan.files)
    assert seen[-1].counts == report.counts == {"ok": 3, "partial": 0, "silent": 0, "failed": 1}


def test_a_file_over_the_limit_is_partial(library: Library, music: Path) -> None:
    write_song(music / "a.flac", seconds=3.0)
    plan = plan_analysis([music], library, MODEL)
    report = run_analysis(plan, library, MODEL, limits=DecodeLimits(max_duration_s=1.0))
    assert report.counts[Outcome.PARTIAL] == 1
    assert library.frame()["duration"].tolist() == [3.0], "the file plays on"
    (record,) = library.files().values()
    assert (record.reason, record.message) == (
        "over_limit",
        "the file is over the limit: its first 1 s of 3 s were analysed",
    )


class MoodyModel(ToyModel):
    """Analyses three songs its own way: the second as NaN, the third as an audio error."""

    def analyze_windows(self, windows: Floats) -> ToyMoods:
        moods = super().analyze_windows(windows)
        pitch = np.argmax(np.abs(np.fft.rfft(windows[0]))) / self.windows.window_s
        if pitch > 130:
            raise AudioError("there is a hum in it", "hum")
        return replace(moods, embedding=moods.embedding * np.float32(np.nan)) if pitch > 115 else moods


def test_what_the_model_cannot_analyse_fails_alone(library: Library, music: Path) -> None:
    write_songs(music, 3)
    report = analyze(library, music, model=MoodyModel())
    assert [failure.reason for failure in report.failures] == ["bad_embedding", "hum"]
    assert report.counts[Outcome.OK] == 1


def test_two_runs_at_once_are_refused(library: Library, music: Path) -> None:
    plan = plan_analysis([music], library, MODEL)
    with Library.open(library.path) as other, other.writer(), pytest.raises(StoreLockedError):
        run_analysis(plan, library, MODEL)


# What it will take


def test_nothing_to_do_takes_nothing(library: Library, music: Path) -> None:
    plan = plan_analysis([music], library, MODEL)
    assert (plan.files, plan.estimated_seconds, plan.estimated_bytes) == ((), 0.0, 0)


def test_the_time_is_measured_when_nothing_is_known(library: Library, music: Path, tmp_path: Path) -> None:
    write_songs(music, 40)
    journal = tmp_path / "journal"
    plan = plan_analysis([music], library, ToyModel(journal=journal))
    assert len(journal.read_text().splitlines()) == 3
    assert 0 < plan.estimated_seconds < 40
    assert library.files() == {}


def test_the_time_is_that_of_the_last_run(library: Library, music: Path) -> None:
    write_songs(music, 6)
    analyze(library, music)
    last = library.last_run(MODEL.fingerprint)
    assert last is not None
    assert last.files == 6
    write_songs(music / "more", 3)
    plan = plan_analysis([music], library, MODEL)
    assert plan.estimated_seconds == pytest.approx(3 * last.seconds / 6)


def test_the_disk_estimate_is_of_the_right_size(library: Library, music: Path) -> None:
    wide = ToyModel(embedding_dim=128, moods=tuple(f"mood_{i}" for i in range(16)))
    write_songs(music, 40, ".wav")
    plan = plan_analysis([music], library, wide)
    empty = (library.path / "library.sqlite").stat().st_size
    run_analysis(plan, library, wide)
    library.close()
    grown = (library.path / "library.sqlite").stat().st_size - empty
    assert 0.5 < plan.estimated_bytes / (2 * grown) < 2.0  # the index takes about as much again


def test_tags_are_read_again_where_size_and_time_are_the_same(library: Library, music: Path) -> None:
    paths = [write_song(music / f"{i}.flac", i, title="Before", date="2011") for i in range(3)]
    analyze(library, music)
    before = ids(library)
    status = paths[1].stat()
    paths[1].write_bytes(paths[1].read_bytes().replace(b"Before", b"After!"))
    os.utime(paths[1], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert sum(analyze(library, music).counts.values()) == 0
    assert set(library.frame()["title"]) == {"Before"}
    revision = library.revision
    report = run_analysis(plan_analysis([music], library, MODEL, rescan_tags=True), library, MODEL)
    assert (report.retagged, sum(report.counts.values())) == (1, 0)
    assert sorted(library.frame()["title"]) == ["After!", "Before", "Before"]
    assert library.revision > revision
    assert ids(library) == before


def test_a_file_that_cannot_be_opened_keeps_its_tags(library: Library, music: Path) -> None:
    path = write_song(music / "0.flac", title="Before")
    analyze(library, music)
    plan = plan_analysis([music], library, MODEL, rescan_tags=True)
    path.unlink()
    assert run_analysis(plan, library, MODEL).retagged == 0
    assert library.frame()["title"].tolist() == ["Before"]


def test_years_of_the_first_release_reach_the_index(library: Library, music: Path) -> None:
    write_song(music / "a.flac", 1, date="2011", originaldate="1973-03-01")
    write_song(music / "b.flac", 2, date="1974")
    write_song(music / "c.flac", 3, date="2011")
    analyze(library, music)
    where = "original_year BETWEEN 1970 AND 1979 OR original_year IS NULL AND year < 1980"
    found = refresh_index(library).matching(where)["path"].to_pylist()
    assert [Path(path).name for path in found] == ["a.flac", "b.flac"]
