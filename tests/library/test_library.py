"""Folders of music become tracks of a library.

Tests the inside of moodrec.library.library on purpose.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec.audio.probe import Tags
from moodrec.errors import (
    CorruptStoreError,
    DataError,
    MoodrecError,
    NotFoundError,
    UsageError,
)
from moodrec.library.library import Library
from moodrec.library.records import FileResult, FileState, Outcome
from moodrec.schema import TAG_FIELDS, TRACK_FIELDS
from tests.library.tracks import MODEL, OTHER, analysed, failed, file_state, state_of


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as library, library.writer():
        library.register_model(MODEL)
        yield library


@pytest.fixture
def music(tmp_path: Path) -> Path:
    return tmp_path / "music"


def ids_by_path(library: Library) -> dict[str, str]:
    frame = library.frame()
    return {
        Path(path).name: track_id for path, track_id in zip(frame["path"], frame["track_id"], strict=True)
    }


# Opening


def test_a_library_is_found_again(tmp_path: Path) -> None:
    Library.create(tmp_path / "a" / "b").close()
    with Library.open(tmp_path / "a" / "b") as library:
        assert library.models() == []
        assert library.outcomes() == dict.fromkeys(Outcome, 0)


def test_no_library_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="moodrec analyze"):
        Library.open(tmp_path)


def test_a_library_is_not_created_twice(tmp_path: Path) -> None:
    Library.create(tmp_path).close()
    with pytest.raises(UsageError):
        Library.create(tmp_path)


def test_a_file_is_no_place_for_a_library(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(UsageError):
        Library.open_or_create(tmp_path / "x")


def test_an_interrupted_creation_is_finished(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").touch()
    Library.open_or_create(tmp_path).close()
    Library.open(tmp_path).close()


def test_many_may_create_a_library_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from moodrec.library.library import Library; Library.open_or_create(sys.argv[1]).close()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "library")]
    makers = [subprocess.Popen(command) for _ in range(4)]
    assert [maker.wait() for maker in makers] == [0] * 4
    with Library.open(tmp_path / "library") as library:
        assert library.outcomes() == dict.fromkeys(Outcome, 0)
        assert library._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_open_library_does_not_wait_for_its_writer(library: Library) -> None:
    library._connection.execute("BEGIN IMMEDIATE")
    Library.open_or_create(library.path).close()
    library._connection.execute("ROLLBACK")


def test_tags_and_columns_have_the_same_names() -> None:
    assert [field.name for field in fields(Tags)] == TAG_FIELDS.names


# Damage


@pytest.mark.parametrize(
    "content", [b"hello, this is not a database at all" * 50, b"SQLite format 3\0" + bytes(5_000)]
)
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "library.sqlite").write_bytes(content)
    with pytest.raises(CorruptStoreError):
        Library.open(tmp_path)
    with pytest.raises(CorruptStoreError):
        Library.open_or_create(tmp_path)


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "library.sqlite") as other:
        other.execute("CREATE TABLE songs (name TEXT)")
    other.close()
    with pytest.raises(CorruptStoreError):
        Library.open_or_create(tmp_path)


def filled(folder: Path, tracks: int) -> Path:
    with Library.create(folder / "library") as library, library.writer():
        library.register_model(MODEL)
        for i in range(tracks):
            library.acknowledge(MODEL, analysed(file_state(folder / f"{i}.wav"), f"audio-{i}"))
    return folder / "library" / "library.sqlite"


def test_a_cut_off_database_is_corrupt(tmp_path: Path) -> None:
    database = filled(tmp_path, 200)
    os.truncate(database, database.stat().st_size // 2)
    with pytest.raises(CorruptStoreError):
        Library.open(tmp_path / "library")


def test_overwritten_pages_are_corrupt(tmp_path: Path) -> None:
    database = filled(tmp_path, 200)
    content = bytearray(database.read_bytes())
    for start in range(4_096, len(content), 4_096):
        content[start : start + 64] = os.urandom(64)
    database.write_bytes(content)
    with pytest.raises(CorruptStoreError):
        Library.open(tmp_path / "library")


def test_vectors_of_a_wrong_length_are_corrupt(tmp_path: Path) -> None:
    database = filled(tmp_path, 2)
    with sqlite3.connect(database) as raw:
        raw.execute("UPDATE analyses SET embedding = x'00' WHERE rowid = 1")
    raw.close()
    with Library.open(tmp_path / "library") as library, pytest.raises(CorruptStoreError):
        library.snapshot()


def test_a_full_disk_is_an_error_that_says_so(library: Library, music: Path) -> None:
    library._connection.execute("PRAGMA max_page_count = 10")
    big = analysed(file_state(music / "a.wav"), tags=Tags(title="x" * 1_000_000))
    with pytest.raises(MoodrecError, match="disk is full"):
        library.acknowledge(MODEL, big)
    assert library.files() == {}


# Frame


def test_the_frame_holds_tags_moods_and_probabilities(library: Library, music: Path) -> None:
    more = ("A", "B"), "i", "c", "f", 1973
    tags = Tags("T", "A", "AA", "Al", "1998-04", 1998, ("x", "y"), "r", "l", "m", *more)
    result = analysed(file_state(music / "a.wav"), tags=tags)
    track_id = library.acknowledge(MODEL, result)
    frame = library.frame()
    expected = [*TRACK_FIELDS.names, "duplicate_of", "calm", "happy", "prob_calm", "prob_happy"]
    assert frame.columns.tolist() == expected
    row = frame.iloc[0]
    assert row["track_id"] == track_id
    assert row["path"] == str(music / "a.wav")
    assert [row[name] for name in TAG_FIELDS.names] == [
        "T", "A", "AA", "Al", "1998-04", 1998, ["x", "y"], "r", "l", "m", ["A", "B"], "i", "c", "f", 1973,
    ]  # fmt: skip
    assert row["duration"] == 12.5
    assert pd.isna(row["duplicate_of"])
    assert result.track is not None
    np.testing.assert_array_equal(row[["calm", "happy"]].to_numpy(np.float32), result.track.mood_scores)
    np.testing.assert_array_equal(
        row[["prob_calm", "prob_happy"]].to_numpy(np.float32), result.track.probabilities
    )
    np.testing.assert_array_equal(library.embeddings()[0], result.track.embedding)


def test_what_is_unknown_is_missing_in_the_frame(library: Library, music: Path) -> None:
    library.acknowledge(MODEL, analysed(file_state(music / "a.wav"), tags=Tags()))
    row = library.frame().iloc[0]
    assert all(pd.isna(row[name]) for name in TAG_FIELDS.names)


def test_frame_and_embeddings_keep_the_order_of_first_sight(library: Library, music: Path) -> None:
    results = [analysed(file_state(music / f"{i}.wav"), f"audio-{i}") for i in range(20)]
    for result in results:
        library.acknowledge(MODEL, result)
    assert library.frame()["title"].tolist() == [f"audio-{i}" for i in range(20)]
    expected = np.stack([result.track.embedding for result in results if result.track])
    np.testing.assert_array_equal(library.embeddings(), expected)


def test_an_empty_library_has_an_empty_frame(library: Library) -> None:
    snapshot = library.snapshot()
    assert len(snapshot.frame) == 0
    assert snapshot.embeddings.shape == (0, 4)
    assert "prob_calm" in snapshot.frame


def test_without_a_model_there_is_no_frame(tmp_path: Path) -> None:
    with Library.create(tmp_path) as library, pytest.raises(NotFoundError):
        library.frame()


def test_each_model_has_its_own_rows(library: Library, music: Path) -> None:
    first, second = file_state(music / "a.wav"), file_state(music / "b.wav", b"yy")
    library.acknowledge(MODEL, analysed(first, "audio-1"))
    library.acknowledge(MODEL, analysed(second, "audio-2"))
    library.register_model(OTHER)
    assert not any(record.acknowledged for record in library.files(OTHER.fingerprint).values())
    library.acknowledge(OTHER, analysed(first, "audio-1", model=OTHER))
    assert [model.tracks for model in library.models()] == [2, 1]
    assert library.model().fingerprint == MODEL.fingerprint
    assert library.promote(OTHER.fingerprint)
    assert [model.tracks for model in library.models()] == [1, 2]
    assert library.model().fingerprint == OTHER.fingerprint
    assert library.embeddings(OTHER.fingerprint).shape == (1, 3)
    assert library.embeddings(MODEL.fingerprint).shape == (2, 4)
    assert library.frame(OTHER.fingerprint)["track_id"][0] == library.frame(MODEL.fingerprint)["track_id"][0]
    with pytest.raises(NotFoundError, match="nowhere"):
        library.frame("nowhere")


# Outcomes


def test_a_file_has_one_outcome_the_last(library: Library, music: Path) -> None:
    state = file_state(music / "a.wav")
    library.acknowledge(MODEL, failed(state))
    assert library.outcomes() == {"ok": 0, "partial": 0, "silent": 0, "failed": 1}
    assert [(f.state, f.reason, f.message) for f in library.failures()] == [
        (state, "not_audio", "no audio in it")
    ]
    library.acknowledge(MODEL, FileResult(state, Outcome.SILENT, "silent", "the audio is silent"))
    assert library.outcomes() == {"ok": 0, "partial": 0, "silent": 1, "failed": 0}
    assert library.failures() == []
    assert len(library.frame()) == 0
    library.acknowledge(MODEL, analysed(state))
    assert library.outcomes() == {"ok": 1, "partial": 0, "silent": 0, "failed": 0}


def test_silence_is_analysed_again_by_another_model_and_failures_are_not(
    library: Library, music: Path
) -> None:
    silent, broken = file_state(music / "a.wav"), file_state(music / "b.wav")
    library.acknowledge(MODEL, FileResult(silent, Outcome.SILENT, "silent", "the audio is silent"))
    library.acknowledge(MODEL, failed(broken))
    assert all(record.acknowledged for record in library.files(MODEL.fingerprint).values())
    again = {path.name: record.acknowledged for path, record in library.files(OTHER.fingerprint).items()}
    assert again == {"a.wav": False, "b.wav": True}


def test_vectors_that_do_not_fit_change_nothing(library: Library, music: Path) -> None:
    result = analysed(file_state(music / "a.wav"))
    assert result.track is not None
    before = library.revision
    for wrong in (np.ones(5, np.float32), np.zeros(4, np.float32), np.full(4, np.nan, np.float32)):
        bad = replace(result, track=replace(result.track, embedding=wrong))
        with pytest.raises(DataError):
            library.acknowledge(MODEL, bad)
    with pytest.raises(DataError):
        library.acknowledge(MODEL, replace(result, track=None))
    assert library.revision == before
    assert library.files() == {}


def test_an_outcome_is_written_whole_or_not_at_all(library: Library, music: Path) -> None:
    library._connection.execute(
        "CREATE TRIGGER no_files BEFORE INSERT ON files BEGIN SELECT RAISE(ABORT, 'interrupted'); END"
    )
    before = library.revision
    with pytest.raises(sqlite3.IntegrityError, match="interrupted"):
        library.acknowledge(MODEL, analysed(file_state(music / "a.wav")))
    tables = ("tracks", "analyses", "files")
    assert [library._connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables] == [0] * 3
    assert library.revision == before


def test_the_revision_grows_with_every_change(library: Library, music: Path) -> None:
    state = file_state(music / "a.wav")
    seen = [library.revision]
    changes: tuple[Callable[[], object], ...] = (
        lambda: library.acknowledge(MODEL, analysed(state)),
        lambda: library.acknowledge(MODEL, failed(state)),
        lambda: library.mark_missing([state]),
        lambda: library.mark_present([state]),
        lambda: library.register_model(OTHER),
    )
    for change in changes:
        change()
        seen.append(library.revision)
    assert seen == sorted(set(seen))
    library.register_model(OTHER)
    library.mark_missing([])
    assert library.revision == seen[-1]


# Who a track is


def test_a_file_keeps_its_id_when_it_is_analysed_again(library: Library, music: Path) -> None:
    state = file_state(music / "a.wav")
    first = library.acknowledge(MODEL, analysed(state))
    retagged = file_state(music / "a.wav", b"longer")
    second = library.acknowledge(MODEL, analysed(retagged, tags=Tags(title="new")))
    assert first == second
    assert library.frame()["title"].tolist() == ["new"]


def test_a_moved_file_keeps_its_id(library: Library, music: Path) -> None:
    state = file_state(music / "a.wav")
    track_id = library.acknowledge(MODEL, analysed(state))
    state.path.rename(music / "b.wav")
    assert library.acknowledge(MODEL, analysed(state_of(music / "b.wav"))) == track_id
    assert ids_by_path(library) == {"b.wav": track_id}
    assert list(library.files()) == [music / "b.wav"]


def test_two_files_that_swap_names_keep_their_ids(library: Library, music: Path) -> None:
    a, b = file_state(music / "a.wav", b"1"), file_state(music / "b.wav", b"22")
    first = library.acknowledge(MODEL, analysed(a, "audio-1"))
    second = library.acknowledge(MODEL, analysed(b, "audio-2"))
    a.path.rename(music / "x")
    b.path.rename(a.path)
    (music / "x").rename(b.path)
    assert library.acknowledge(MODEL, analysed(state_of(a.path), "audio-2")) == second
    waiting = library.files()[b.path]
    assert (waiting.track_id, waiting.acknowledged) == (None, False)
    assert library.acknowledge(MODEL, analysed(state_of(b.path), "audio-1")) == first
    assert ids_by_path(library) == {"a.wav": second, "b.wav": first}


def test_a_copy_gets_its_own_id_and_is_marked(library: Library, music: Path) -> None:
    first = library.acknowledge(MODEL, analysed(file_state(music / "a.wav")))
    second = library.acknowledge(MODEL, analysed(file_state(music / "b.wav")))
    third = library.acknowledge(MODEL, analysed(file_state(music / "c.wav")))
    assert len({first, second, third}) == 3
    marks = library.frame()["duplicate_of"]
    assert pd.isna(marks[0])
    assert marks[1:].tolist() == [first, first]


def test_a_copy_whose_original_is_gone_is_no_copy(library: Library, music: Path) -> None:
    original = file_state(music / "a.wav")
    library.acknowledge(MODEL, analysed(original))
    library.acknowledge(MODEL, analysed(file_state(music / "b.wav")))
    original.path.unlink()
    library.mark_missing([original])
    assert library.frame()["duplicate_of"].isna().tolist() == [True]


def test_other_audio_under_the_same_name_is_another_track(library: Library, music: Path) -> None:
    first = library.acknowledge(MODEL, analysed(file_state(music / "a.wav"), "audio-1"))
    changed = file_state(music / "a.wav", b"changed")
    second = library.acknowledge(MODEL, analysed(changed, "audio-2"))
    assert first != second
    assert ids_by_path(library) == {"a.wav": second}
    back = file_state(music / "a.wav", b"x")
    assert library.acknowledge(MODEL, analysed(back, "audio-1")) == first


def test_a_missing_file_leaves_the_frame_and_comes_back_as_itself(library: Library, music: Path) -> None:
    state = file_state(music / "a.wav")
    track_id = library.acknowledge(MODEL, analysed(state))
    library.mark_missing([state])
    assert len(library.frame()) == 0
    assert library.outcomes()[Outcome.OK] == 0
    assert library.files()[state.path].missing
    library.mark_present([state])
    assert ids_by_path(library) == {"a.wav": track_id}


def test_a_file_that_broke_and_was_mended_is_itself(library: Library, music: Path) -> None:
    track_id = library.acknowledge(MODEL, analysed(file_state(music / "a.wav")))
    library.acknowledge(MODEL, failed(file_state(music / "a.wav", b"broken")))
    assert len(library.frame()) == 0
    assert library.acknowledge(MODEL, analysed(file_state(music / "a.wav", b"mended"))) == track_id


def test_names_that_are_not_utf8(library: Library, music: Path) -> None:
    state = file_state(music / os.fsdecode(b"caf\xe9.wav"))
    library.acknowledge(MODEL, analysed(state))
    assert list(library.files()) == [state.path]
    assert library.frame()["path"].tolist() == [str(music / r"caf\udce9.wav")]
    shutil.move(state.path, music / "cafe.wav")
    assert len(library.frame()) == 1


def test_the_last_run_is_remembered_by_model(library: Library) -> None:
    assert library.last_run(MODEL.fingerprint) is None
    library.record_run(MODEL, 10, 5.0)
    library.record_run(MODEL, 20, 8.0)
    last = library.last_run(MODEL.fingerprint)
    assert last is not None
    assert (last.files, last.seconds) == (20, 8.0)
    assert library.last_run(OTHER.fingerprint) is None


def test_file_states_are_plain_values() -> None:
    assert FileState(Path("a"), 1, 2) == FileState(Path("a"), 1, 2)
