"""Every way of training learns, keeps its promises, and resumes to the last bit.

Tests the inside of moodrec.training.loop on purpose.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from moodrec.errors import ConfigError
from moodrec.model.checkpoint import load_model
from moodrec.training.events import EpochFinished, TrainingEvent, TrainingWarning
from moodrec.training.inputs import Spectrograms
from moodrec.training.labels import encode_labels
from moodrec.training.loop import Trainer, TrainingSet
from moodrec.training.prepare import Prepared, prepare
from moodrec.training.recipe import Recipe, read_recipe
from moodrec.training.run import train_recipe
from tests.training.conftest import write_recipe
from tests.training.test_learning import quiet

Fields = dict[str, object]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def mixed(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue with a second table, whose tracks have no mood, before the first."""
    folder = tmp_path_factory.mktemp("mixed")
    for path in catalogue.glob("*.flac"):
        (folder / path.name).symlink_to(path)
    table = pd.read_csv(catalogue / "tracks.csv")
    table.to_csv(folder / "tracks.csv", index=False)
    table.drop(columns=["mood:high", "mood:low"]).to_csv(folder / "plain.csv", index=False)
    return folder


def changed(recipe: Recipe, fields: Fields) -> Recipe:
    """The recipe with some fields set, by dotted name."""
    whole = recipe.model_dump()
    for name, value in fields.items():
        *tables, last = name.split(".")
        place = whole
        for table in tables:
            place = place[table]
        place[last] = value
    return Recipe.model_validate(whole)


def base(folder: Path, plain_first: bool = False) -> Recipe:
    recipe = read_recipe(write_recipe(folder, "options", 4))
    if not plain_first:
        return recipe
    entry = {"source": "table", "root": str(folder / "plain.csv"), "options": {"name": "plain"}}
    return changed(recipe, {"data": (entry, *(entry.model_dump() for entry in recipe.data))})


def make(recipe: Recipe, cache: Path, folder: Path) -> Trainer:
    folder.mkdir(exist_ok=True)
    data = prepare(recipe, cache, quiet)
    labels = encode_labels(data.table, recipe.tasks, data.seen)
    return Trainer(recipe, TrainingSet(data.inputs(recipe), labels, np.flatnonzero(data.seen)), folder, quiet)


def log_of(folder: Path) -> list[dict[str, dict[str, float]]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


OPTIONS: dict[str, Fields] = {
    "uncertainty": {"tasks.weighting": "uncertainty"},
    "gradnorm": {"tasks.weighting": "gradnorm"},
    "ordinal": {"tasks.year.kind": "ordinal", "tasks.year.bins": 3},
    "cosine": {"tasks.artist.kind": "cosine"},
    "contrastive": {"tasks.artist.kind": "contrastive", "tasks.album.kind": "contrastive"},
    "metadata_first": {"training.metadata_first": 0.5},
    "excerpts": {"training.excerpts": 2},
    "all": {
        "tasks.weighting": "gradnorm",
        "tasks.year.kind": "ordinal",
        "tasks.artist.kind": "contrastive",
        "tasks.album.kind": "cosine",
        "training.metadata_first": 0.5,
        "training.metadata_batch_size": 5,
        "training.excerpts": 2,
    },
}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_resumes_to_the_same_bits(mixed: Path, cache: Path, tmp_path: Path, option: str) -> None:
    recipe = changed(base(mixed, plain_first=option == "all"), OPTIONS[option])
    whole, stopped = make(recipe, cache, tmp_path / "whole"), make(recipe, cache, tmp_path / "stopped")

    def stop(event: TrainingEvent) -> None:
        if isinstance(event, EpochFinished) and event.epoch == 3:
            raise KeyboardInterrupt

    stopped.on_event = stop
    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    whole.run()
    resumed = make(recipe, cache, tmp_path / "stopped")
    resumed.run()
    expected = whole.state.tensors()
    assert expected.keys() == resumed.state.tensors().keys()
    for name, value in resumed.state.tensors().items():
        assert torch.equal(value, expected[name]), name
        assert value.isfinite().all(), name
    drop = "seconds"
    assert [{k: v for k, v in line.items() if k != drop} for line in log_of(tmp_path / "whole")] == [
        {k: v for k, v in line.items() if k != drop} for line in log_of(tmp_path / "stopped")
    ]


def test_metadata_tracks_leave_what_is_heard_of_moods_alone(mixed: Path, cache: Path, tmp_path: Path) -> None:
    alone = make(base(mixed), cache, tmp_path)
    fields: Fields = {"training.metadata_batch_size": 5, "tasks.artist.kind": "contrastive"}
    together = make(changed(base(mixed, plain_first=True), fields), cache, tmp_path)
    assert alone.epoch_steps == together.epoch_steps
    for ours, theirs in zip(alone.sampler.epoch(1), together.sampler.epoch(1), strict=True):
        assert len(theirs.extra.rows) > len(ours.extra.rows) == 0
        torch.manual_seed(0)
        heard = alone.data.inputs.sample(ours.main)
        torch.manual_seed(0)
        assert torch.equal(together.data.inputs.sample(theirs.main), heard)


def test_rows_on_top_teach_no_moods(mixed: Path, cache: Path, tmp_path: Path) -> None:
    made = make(changed(base(mixed), {"tasks.artist.kind": "contrastive"}), cache, tmp_path)
    draws = made.sampler.epoch(0)[0]
    targets = made._targets(draws.main, draws.extra.rows)
    n = len(draws.main.rows)
    assert len(targets["mood"]) == n + len(draws.extra.rows) > n
    assert targets["mood"][n:].isnan().all()
    assert not targets["mood"][:n].isnan().all()
    assert (targets["artist"][n:] >= 0).all()
    assert not np.isnan(made.data.labels.targets["mood"][draws.extra.rows]).all(), "the table is as it was"


def participants(data: Prepared) -> set[str]:
    return {str(track_id).partition("/")[0] for track_id in data.table.tracks["track_id"][data.seen]}


def test_tracks_without_moods_take_part_only_if_given_a_place(mixed: Path, cache: Path) -> None:
    recipe = base(mixed, plain_first=True)
    assert participants(prepare(recipe, cache, quiet)) == {"table"}
    with_place = changed(recipe, {"training.metadata_batch_size": 2})
    assert participants(prepare(with_place, cache, quiet)) == {"table", "plain"}
    metadata_only = changed(recipe, {"tasks.mood.weight": 0})
    assert participants(prepare(metadata_only, cache, quiet)) == {"table", "plain"}


def test_metadata_come_first_and_moods_join(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    made = make(changed(base(catalogue), {"training.metadata_first": 0.5}), cache, tmp_path)
    weight = made.state.network.get_parameter("heads.mood.weight")
    before = weight.detach().clone()
    seen: list[bool] = []
    made.on_event = lambda event: seen.append(torch.equal(weight, before))
    made.run()
    assert seen == [True, True, False, False]
    assert ["mood" in line["loss"] for line in log_of(tmp_path)] == [False, False, True, True]
    assert all("artist" in line["loss"] for line in log_of(tmp_path))


def test_metadata_first_needs_metadata(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    none: Fields = {f"tasks.{task}.weight": 0 for task in ("artist", "album", "year", "genre")}
    with pytest.raises(ConfigError, match="metadata_first"):
        make(changed(base(catalogue), none | {"training.metadata_first": 0.5}), cache, tmp_path)


def test_gradnorm_needs_the_shared_layer(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    result = train_recipe(write_recipe(catalogue, "gradnorm", 1), tmp_path / "out", quiet, cache)
    start = {"model": str(result.model), "freeze": ("projection",)}
    recipe = changed(base(catalogue), {"warm_start": start, "tasks.weighting": "gradnorm"})
    with pytest.raises(ConfigError, match="gradnorm"):
        make(recipe, cache, tmp_path / "made")


@pytest.mark.parametrize("weighting", ["uncertainty", "gradnorm"])
def test_learnt_weights_are_logged(catalogue: Path, cache: Path, tmp_path: Path, weighting: str) -> None:
    made = make(changed(base(catalogue), {"tasks.weighting": weighting}), cache, tmp_path)
    made.run()
    weights = [line["weights"] for line in log_of(tmp_path)]
    assert set(weights[0]) == {"mood", "artist", "album", "year", "genre"}
    assert weights[0] != weights[-1]


def artist_separation(made: Trainer) -> float:
    """Mean cosine between tracks of one artist, less that between artists."""
    network = made.state.average.eval()
    inputs = made.data.inputs
    assert isinstance(inputs, Spectrograms)
    mels = np.stack([np.asarray(mel()[:, :60], np.float32) for mel in inputs.log_mels])
    with torch.inference_mode():
        unit = torch.nn.functional.normalize(network.embed(torch.from_numpy(mels)), dim=1)
    artists = torch.from_numpy(made.data.labels.targets["artist"])
    known = artists >= 0
    same = (artists[known, None] == artists[known]).float()
    cosines = unit[known] @ unit[known].T
    return float((cosines * same).sum() / same.sum() - (cosines * (1 - same)).sum() / (1 - same).sum())


@pytest.mark.parametrize("kind", ["cosine", "contrastive"])
def test_metric_learning_draws_artists_together(
    catalogue: Path, cache: Path, tmp_path: Path, kind: str
) -> None:
    other: Fields = {f"tasks.{task}.weight": 0 for task in ("mood", "album", "year", "genre")}
    recipe = changed(base(catalogue), other | {"tasks.artist.kind": kind, "training.epochs": 25})
    made = make(recipe, cache, tmp_path)
    before = artist_separation(made)
    made.run()
    assert artist_separation(made) > before + 0.3


def test_a_model_with_every_option_is_published(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    tables = "[split]\nwithin_artist = 3\n"
    recipe = write_recipe(catalogue, "published", 2, tables)
    text = recipe.read_text()
    for task, kind in (("artist", "contrastive"), ("album", "cosine"), ("year", "ordinal")):
        text = text.replace(f"[tasks.{task}]\n", f'[tasks.{task}]\nkind = "{kind}"\n')
    recipe.write_text(text.replace("[tasks.artist]", '[tasks]\nweighting = "uncertainty"\n[tasks.artist]'))
    result = train_recipe(recipe, tmp_path / "out", quiet, cache)
    assert result.model is not None
    heads = load_model(result.model).spec.heads
    assert {task: head.kind for task, head in heads.items()} == {
        "mood": "multi_label",
        "album": "cosine",
        "year": "ordinal",
        "genre": "multi_label",
    }
    report = json.loads((tmp_path / "out" / "metadata-heads.json").read_text())
    assert set(report) == {"album", "year", "genre"}


def test_few_tracks_are_warned_of(mixed: Path, cache: Path) -> None:
    events: list[TrainingEvent] = []
    prepare(base(mixed, plain_first=True), cache, events.append)
    (message,) = [event.message for event in events if isinstance(event, TrainingWarning)]
    assert "learnt from 24 tracks" in message
    assert "pct(" in message


def test_moods_that_all_tracks_have_alike_are_warned_of(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    for path in catalogue.glob("*.flac"):
        (tmp_path / path.name).symlink_to(path)
    table = pd.read_csv(catalogue / "tracks.csv")
    table.assign(**{"mood:high": table["mood:high"].where(table["mood:high"].isna(), 0)}).to_csv(
        tmp_path / "tracks.csv", index=False
    )
    events: list[TrainingEvent] = []
    prepare(read_recipe(write_recipe(tmp_path, "alike", 1)), cache, events.append)
    (message,) = [
        event.message
        for event in events
        if isinstance(event, TrainingWarning) and "have the same" in event.message
    ]
    assert "high:" in message
    assert "low" not in message


def running_statistics(made: Trainer) -> dict[str, torch.Tensor]:
    state = made.state.network.state_dict()
    return {name: value.clone() for name, value in state.items() if "running" in name}


def test_batch_norms_remember_the_mood_labelled_tracks_alone(
    mixed: Path, cache: Path, tmp_path: Path
) -> None:
    alone = make(base(mixed), cache, tmp_path / "alone")
    fields: Fields = {"training.metadata_batch_size": 5}
    together = make(changed(base(mixed, plain_first=True), fields), cache, tmp_path / "together")
    assert len(together.sampler.epoch(0)[0].extra.rows) == 5
    for made in (alone, together):
        before = running_statistics(made)
        torch.manual_seed(0)
        made.task_losses(made.sampler.epoch(0)[0])
        assert any(not torch.equal(value, before[name]) for name, value in running_statistics(made).items())
    ours, theirs = running_statistics(alone), running_statistics(together)
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
