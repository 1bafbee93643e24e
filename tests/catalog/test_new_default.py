"""A library of the earlier default model keeps serving until the new default has analysed all of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from moodrec.catalog.analyze import plan_analysis, run_analysis
from moodrec.catalog.refresh import refresh_index
from moodrec.embedding.mood_model import MoodModel
from moodrec.library.library import Library
from tests.golden.make_moodrec_1 import GOLDEN, SONGS, move, write_music


@pytest.fixture(scope="module")
def default() -> MoodModel:
    return MoodModel.load(device="cpu")


@pytest.fixture(scope="module")
def earlier() -> MoodModel:
    return MoodModel.load("moodrec-1", device="cpu")


def test_a_library_of_moodrec_1_serves_until_the_new_model_is_through(
    tmp_path: Path, default: MoodModel, earlier: MoodModel
) -> None:
    music, place = tmp_path / "music", tmp_path / "library"
    write_music(music)
    place.mkdir()
    database = Path(shutil.copy(GOLDEN, place / "library.sqlite"))
    move(database, Path("/music"), music)
    with Library.open(place) as library:
        before = library.frame()
        assert (library.model().fingerprint, len(before)) == (earlier.fingerprint, SONGS)
        assert plan_analysis([music], library, earlier).files == ()

        plan = plan_analysis([music], library, default, limit=1)
        assert (len(plan.files), plan.postponed) == (1, SONGS - 1)
        report = run_analysis(plan, library, default, jobs=1)
        assert (report.switched, report.waiting) == (False, SONGS - 1)
        assert library.model().fingerprint == earlier.fingerprint
        assert library.frame().equals(before)
        assert refresh_index(library).moods == earlier.moods

        report = run_analysis(plan_analysis([music], library, default), library, default, jobs=1)
        assert (report.switched, report.waiting) == (True, 0)
        assert library.model().fingerprint == default.fingerprint
        after = library.frame()
        assert after["track_id"].tolist() == before["track_id"].tolist()
        assert set(default.moods) <= set(after.columns)
        assert refresh_index(library).moods == default.moods
        assert library.embeddings(earlier.fingerprint).shape == (SONGS, earlier.embedding_dim)


def test_moodrec_1_computes_what_it_did(tmp_path: Path, earlier: MoodModel) -> None:
    songs = write_music(tmp_path / "music")
    with Library.open_or_empty(_placed(tmp_path)) as library:
        snapshot = library.snapshot(earlier.fingerprint)
    paths = [Path(path).name for path in snapshot.frame["path"]]
    for song in songs:
        row, found = paths.index(song.name), earlier.analyze(song)
        np.testing.assert_allclose(found.embedding, snapshot.embeddings[row], atol=1e-4)
        scores = snapshot.frame[list(earlier.moods)].to_numpy()[row]
        np.testing.assert_allclose(found.mood_scores, scores.astype(np.float32), atol=1e-3)


def _placed(tmp_path: Path) -> Path:
    (tmp_path / "library").mkdir()
    shutil.copy(GOLDEN, tmp_path / "library" / "library.sqlite")
    return tmp_path / "library"
