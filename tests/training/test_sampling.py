"""Steps and excerpts are a function of seed and step; what comes on top changes nothing below it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moodrec.model.heads import HeadSpec
from moodrec.training.augment import SpecAugment
from moodrec.training.cache import LoadLogMel
from moodrec.training.labels import TaskLabels
from moodrec.training.recipe import AugmentConfig, OptimizerConfig
from moodrec.training.sampling import Draws, Partners, Sampler, StepDraws, excerpts, pass_batches


def sampler(n: int, size: int, n_extra: int = 0, extra_size: int = 0, seed: int = 0) -> Sampler:
    """Rows 0, 3, 6, ... in the pass; rows from 1000 on come on top."""
    return Sampler(seed, np.arange(n) * 3, size, 1000 + np.arange(n_extra), extra_size)


def heard(steps: list[StepDraws]) -> list[list[list[int]]]:
    return [[step.main.rows.tolist(), *step.main.seeds.tolist()] for step in steps]


@given(st.integers(2, 200), st.integers(2, 40), st.integers(0, 5), st.integers(0, 5))
def test_an_epoch_visits_every_row_once(n: int, batch_size: int, seed: int, epoch: int) -> None:
    made = sampler(n, batch_size, seed=seed)
    batches = [step.main.rows for step in made.epoch(epoch)]
    assert sorted(np.concatenate(batches)) == list(made.main)
    assert min(len(batch) for batch in batches) >= 2
    assert len(batches) == made.steps_per_epoch
    assert [len(b) for b in batches] == [
        len(b) for b in pass_batches(n, batch_size, np.random.default_rng(1))
    ]


def test_epochs_and_seeds_differ_and_repeat() -> None:
    made, other_seed = sampler(50, 8), sampler(50, 8, seed=1)
    assert heard(made.epoch(1)) == heard(made.epoch(1))
    assert heard(made.epoch(1)) != heard(made.epoch(2))
    assert heard(made.epoch(1)) != heard(other_seed.epoch(1))


@given(st.integers(2, 60), st.integers(1, 40), st.integers(1, 20), st.integers(0, 4))
def test_what_comes_on_top_changes_nothing_below(n: int, n_extra: int, extra_size: int, epoch: int) -> None:
    alone, together = sampler(n, 8), sampler(n, 8, n_extra, extra_size)
    assert heard(alone.epoch(epoch)) == heard(together.epoch(epoch))
    assert {len(step.extra.rows) for step in together.epoch(epoch)} == {extra_size}
    assert not any(len(step.extra.rows) for step in alone.epoch(epoch))


@given(st.integers(1, 30), st.integers(1, 20))
def test_the_extra_shuffle_is_endless_and_fair(n_extra: int, extra_size: int) -> None:
    made = sampler(24, 4, n_extra, extra_size)
    drawn = np.concatenate([step.extra.rows for epoch in range(4) for step in made.epoch(epoch)])
    whole = drawn[: len(drawn) // n_extra * n_extra].reshape(-1, n_extra)
    assert (np.sort(whole, axis=1) == made.extra).all()
    seeds = [tuple(seed) for epoch in range(4) for step in made.epoch(epoch) for seed in step.extra.seeds]
    assert len(set(seeds)) == len(seeds), "a track drawn again gives another excerpt"


def labels(moods: list[float] | None) -> TaskLabels:
    if moods is None:
        return TaskLabels({}, {})
    heads = {"mood": HeadSpec(kind="multi_label", labels=("x:calm",))}
    return TaskLabels(heads, {"mood": np.array(moods, np.float32)[:, None]})


def test_the_pass_is_over_rows_with_a_mood() -> None:
    config = OptimizerConfig(batch_size=2, metadata_batch_size=3)
    made = Sampler.over(np.array([0, 1, 3, 4]), labels([0.5, np.nan, 0.5, np.nan, 0.0]), config, 0)
    assert (made.main.tolist(), made.extra.tolist()) == ([0, 4], [1, 3])


@pytest.mark.parametrize("moods", [None, [np.nan] * 4])
def test_without_any_mood_the_pass_is_over_all(moods: list[float] | None) -> None:
    made = Sampler.over(np.arange(1, 4), labels(moods), OptimizerConfig(), 0)
    assert (made.main.tolist(), made.extra.tolist()) == ([1, 2, 3], [])


def test_partners_are_other_tracks_of_the_same_class() -> None:
    classes = np.array([0, 0, 0, 1, 1, 2, -1, -1])
    partners = Partners.among(np.array([0, 1, 2, 3, 5, 6, 7]), classes)
    made = Sampler(0, np.arange(8), 8, np.arange(0), 0, (partners,))
    seen = set()
    for epoch in range(60):
        (step,) = made.epoch(epoch)
        rows = [
            row for row in step.main.rows if row not in (3, 5, 6, 7)
        ]  # the others have no partner in the pool
        assert classes[step.extra.rows].tolist() == classes[rows].tolist()
        assert (step.extra.rows != rows).all()
        seen |= set(zip(rows, step.extra.rows.tolist(), strict=True))
    assert seen == {(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (4, 3)}


def test_partners_are_sought_among_the_tracks_that_take_part() -> None:
    known = labels([0.5, 0.1, np.nan])
    known.targets["artist"] = np.array([0, 0, 0])
    for size, members in ((0, [0, 1]), (4, [0, 1, 2])):
        config = OptimizerConfig(batch_size=2, metadata_batch_size=size)
        (partners,) = Sampler.over(np.arange(3), known, config, 0).partners
        assert partners.members[0].tolist() == members


def ramp(frames: int) -> LoadLogMel:
    return lambda: np.tile(np.arange(frames, dtype=np.float16), (4, 1))


def draws(*rows: int, turn: int = 7) -> Draws:
    return Draws(np.array(rows), np.array([[1, turn, row] for row in rows]))


def test_an_excerpt_is_a_stretch_of_its_track() -> None:
    found = excerpts([ramp(100), ramp(10)], draws(0, 1), 30, 1, 0)
    assert found.shape == (2, 4, 30)
    assert (np.diff(found[0, 0]) == 1).all()
    assert found[1, 0].tolist() == [*range(10)] * 3


def test_an_excerpt_does_not_depend_on_its_batch() -> None:
    mels = [ramp(500), ramp(400)]
    alone = excerpts(mels, draws(1), 30, 1, 0)[0]
    assert (excerpts(mels, draws(0, 1), 30, 1, 0)[1] == alone).all()
    assert (excerpts(mels, draws(1, turn=8), 30, 1, 0)[0] != alone).any()
    assert (excerpts(mels, draws(1), 30, 1, 1)[0] != alone).any()


def test_several_excerpts_come_from_different_parts() -> None:
    found = excerpts([ramp(100), ramp(130)], draws(0, 1), 10, 3, 0)
    starts = found[:, 0, 0].reshape(2, 3)
    assert (starts // np.array([[91 / 3], [121 / 3]]) == [0, 1, 2]).all()


def test_excerpts_reach_both_ends() -> None:
    starts = {int(excerpts([ramp(12)], draws(0, turn=turn), 10, 1, 0)[0, 0, 0]) for turn in range(50)}
    assert starts == {0, 1, 2}


@pytest.mark.parametrize(("axis", "limit"), [(1, 5), (2, 7)])
def test_specaugment_masks_at_most_its_width(axis: int, limit: int) -> None:
    bands, times = (1, 0) if axis == 1 else (0, 1)
    config = AugmentConfig(frequency_masks=bands, time_masks=times, frequency_width=5, time_width=7)
    torch.manual_seed(0)
    log_mel = torch.rand(64, 20, 30)
    changed = (SpecAugment(config)(log_mel) != log_mel).any(dim=3 - axis).sum(1)
    assert 0 < changed.max() <= limit
    assert len(changed.unique()) > 2


def test_specaugment_leaves_its_input_alone() -> None:
    log_mel = torch.rand(4, 20, 30)
    before = log_mel.clone()
    SpecAugment(AugmentConfig())(log_mel)
    assert torch.equal(log_mel, before)
