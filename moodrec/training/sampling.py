"""Which tracks make up a step, and which excerpts of each, is a function of seed and step alone.

Nothing here keeps state, so a resumed run draws what an uninterrupted one would have drawn. Tracks added to those
of the pass never change which of those are drawn, or which of their excerpts: runs that differ in their metadata
learn moods from the same excerpts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from moodrec.training.labels import TaskLabels
from moodrec.training.recipe import OptimizerConfig
from moodrec.typing import RowNumbers


class _Stream(IntEnum):
    """Keeps the random numbers of different purposes independent."""

    ORDER = 0
    PASS = 1
    METADATA_ORDER = 2
    METADATA = 3
    PARTNER_CHOICE = 4
    PARTNER = 5


@dataclass(frozen=True)
class Draws:
    """The tracks that excerpts are taken of."""

    rows: RowNumbers
    """(n,) rows of the tracks."""
    seeds: RowNumbers
    """(n, 3) seed of each track's excerpts."""

    @staticmethod
    def join(parts: Sequence[Draws]) -> Draws:
        """Join several draws, one after the other."""
        return Draws(
            np.concatenate([np.empty(0, np.int64), *(part.rows for part in parts)]),
            np.concatenate([np.empty((0, 3), np.int64), *(part.seeds for part in parts)]),
        )


@dataclass(frozen=True)
class StepDraws:
    """The tracks of one step."""

    main: Draws
    """Tracks from the pass over the mood-labelled ones."""
    extra: Draws
    """Tracks that are added for the metadata tasks alone."""


@dataclass(frozen=True)
class Partners:
    """Finds another track of the same class, for contrastive tasks."""

    classes: RowNumbers
    """(rows of the table,) class of each row, negative where unknown."""
    members: dict[int, RowNumbers]
    """Class to the rows that may be chosen."""

    @staticmethod
    def among(pool: RowNumbers, classes: RowNumbers) -> Partners:
        """Make partners that are chosen from a pool of rows.

        Args:
            pool: (m,) the rows that may be chosen.
            classes: (rows of the table,) class of each row, negative where unknown.
        """
        known = np.unique(classes[pool][classes[pool] >= 0]).tolist()
        return Partners(classes, {number: pool[classes[pool] == number] for number in known})

    def choose(self, rows: RowNumbers, rng: np.random.Generator) -> RowNumbers:
        """Choose a random other row of its class for every row that has one; other rows give none.

        Args:
            rows: (n,) the rows that need a partner.
            rng: source of the choice.

        Returns:
            At most n rows.
        """
        found = []
        for row, place in zip(rows.tolist(), rng.random(len(rows)).tolist(), strict=True):
            others = self.members.get(int(self.classes[row]), rows[:0])
            others = others[others != row]
            if others.size:
                found.append(others[int(place * others.size)])
        return np.array(found, np.int64)


@dataclass(frozen=True)
class Sampler:
    """Draws the steps of an epoch, which is one pass over ``main``."""

    seed: int
    main: RowNumbers
    batch_size: int
    extra: RowNumbers
    """Rows that are drawn from in an endless shuffle."""
    extra_size: int
    """Number of extra rows that each step takes."""
    partners: tuple[Partners, ...] = ()
    """Each of these adds one more track for every track of the pass."""

    @staticmethod
    def over(rows: RowNumbers, labels: TaskLabels, config: OptimizerConfig, seed: int) -> Sampler:
        """Make a sampler whose pass is over the rows with a known mood target; over all rows where none has one.

        Args:
            rows: (n,) the rows that training uses.
            labels: the targets of all rows.
            config: sizes of the batches.
            seed: the run's seed.
        """
        known = labels.with_mood(rows)
        main, extra = (rows[known], rows[~known]) if known.any() else (rows, rows[:0])
        pool = rows if config.metadata_batch_size else main
        classes = [np.asarray(labels.targets[task], np.int64) for task in labels.paired]
        partners = tuple(Partners.among(pool, each) for each in classes)
        return Sampler(seed, main, config.batch_size, extra, config.metadata_batch_size, partners)

    @property
    def steps_per_epoch(self) -> int:
        """Compute the number of steps that ``epoch`` gives."""
        return len(pass_batches(len(self.main), self.batch_size, np.random.default_rng(0)))

    def epoch(self, epoch: int) -> list[StepDraws]:
        """Draw all steps of an epoch, by its number from 0."""
        rng = np.random.default_rng([self.seed, _Stream.ORDER, epoch])
        batches = pass_batches(len(self.main), self.batch_size, rng)
        first = epoch * len(batches)
        return [self._step(places, epoch, first + number) for number, places in enumerate(batches)]

    def _step(self, places: RowNumbers, epoch: int, step: int) -> StepDraws:
        main = Draws(self.main[places], _seeds(_Stream.PASS, epoch, places))
        partners = [self._partners(number, main.rows, step) for number in range(len(self.partners))]
        return StepDraws(main, Draws.join([self._metadata(step), *partners]))

    def _metadata(self, step: int) -> Draws:
        n = len(self.extra)
        numbers = np.arange(step * self.extra_size, (step + 1) * self.extra_size) if n else np.arange(0)
        orders = {
            turn: np.random.default_rng([self.seed, _Stream.METADATA_ORDER, turn]).permutation(self.extra)
            for turn in set((numbers // max(1, n)).tolist())
        }
        rows = [orders[number // n][number % n] for number in numbers.tolist()]
        return Draws(np.array(rows, np.int64), _seeds(_Stream.METADATA, 0, numbers))

    def _partners(self, number: int, rows: RowNumbers, step: int) -> Draws:
        rng = np.random.default_rng([self.seed, _Stream.PARTNER_CHOICE, number, step])
        found = self.partners[number].choose(rows, rng)
        return Draws(found, _seeds(_Stream.PARTNER + number, step, np.arange(len(found))))


def pass_batches(n: int, batch_size: int, rng: np.random.Generator) -> list[RowNumbers]:
    """Shuffle 0..n-1 into batches; a remainder of one joins the batch before it, because batch norm needs two.

    Args:
        n: number of items.
        batch_size: items per batch.
        rng: source of the shuffle.
    """
    order = rng.permutation(n)
    batches = [order[start : start + batch_size] for start in range(0, n, batch_size)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [np.concatenate(batches[-2:])]
    return batches


def excerpts(
    log_mels: Sequence[Callable[[], NDArray[np.float16]]], draws: Draws, frames: int, count: int, seed: int
) -> NDArray[np.float32]:
    """Cut random excerpts of each track.

    What is drawn of a track depends on ``seed`` and on its own seed, not on what is drawn beside it.

    Args:
        log_mels: loaders of the spectrograms (n_mels, frames), by row.
        draws: the n tracks.
        frames: length of an excerpt, in frames.
        count: excerpts per track, one from each of as many equal stretches.
        seed: the run's seed.

    Returns:
        (n * count, n_mels, frames) float32; the excerpts of a track are next to each other.
    """
    found = []
    for row, own in zip(draws.rows, draws.seeds, strict=True):
        log_mel = log_mels[row]()
        starts = max(1, log_mel.shape[1] - frames + 1)
        found += [_excerpt(log_mel, int(place * starts), frames) for place in drawn_places(seed, own, count)]
    return np.stack(found)


def drawn_places(seed: int, own: RowNumbers, count: int) -> list[float]:
    """Draw where in a track its excerpts start, one in each of ``count`` equal stretches.

    Args:
        seed: the run's seed.
        own: (3,) seed of the track's excerpts.
        count: number of excerpts.

    Returns:
        ``count`` positions in [0, 1).
    """
    return [(i + u) / count for i, u in enumerate(np.random.default_rng([seed, *own]).random(count))]


def _excerpt(log_mel: NDArray[np.float16], start: int, frames: int) -> NDArray[np.float32]:
    part = np.asarray(log_mel[:, start : start + frames], np.float32)
    if part.shape[1] < frames:
        part = np.tile(part, -(-frames // part.shape[1]))[:, :frames]
    return part


def _seeds(stream: int, turn: int, numbers: RowNumbers) -> RowNumbers:
    return np.stack([np.full_like(numbers, stream), np.full_like(numbers, turn), numbers], axis=1)
