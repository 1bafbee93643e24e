"""The embedding is mapped after training: neighbours become more alike in mood, and logits stay what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from moodrec.config import AudioConfig, ModelConfig
from moodrec.errors import ConfigError
from moodrec.model.checkpoint import load_model
from moodrec.model.heads import HeadSpec
from moodrec.model.network import MoodNetwork
from moodrec.training.embedding_map import apply_map
from moodrec.training.mood_metric import mood_metric_map
from moodrec.training.predict import predict
from moodrec.training.prepare import prepare
from moodrec.training.recipe import read_recipe
from moodrec.training.run import train_recipe
from tests.training.conftest import write_recipe


class TestAppliedMap:
    def test_the_embedding_is_mapped_and_logits_stay(self) -> None:
        torch.manual_seed(0)
        heads = {"mood": HeadSpec(kind="multi_label", labels=("a:one", "a:two"))}
        network = MoodNetwork(AudioConfig(), ModelConfig(backbone="fcn", channels=4, embedding_dim=5), heads)
        network.train()(torch.rand(16, AudioConfig().n_mels, 40))
        network.eval()
        matrix = np.eye(5) + 0.3 * np.random.default_rng(0).normal(size=(5, 5))
        features = torch.randn(7, network.backbone.features)
        with torch.inference_mode():
            before = network.read(features)
            apply_map(network, matrix)
            after = network.read(features)
        expected = before.embedding.numpy() @ matrix
        np.testing.assert_allclose(after.embedding.numpy(), expected, atol=1e-4)
        np.testing.assert_allclose(after.logits["mood"].numpy(), before.logits["mood"].numpy(), atol=1e-4)

    def test_cosine_heads_are_refused(self) -> None:
        heads = {"artist": HeadSpec(kind="cosine", labels=("a", "b"))}
        network = MoodNetwork(AudioConfig(), ModelConfig(backbone="fcn", channels=4, embedding_dim=3), heads)
        with pytest.raises(ConfigError, match=r"tasks\.artist\.kind"):
            apply_map(network, np.eye(3))


class TestMetric:
    @given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 5), st.floats(0, 0.95))
    def test_distances_are_those_of_embeddings_and_logits(
        self, seed: int, dim: int, moods: int, share: float
    ) -> None:
        rng = np.random.default_rng(seed)
        tracks, weights = rng.normal(size=(60, dim)) * rng.uniform(0.1, 5, dim), rng.normal(size=(moods, dim))
        mapped, logits = tracks @ mood_metric_map(tracks, weights, share), tracks @ weights.T
        variance, of_logits = (np.var(part, axis=0).sum() for part in (tracks, logits))
        expected = (1 - share) * (tracks[0] - tracks[1:]) ** 2 @ np.ones(dim)
        expected += share * variance / of_logits * ((logits[0] - logits[1:]) ** 2).sum(1)
        np.testing.assert_allclose(((mapped[0] - mapped[1:]) ** 2).sum(1), expected, rtol=1e-6)
        assert np.var(mapped, axis=0).sum() == pytest.approx(variance)

    def test_without_a_share_nothing_changes(self) -> None:
        rng = np.random.default_rng(0)
        found = mood_metric_map(rng.normal(size=(20, 4)), rng.normal(size=(2, 4)), 0.0)
        np.testing.assert_allclose(found, np.eye(4), atol=1e-12)


def test_a_model_keeps_its_moods_and_its_neighbours_share_them(catalogue: Path, tmp_path: Path) -> None:
    near = '[tasks.mood.neighbours]\ntargets = ["table:high", "table:low"]\nshare = 0.8\n'
    together, all_logits = [], []
    for name, tables in (("plain", ""), ("near", near)):
        path = write_recipe(catalogue, name, 2, tables)
        model = train_recipe(path, tmp_path / name, lambda event: None, tmp_path / "cache").model
        assert model is not None
        recipe = read_recipe(path)
        data = prepare(recipe, tmp_path / "cache", lambda event: None)
        found = predict(load_model(model).network, data.inputs(recipe), np.arange(len(data.table)))
        logits = found.logits["mood"].astype(np.float64)
        together.append(np.corrcoef(pdist(found.embeddings), pdist(logits))[0, 1])
        all_logits.append(logits)
    np.testing.assert_allclose(all_logits[0], all_logits[1], atol=1e-3)
    assert together[1] > max(0.9, together[0] + 0.05)


def test_a_recipe_without_neighbours_is_the_recipe_that_it_was(catalogue: Path) -> None:
    plain = read_recipe(write_recipe(catalogue, "one", 1))
    near = read_recipe(
        write_recipe(catalogue, "two", 1, '[tasks.mood.neighbours]\ntargets = ["table:high"]\n')
    )
    assert "neighbours" not in plain.model_dump(mode="json")["tasks"]["mood"]
    assert plain.digest != near.digest
