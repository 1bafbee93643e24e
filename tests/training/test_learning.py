"""Training learns from audio: moods, metadata, and metadata through the shared trunk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import ConfigError, DataError
from moodrec.training.labels import encode_labels
from moodrec.training.loop import Trainer, TrainingSet
from moodrec.training.prepare import prepare
from moodrec.training.recipe import read_recipe
from moodrec.training.run import train_recipe
from tests.training.conftest import write_recipe

METADATA_TASKS = ("artist", "album", "year", "genre")


def quiet(event: object) -> None:
    """Ignore progress."""


@pytest.fixture(scope="module")
def trained(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    split = "[split]\nwithin_artist = 3\n"
    train_recipe(write_recipe(catalogue, "learn", 60, split), out, quiet, out / "cache")
    return out


def test_every_metadata_head_beats_chance_on_held_out_tracks(trained: Path) -> None:
    report = json.loads((trained / "metadata-heads.json").read_text())
    assert set(report) == set(METADATA_TASKS)
    for task, found in report.items():
        assert found.get("accuracy", found.get("roc_auc")) > found["chance"], task
        assert found["tracks"] == 4


def test_the_model_hears_the_moods(trained: Path, catalogue: Path) -> None:
    model = MoodModel.load(trained / "model")
    table = pd.read_csv(catalogue / "tracks.csv")
    high = np.array([model.analyze(catalogue / name).mood_scores for name in table["audio"]])
    truth = table["mood:low"] < 0.5
    assert set(model.moods) == {"high", "low"}
    column = model.moods.index("high")
    assert high[truth, column].min() > high[~truth, column].max()


def test_folds_never_predict_what_they_heard(catalogue: Path, tmp_path: Path) -> None:
    recipe = write_recipe(catalogue, "folds", 2, "[split]\nfolds = 2\n")
    result = train_recipe(recipe, tmp_path / "out", quiet, tmp_path / "cache")
    assert result.out_of_fold is not None
    frame = pd.read_parquet(result.out_of_fold)
    data = prepare(read_recipe(recipe), tmp_path / "cache", quiet)
    assert sorted(frame["track_id"]) == sorted(data.table.tracks["track_id"])
    joined = frame.merge(data.table.tracks[["track_id", "group"]], on="track_id")
    assert joined.groupby("group")["fold"].nunique().max() == 1
    assert (
        "out-of-fold" in json.loads((tmp_path / "out" / "model" / "model.json").read_text())["calibrated_on"]
    )


def make_trainer(recipe_path: Path, cache: Path, folder: Path) -> Trainer:
    recipe = read_recipe(recipe_path)
    data = prepare(recipe, cache, quiet)
    labels = encode_labels(data.table, recipe.tasks, data.seen)
    return Trainer(recipe, TrainingSet(data.inputs(recipe), labels, np.flatnonzero(data.seen)), folder, quiet)


def trunk_gradient(trainer: Trainer) -> torch.Tensor:
    torch.manual_seed(0)
    losses = trainer.task_losses(trainer.sampler.epoch(0)[0])
    tasks = trainer.recipe.tasks
    sum((getattr(tasks, task).weight * loss for task, loss in losses.items()), torch.zeros(())).backward()
    trunk = trainer.state.network.backbone.parameters()
    return torch.cat([p.grad.flatten() for p in trunk if p.grad is not None])


@pytest.mark.parametrize("task", METADATA_TASKS)
def test_removing_a_metadata_head_changes_the_trunks_gradients(
    catalogue: Path, tmp_path: Path, task: str
) -> None:
    whole_recipe = write_recipe(catalogue, "whole", 1)
    text = whole_recipe.read_text()
    start = text.index(f"[tasks.{task}]")
    reduced_recipe = catalogue / f"without-{task}.toml"
    reduced_recipe.write_text(text[:start] + text[start:].replace("weight = 0.5", "weight = 0", 1))

    whole = make_trainer(whole_recipe, tmp_path / "cache", tmp_path)
    reduced = make_trainer(reduced_recipe, tmp_path / "cache", tmp_path)
    assert set(whole.state.network.heads) - set(reduced.state.network.heads) == {task}
    # The same weights in both: what differs is the missing head's pull alone.
    reduced.state.network.load_state_dict(whole.state.network.state_dict(), strict=False)
    same = make_trainer(whole_recipe, tmp_path / "cache", tmp_path)
    gradients = trunk_gradient(whole)
    assert torch.equal(gradients, trunk_gradient(same))
    assert (gradients - trunk_gradient(reduced)).norm() > 0.01 * gradients.norm()


def test_held_out_splits_take_their_artists_along(catalogue: Path, tmp_path: Path) -> None:
    table = pd.read_csv(catalogue / "tracks.csv")
    table["split"] = ["test" if artist == "Artist 1" else "" for artist in table["artist"]]
    for path in catalogue.glob("*.flac"):
        (tmp_path / path.name).symlink_to(path)
    table.to_csv(tmp_path / "tracks.csv", index=False)
    other = table[table["artist"] == "Artist 1"].drop(columns="split").head(2)
    other.to_csv(tmp_path / "other.csv", index=False)
    more = '[split]\nheld_out = ["test"]\n[[data]]\nsource = "table"\nroot = "other.csv"\n'
    recipe = write_recipe(tmp_path, "held", 1, more + 'options = { name = "other" }\n')
    data = prepare(read_recipe(recipe), tmp_path / "cache", quiet)
    assert set(data.table.tracks["artist"][~data.seen]) == {"Artist 1"}
    assert "Artist 1" not in set(data.table.tracks["artist"][data.seen])


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"mood:title": 0.5}, "cannot be a mood's"),
        ({"mood:high up": 0.5, "mood:high-up": 0.5}, "taken"),
        ({"mood:empty": np.nan}, "no training track has a label for: empty"),
        ({}, "needs mood targets"),
    ],
)
def test_moods_that_cannot_be_published_are_found_before_training(
    catalogue: Path, tmp_path: Path, columns: dict[str, float], says: str
) -> None:
    table = pd.read_csv(catalogue / "tracks.csv").drop(columns=["mood:high", "mood:low"]).assign(**columns)
    for path in catalogue.glob("*.flac"):
        (tmp_path / path.name).symlink_to(path)
    table.to_csv(tmp_path / "tracks.csv", index=False)
    with pytest.raises((ConfigError, DataError), match=says):
        train_recipe(write_recipe(tmp_path, "names", 1), tmp_path / "out", quiet, tmp_path / "cache")
    assert not (tmp_path / "out" / "final").exists()


def test_a_mood_of_an_unknown_target_is_found_before_training(catalogue: Path, tmp_path: Path) -> None:
    moods = '[moods.calm]\ndescription = "Calm."\ntargets = ["tracks:calmness"]\n'
    with pytest.raises(ConfigError, match=r"moods\.calm.*tracks:calmness"):
        train_recipe(write_recipe(catalogue, "typo", 1, moods), tmp_path / "out", quiet, tmp_path / "cache")
    assert not (tmp_path / "out" / "final").exists()


def test_an_unreadable_track_is_left_out(
    catalogue: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for path in catalogue.glob("*.flac"):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "3.flac").unlink()
    (tmp_path / "3.flac").write_text("not audio")
    (tmp_path / "tracks.csv").write_bytes((catalogue / "tracks.csv").read_bytes())
    data = prepare(read_recipe(write_recipe(tmp_path, "broken", 1)), tmp_path / "cache", quiet)
    assert len(data.table) == len(data.log_mels) == 23
    assert "3.flac" in caplog.text


def test_no_readable_audio_is_an_error(catalogue: Path, tmp_path: Path) -> None:
    for number in range(24):
        (tmp_path / f"{number}.flac").write_text("not audio")
    (tmp_path / "tracks.csv").write_bytes((catalogue / "tracks.csv").read_bytes())
    with pytest.raises(DataError, match="none of the tracks"):
        prepare(read_recipe(write_recipe(tmp_path, "silent", 1)), tmp_path / "cache", quiet)
