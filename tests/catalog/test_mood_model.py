"""From files to moods with the model that comes with the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from moodrec.catalog.analyze import analyze
from moodrec.catalog.model import settings_for
from moodrec.catalog.refresh import refresh_index
from moodrec.embedding.mood_model import MoodModel
from moodrec.library.library import Library
from moodrec.library.records import Outcome
from moodrec.model.checkpoint import save_model
from tests.small_model import small_network, small_spec


@pytest.fixture(scope="module")
def model() -> MoodModel:
    return MoodModel.load(device="cpu")


def test_a_library_of_real_music(shared_data: Path, tmp_path: Path, model: MoodModel) -> None:
    songs = sorted((shared_data / "open_game_music").rglob("*.opus"))[:4]
    folder = tmp_path / "music"
    folder.mkdir()
    for song in songs:
        (folder / song.name).symlink_to(song)
    with Library.create(tmp_path / "library") as library:
        report = analyze([folder], library, model, jobs=1)
        assert report.counts[Outcome.OK] == len(songs) == 4
        index = refresh_index(library)
        snapshot = library.snapshot(model.fingerprint)
    assert index.moods == model.moods
    for song, embedding in zip(songs, snapshot.embeddings, strict=True):
        np.testing.assert_array_equal(embedding, model.analyze(song).embedding)
    scores = snapshot.frame[list(model.moods)].to_numpy()
    assert ((scores >= 0) & (scores <= 1)).all()
    ids = snapshot.frame["track_id"].tolist()
    assert index.search(snapshot.embeddings, k=1).track_ids[:, 0].tolist() == ids


def test_a_library_levels_as_the_model_does(tmp_path: Path) -> None:
    spec = small_spec()
    audio = spec.audio.model_copy(update={"loudness_lufs": -16.0, "quiet_lu": 30.0})
    save_model(tmp_path / "model", small_network(), spec.model_copy(update={"audio": audio}))
    model = MoodModel.load(tmp_path / "model", device="cpu")
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 96_000)
    folder = tmp_path / "music"
    folder.mkdir()
    soundfile.write(folder / "a.wav", np.concatenate([noise, np.zeros(64_000)]), 16_000, subtype="FLOAT")
    with Library.create(tmp_path / "library") as library:
        analyze([folder], library, model, jobs=1)
        snapshot = library.snapshot(model.fingerprint)
    np.testing.assert_array_equal(snapshot.embeddings[0], model.analyze(folder / "a.wav").embedding)
    assert settings_for(model).quiet_lu == 30.0
