"""Choices by held-out folds: honest, of use where metadata helps, shut where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from moodrec.errors import CorruptStoreError, DataError, NotFoundError
from moodrec.metrics.tagging import macro_average_precision
from moodrec.model.context.fit import FitData
from moodrec.model.context.folds import NestedFits, aligned, cross_fit
from moodrec.model.context.gates import shrunken_gains
from moodrec.model.context.model import ContextModel
from moodrec.model.context.tracks import TrackContext
from moodrec.model.context.weights import KnownLabels
from tests.model.context.made import library

HELPFUL = library(genre=1.0, artist=1.0)
FITS = NestedFits(HELPFUL.data, HELPFUL.folds)
SCORES = cross_fit(FITS)


def test_metadata_that_helps_is_used() -> None:
    audio = macro_average_precision(HELPFUL.labels, HELPFUL.logits)
    cold = macro_average_precision(HELPFUL.labels, SCORES)
    assert cold > audio + 0.05


def test_labels_of_an_artists_other_tracks_are_used() -> None:
    deaf = library(artist=2.0, noise=5.0)
    fits = NestedFits(deaf.data, deaf.folds)
    cold = macro_average_precision(deaf.labels, cross_fit(fits))
    warm = macro_average_precision(deaf.labels, cross_fit(fits, KnownLabels(deaf.labels)))
    assert warm > cold + 0.02


def test_metadata_that_tells_nothing_changes_little() -> None:
    useless = library(seed=4)
    scores = cross_fit(NestedFits(useless.data, useless.folds))
    audio = macro_average_precision(useless.labels, useless.logits)
    assert macro_average_precision(useless.labels, scores) > audio - 0.01


def test_a_track_is_scored_by_weights_that_never_saw_its_artist() -> None:
    """Other labels of the first fold's artists change the scores of the other folds, and none of their own."""
    other = HELPFUL.labels.copy()
    mine = HELPFUL.folds == 0
    other[mine] = 1 - other[mine]
    data = FitData(HELPFUL.logits, other, HELPFUL.tracks)
    changed = cross_fit(NestedFits(data, HELPFUL.folds))
    alone = FITS.choose(frozenset({0})).weights
    again = NestedFits(data, HELPFUL.folds).choose(frozenset({0})).weights
    assert_array_equal(alone.descriptors, again.descriptors)
    for kind in alone.on:
        assert_array_equal(alone.on[kind], again.on[kind])
    # Aligning takes levels from all sets of weights, so the order within the fold is what stays.
    assert_array_equal(np.argsort(changed[mine], axis=0), np.argsort(SCORES[mine], axis=0))
    assert (np.argsort(changed[~mine], axis=0) != np.argsort(SCORES[~mine], axis=0)).any()


def test_without_metadata_scores_are_the_audios() -> None:
    nothing = TrackContext.of([None] * len(HELPFUL.labels))
    data = FitData(HELPFUL.logits, HELPFUL.labels, nothing)
    assert_array_equal(cross_fit(NestedFits(data, HELPFUL.folds)), HELPFUL.logits)


def test_odd_columns() -> None:
    """A constant score, a mood without positives, one without labels: nothing breaks, and the rest is as before."""
    logits, labels = HELPFUL.logits.copy(), HELPFUL.labels.copy()
    logits = np.column_stack([logits, np.full(len(logits), 0.1), logits[:, :2]])
    labels = np.column_stack([labels, labels[:, 0], np.zeros(len(labels)), np.full(len(labels), np.nan)])
    fits = NestedFits(FitData(logits, labels, HELPFUL.tracks), HELPFUL.folds)
    scores = cross_fit(fits)
    assert np.isfinite(scores).all()
    assert_array_equal(scores[:, 4:], logits[:, 4:])
    model = ContextModel.fit(list("abcdef"), fits, "made up")
    assert model.moods["e"].genres == {}
    assert model.moods["e"].artist.weight == 0


def test_aligned_scores_keep_their_order_and_share_a_distribution() -> None:
    rng = np.random.default_rng(0)
    one, two = rng.standard_normal((50, 2)), 5 + 3 * rng.standard_normal((50, 2))
    two[:5] = two[0]
    first, second = aligned([one, two])
    assert_array_equal(np.argsort(first, axis=0), np.argsort(one, axis=0))
    assert (second[:5] == second[0]).all()
    assert (np.sign(second[:, None] - second) == np.sign(two[:, None] - two)).all()
    assert_allclose(np.sort(first, axis=0), (np.sort(one, axis=0) + np.sort(two, axis=0)) / 2)
    assert_allclose(aligned([one, one])[0], one)


def test_gains_are_drawn_towards_what_all_moods_gain() -> None:
    rng = np.random.default_rng(0)
    artists, used = np.repeat(np.arange(200), 3), np.array([True] * 4)
    noise = 0.5 * rng.standard_normal((200, 4))[artists]
    noise -= noise.mean(0)
    losses = np.full((600, 4), 2.0)
    alike = shrunken_gains(np.array([0.05, 0.04, 0.03, -0.01]) + noise, losses, artists, used)
    assert_allclose(alike, 0.0275 / 2)
    unlike = shrunken_gains(np.array([0.9, 0.9, 0.8, -0.7]) + noise, losses, artists, used)
    assert (unlike[:3] > 0).all()
    assert -0.35 < unlike[3] < -0.3, "its own share is -.35, and certain"
    assert (shrunken_gains(noise, losses, artists, ~used) == 0).all()


def test_folds_must_be_by_artist() -> None:
    with pytest.raises(DataError, match="two folds"):
        NestedFits(HELPFUL.data, np.arange(len(HELPFUL.folds)) % 5)
    with pytest.raises(DataError, match="3 folds"):
        NestedFits(HELPFUL.data, HELPFUL.folds % 2)


def test_a_model_is_calibrated_and_reads_back(tmp_path: Path) -> None:
    model = ContextModel.fit(["a", "b", "c"], FITS, "made up")
    scores = model.score(HELPFUL.logits, HELPFUL.tracks)
    p = model.probabilities(scores.logits)
    assert_allclose(p.mean(0), HELPFUL.labels.mean(0), atol=0.05)
    percentiles = model.mood_scores(p)
    assert_allclose(np.quantile(percentiles, [0.25, 0.5, 0.75], axis=0).T, [[0.25, 0.5, 0.75]] * 3, atol=0.07)
    model.save(tmp_path / "context.json")
    again = ContextModel.load(tmp_path / "context.json")
    assert again == model
    assert_array_equal(again.score(HELPFUL.logits, HELPFUL.tracks).logits, scores.logits)
    doubled = 2 * HELPFUL.logits + 7
    other = model.restandardised(doubled).score(doubled, HELPFUL.tracks).logits
    level = model.restandardised(HELPFUL.logits).score(HELPFUL.logits, HELPFUL.tracks).logits
    assert_allclose(other, 2 * level + 7, atol=1e-9)


def test_a_model_of_names_that_do_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="3 columns"):
        ContextModel.fit(["a", "b"], FITS, "made up")
    with pytest.raises(DataError, match="2 different names"):
        ContextModel.fit(["a", "b", "a"], FITS, "made up")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"format":1', '"format":2'),
        ('"spread":', '"spread":-'),
        ('"rock"', '"rocks"'),
        ('"slope":', '"steepness":'),
        ('"quantiles":[', '"quantiles":[2.0,'),
        ('"centre":', '"centre":1e999,"x":'),
        ("{", ""),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, old: str, new: str) -> None:
    place = tmp_path / "context.json"
    text = ContextModel.fit(["a", "b", "c"], FITS, "made up").model_dump_json()
    assert old in text
    place.write_text(text.replace(old, new))
    with pytest.raises(CorruptStoreError, match=r"context\.json"):
        ContextModel.load(place)
    with pytest.raises(NotFoundError):
        ContextModel.load(tmp_path / "nothing.json")


def test_replacing_artists_by_unknown_leaves_genres_alone() -> None:
    model = ContextModel.fit(["a", "b", "c"], FITS, "made up")
    tracks = HELPFUL.tracks
    lost = replace(tracks, artists=np.full_like(tracks.artists, -1), albums=np.full_like(tracks.albums, -1))
    parts = model.score(HELPFUL.logits, lost).parts
    assert_array_equal(parts["genres"], model.score(HELPFUL.logits, tracks).parts["genres"])
    assert not parts["artist"].any()
    assert not parts["album"].any()
