"""Which tracks make up a step, and which excerpt of each: a function of seed and epoch alone.

Nothing here keeps state, so a resumed run draws what an uninterrupted one would have drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray


def epoch_batches(rows: NDArray[np.int64], batch_size: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """Shuffled batches of an epoch; a remainder of one joins the batch before it (batch norm needs two)."""
    order = np.random.default_rng([seed, epoch]).permutation(rows)
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [np.concatenate(batches[-2:])]
    return batches


def steps_per_epoch(n_rows: int, batch_size: int) -> int:
    """How many batches ``epoch_batches`` gives."""
    return len(epoch_batches(np.arange(n_rows), batch_size, 0, 0))


def excerpts(
    log_mels: Sequence[Callable[[], NDArray[np.float16]]],
    batch: NDArray[np.int64],
    frames: int,
    seed: tuple[int, int],
) -> NDArray[np.float32]:
    """One random excerpt of each track of a batch: (batch, n_mels, frames) float32.

    ``seed`` is (seed, epoch); a track's draw depends on its row as well, not on its batch.
    """
    return np.stack([_excerpt(log_mels[row](), int(row), frames, seed) for row in batch])


def _excerpt(
    log_mel: NDArray[np.float16], row: int, frames: int, seed: tuple[int, int]
) -> NDArray[np.float32]:
    rng = np.random.default_rng([*seed, row])
    start = int(rng.integers(max(1, log_mel.shape[1] - frames + 1)))
    part = np.asarray(log_mel[:, start : start + frames], np.float32)
    if part.shape[1] < frames:
        part = np.tile(part, -(-frames // part.shape[1]))[:, :frames]
    return part
