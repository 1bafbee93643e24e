"""Intervals of paired differences cover what they should, and name what they must not mix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from moodrec.errors import DataError
from moodrec.evaluation.experiment.compare import Sampled, contrast, mean_contrast, sample
from moodrec.evaluation.experiment.stored import pooled
from tests.evaluation.experiment.predictions import make_predictions


def arm(skill: float, first_noise: int, n_resamples: int = 200) -> dict[int, Sampled]:
    return {
        seed: sample(make_predictions(90, skill=skill, noise_seed=first_noise + seed), n_resamples)
        for seed in range(3)
    }


def test_a_better_arm_is_found_and_an_equal_one_is_not() -> None:
    weak, strong, equal = arm(0.5, 10), arm(2.0, 20), arm(0.5, 30)
    better, same = contrast(weak, strong, "ap"), contrast(weak, equal, "ap")
    assert better.excludes_zero
    assert better.difference.interval.low > 0
    assert not same.excludes_zero
    assert better.difference.estimate == pytest.approx(better.candidate - better.baseline)
    assert better.difference.estimate == pytest.approx(np.mean(better.per_seed))
    worse = contrast(strong, weak, "ap")
    assert worse.difference.interval.high < 0
    assert worse.excludes_zero
    flat = mean_contrast([better, worse])
    assert flat.difference.estimate == pytest.approx(0)
    assert not flat.excludes_zero


def test_draws_are_those_of_resampled_artists() -> None:
    stored = make_predictions(60)
    found = sample(stored, 300)
    column = list(stored.targets).index("songs:valence")
    one = replace(
        stored,
        targets=stored.targets[[column]],
        logits=stored.logits[:, [column]],
        labels=stored.labels[:, [column]],
        truth=stored.truth[:, [column]],
    )
    rng, groups = np.random.default_rng(9), np.unique(stored.groups)
    values = []
    for _ in range(300):
        rows = np.concatenate([np.flatnonzero(stored.groups == g) for g in rng.choice(groups, groups.size)])
        values.append(average_precision_score(one.labels[rows, 0], one.logits[rows, 0]))
    mine = sample(one, 300).draws["ap"]
    assert mine.mean() == pytest.approx(np.mean(values), abs=0.02)
    assert mine.std() == pytest.approx(np.std(values), rel=0.25)
    assert set(found.draws) == set(found.plain)


def test_seeds_widen_the_interval() -> None:
    """Where only the networks differ, an interval over tracks alone would be too narrow."""
    base = sample(make_predictions(60), 400)

    def shifted(by: float) -> Sampled:
        moved = {name: value + by for name, value in base.draws.items()}
        return Sampled(base.track_ids, {name: value + by for name, value in base.plain.items()}, moved)

    found = contrast({0: base, 1: base, 2: base}, {0: shifted(0.0), 1: shifted(0.1), 2: shifted(0.2)}, "ap")
    assert found.difference.estimate == pytest.approx(0.1)
    assert found.difference.interval.low <= 0.03
    assert found.difference.interval.high >= 0.17


def test_the_order_of_rows_does_not_matter() -> None:
    stored = make_predictions(50)
    order = np.random.default_rng(1).permutation(50)
    names = [name for name in vars(stored) if name != "targets"]
    shuffled = replace(stored, **{name: getattr(stored, name)[order] for name in names})
    one, other = sample(stored, 50), sample(shuffled, 50)
    np.testing.assert_allclose(one.draws["ap"], other.draws["ap"])


def test_what_cannot_be_compared() -> None:
    some, fewer = sample(make_predictions(50), 20), sample(make_predictions(40), 20)
    with pytest.raises(DataError, match="same tracks"):
        contrast({0: some}, {0: fewer}, "ap")
    with pytest.raises(DataError, match="no seed"):
        contrast({0: some}, {1: some}, "ap")
    with pytest.raises(DataError, match="share tracks"):
        pooled([make_predictions(10), make_predictions(10)])
    with pytest.raises(DataError, match="different targets"):
        pooled([make_predictions(10), make_predictions(10, soft=True)])


def test_embeddings_of_fewer_dimensions_are_pooled() -> None:
    wide, narrow = make_predictions(20), make_predictions(20, seed=1)
    narrow = replace(
        narrow,
        track_ids=np.array([f"other-{track_id}" for track_id in narrow.track_ids]),
        embeddings=narrow.embeddings[:, :3],
    )
    both = pooled([wide, narrow])
    assert both.embeddings.shape == (40, wide.embeddings.shape[1])
    np.testing.assert_array_equal(both.embeddings[20:, :3], narrow.embeddings)
    assert not both.embeddings[20:, 3:].any()
