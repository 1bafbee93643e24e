"""The stop rule and its calibration: what they are given decides what they ask for.

Tests the inside of moodrec.index.backends.ivf.backend on purpose.
"""

from __future__ import annotations

import numpy as np
import pytest

from moodrec.index.backends.ivf import calibration
from moodrec.index.backends.ivf.backend import IvfBackend
from moodrec.index.backends.ivf.stop_rule import TABLES, fit, levels
from moodrec.index.presets import load_preset
from moodrec.index.rows.segment import Segment
from moodrec.index.rows.track_table import track_table
from tests.catalogues import clustered, sample_catalogue

CONFIG = load_preset("ivf-sq8")


def lists_of(vectors: np.ndarray, n_lists: int) -> tuple[np.ndarray, np.ndarray]:
    """Some rows as centroids, and the nearest of them for each row."""
    centroids = vectors[:: len(vectors) // n_lists][:n_lists]
    return centroids, np.argmax(vectors @ centroids.T, axis=1)


def test_levels_double_up_to_half_of_the_rows() -> None:
    assert levels(1000) == [10, 20, 40, 80, 160, 320]
    assert levels(15) == [10]
    assert levels(3) == [3]


def test_a_higher_target_takes_more_patience() -> None:
    vectors = clustered(np.random.default_rng(0), 3000, 16, 40)
    centroids, list_of = lists_of(vectors, 60)
    left = [
        fit(vectors, centroids, list_of, CONFIG.model_copy(update={"target_recall": target})).left.max()
        for target in (0.5, 0.9, 0.99)
    ]
    assert left[0] > left[1] > left[2] > 0


def test_every_level_has_its_patience_and_its_rank() -> None:
    vectors = clustered(np.random.default_rng(1), 3000, 16, 40)
    rule = fit(vectors, *lists_of(vectors, 60), CONFIG)
    assert len(rule.ranks) == len(levels(3000))
    assert (np.diff(rule.ranks) >= 0).all()
    for name in TABLES:
        table = getattr(rule, name)
        assert len(table) == len(levels(3000))
        assert ((table > 0) & (table < 1)).all()
    changed = rule.scaled(0.5, ("left",), slice(0, 2))
    np.testing.assert_allclose(changed.left[:2], rule.left[:2] / 2)
    np.testing.assert_array_equal(changed.left[2:], rule.left[2:])
    np.testing.assert_array_equal(changed.left_at_edge, rule.left_at_edge)


def test_spread_and_shape_are_those_of_the_offsets() -> None:
    rng = np.random.default_rng(2)
    scale = np.array([3.0, 1.0, 1.0, 0.1])
    vectors = (rng.standard_normal((5000, 4)) * scale).astype(np.float32)
    rule = fit(vectors, np.zeros((1, 4), np.float32), np.zeros(5000, np.int64), CONFIG)
    assert rule.spread[0] == pytest.approx(np.sqrt(np.mean(scale**2)), rel=0.05)
    np.testing.assert_allclose(np.diag(rule.shape), scale**2 / np.mean(scale**2), rtol=0.1, atol=0.01)
    assert np.trace(rule.shape) == pytest.approx(4, rel=1e-4)


def test_calibration_gives_as_much_patience_as_finds_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = sample_catalogue(3000)
    segment = Segment.of(sample.vectors, track_table(sample.table), ())
    monkeypatch.setattr(
        "moodrec.index.backends.ivf.backend.fit", lambda *args: fit(*args).scaled(8)
    )  # too bold
    arranged, backend = IvfBackend.build(segment, CONFIG.model_copy(update={"nlist": 120, "first_lists": 1}))
    known = calibration.trials(arranged, backend.config)
    assert {trial.kind for trial in known} == {
        "no filter",
        "0.01 around",
        *(f"{share} {relation}" for share in (0.5, 0.1, 0.01) for relation in ("agrees", "opposes")),
    }
    assert calibration.reaches_target(backend, arranged, known, backend.config.target_recall)
    backend.rule, backend._search = backend.rule.scaled(1 / calibration.STEP**3), None
    assert not calibration.reaches_target(backend, arranged, known, backend.config.target_recall)


def test_trials_know_their_answers() -> None:
    sample = sample_catalogue(500)
    segment = Segment.of(sample.vectors, track_table(sample.table), ())
    for trial in calibration.trials(segment, CONFIG)[:30]:
        passing = np.ones(500, bool) if trial.selection is None else trial.selection.rows()
        passing[trial.query] = False
        scores = np.where(passing, sample.vectors @ sample.vectors[trial.query], -2)
        best = np.argsort(-scores)[: min(10, int(passing.sum()))]
        assert set(trial.truth.tolist()) == set(best.tolist())
