from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from moodrec.catalog.analyze import analyze
from moodrec.catalog.refresh import index_is_stale, refresh_index
from moodrec.errors import NotFoundError, UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from tests.catalog.corpus import write_song, write_songs
from tests.catalog.toy import ToyModel

MODEL = ToyModel()


@pytest.fixture
def music(tmp_path: Path) -> Path:
    write_songs(tmp_path / "music", 4)
    return tmp_path / "music"


@pytest.fixture
def library(tmp_path: Path, music: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as library:
        analyze([music], library, MODEL)
        yield library


def versions(library: Library) -> set[str]:
    return {path.name for path in library.index_path.iterdir()}


def test_the_index_holds_what_the_library_holds(library: Library) -> None:
    refresh_index(library)
    index = MoodIndex.open(library.index_path)
    snapshot = library.snapshot()
    assert index.track_ids == snapshot.frame["track_id"].tolist()
    assert index.moods == MODEL.moods
    assert index.model_fingerprint == MODEL.fingerprint
    np.testing.assert_allclose(index.vectors(index.track_ids), snapshot.embeddings, atol=1e-6)
    assert index.frame["path"].tolist() == snapshot.frame["path"].tolist()
    hits = index.search(snapshot.embeddings[2], k=1)
    assert hits.track_ids[0, 0] == index.track_ids[2]


def test_an_index_that_is_up_to_date_is_left_alone(library: Library) -> None:
    index = refresh_index(library)
    assert not index_is_stale(index, library)
    before = versions(library)
    assert refresh_index(library).library_revision == library.revision
    assert versions(library) == before


def test_a_library_that_changed_has_a_stale_index(library: Library, music: Path) -> None:
    index = refresh_index(library)
    write_song(music / "new.flac", 9)
    analyze([music], library, MODEL)
    assert index_is_stale(index, library)
    index = refresh_index(library)
    assert not index_is_stale(index, library)
    assert len(index) == 5


def test_an_index_of_another_library_is_built_anew(library: Library, music: Path, tmp_path: Path) -> None:
    index = refresh_index(library)
    with Library.create(tmp_path / "other") as other:
        analyze([*write_songs(tmp_path / "songs", 3), write_song(tmp_path / "9.flac", 9)], other, MODEL)
        shutil.copytree(library.index_path, other.index_path)
        assert index_is_stale(index, other)
        assert set(refresh_index(other).track_ids) == set(other.snapshot().frame["track_id"])


def test_an_index_of_changes_that_a_backup_took_back_is_built_anew(
    library: Library, music: Path, tmp_path: Path
) -> None:
    library.back_up(tmp_path / "backup.sqlite")
    write_song(music / "new.flac", 9)
    analyze([music], library, MODEL)
    index = refresh_index(library)
    assert not index_is_stale(index, library)
    library.close()
    shutil.copy(tmp_path / "backup.sqlite", library.path / "library.sqlite")
    write_song(music / "new.flac", 10)
    with Library.open(library.path) as restored:
        analyze([music], restored, MODEL)
        assert index_is_stale(index, restored)
        assert set(refresh_index(restored).track_ids) == set(restored.snapshot().frame["track_id"])


def test_a_file_that_is_gone_leaves_the_index(library: Library, music: Path) -> None:
    refresh_index(library)
    (music / "000.flac").unlink()
    analyze([music], library, MODEL)
    assert len(refresh_index(library)) == 3


def test_the_preset_is_kept_until_another_is_asked_for(library: Library, music: Path) -> None:
    assert refresh_index(library).preset == "auto"
    assert refresh_index(library, "flat").preset == "flat"
    write_song(music / "new.flac", 9)
    analyze([music], library, MODEL)
    assert refresh_index(library).preset == "flat"
    with pytest.raises(UsageError):
        refresh_index(library, "no such preset")


def test_the_model_that_was_the_last_to_analyse_every_track_is_indexed(library: Library, music: Path) -> None:
    refresh_index(library)
    other = ToyModel(name="other", embedding_dim=8, moods=("calm",))
    analyze([music], library, other)
    assert refresh_index(library).model_fingerprint == other.fingerprint
    assert refresh_index(library, model_fingerprint=MODEL.fingerprint).dim == 16


def test_a_damaged_index_is_replaced(library: Library) -> None:
    refresh_index(library)
    for path in library.index_path.rglob("*"):
        if path.is_file() and path.name != "lock":
            path.write_bytes(b"damage")
    assert len(refresh_index(library)) == 4
    MoodIndex.open(library.index_path).verify()
    shutil.rmtree(library.index_path)
    assert len(refresh_index(library)) == 4


def test_a_library_where_everything_failed_has_an_empty_index(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a.mp3").write_text("text")
    with Library.create(tmp_path / "library") as library:
        with pytest.raises(NotFoundError):
            refresh_index(library)
        analyze([tmp_path / "music"], library, MODEL)
        index = refresh_index(library)
        assert len(index) == 0
        assert index.search(np.ones(16), k=3).counts.tolist() == [0]
