"""Tracks of CUE sheets as entries of a library."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from moodrec.audio.decode import Cause, Stretch, decode
from moodrec.catalog.analyze import AnalysisReport, plan_analysis, run_analysis
from moodrec.catalog.tag_moods import plan_mood_tags
from moodrec.config import DecodeLimits
from moodrec.library.library import Library
from moodrec.library.records import Outcome
from tests.audio.sounds import tone, write_any, write_sound
from tests.audio.test_cue import SHEET
from tests.catalog.corpus import write_song
from tests.catalog.toy import ToyModel

MODEL = ToyModel()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as library:
        yield library


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """An album of three tracks in one file, and a song beside it."""
    folder = tmp_path / "music"
    folder.mkdir()
    write_any(folder / "album.flac", np.concatenate([tone(pitch, 1.5) for pitch in (220.0, 440.0)]))
    (folder / "album.cue").write_text(SHEET.format(file="album.wav"))
    write_song(folder / "song.flac", 3)
    return folder


def analyze(library: Library, music: Path, **options: Any) -> AnalysisReport:
    return run_analysis(plan_analysis([music], library, MODEL, **options), library, MODEL, 1)


def titles(library: Library) -> list[str]:
    return sorted(str(title) for title in library.frame()["title"].dropna())


def test_without_being_asked_sheets_are_named_alone(library: Library, music: Path) -> None:
    plan = plan_analysis([music], library, MODEL)
    assert plan.undivided_sheets == (music / "album.cue",)
    assert [state.path.name for state in plan.files] == ["album.flac", "song.flac"]


def test_each_track_is_an_entry_in_place_of_its_file(library: Library, music: Path) -> None:
    report = analyze(library, music, cue=True)
    assert report.counts[Outcome.OK] == 4
    frame = library.frame().dropna(subset=["start"]).sort_values("start")
    assert frame["title"].tolist() == ["First", "Caf\u00e9", "Last"]
    assert frame["path"].tolist() == [str(music / "album.flac")] * 3
    np.testing.assert_allclose(frame["start"].astype(float), [0.0, 1 + 37 / 75, 2.0], atol=1e-5)
    np.testing.assert_allclose(frame["duration"].astype(float), [1 + 37 / 75, 38 / 75, 1.0], atol=1e-3)
    assert frame["year"].tolist() == [1998] * 3
    vectors = library.embeddings()[frame.index]
    assert vectors[0] @ vectors[2] < 0.999
    song = library.frame()[library.frame()["start"].isna()]
    assert song["path"].tolist() == [str(music / "song.flac")]


def test_a_second_run_decodes_nothing_and_needs_not_be_told(library: Library, music: Path) -> None:
    analyze(library, music, cue=True)
    before = library.frame()
    plan = plan_analysis([music], library, MODEL)
    assert (plan.files, plan.gone, plan.undivided_sheets) == ((), (), ())
    pd.testing.assert_frame_equal(library.frame(), before)


def test_entries_take_the_place_of_a_file_that_was_analysed_before(library: Library, music: Path) -> None:
    analyze(library, music)
    assert len(library.frame()) == 2
    report = analyze(library, music, cue=True)
    assert [state.path.name for state in report.plan.gone] == ["album.flac"]
    assert len(library.frame()) == 4


def test_two_copies_of_an_album_keep_their_own_entries(library: Library, music: Path) -> None:
    shutil.copytree(music, music / "copy")
    analyze(library, music, cue=True)
    frame = library.frame()
    assert len(frame) == 8
    assert plan_analysis([music], library, MODEL).files == ()
    assert analyze(library, music, cue=True).counts[Outcome.OK] == 0
    pd.testing.assert_frame_equal(library.frame(), frame)


def test_sides_that_count_from_one_each_are_all_there(library: Library, music: Path) -> None:
    write_any(music / "b.flac", np.concatenate([tone(pitch, 1.5) for pitch in (330.0, 550.0)]))
    side = SHEET.format(file="b.flac")
    with (music / "album.cue").open("a") as sheet:
        sheet.write(side[side.index("FILE") :].replace('"First"', '"Fourth"').replace('"Last"', '"Sixth"'))
    assert analyze(library, music, cue=True).counts[Outcome.OK] == 7
    found = library.frame().set_index("title")
    assert Path(found.path["Fourth"]).name == Path(found.path["Sixth"]).name == "b.flac"
    assert Path(found.path["First"]).name == Path(found.path["Last"]).name == "album.flac"


@pytest.mark.parametrize("cue", [False, True])
def test_no_sheet_keeps_other_files_from_being_analysed(library: Library, music: Path, cue: bool) -> None:
    (music / "digits.cue").write_text(SHEET.format(file="album.flac").replace("00:01:37", "9" * 5000))
    (music / "name.cue").write_text(SHEET.format(file="x" * 300 + ".flac"))
    (music / "track.cue").write_text(
        SHEET.format(file="album.flac").replace("TRACK 02", "TRACK " + "9" * 5000)
    )
    report = analyze(library, music, cue=cue)
    assert report.counts[Outcome.FAILED] == 0
    assert {Path(path).name for path in library.frame().path} == {"song.flac", "album.flac"}


def test_titles_follow_the_sheet(library: Library, music: Path) -> None:
    analyze(library, music, cue=True)
    ids = set(library.frame()["track_id"])
    sheet, status = music / "album.cue", (music / "album.cue").stat()
    sheet.write_text(sheet.read_text().replace('"First"', '"Prime"'))
    os.utime(sheet, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert analyze(library, music, rescan_tags=True).retagged == 1
    assert titles(library)[:3] == ["Caf\u00e9", "Last", "Prime"]
    os.utime(sheet, ns=(status.st_atime_ns, status.st_mtime_ns + 10**10))
    report = analyze(library, music)
    assert (report.counts[Outcome.OK], report.recognised) == (3, 3)
    assert set(library.frame()["track_id"]) == ids


def test_a_sheet_that_cannot_be_used_is_named_and_its_file_stays(library: Library, music: Path) -> None:
    (music / "broken.cue").write_text(SHEET.format(file="nowhere.wav"))
    (music / "album.cue").unlink()
    plan = plan_analysis([music], library, MODEL, cue=True)
    assert plan.sheet_faults == (f"{music / 'broken.cue'}: its audio 'nowhere.wav' is not there",)
    assert [state.path.name for state in plan.files] == ["album.flac", "song.flac"]


def test_moods_are_not_written_into_a_file_that_tracks_share(library: Library, music: Path) -> None:
    analyze(library, music, cue=True)
    plan = plan_mood_tags(library)
    assert [change.state.path.name for change in plan.changes] == ["song.flac"]
    assert {file.reason for file in plan.left_alone} == {"section"}


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_a_stretch_is_what_lies_there(tmp_path: Path, suffix: str) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 48_000).astype(np.float32)
    path = write_sound(tmp_path / f"x{suffix}", sound, 16_000)
    whole = decode(path).samples
    found = decode(path, section=Stretch(0.5, 1.25))
    assert (found.cause, found.duration_s, found.file_duration_s) == (None, 1.25, 1.25)
    np.testing.assert_array_equal(found.samples, whole[8_000:28_000])
    rest = decode(path, section=Stretch(2.0))
    assert rest.cause is None
    np.testing.assert_array_equal(rest.samples, whole[32_000:])
    cut = decode(path, limits=DecodeLimits(max_duration_s=0.5), section=Stretch(1.0, 1.5))
    assert (cut.cause, cut.duration_s, cut.file_duration_s) == (Cause.OVER_LIMIT, 0.5, 1.5)
