"""Training on the features of a frozen backbone: the same network, heard once."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from moodrec.model.checkpoint import load_model, save_model
from moodrec.training.events import FeaturesReady, TrainingEvent
from moodrec.training.frozen import trunk_is_frozen
from moodrec.training.inputs import FrozenFeatures, Spectrograms
from moodrec.training.labels import encode_labels
from moodrec.training.predict import predict
from moodrec.training.prepare import Prepared, prepare
from moodrec.training.recipe import read_recipe
from moodrec.training.run import train_recipe
from moodrec.training.sampling import Sampler
from tests.training.conftest import write_recipe
from tests.training.test_learning import quiet

FROZEN = 'freeze = ["backbone"]\n'


@pytest.fixture(scope="module")
def source(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("source")
    train_recipe(write_recipe(catalogue, "heard-source", 2), out, quiet, out / "cache")
    return out


def frozen_recipe(catalogue: Path, model: Path, name: str, fields: str = FROZEN) -> Path:
    return write_recipe(catalogue, name, 2, f'[warm_start]\nmodel = "{model}"\n{fields}')


def prepared(recipe: Path, source: Path) -> Prepared:
    return prepare(read_recipe(recipe), source / "cache", quiet)


def features_of(data: Prepared) -> list[np.ndarray]:
    assert data.features is not None
    return [load() for load in data.features]


@pytest.mark.parametrize(
    ("fields", "frozen"),
    [
        (FROZEN, True),
        ('freeze = ["backbone.norm", "backbone.blocks"]\n', True),
        ("", False),
        ('freeze = ["backbone.norm"]\n', False),
        ('freeze = ["projection"]\n', False),
    ],
)
def test_only_a_whole_backbone_is_heard_once(
    catalogue: Path, source: Path, fields: str, frozen: bool
) -> None:
    recipe = frozen_recipe(catalogue, source / "model", "which", fields)
    assert trunk_is_frozen(read_recipe(recipe)) is frozen


def test_predictions_are_those_of_the_whole_network(catalogue: Path, source: Path, tmp_path: Path) -> None:
    recipe_path = frozen_recipe(catalogue, source / "model", "whole")
    result = train_recipe(recipe_path, tmp_path / "out", quiet, source / "cache")
    assert result.model is not None
    recipe, data = read_recipe(recipe_path), prepared(recipe_path, source)
    network, rows = load_model(result.model).network, np.arange(len(data.table))
    assert isinstance(data.inputs(recipe), FrozenFeatures)
    stored = predict(network, data.inputs(recipe), rows)
    heard = predict(network, Spectrograms(data.log_mels, recipe), rows)
    np.testing.assert_allclose(stored.embeddings, heard.embeddings, atol=1e-5)
    np.testing.assert_allclose(stored.logits["mood"], heard.logits["mood"], atol=1e-5)


def test_features_are_computed_once_a_model_and_window_rule(
    catalogue: Path, source: Path, tmp_path: Path
) -> None:
    events: list[TrainingEvent] = []
    recipe = frozen_recipe(catalogue, source / "model", "once")
    first = prepare(read_recipe(recipe), tmp_path / "cache", events.append)
    counts = [(event.done, event.total) for event in events if isinstance(event, FeaturesReady)]
    assert counts == [(number, len(first.table)) for number in range(1, len(first.table) + 1)]
    stored = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npy")}
    features_of(prepare(read_recipe(recipe), tmp_path / "cache", quiet))
    assert stored == {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npy")}
    recipe.write_text(recipe.read_text().replace("max_windows = 3", "max_windows = 2"))
    shorter = prepare(read_recipe(recipe), tmp_path / "cache", quiet)
    assert {len(part) for part in features_of(first)} == {2}
    assert {len(part) for part in features_of(shorter)} == {2}
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == len(stored) + len(first.table)


def test_another_model_has_other_features(catalogue: Path, source: Path, tmp_path: Path) -> None:
    shutil.copytree(source / "model", tmp_path / "other")
    other = load_model(tmp_path / "other")
    with torch.no_grad():
        for parameter in other.network.backbone.parameters():
            parameter.mul_(1.1)
    save_model(tmp_path / "other", other.network, other.spec)
    ours = features_of(prepared(frozen_recipe(catalogue, source / "model", "ours"), source))
    theirs = features_of(prepared(frozen_recipe(catalogue, tmp_path / "other", "theirs"), source))
    assert not any(np.allclose(a, b) for a, b in zip(ours, theirs, strict=True))


def test_samples_are_windows_of_the_drawn_tracks(catalogue: Path, source: Path) -> None:
    path = frozen_recipe(catalogue, source / "model", "drawn")
    path.write_text(path.read_text().replace("batch_size = 12", "batch_size = 12\nexcerpts = 2"))
    recipe, data = read_recipe(path), prepared(path, source)
    labels = encode_labels(data.table, recipe.tasks, data.seen)
    draws = Sampler.over(np.flatnonzero(data.seen), labels, recipe.training, 3).epoch(0)[0].main
    sample = data.inputs(recipe).sample(draws).numpy()
    features = features_of(data)
    for number, row in enumerate(draws.rows):
        for drawn in sample[2 * number : 2 * number + 2]:
            assert (features[row] == drawn).all(1).any()


def test_the_neck_is_trained_and_heard(catalogue: Path, tmp_path: Path) -> None:
    plain = write_recipe(catalogue, "neck-source", 1)
    trunk = '["backbone.norm", "backbone.filters", "backbone.layers", "backbone.pooled_norm"]'
    start = frozen_recipe(catalogue, tmp_path / "first/model", "neck", f"freeze = {trunk}\n")
    for path in (plain, start):
        path.write_text(path.read_text().replace("channels = 6", 'backbone = "musicnn"\nchannels = 8'))
    train_recipe(plain, tmp_path / "first", quiet, tmp_path / "cache")
    result = train_recipe(start, tmp_path / "second", quiet, tmp_path / "cache")
    assert result.model is not None
    before, after = load_model(tmp_path / "first/model").network, load_model(result.model).network
    dense = "backbone.dense.weight"
    assert not torch.equal(before.get_parameter(dense), after.get_parameter(dense))
    recipe, data = read_recipe(start), prepare(read_recipe(start), tmp_path / "cache", quiet)
    rows = np.arange(len(data.table))
    stored = predict(after, data.inputs(recipe), rows)
    heard = predict(after, Spectrograms(data.log_mels, recipe), rows)
    np.testing.assert_allclose(stored.embeddings, heard.embeddings, atol=1e-4)
