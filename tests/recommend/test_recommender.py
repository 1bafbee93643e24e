"""From files on disk to similar tracks, through a real library, a small real model and the index."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from moodrec.catalog.analyze import analyze
from moodrec.catalog.refresh import refresh_index
from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import (
    AmbiguousSeedError,
    AudioError,
    FilterError,
    ModelMismatchError,
    NotFoundError,
    UsageError,
)
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from moodrec.model.checkpoint import save_model
from moodrec.recommend.recommender import Recommender
from tests.audio.sounds import write_sound
from tests.catalog.corpus import write_song
from tests.small_model import small_network, small_spec

ARTISTS = ["Moby", "moby", "Björk", "Air", "Air", "Air", "Low", "Low"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> MoodModel:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, small_network(), small_spec())
    return MoodModel.load(folder, device="cpu")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, model: MoodModel) -> Path:
    """``music`` with eight songs and a copy of the first, ``library`` with its index, and ``other.flac``."""
    folder = tmp_path_factory.mktemp("place")
    for i, artist in enumerate(ARTISTS):
        title = "Same Title" if i in (3, 6) else f"Song {i}"
        write_song(folder / "music" / f"{i}.flac", i, 2.5, artist=artist, title=title, date=str(1990 + i))
    shutil.copy(folder / "music" / "0.flac", folder / "music" / "copy of 0.flac")
    write_song(folder / "other.flac", 3, 2.5)
    with Library.create(folder / "library") as library:
        analyze([folder / "music"], library, model, jobs=1)
        refresh_index(library)
    return folder


@pytest.fixture(scope="module")
def recommender(place: Path, model: MoodModel) -> Recommender:
    return Recommender.open(place / "library", model)


def test_similar_tracks(recommender: Recommender) -> None:
    similar = recommender.similar("Song 1", k=5)
    assert list(similar.tracks.columns[:3]) == ["rank", "track_id", "score"]
    assert similar.tracks["rank"].tolist() == [1, 2, 3, 4, 5]
    assert similar.seed["title"] == "Song 1"
    assert similar.seed_id not in similar.tracks["track_id"].tolist()
    assert similar.tracks["score"].is_monotonic_decreasing
    assert len(similar) == 5
    assert similar.notes == ()
    assert "tracks pass" in similar.explain()
    by_index = recommender.index.similar_to(similar.seed_id or "", 5)
    assert similar.tracks["track_id"].tolist() == by_index.track_ids[0].tolist()


def test_a_file_that_is_no_seed_is_named(recommender: Recommender, tmp_path: Path) -> None:
    write_sound(tmp_path / "silent.flac", np.zeros(48_000, np.float32))
    (tmp_path / "text.flac").write_text("no sound")
    for name, why in (("silent", "the audio is silent"), ("text", "no audio in it")):
        with pytest.raises(AudioError, match=rf"{name}\.flac: {why}"):
            recommender.similar(str(tmp_path / f"{name}.flac"))


def test_a_seed_by_id_path_title_or_both(recommender: Recommender, place: Path) -> None:
    path = place / "music" / "2.flac"
    track_id = recommender.resolve("Song 2")
    for seed in (track_id, str(path), "song 2", "BJÖRK - Song 2"):
        assert recommender.similar(seed, k=1).seed_id == track_id
    with pytest.raises(AmbiguousSeedError) as caught:
        recommender.similar("Same Title")
    assert len(caught.value.matches) == 2
    assert recommender.similar("Sonng 2", k=1).seed_id == track_id
    with pytest.raises(NotFoundError, match="Xylophone"):
        recommender.similar("Xylophone")


def test_a_copy_of_the_seed_is_not_similar_but_the_same(recommender: Recommender) -> None:
    similar = recommender.similar("Song 0", k=20)
    assert len(similar) == len(ARTISTS) - 1
    assert "Song 0" not in similar.tracks["title"].tolist()


def test_conditions_are_met(recommender: Recommender) -> None:
    similar = recommender.similar(
        "Song 0",
        k=20,
        where="year >= 1991 AND calm IS NOT NULL",
        mood={"calm": 1.0},
        mood_weight=0.9,
        exclude=[recommender.resolve("Song 5")],
        exclude_artist=["BJÖRK"],
        max_per_artist=1,
    )
    assert sorted(similar.tracks["artist"]) == ["Air", "Low", "moby"]
    assert "fewer than k=20" in similar.explain()
    with pytest.raises(UsageError, match="without a mood target"):
        recommender.similar("Song 0", mood_weight=0.3)
    with pytest.raises(FilterError, match="did you mean 'calm'"):
        recommender.similar("Song 0", where="clam > 0.5")


def test_a_file_outside_the_library_is_analysed(
    recommender: Recommender, place: Path, model: MoodModel
) -> None:
    similar = recommender.similar(str(place / "other.flac"), k=3)
    assert similar.seed_id is None
    assert similar.seed["path"] == str(place / "other.flac")
    moods = model.analyze(place / "other.flac").mood_scores
    np.testing.assert_allclose([similar.seed[mood] for mood in model.moods], moods)
    assert similar.tracks["title"][0] == "Same Title"
    assert similar.tracks["artist"][0] == "Air"
    assert similar.tracks["score"][0] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("seed", ["x" * 5000, "~nobody has this name", "a\0b", "/" + "x/" * 3000])
def test_a_seed_that_cannot_be_a_path_is_no_track(recommender: Recommender, seed: str) -> None:
    with pytest.raises(NotFoundError):
        recommender.similar(seed)


def test_a_file_that_cannot_be_decoded(recommender: Recommender, tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("just some text")
    with pytest.raises(AudioError):
        recommender.similar(str(tmp_path / "text.mp3"))


def test_a_file_is_not_compared_with_vectors_of_another_model(place: Path, model: MoodModel) -> None:
    for fingerprint, message in (("another", "model another"), (None, "does not say which model")):
        tracks = pa.table({"track_id": ["a"]})
        index = MoodIndex.build(np.ones((1, model.embedding_dim)), tracks, model_fingerprint=fingerprint)
        with pytest.raises(ModelMismatchError, match=message):
            Recommender(index, model=model).similar(str(place / "other.flac"))


def test_lists(recommender: Recommender) -> None:
    assert len(recommender.list()) == len(ARTISTS) + 1 == len(recommender.frame)
    found = recommender.list("year >= 1992", sort="-year", limit=3)
    assert found["year"].tolist() == [1997, 1996, 1995]
    assert found["year"].dtype == "Int32"
    both = recommender.list("year >= 1993", sort="artist,-year")
    assert both["year"].tolist() == [1995, 1994, 1993, 1997, 1996]
    calm = recommender.list(sort="-calm")["calm"]
    assert calm.is_monotonic_decreasing
    assert recommender.list(limit=0).empty
    assert recommender.list("year > 3000").empty
    for arguments in ({"sort": "clam"}, {"sort": ","}, {"sort": "genre"}, {"limit": -1}):
        with pytest.raises(UsageError):
            recommender.list(**arguments)


def test_moods(recommender: Recommender, model: MoodModel) -> None:
    assert recommender.moods == model.moods


def test_a_stale_index_says_so(place: Path, model: MoodModel, tmp_path: Path) -> None:
    shutil.copytree(place / "library", tmp_path / "library")
    assert not Recommender.open(tmp_path / "library").stale
    write_song(tmp_path / "more" / "new.flac", 30, 2.5)
    with Library.open(tmp_path / "library") as library:
        analyze([tmp_path / "more"], library, model, jobs=1)
    recommender = Recommender.open(tmp_path / "library")
    assert recommender.stale
    (note,) = recommender.similar("Song 1", k=1).notes
    assert f"moodrec index build --library {tmp_path / 'library'}" in note


def test_an_index_alone_will_do(place: Path, recommender: Recommender) -> None:
    alone = Recommender.open(place / "library" / "index")
    expected = recommender.similar("Song 1", k=4)
    pd.testing.assert_frame_equal(alone.similar("Song 1", k=4).tracks, expected.tracks)


def test_places_without_an_index(place: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="moodrec index build"):
        Recommender.open(tmp_path)
    shutil.copytree(place / "library", tmp_path / "library", ignore=shutil.ignore_patterns("index"))
    with pytest.raises(NotFoundError, match="moodrec index build --library"):
        Recommender.open(tmp_path / "library")


def test_columns_that_are_called_like_ours() -> None:
    tracks = pa.table({"track_id": ["a", "b"], "score": [1, 2], "rank": ["x", "y"]})
    similar = Recommender(MoodIndex.build(np.eye(2), tracks)).similar("a")
    assert list(similar.tracks.columns) == ["rank", "track_id", "score", "score_", "rank_"]
    assert similar.tracks.iloc[0].tolist() == [1, "b", 0.0, 2, "y"]
    assert similar.tracks["rank"].dtype == np.int64
    more = tracks.append_column("rank_", pa.array(["z", "w"]))
    similar = Recommender(MoodIndex.build(np.eye(2), more)).similar("a")
    assert similar.to_arrow().column_names == ["rank", "track_id", "score", "score_", "rank__", "rank_"]
    assert similar.column_names == similar.to_arrow().column_names
    some = ["rank", "track_id", "score", "rank__"]
    assert similar.select(["rank__", "nothing"]).equals(similar.to_arrow().select(some))
