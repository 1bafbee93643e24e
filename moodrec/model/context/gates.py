"""Gates: which kinds of metadata a mood keeps, by what they gained on held-out tracks.

The gain of one mood rests on the positives of few artists, so it is judged by empirical Bayes: the share of a mood's
loss that is saved is drawn towards the share that is saved of all moods' losses together, the more, the less certain
it is (DerSimonian and Laird, Meta-analysis in clinical trials, 1986). A gate stays open where this is above 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from moodrec.model.context.regression import calibrated_losses, has_both

Floats = NDArray[np.float64]
Gates = dict[str, NDArray[np.bool_]]
"""Kind of metadata to the moods ``(M,)`` that it serves; a kind that is not there serves none."""
Total = Callable[[Gates], Floats]


def gates_of(
    total: Total, groups: Sequence[tuple[str, ...]], labels: Floats, artists: NDArray[np.int64]
) -> Gates:
    """Close gates for each group of kinds that gains a mood nothing beside the others, then all that together do not.

    Args:
        total: from open gates to held-out scores ``(n, M)``, by weights that never saw the row's artist.
        groups: kinds to decide on together, as those of artist and album, which stand in for each other.
        labels: ``(n, M)`` in [0, 1], NaN unknown.
        artists: ``(n,)`` codes, negative unknown; the tracks of an artist are one piece of evidence.
    """
    usable = has_both(labels)
    every = {kind: usable for group in groups for kind in group}
    base, full = total({}), total(every)
    losses = calibrated_losses(full, labels)
    on: Gates = {}
    for group in groups:
        without = total({kind: gate for kind, gate in every.items() if kind not in group})
        used = usable & np.any(without != full, axis=0)
        gains = calibrated_losses(without, labels) - losses
        on |= dict.fromkeys(group, used & (shrunken_gains(gains, losses, artists, used) > 0))
    used = np.any(list(on.values()), axis=0)
    gains = calibrated_losses(base, labels) - calibrated_losses(total(on), labels)
    worth = used & (shrunken_gains(gains, losses, artists, used) > 0)
    return {kind: gate & worth for kind, gate in on.items()}


def shrunken_gains(
    gains: Floats, losses: Floats, artists: NDArray[np.int64], used: NDArray[np.bool_]
) -> Floats:
    """Share of each mood's loss that is saved, drawn towards that of all moods together.

    Args:
        gains: ``(n, M)`` what each row's loss fell by.
        losses: ``(n, M)`` of each row.
        artists: ``(n,)`` codes, negative unknown; shares are as uncertain as sums over artists differ.
        used: ``(M,)`` moods that have a gain; the others get 0.

    Returns:
        ``(M,)``.
    """
    found = np.zeros(len(used))
    total = losses[:, used].sum(0)
    if not used.any() or not (total > 0).all():
        return found
    sums = _by_artist(gains[:, used], artists)
    share, common = sums.sum(0) / total, sums.sum() / total.sum()
    noise = np.sqrt((sums**2).sum(0)) / total
    # How much more shares differ than their noise would have them, in units of it.
    surplus = (share - common) / np.where(noise > 0, noise, 1.0)
    between = max(0.0, float((surplus**2).mean()) - 1)
    found[used] = common + (share - common) * between / (between + 1)
    return found


def _by_artist(values: Floats, artists: NDArray[np.int64]) -> Floats:
    """``(groups, M)`` sums; each row without an artist is a group of its own."""
    own = np.where(artists < 0, artists.max(initial=0) + 1 + np.arange(len(artists)), artists)
    groups = np.unique(own, return_inverse=True)[1]
    totals = np.zeros((int(groups.max()) + 1, values.shape[1]))
    np.add.at(totals, groups, values)
    return totals
