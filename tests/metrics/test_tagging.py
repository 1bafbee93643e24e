"""Average precision and ROC-AUC against scikit-learn, ties and all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from moodrec.errors import DataError
from moodrec.metrics.curves import precision_recall
from moodrec.metrics.ranked import RankedLabels
from moodrec.metrics.tagging import (
    average_precision,
    average_precision_per_tag,
    chance_average_precision,
    macro,
    macro_average_precision,
    macro_roc_auc,
    roc_auc,
    roc_auc_per_tag,
)

# Few distinct scores make ties; floats of any size make none.
SCORES = st.one_of(st.integers(-2, 2).map(float), st.floats(-1e6, 1e6))
RANKINGS = st.lists(st.tuples(st.booleans(), SCORES), min_size=2, max_size=60).filter(
    lambda pairs: len({label for label, _ in pairs}) == 2
)


def unzip(pairs: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([label for label, _ in pairs]), np.array([score for _, score in pairs])


@given(RANKINGS)
def test_agrees_with_scikit_learn(pairs: list[tuple[bool, float]]) -> None:
    labels, scores = unzip(pairs)
    assert average_precision(labels, scores) == pytest.approx(
        average_precision_score(labels, scores), abs=1e-9
    )
    assert roc_auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-9)


@given(RANKINGS, st.integers(0, 100))
def test_weighted_rows_agree_with_scikit_learn(pairs: list[tuple[bool, float]], seed: int) -> None:
    labels, scores = unzip(pairs)
    weights = np.random.default_rng(seed).integers(0, 4, (3, len(labels))).astype(np.float32)
    ranked = RankedLabels(labels, scores)
    for row, ap, area in zip(
        weights, ranked.average_precision(weights), ranked.roc_auc(weights), strict=True
    ):
        if row[labels].sum() == 0:
            assert np.isnan(ap)
        else:
            assert ap == pytest.approx(average_precision_score(labels, scores, sample_weight=row), abs=1e-9)
        if row[labels].sum() == 0 or row[~labels].sum() == 0:
            assert np.isnan(area)
        else:
            assert area == pytest.approx(roc_auc_score(labels, scores, sample_weight=row), abs=1e-9)


@given(RANKINGS)
def test_only_the_order_matters(pairs: list[tuple[bool, float]]) -> None:
    labels, scores = unzip(pairs)
    ranks = np.unique(scores, return_inverse=True)[1]
    assert average_precision(labels, scores) == average_precision(labels, ranks)
    assert roc_auc(labels, scores) == pytest.approx(1 - roc_auc(~labels, scores), abs=1e-12)


def test_known_values() -> None:
    assert average_precision([1, 0, 1, 0], [4, 3, 2, 1]) == pytest.approx((1 + 2 / 3) / 2)
    assert roc_auc([1, 0, 1, 0], [4, 3, 2, 1]) == pytest.approx(3 / 4)
    # All scores equal: every track is found at one threshold.
    assert average_precision([1, 0, 0, 0], [0.5] * 4) == pytest.approx(1 / 4)
    assert roc_auc([1, 0, 0, 0], [0.5] * 4) == 0.5


@pytest.mark.parametrize("metric", [average_precision, roc_auc])
@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 0], [1.0, 2.0], "needs"),
        ([], [], "needs"),
        ([1, 0], [1.0], r"\(2,\) and scores \(1,\)"),
        ([1, 0], [np.nan, 1.0], "scores must be finite; 1 are not"),
        ([0.5, 0], [1.0, 2.0], "labels must be 0 or 1"),
        ([[1], [0]], [[1.0], [2.0]], r"must both be \(n,\)"),
    ],
)
def test_refuses(metric: object, labels: list[float], scores: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        metric(labels, scores)  # type: ignore[operator]


def test_roc_auc_needs_both_classes_where_average_precision_does_not() -> None:
    assert average_precision([1, 1], [1, 2]) == 1.0
    with pytest.raises(DataError, match="without it"):
        roc_auc([1, 1], [1, 2])


def test_per_tag_skips_what_cannot_be_scored() -> None:
    labels = np.array([[1, 0, 1, np.nan], [0, 0, 1, 1], [1, 0, 1, 0]])
    scores = np.array([[0.9, 0.1, 0.2, 0.9], [0.1, 0.2, 0.4, 0.8], [0.8, 0.3, 0.1, 0.2]])
    ap = average_precision_per_tag(labels, scores)
    assert np.isnan(ap).tolist() == [False, True, True, False]
    assert macro_average_precision(labels, scores) == pytest.approx(np.nanmean(ap))
    assert macro_roc_auc(labels, scores) == pytest.approx(np.nanmean(roc_auc_per_tag(labels, scores)))
    assert np.isnan(macro(np.array([np.nan])))
    with pytest.raises(DataError, match="make soft targets binary"):
        average_precision_per_tag([[0.4]], [[0.4]])


@pytest.mark.parametrize(("positives", "n"), [(1, 1), (1, 7), (3, 7), (6, 7), (20, 400)])
def test_chance_is_the_mean_over_random_orders(positives: int, n: int) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(n) < positives
    values = [average_precision(labels, rng.permutation(n)) for _ in range(3000)]
    error = np.std(values) / np.sqrt(len(values))
    assert chance_average_precision(positives, n) == pytest.approx(np.mean(values), abs=5 * error + 1e-12)


def test_chance_refuses_no_positives() -> None:
    with pytest.raises(DataError, match="between 1 and 5"):
        chance_average_precision(0, 5)


@given(RANKINGS)
def test_precision_recall_agrees_with_scikit_learn(pairs: list[tuple[bool, float]]) -> None:
    labels, scores = unzip(pairs)
    mine = precision_recall(labels, scores)
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    np.testing.assert_allclose(mine.precision, precision[:-1][::-1])
    np.testing.assert_allclose(mine.recall, recall[:-1][::-1])
    np.testing.assert_allclose(mine.thresholds, thresholds[::-1])


def test_published_baseline(shared_data: Path) -> None:
    """MTG-Jamendo, split 0, VGG-ish baseline: .1077 PR-AUC and .7258 ROC-AUC, macro over 56 tags."""
    truth = np.load(shared_data / "tables/groundtruth.npy")
    predicted = np.load(shared_data / "tables/baseline_vggish_predictions.npy")
    assert f"{macro_average_precision(truth, predicted):.4f}" == "0.1077"
    assert f"{macro_roc_auc(truth, predicted):.4f}" == "0.7258"
    assert macro_average_precision(truth, predicted) == pytest.approx(
        average_precision_score(truth, predicted), abs=1e-9
    )
    assert macro_roc_auc(truth, predicted) == pytest.approx(roc_auc_score(truth, predicted), abs=1e-9)
