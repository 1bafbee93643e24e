"""Damage that is found, and made good from what is whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from moodrec.catalog.analyze import analyze
from moodrec.catalog.overview import DAMAGED, FRESH, NO_INDEX, STALE, library_info, track_report
from moodrec.catalog.refresh import refresh_index
from moodrec.catalog.repair import check_library, drop_damaged, repair_index
from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from tests.catalog.corpus import write_song, write_songs
from tests.catalog.toy import ToyModel
from tests.library.test_upkeep import damage

MODEL = ToyModel()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    write_songs(tmp_path / "music", 4, ".wav")
    with Library.create(tmp_path / "library") as library:
        analyze([tmp_path / "music"], library, MODEL)
        refresh_index(library, "ivf")
        yield library


def damage_index(library: Library) -> None:
    path = max(library.index_path.rglob("*.npy"), key=lambda place: place.stat().st_size)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def test_a_whole_index_is_left_alone(library: Library) -> None:
    before = sorted(library.index_path.rglob("*"))
    assert repair_index(library).fault is None
    assert sorted(library.index_path.rglob("*")) == before


def test_a_damaged_index_is_built_anew_and_says_what_was_wrong(library: Library) -> None:
    damage_index(library)
    assert library_info(library).index == DAMAGED
    repair = repair_index(library, "ivf")
    assert repair.fault is not None
    assert "damaged" in repair.fault
    index = MoodIndex.open(library.index_path)
    index.verify()
    assert (index.preset, len(index)) == ("ivf", 4)
    ids = library.frame()["track_id"].tolist()
    np.testing.assert_allclose(index.vectors(ids), library.embeddings(), atol=1e-6)
    assert library_info(library).index == FRESH


@pytest.mark.parametrize("lost", ["everything", "CURRENT"])
def test_a_lost_index_is_built_anew(library: Library, lost: str) -> None:
    if lost == "everything":
        shutil.rmtree(library.index_path)
        assert library_info(library).index == NO_INDEX
    else:
        (library.index_path / lost).unlink()
    assert repair_index(library).fault is not None
    assert len(MoodIndex.open(library.index_path)) == 4


def test_an_old_index_follows_the_library(library: Library, tmp_path: Path) -> None:
    write_song(tmp_path / "music" / "new.wav", 9)
    analyze([tmp_path / "music"], library, MODEL)
    assert library_info(library).index == STALE
    assert len(repair_index(library).index) == 5


def test_a_damaged_library_is_told_and_mended_by_hearing_again(library: Library, tmp_path: Path) -> None:
    ids = library.frame()["track_id"].tolist()
    before = library.embeddings()
    assert check_library(library) == 4
    damage(library, ids[2])
    shutil.rmtree(library.index_path)
    for check in (check_library, repair_index):
        with pytest.raises(CorruptStoreError, match="library verify --repair"):
            check(library)
    assert drop_damaged(library) == 1
    assert check_library(library) == 3
    analyze([tmp_path / "music"], library, MODEL)
    assert library.frame()["track_id"].tolist() == ids
    np.testing.assert_array_equal(library.embeddings(), before)


def test_an_overview_counts_what_is_there(library: Library, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "music" / "000.wav", tmp_path / "music" / "copy.wav")
    (tmp_path / "music" / "bad.mp3").write_text("text")
    (tmp_path / "music" / "003.wav").unlink()
    analyze([tmp_path / "music"], library, MODEL)
    analyze([tmp_path / "music" / "001.wav"], library, ToyModel(name="new", seed=3))
    about = library_info(library)
    assert (about.tracks, about.duplicates, about.gone) == (4, 1, 1)
    assert about.outcomes == {"ok": 4, "partial": 0, "silent": 0, "failed": 1}
    assert about.reasons == {"not_audio": 1}
    assert [model.name for model in about.models] == ["toy", "new"]
    assert about.waiting == {about.models[1].fingerprint: 3}


def test_a_report_of_a_track_and_of_a_file_that_failed(library: Library, tmp_path: Path) -> None:
    copy = Path(shutil.copy(tmp_path / "music" / "000.wav", tmp_path / "music" / "copy.wav"))
    bad = tmp_path / "music" / "bad.mp3"
    bad.write_text("text")
    analyze([tmp_path / "music"], library, MODEL)
    report = track_report(library, str(copy))
    assert report.file is not None
    assert report.track is not None
    assert report.track["track_id"] == report.file.track_id
    assert report.copies == (str(tmp_path / "music" / "000.wav"),)
    failed = track_report(library, str(bad))
    assert failed.track is None
    assert failed.file is not None
    assert failed.file.reason == "not_audio"
    for nothing in ("nobody's song", "~nobody/song.mp3", "a\0b", ""):
        with pytest.raises(NotFoundError):
            track_report(library, nothing)
