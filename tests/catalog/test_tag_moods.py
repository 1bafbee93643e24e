"""Moods into the files' tags, and what was there before back again."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from moodrec.audio.mood_tags import read_mood_tags, write_mood_tags
from moodrec.catalog import tag_moods
from moodrec.catalog.analyze import analyze, plan_analysis
from moodrec.catalog.tag_moods import plan_mood_tags, plan_old_tags, take_back_tags, write_tags
from moodrec.errors import AudioError, UsageError
from moodrec.library.library import Library
from tests.catalog.corpus import retag, write_song
from tests.catalog.toy import ToyModel

MODEL = ToyModel(moods=("calm", "happy", "valence"))
SUFFIXES = (".flac", ".mp3", ".m4a", ".wav")


@pytest.fixture
def songs(tmp_path: Path) -> list[Path]:
    return [write_song(tmp_path / "music" / f"{i}{suffix}", i) for i, suffix in enumerate(SUFFIXES)]


@pytest.fixture
def library(tmp_path: Path, songs: list[Path]) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as library:
        analyze([tmp_path / "music"], library, MODEL)
        yield library


def test_planning_writes_nothing(library: Library, songs: list[Path]) -> None:
    before = [path.read_bytes() for path in songs]
    plan = plan_mood_tags(library)
    assert [change.state.path for change in plan.changes] == songs
    assert (plan.already, plan.left_alone) == (0, ())
    assert [path.read_bytes() for path in songs] == before
    assert library.tag_backups() == {}


def test_scores_and_strong_moods_are_written(library: Library, songs: list[Path]) -> None:
    scores = library.frame().set_index("path").loc[str(songs[0])]
    threshold = float(scores[["calm", "happy"]].to_numpy(float).min()) - 0.001
    assert write_tags(plan_mood_tags(library, threshold), library).written == len(SUFFIXES)
    tags = read_mood_tags(songs[0])
    assert tags["MOOD"] == sorted(["calm", "happy"], key=lambda mood: -scores[mood])
    assert tags["MOODREC_CALM"] == [f"{scores['calm']:.2f}"]
    assert tags["MOODREC_VALENCE"] == [f"{scores['valence']:.2f}"]
    assert tags["MOODREC_MODEL"] == [MODEL.fingerprint]
    again = plan_mood_tags(library, threshold)
    assert (again.changes, again.already) == ((), len(SUFFIXES))


def test_what_moodrec_wrote_is_not_decoded_again(library: Library, songs: list[Path]) -> None:
    write_tags(plan_mood_tags(library), library)
    assert plan_analysis([songs[0].parent], library, MODEL).files == ()


def test_taking_back_leaves_the_tags_as_they_were(library: Library, songs: list[Path]) -> None:
    ids = library.frame()["track_id"].tolist()
    write_tags(plan_mood_tags(library, 0.1), library)
    write_tags(plan_mood_tags(library, 0.9), library)
    assert set(library.tag_backups()) == set(ids)
    assert take_back_tags(plan_old_tags(library), library).written == len(SUFFIXES)
    assert [read_mood_tags(path) for path in songs] == [{}] * len(SUFFIXES)
    assert library.tag_backups() == {}
    assert plan_old_tags(library).changes == ()
    assert plan_analysis([songs[0].parent], library, MODEL).files == ()


def test_a_mood_of_the_users_stays_unless_told_otherwise(library: Library, songs: list[Path]) -> None:
    write_mood_tags(songs[0], {"MOOD": ["my own"]})
    analyze([songs[0].parent], library, MODEL)
    write_tags(plan_mood_tags(library, 0.0), library)
    assert read_mood_tags(songs[0])["MOOD"] == ["my own"]
    assert "calm" in read_mood_tags(songs[1])["MOOD"]
    write_tags(plan_mood_tags(library, 0.0, replace_mood=True), library)
    assert "calm" in read_mood_tags(songs[0])["MOOD"]
    take_back_tags(plan_old_tags(library), library)
    assert read_mood_tags(songs[0]) == {"MOOD": ["my own"]}


def test_a_file_that_has_changed_since_is_left_alone(library: Library, songs: list[Path]) -> None:
    retag(songs[0], title="New")
    songs[1].unlink()
    plan = plan_mood_tags(library)
    assert [(file.path, file.reason) for file in plan.left_alone] == [
        (songs[0], "changed"),
        (songs[1], "missing"),
    ]
    assert write_tags(plan, library).written == 2


def test_a_file_that_cannot_be_written_costs_only_itself(
    library: Library, songs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, tags: dict[str, list[str]]) -> None:
        if path == songs[1]:
            raise AudioError(f"{path}: the disk is full", "not_writable")
        write_mood_tags(path, tags)

    monkeypatch.setattr(tag_moods, "write_mood_tags", refuse)
    report = write_tags(plan_mood_tags(library), library)
    assert [failure.path for failure in report.failures] == [songs[1]]
    assert (report.written, len(library.tag_backups())) == (3, 3)


def test_after_a_crash_between_backup_and_file_everything_can_be_taken_back(
    library: Library, songs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(path: Path, tags: dict[str, list[str]]) -> None:
        write_mood_tags(path, tags)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tag_moods, "write_mood_tags", crash)
        with pytest.raises(KeyboardInterrupt):
            write_tags(plan_mood_tags(library), library)
    before = library.embeddings()
    assert analyze([songs[0].parent], library, MODEL).recognised == 1
    np.testing.assert_array_equal(library.embeddings(), before)
    take_back_tags(plan_old_tags(library), library)
    assert read_mood_tags(songs[0]) == {}


def test_a_threshold_is_a_mood_score(library: Library) -> None:
    with pytest.raises(UsageError):
        plan_mood_tags(library, 1.5)


def test_files_outside_the_folders_that_were_named_are_left_alone(
    library: Library, songs: list[Path], tmp_path: Path
) -> None:
    plan = plan_mood_tags(library, within=[songs[0], tmp_path / "elsewhere"])
    assert [change.state.path for change in plan.changes] == songs[:1]
    assert {(file.path, file.reason) for file in plan.left_alone} == {(path, "outside") for path in songs[1:]}
    (tmp_path / "link").symlink_to(tmp_path / "music")
    assert len(plan_mood_tags(library, within=[tmp_path / "link"]).changes) == len(songs)
    write_tags(plan_mood_tags(library), library)
    assert plan_old_tags(library, within=[tmp_path / "elsewhere"]).changes == ()


def test_links_that_came_later_are_not_followed(library: Library, songs: list[Path], tmp_path: Path) -> None:
    early = plan_mood_tags(library)
    (tmp_path / "music").rename(tmp_path / "moved")
    (tmp_path / "music").symlink_to(tmp_path / "moved")
    before = [path.read_bytes() for path in songs]
    assert {file.reason for file in plan_mood_tags(library).left_alone} == {"link"}
    assert {file.reason for file in write_tags(early, library).failures} == {"link"}
    assert [path.read_bytes() for path in songs] == before


def test_paths_that_lead_upwards_are_left_alone(library: Library, songs: list[Path], tmp_path: Path) -> None:
    upwards = tmp_path / "music" / ".." / "music" / songs[0].name
    with closing(sqlite3.connect(library.path / "library.sqlite")) as stranger, stranger:
        values = (os.fsencode(upwards), os.fsencode(songs[0]))
        stranger.execute("UPDATE files SET path = ? WHERE path = ?", values)
    left = plan_mood_tags(library, within=[tmp_path / "music"]).left_alone
    assert [(file.path, file.reason) for file in left] == [(upwards, "link")]
