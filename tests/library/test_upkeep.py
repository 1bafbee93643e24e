"""What is done to a library beside analysing: switching models, clearing out, finding damaged vectors.

Tests the inside of moodrec.library.library on purpose.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from moodrec.errors import CorruptStoreError
from moodrec.library.library import Library
from moodrec.library.records import FileResult, Outcome
from tests.library.tracks import MODEL, OTHER, analysed, failed, file_state


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as library, library.writer():
        library.register_model(MODEL)
        yield library


def fill(library: Library, music: Path, count: int = 3) -> list[str]:
    results = [analysed(file_state(music / f"{i}.wav"), f"audio-{i}") for i in range(count)]
    return [str(library.acknowledge(MODEL, result)) for result in results]


def damage(library: Library, track_id: str, column: str = "embedding") -> None:
    """Flip one bit of a stored vector behind the library's back."""
    with closing(sqlite3.connect(library.path / "library.sqlite")) as raw, raw:
        key = (track_id,)
        blob = bytearray(raw.execute(f"SELECT {column} FROM analyses WHERE track_id = ?", key).fetchone()[0])
        blob[1] ^= 4
        raw.execute(f"UPDATE analyses SET {column} = ? WHERE track_id = ?", (bytes(blob), track_id))


def test_a_model_takes_over_when_it_is_promoted_and_not_before(library: Library, tmp_path: Path) -> None:
    fill(library, tmp_path)
    library.register_model(OTHER)
    assert library.waiting(OTHER.fingerprint) == 3
    assert library.waiting(MODEL.fingerprint) == 0
    assert library.model().fingerprint == MODEL.fingerprint
    before = library.revision
    assert library.promote(OTHER.fingerprint)
    assert not library.promote(OTHER.fingerprint)
    assert library.revision > before
    assert library.model().fingerprint == OTHER.fingerprint
    assert library.promote(MODEL.fingerprint)
    assert library.model().fingerprint == MODEL.fingerprint


def test_what_is_silent_or_gone_is_not_waited_for(library: Library, tmp_path: Path) -> None:
    fill(library, tmp_path)
    library.register_model(OTHER)
    states = [record.state for record in library.files().values()]
    library.mark_missing([states[0]])
    library.acknowledge(OTHER, FileResult(states[1], Outcome.SILENT, "silent", "the audio is silent"))
    library.acknowledge(OTHER, failed(states[2]))
    assert library.waiting(OTHER.fingerprint) == 0


def test_a_failure_of_an_unchanged_file_keeps_its_analysis(library: Library, tmp_path: Path) -> None:
    fill(library, tmp_path, 1)
    state = next(iter(library.files().values())).state
    library.acknowledge(MODEL, failed(state, "timeout"))
    assert library.outcomes()[Outcome.FAILED] == 1
    assert len(library.frame()) == 1
    library.acknowledge(MODEL, failed(file_state(state.path, b"other content")))
    assert len(library.frame()) == 0


def test_find_vectors_finds_equal_audio_of_the_same_model_only(library: Library, tmp_path: Path) -> None:
    fill(library, tmp_path)
    known = library.find_vectors(MODEL.fingerprint, "audio-1")
    assert known is not None
    np.testing.assert_array_equal(known.embedding, library.embeddings()[1])
    assert library.find_vectors(MODEL.fingerprint, "audio-9") is None
    assert library.find_vectors(OTHER.fingerprint, "audio-1") is None


@pytest.mark.parametrize("column", ["embedding", "mood_scores", "probabilities", "checksum"])
def test_one_damaged_bit_is_found_and_that_track_alone_is_analysed_again(
    library: Library, tmp_path: Path, column: str
) -> None:
    ids = fill(library, tmp_path)
    damage(library, ids[1], column)
    assert library.damaged() == [(MODEL.fingerprint, ids[1])]
    with pytest.raises(CorruptStoreError, match="1 of 3 tracks"):
        library.snapshot()
    assert library.find_vectors(MODEL.fingerprint, "audio-1") is None
    assert library.drop_damaged() == 1
    assert library.damaged() == []
    assert library.frame()["track_id"].tolist() == [ids[0], ids[2]]
    again = {path.name: record.acknowledged for path, record in library.files().items()}
    assert again == {"0.wav": True, "1.wav": False, "2.wav": True}
    state = library.files()[tmp_path / "1.wav"].state
    assert library.acknowledge(MODEL, analysed(state, "audio-1")) == ids[1]


def test_vectors_under_another_tracks_id_are_damaged(library: Library, tmp_path: Path) -> None:
    fill(library, tmp_path)
    with closing(sqlite3.connect(library.path / "library.sqlite")) as raw, raw:
        raw.execute("UPDATE analyses SET track_id = track_id || 'x'")
        raw.execute("PRAGMA foreign_keys = OFF")
    assert len(library.damaged()) == 3


def test_pruning_drops_what_is_gone_and_nothing_else(library: Library, tmp_path: Path) -> None:
    ids = fill(library, tmp_path)
    copy = library.acknowledge(MODEL, analysed(file_state(tmp_path / "copy.wav"), "audio-0"))
    library.back_up_tags(ids[0], {})
    library.mark_missing([library.files()[tmp_path / "0.wav"].state])
    pruned = library.prune(gone=True)
    assert (pruned.files, pruned.tracks, pruned.models) == (1, 1, ())
    assert set(library.frame()["track_id"]) == {ids[1], ids[2], copy}
    assert library.frame()["duplicate_of"].isna().all()
    assert library.tag_backups() == {}
    assert library._connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert library.prune(gone=True).files == 0


def test_pruning_old_models_keeps_the_current_one(library: Library, tmp_path: Path) -> None:
    ids = fill(library, tmp_path, 2)
    library.acknowledge(MODEL, failed(file_state(tmp_path / "bad.wav")))
    library.register_model(OTHER)
    for i, path in enumerate((tmp_path / "0.wav", tmp_path / "1.wav")):
        library.acknowledge(OTHER, analysed(library.files()[path].state, f"audio-{i}", model=OTHER))
    library.promote(OTHER.fingerprint)
    assert library.prune(old_models=True).models == (MODEL.name,)
    assert [model.fingerprint for model in library.models()] == [OTHER.fingerprint]
    assert library.frame()["track_id"].tolist() == ids
    assert [record.outcome for record in library.failures()] == [Outcome.FAILED]
    assert library._connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_backup_is_a_library_of_its_own(library: Library, tmp_path: Path) -> None:
    ids = fill(library, tmp_path)
    (tmp_path / "restored").mkdir()
    library.back_up(tmp_path / "restored" / "library.sqlite")
    library.mark_missing([record.state for record in library.files().values()])
    with Library.open(tmp_path / "restored") as restored:
        assert restored.frame()["track_id"].tolist() == ids
