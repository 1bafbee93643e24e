"""Batches and excerpts are a function of seed and epoch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moodrec.training.augment import SpecAugment
from moodrec.training.cache import LoadLogMel
from moodrec.training.recipe import AugmentConfig
from moodrec.training.sampling import epoch_batches, excerpts, steps_per_epoch


@given(st.integers(2, 200), st.integers(2, 40), st.integers(0, 5), st.integers(0, 5))
def test_an_epoch_visits_every_row_once(n: int, batch_size: int, seed: int, epoch: int) -> None:
    rows = np.arange(n) * 3
    batches = epoch_batches(rows, batch_size, seed, epoch)
    assert sorted(np.concatenate(batches)) == list(rows)
    assert min(len(batch) for batch in batches) >= 2
    assert len(batches) == steps_per_epoch(n, batch_size)


def test_epochs_differ_and_repeat() -> None:
    first, again, other = (np.concatenate(epoch_batches(np.arange(50), 8, 0, e)) for e in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def ramp(frames: int) -> LoadLogMel:
    return lambda: np.tile(np.arange(frames, dtype=np.float16), (4, 1))


def test_an_excerpt_is_a_stretch_of_its_track() -> None:
    found = excerpts([ramp(100), ramp(10)], np.array([0, 1]), 30, (0, 7))
    assert found.shape == (2, 4, 30)
    assert (np.diff(found[0, 0]) == 1).all()
    assert found[1, 0].tolist() == [*range(10)] * 3


def test_an_excerpt_does_not_depend_on_its_batch() -> None:
    mels = [ramp(500), ramp(400)]
    alone = excerpts(mels, np.array([1]), 30, (0, 7))[0]
    assert (excerpts(mels, np.array([0, 1]), 30, (0, 7))[1] == alone).all()
    assert (excerpts(mels, np.array([1]), 30, (0, 8))[0] != alone).any()


def test_excerpts_reach_both_ends() -> None:
    starts = {int(excerpts([ramp(12)], np.array([0]), 10, (0, epoch))[0, 0, 0]) for epoch in range(50)}
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
