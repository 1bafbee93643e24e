"""Regressions on features, and how they join the network's own mood head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from moodrec.config import AudioConfig, ModelConfig
from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import ConfigError
from moodrec.model.checkpoint import load_model
from moodrec.model.heads import HeadSpec
from moodrec.model.inference import read_features
from moodrec.model.losses import exclusive_cross_entropy
from moodrec.model.network import MoodNetwork, NetworkOutput
from moodrec.model.spec import MOOD_TASK
from moodrec.training.base_rates import start_from_base_rates
from moodrec.training.labels import TaskLabels
from moodrec.training.prefixes import by_prefix
from moodrec.training.regression import (
    add_regression,
    fit_logistic,
    label_correlations,
    moods_of,
)
from moodrec.training.run import train_recipe
from moodrec.training.sampling import Draws
from moodrec.training.tasks import MoodTask, RegressionConfig
from tests.training.conftest import write_recipe

TARGETS = ("a:one", "a:two", "b:three")
NAN = float("nan")


@dataclass(frozen=True)
class Given:
    """Features of tracks, one window each."""

    features: Tensor

    def __len__(self) -> int:
        return len(self.features)

    def sample(self, draws: Draws) -> Tensor:
        return self.features[draws.rows]

    def whole(self, row: int) -> Tensor:
        return self.features[row : row + 1]

    def forward(self, network: MoodNetwork, inputs: Tensor, metadata: Tensor | None = None) -> NetworkOutput:
        return network.read(inputs)

    def of_backbone(self, network: MoodNetwork, inputs: Tensor) -> Tensor:
        return inputs


@pytest.fixture
def network() -> MoodNetwork:
    torch.manual_seed(0)
    heads = {MOOD_TASK: HeadSpec(kind="multi_label", labels=TARGETS)}
    made = MoodNetwork(AudioConfig(), ModelConfig(backbone="fcn", channels=4, embedding_dim=3), heads)
    made.train()(torch.rand(16, AudioConfig().n_mels, 40))  # so that the norms have something to do
    return made.eval()


def tracks(features: int, count: int = 80) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    x = rng.normal(3.0, rng.uniform(0.1, 5.0, features), (count, features))
    truth = (x @ rng.normal(size=(features, 3)) + rng.normal(size=(count, 3)) > 0).astype(np.float64)
    return x, truth


class TestFit:
    @pytest.mark.parametrize("penalty", [1.0, 30.0])
    def test_agrees_with_scikit_learn(self, penalty: float) -> None:
        x, truth = tracks(12)
        found = fit_logistic(x, truth, np.full(3, penalty))
        scaled = (x - x.mean(0)) / x.std(0)
        for column, own in enumerate(truth.T):
            theirs = LogisticRegression(C=1 / penalty, tol=1e-9, max_iter=1000).fit(scaled, own)
            expected = theirs.decision_function(scaled)
            np.testing.assert_allclose(found.logits(x)[:, column], expected, atol=2e-4)

    def test_unknown_labels_do_not_count(self) -> None:
        x, truth = tracks(12)
        partly = truth.copy()
        partly[50:, 1] = NAN
        partly[:, 2] = NAN
        found = fit_logistic(x, partly, np.full(3, 10.0))
        alone = fit_logistic(x, partly[:, :1], np.full(1, 10.0))
        np.testing.assert_allclose(found.weights[0], alone.weights[0], atol=1e-6)
        assert not found.weights[2].any()
        assert not np.allclose(found.weights[1], fit_logistic(x, truth, np.full(3, 10.0)).weights[1])

    @pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
    def test_the_least_of_the_penalised_cross_entropy_is_found(self, correlation: float) -> None:
        x, truth = tracks(6)
        truth[60:, 2] = NAN
        penalties = np.array([3.0, 3.0, 20.0])
        scaled = (x - x.mean(0)) / x.std(0)
        prior = (1 - correlation) * np.eye(3) + correlation * label_correlations(truth)
        precision = np.sqrt(np.outer(penalties, penalties)) * np.linalg.inv(prior)

        def loss(flat: NDArray[np.float64]) -> float:
            weights, biases = flat[:18].reshape(6, 3), flat[18:]
            logits = scaled @ weights + biases
            entropy = np.logaddexp(0, logits) - truth * logits
            return float(np.nansum(entropy) + 0.5 * np.trace(weights @ precision @ weights.T))

        least = minimize(loss, np.zeros(21), method="L-BFGS-B", options={"maxiter": 5000, "ftol": 1e-14}).x
        found = fit_logistic(x, truth, penalties, correlation).logits(x)
        np.testing.assert_allclose(found, scaled @ least[:18].reshape(6, 3) + least[18:], atol=5e-3)

    def test_a_rare_target_learns_from_the_one_it_goes_with(self) -> None:
        """Five tracks of 300 have the rare label; all of them have the frequent one, which says where it lies."""
        rng = np.random.default_rng(0)
        x, axis = rng.normal(size=(300, 40)), rng.normal(size=40)
        frequent = (x @ axis > 0).astype(np.float64)
        rare = np.zeros(300)
        rare[np.argsort(x @ axis)[-5:]] = 1
        labels, penalties = np.column_stack([frequent, rare]), np.full(2, 30.0)
        unseen = rng.normal(size=(2000, 40))
        order = [
            np.corrcoef(fit_logistic(x, labels, penalties, share).logits(unseen)[:, 1], unseen @ axis)[0, 1]
            for share in (0.0, 0.9)
        ]
        assert order[1] > order[0]

    def test_soft_labels_are_learnt_as_rates(self) -> None:
        x = np.zeros((200, 2))
        found = fit_logistic(x, np.full((200, 1), 0.3), np.ones(1))
        assert 1 / (1 + np.exp(-found.biases[0])) == pytest.approx(0.3, abs=1e-3)
        assert not found.weights.any()  # of features that are constant


class TestLabelCorrelations:
    def test_they_are_those_of_numpy(self) -> None:
        labels = np.random.default_rng(0).normal(size=(50, 4))
        np.testing.assert_allclose(label_correlations(labels), np.corrcoef(labels.T), atol=1e-12)

    @given(
        arrays(
            np.float64,
            st.tuples(st.integers(1, 12), st.integers(1, 6)),
            elements=st.sampled_from([0, 1, NAN]),
        )
    )
    def test_they_are_a_covariance_whatever_is_unknown(self, labels: NDArray[np.float64]) -> None:
        found = label_correlations(labels)
        assert np.linalg.eigvalsh(found)[0] > -1e-9
        np.testing.assert_array_equal(np.diag(found), np.ones(labels.shape[1]))

    def test_targets_of_different_datasets_have_nothing_in_common(self) -> None:
        labels = np.full((8, 2), NAN)
        labels[:4, 0] = labels[4:, 1] = [0, 1, 0, 1]
        np.testing.assert_array_equal(label_correlations(labels), np.eye(2))


class TestJoined:
    def test_a_head_is_the_same_function_of_the_features(self, network: MoodNetwork) -> None:
        features = torch.randn(5, network.backbone.features)
        with torch.inference_mode():
            theirs = network.read(features).logits[MOOD_TASK].numpy()
        np.testing.assert_allclose(moods_of(network).logits(features.numpy()), theirs, atol=1e-4)

    @pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
    def test_shares(self, network: MoodNetwork, share: float) -> None:
        x, truth = tracks(network.backbone.features)
        labels = truth.astype(np.float32)
        before = moods_of(network).logits(x)
        spec = HeadSpec(kind="multi_label", labels=TARGETS)
        inputs = Given(torch.from_numpy(x.astype(np.float32)))
        rows = np.arange(0, 80, 2)
        config = RegressionConfig(penalties={"a:": 10.0}, share=share)
        add_regression(network, inputs, rows, TaskLabels({MOOD_TASK: spec}, {MOOD_TASK: labels}), config)
        fitted = fit_logistic(x[rows], truth[rows], np.full(3, 10.0)).logits(x)
        expected = (1 - share) * before + share * fitted
        expected[:, 2] = before[:, 2]  # no prefix names it
        found = np.stack([read_features(network, own).mood_logits for own in inputs.features])
        np.testing.assert_allclose(found, expected, atol=2e-3)

    def test_penalties_of_no_target_leave_the_network_as_it_is(self, network: MoodNetwork) -> None:
        x, truth = tracks(network.backbone.features)
        before = moods_of(network).logits(x)
        labels = TaskLabels(
            {MOOD_TASK: HeadSpec(kind="multi_label", labels=TARGETS)}, {MOOD_TASK: truth.astype(np.float32)}
        )
        inputs = Given(torch.from_numpy(x.astype(np.float32)))
        add_regression(network, inputs, np.arange(80), labels, RegressionConfig(penalties={"c:": 1.0}))
        np.testing.assert_array_equal(moods_of(network).logits(x), before)

    def test_shares_by_the_beginnings_of_names(self, network: MoodNetwork) -> None:
        x, truth = tracks(network.backbone.features)
        before = moods_of(network).logits(x)
        spec = HeadSpec(kind="multi_label", labels=TARGETS)
        labels = TaskLabels({MOOD_TASK: spec}, {MOOD_TASK: truth.astype(np.float32)})
        config = RegressionConfig(penalties={"": 10.0}, share={"a:": 0.2, "a:tw": 1.0})
        add_regression(network, Given(torch.from_numpy(x.astype(np.float32))), np.arange(80), labels, config)
        fitted = fit_logistic(x, truth, np.full(3, 10.0)).logits(x)
        found = moods_of_features(network, x)
        for column, share in enumerate((0.2, 1.0, 0.5)):
            expected = (1 - share) * before[:, column] + share * fitted[:, column]
            np.testing.assert_allclose(found[:, column], expected, atol=2e-3)


def moods_of_features(network: MoodNetwork, x: NDArray[np.float64]) -> NDArray[np.float64]:
    features = torch.from_numpy(x.astype(np.float32))
    return np.stack([read_features(network, own).mood_logits for own in features]).astype(np.float64)


def test_the_longest_beginning_of_a_name_wins() -> None:
    found = by_prefix(TARGETS, {"a:": 1.0, "a:tw": 2.0})
    np.testing.assert_array_equal(found, [1.0, 2.0, np.nan])
    np.testing.assert_array_equal(by_prefix(TARGETS, {}, otherwise=3.0), [3.0, 3.0, 3.0])


class TestExclusive:
    def test_it_is_softmax_over_known_rows(self) -> None:
        logits = torch.tensor([[2.0, 0.0], [0.0, 0.0], [5.0, 1.0], [1.0, 1.0]])
        targets = torch.tensor([[1.0, 0.0], [0.0, 1.0], [NAN, NAN], [NAN, NAN]])
        known = torch.nn.functional.cross_entropy(logits[:2], torch.tensor([0, 1]))
        assert exclusive_cross_entropy(logits, targets).item() == pytest.approx(known.item() / 2)
        assert exclusive_cross_entropy(logits, torch.full_like(targets, NAN)).item() == 0

    def test_settings_of_before_are_written_as_before(self) -> None:
        assert set(MoodTask().model_dump()) == {"weight", "target_weights"}
        changed = MoodTask(exclusive=(("a", "b"),), regression=RegressionConfig(penalties={"a": 1.0}))
        assert MoodTask.model_validate_json(changed.model_dump_json()) == changed


def test_heads_start_from_how_frequent_a_target_is() -> None:
    head = torch.nn.Linear(2, 3)
    start_from_base_rates(
        head, np.array([[1.0, NAN, 0.0], [0.0, NAN, 0.0], [NAN, NAN, 0.0], [0.0, NAN, 1.0]])
    )
    assert head.bias.sigmoid().tolist() == pytest.approx([1 / 3, 0.5, 1 / 4], abs=1e-6)


OPTIONS = """
[tasks.mood]
from_base_rates = true
exclusive = [["table:low", "table:high"]]
exclusive_weight = 0.5
regression = { penalties = { "table:" = 10.0 }, share = 0.5 }
"""


def test_a_model_with_regressions_is_published_and_analyses(catalogue: Path, tmp_path: Path) -> None:
    recipe = write_recipe(catalogue, "regressions", 2, OPTIONS + "[split]\nfolds = 2\n")
    train_recipe(recipe, tmp_path / "out", lambda event: None, tmp_path / "cache")
    loaded = load_model(tmp_path / "out" / "model")
    assert loaded.spec.network.mood_reads == "features"
    table = pd.read_csv(catalogue / "tracks.csv")
    model = MoodModel.load(tmp_path / "out" / "model", device="cpu")
    high = np.array([model.analyze(catalogue / name).mood_scores for name in table["audio"]])
    column, truth = model.moods.index("high"), table["mood:low"] < 0.5
    # Two epochs teach the network little; the regressions on its features tell the two pitches all the same.
    assert np.median(high[truth, column]) > np.median(high[~truth, column])


def test_groups_are_of_targets_that_there_are(catalogue: Path, tmp_path: Path) -> None:
    wrong = OPTIONS.replace("table:high", "table:tall")
    recipe = write_recipe(catalogue, "unknown", 1, wrong)
    with pytest.raises(ConfigError, match="table:tall"):
        train_recipe(recipe, tmp_path / "out", lambda event: None, tmp_path / "cache")
