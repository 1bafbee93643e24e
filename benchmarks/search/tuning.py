"""Tuning for one cell with hindsight: the smallest setting that reaches the target on the very questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.peers.peer import Setting

TARGET: Final = 0.97
"""Recall@10 that a peer must reach."""
_HOPELESS: Final = 0.15
"""A setting this far below the target in the first look is not measured in full."""
_DEAD_END: Final = 3
"""So many settings in a row over the time limit end a family."""


@dataclass(frozen=True)
class Trial:
    """A setting and what it gave."""

    setting: Setting
    recall: float
    cpu_ms: float
    """Median."""


Try = Callable[[Setting, bool], Trial]
"""Tries a setting, in a first look on a few questions or on all of them."""


@dataclass(frozen=True)
class Tuned:
    """The setting chosen for a cell."""

    best: Trial
    reached: bool
    trials: tuple[Trial, ...]
    """All that were measured in full, for the curve of recall against time."""


def tune(
    families: Sequence[Sequence[Setting]], attempt: Try, limit_ms: float, target: float = TARGET
) -> Tuned:
    """Try each family from its smallest setting up; of the families' winners take the fastest.

    Where none reaches the target, the setting of highest recall wins. A family ends once its settings take longer
    than ``limit_ms``.
    """
    found = [list(climb(family, attempt, limit_ms, target)) for family in families]
    trials = tuple(trial for family in found for trial in family)
    winners = [next(t for t in family if t.recall >= target) for family in found if _reached(family, target)]
    if winners:
        return Tuned(min(winners, key=lambda trial: trial.cpu_ms), True, trials)
    return Tuned(max(trials, key=lambda trial: (trial.recall, -trial.cpu_ms)), False, trials)


def climb(family: Sequence[Setting], attempt: Try, limit_ms: float, target: float) -> Iterator[Trial]:
    """Trials in rising order up to the first that reaches the target."""
    slow, measured = 0, 0
    for place, setting in enumerate(family):
        look = attempt(setting, True)
        slow = slow + 1 if look.cpu_ms > limit_ms else 0
        last = place == len(family) - 1 or slow >= _DEAD_END
        if look.recall < target - _HOPELESS and not (last and not measured):
            if last:
                return
            continue
        trial = attempt(setting, False)
        measured += 1
        yield trial
        if trial.recall >= target or last:
            return


def _reached(family: Sequence[Trial], target: float) -> bool:
    return any(trial.recall >= target for trial in family)
