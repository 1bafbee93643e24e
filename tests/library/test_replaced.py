"""The folder of a library is replaced while it is open: readers answer on, and no change is lost silently."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moodrec import MoodIndex, Recommender
from moodrec.catalog.refresh import refresh_index, refresh_scores
from moodrec.errors import ConflictError, ModelMismatchError, MoodrecError
from moodrec.library.identity import TrackIdentity, identify
from moodrec.library.library import Library
from moodrec.library.notes import note_model
from moodrec.library.records import ModelRecord
from tests.golden.make_golden import golden
from tests.library.tracks import MODEL, OTHER, analysed, file_state
from tests.replaced import removed, renamed


def made(folder: Path, tracks: int = 5, model: ModelRecord = MODEL) -> Path:
    """Make a library with its index."""
    with Library.create(folder) as library:
        with library.writer():
            library.register_model(model)
            for number in range(tracks):
                state = file_state(folder.parent / "music" / f"{number}.flac")
                library.acknowledge(model, analysed(state, f"{folder.name}-{number}", model=model))
        refresh_index(library)
    return folder


def overwritten(folder: Path, other: Path) -> None:
    """The database alone is put back, as from a backup, without a log beside it."""
    (folder / "library.sqlite-wal").unlink(missing_ok=True)
    (other / "library.sqlite").replace(folder / "library.sqlite")


def gone(folder: Path, other: Path) -> None:
    assert other.is_dir()
    folder.rename(folder.with_name("before"))


REPLACED = pytest.mark.parametrize("replace", [renamed, removed, overwritten, gone])


@REPLACED
@pytest.mark.parametrize("when", ["before the lock", "under the lock", "in the middle of a change"])
def test_no_change_is_acknowledged_that_would_be_found_nowhere(
    tmp_path: Path, replace: Callable[[Path, Path], None], when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = made(tmp_path / "library"), made(tmp_path / "other", 3)
    result = analysed(file_state(tmp_path / "music" / "new.flac"), "new")
    refused = pytest.raises(ConflictError, match="was moved away or replaced while it was open")
    with Library.open(folder) as library:
        assert len(library.frame()) == 5
        if when == "before the lock":
            replace(folder, other)
            with refused, library.writer():
                pass
        else:
            with library.writer():
                if when == "under the lock":
                    replace(folder, other)
                else:

                    def meanwhile(*args: Any) -> TrackIdentity:
                        monkeypatch.undo()
                        replace(folder, other)
                        return identify(*args)

                    monkeypatch.setattr("moodrec.library.journal.identify", meanwhile)
                with refused:
                    library.acknowledge(MODEL, result)
        assert len(library.frame()) in (5, 6)
    if replace is not gone:
        with Library.open(folder) as there:
            assert len(there.frame()) == 3
            with there.writer():
                there.acknowledge(MODEL, result)
            assert len(there.frame()) == 4


def test_a_library_that_is_not_replaced_is_written_to(tmp_path: Path) -> None:
    folder = made(tmp_path / "library")
    shutil.copy(golden(1), tmp_path / "older.sqlite")
    with Library.open(folder) as library, library.writer(), library.writer():
        library.acknowledge(MODEL, analysed(file_state(tmp_path / "music" / "new.flac"), "new"))
        assert library.identity is not None
    (tmp_path / "old").mkdir()
    (tmp_path / "older.sqlite").rename(tmp_path / "old" / "library.sqlite")
    with Library.open(tmp_path / "old") as library, library.writer():
        assert library.older_format is None
        library.register_model(OTHER)


@pytest.mark.parametrize("replace", [renamed, removed])
def test_a_recommender_refreshes_to_the_library_that_is_there(
    tmp_path: Path, replace: Callable[[Path, Path], None]
) -> None:
    folder, other = made(tmp_path / "library"), made(tmp_path / "other", 3, OTHER)
    note_model(other, OTHER.fingerprint, tmp_path / "model")
    rec = Recommender.open(folder)
    seed, unknown = rec.index.track_ids[0], file_state(tmp_path / "unknown.flac").path
    replace(folder, other)
    assert len(rec.similar(seed, k=2)) == 2
    assert rec.refresh() is True
    assert len(rec.frame) == 3
    assert rec.index.model_fingerprint == OTHER.fingerprint
    with pytest.raises(MoodrecError, match=r"model\.json: no such file"):  # the model of that library
        rec.similar(str(unknown))
    assert rec.refresh() is False
    assert rec.notes == ()


def test_a_model_that_was_named_stays(tmp_path: Path) -> None:
    folder, other = made(tmp_path / "library"), made(tmp_path / "other", 3, OTHER)
    note_model(other, OTHER.fingerprint, tmp_path / "model")
    rec = Recommender.open(folder, model="default")
    renamed(folder, other)
    assert rec.refresh() is True
    with pytest.raises(ModelMismatchError):
        rec.similar(str(file_state(tmp_path / "unknown.flac").path))


def test_a_recommender_answers_on_where_its_library_is_gone_or_damaged(tmp_path: Path) -> None:
    folder = made(tmp_path / "library")
    rec = Recommender.open(folder)
    seed = rec.index.track_ids[0]
    folder.rename(tmp_path / "before")
    with pytest.raises(MoodrecError, match="there is no index here"):
        rec.refresh()
    folder.write_text("x")
    with pytest.raises(MoodrecError, match="is a file; an index is a folder"):
        rec.refresh()
    assert len(rec.similar(seed, k=2)) == 2
    folder.unlink()
    made(folder, 3)
    (folder / "library.sqlite").rename(tmp_path / "aside")
    (folder / "library.sqlite").write_text("damaged")
    with pytest.raises(MoodrecError, match="not a moodrec library, or damaged"):
        rec.refresh()
    (tmp_path / "aside").replace(folder / "library.sqlite")
    rec.refresh()
    assert len(rec.frame) == 3


def test_scores_of_an_index_that_was_built_anew_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(tmp_path / "library")
    save = MoodIndex.save

    def after_another(index: MoodIndex, path: Path) -> None:
        monkeypatch.setattr(MoodIndex, "save", save)
        MoodIndex.build(np.eye(2, dtype=np.float32), index.table.select(["track_id"]).slice(0, 2)).save(path)
        save(index, path)

    with Library.open(folder) as library:
        (track, *_) = library.frame()["track_id"]
        before = library.revision
        with library.writer():
            library.label({"calm": 1.0}, track=track)
        monkeypatch.setattr(MoodIndex, "save", after_another)
        index = refresh_scores(library, [track], before)
        assert index is not None
        assert MoodIndex.open(library.index_path).library_revision == library.revision
        assert len(MoodIndex.open(library.index_path)) == 5
