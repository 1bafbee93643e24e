"""Metadata as an input of the mood head: it helps where it is known, and the audio alone is as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from moodrec.errors import ConfigError
from moodrec.metrics.tagging import average_precision
from moodrec.model.checkpoint import load_model
from moodrec.model.metadata import metadata_columns, metadata_matrix
from moodrec.model.spec import MOOD_TASK
from moodrec.training.labels import encode_labels
from moodrec.training.loop import Trainer, TrainingSet
from moodrec.training.metadata_input import drawn_metadata, metadata_of
from moodrec.training.predict import predict
from moodrec.training.prepare import Prepared, prepare
from moodrec.training.recipe import Recipe, read_recipe
from moodrec.training.run import train_recipe
from moodrec.training.sampling import Draws
from tests.training.conftest import write_recipe

INPUT = "\n[metadata_input]\ndropout = {}\n"


def late(prepared: Prepared) -> np.ndarray:
    """A made-up mood that the year decides and no sound tells."""
    return (prepared.table.tracks["year"].to_numpy(np.float64) >= 2000).astype(np.float32)


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spectrograms")


def trained(recipe: Recipe, cache: Path, folder: Path) -> tuple[Prepared, np.ndarray, np.ndarray]:
    """The tracks, and the probabilities of ``late`` with metadata and without, by a network learnt on all."""
    prepared = prepare(recipe, cache, lambda event: None)
    labels = encode_labels(prepared.table, recipe.tasks, prepared.seen)
    rng = np.random.default_rng(1)
    # Which tracks are late has nothing to do with how they sound.
    years = 1980 + 10 * rng.integers(0, 4, len(prepared.table))
    prepared.table.tracks["year"] = years.astype(np.float64)
    targets = np.array(labels.targets[MOOD_TASK], np.float32)
    targets[:, 0] = late(prepared)
    labels.targets[MOOD_TASK] = targets
    metadata = metadata_of(recipe, prepared.table)
    inputs, rows = prepared.inputs(recipe), np.arange(len(prepared.table))
    folder.mkdir()
    network = Trainer(
        recipe, TrainingSet(inputs, labels, rows, "", metadata), folder, lambda event: None
    ).run()
    with_it, without = (
        predict(network, inputs, rows, told).logits[MOOD_TASK][:, 0] for told in (metadata, None)
    )
    nothing = np.zeros_like(metadata) if metadata is not None else None
    assert np.array_equal(predict(network, inputs, rows, nothing).logits[MOOD_TASK][:, 0], without)
    return prepared, with_it, without


def test_what_only_metadata_tells_is_learnt_from_it(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    recipe = read_recipe(write_recipe(catalogue, "with-input", 40, INPUT.format(0.5)))
    prepared, with_it, without = trained(recipe, cache, tmp_path / "run")
    truth = late(prepared)
    assert average_precision(truth, with_it) > max(0.8, average_precision(truth, without))


def test_unknown_metadata_is_no_metadata() -> None:
    columns = metadata_columns(("genre", "year"))
    found = metadata_matrix(columns, [["House"], [], ["no such thing"]], [1990.0, np.nan, 1200.0])
    assert not found[1:].any()
    assert found[0, columns.index("genre:house")] == 1
    assert found[0, columns.index("genre_known")] == found[0, columns.index("year_known")] == 1
    assert metadata_columns(("year",)) == ("year", "year_squared", "year_known")
    assert metadata_matrix((*columns, "genre:forgotten"), [["House"]], [np.nan])[0, -1] == 0


def test_what_is_hidden_follows_from_seed_and_step(catalogue: Path) -> None:
    recipe = read_recipe(write_recipe(catalogue, "hidden", 1, INPUT.format(0.3)))
    metadata = np.ones((400, 2), np.float32)
    draws = Draws(np.arange(400), np.arange(1200).reshape(400, 3))
    first, again, later = (drawn_metadata(metadata, draws, recipe, step) for step in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert later is not None
    assert torch.equal(first, again)
    assert not torch.equal(first, later)
    assert first[:, 0].equal(first[:, 1]), "all of a track, or nothing"
    part = drawn_metadata(metadata, Draws(draws.rows[100:200], draws.seeds[100:200]), recipe, 1)
    assert part is not None
    assert torch.equal(part, first[100:200]), "whatever else is drawn"
    assert 0.6 < float(first.mean()) < 0.8


def test_the_model_that_is_published_scores_the_audio_alone(
    catalogue: Path, cache: Path, tmp_path: Path
) -> None:
    """Its folder and its graph are as ever; the weights of the input are kept in it."""
    recipe = write_recipe(catalogue, "published-input", 2, INPUT.format(0.5))
    result = train_recipe(recipe, tmp_path / "run", lambda event: None, cache)
    assert result.model is not None
    loaded = load_model(result.model)
    assert loaded.spec.network.metadata == metadata_columns(("genre", "year"))
    assert loaded.network.metadata is not None
    assert (result.model / "model.onnx").exists(), (
        "compared with the network on the audio alone when it was written"
    )
    features = torch.randn(3, loaded.network.backbone.features)
    known = torch.randn(3, len(loaded.spec.network.metadata))
    alone, told = loaded.network.read(features), loaded.network.read(features, known)
    assert torch.equal(alone.embedding, told.embedding)
    expected = alone.logits[MOOD_TASK] + known @ loaded.network.metadata.weight.T
    torch.testing.assert_close(told.logits[MOOD_TASK], expected)
    assert torch.equal(
        loaded.network.read(features, torch.zeros_like(known)).logits[MOOD_TASK], alone.logits[MOOD_TASK]
    )


def test_a_recipe_without_it_is_as_it_was(catalogue: Path) -> None:
    plain = read_recipe(write_recipe(catalogue, "plain-input", 1))
    told = read_recipe(write_recipe(catalogue, "told-input", 1, INPUT.format(0.5)))
    assert "metadata" not in plain.shape.model_dump()
    assert plain.model_copy(update={"name": told.name}).digest == plain.digest != told.digest
    with pytest.raises(ConfigError, match="metadata_input"):
        read_recipe(write_recipe(catalogue, "artist-input", 1, '[metadata_input]\nfields = ["artist"]\n'))
