"""Gates: which kinds of metadata a mood keeps, by what they gained on held-out tracks.

The gain of one mood rests on the positives of few artists, so it is judged by empirical Bayes: each mood's gain is
drawn towards the mean gain of all moods, the more, the less certain it is (DerSimonian and Laird, Meta-analysis in
clinical trials, 1986). A gate stays open where the gain so estimated is above 0.
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
        on |= dict.fromkeys(group, used & (shrunken_gains(gains, artists, used) > 0))
    used = np.any(list(on.values()), axis=0)
    gains = calibrated_losses(base, labels) - calibrated_losses(total(on), labels)
    worth = used & (shrunken_gains(gains, artists, used) > 0)
    return {kind: gate & worth for kind, gate in on.items()}


def shrunken_gains(gains: Floats, artists: NDArray[np.int64], used: NDArray[np.bool_]) -> Floats:
    """Gain of each mood, drawn towards the mean over moods.

    Args:
        gains: ``(n, M)`` of each row.
        artists: ``(n,)`` codes, negative unknown.
        used: ``(M,)`` moods that have a gain; the others get 0.

    Returns:
        ``(M,)`` mean gain a row.
    """
    found = np.zeros(len(used))
    if not used.any() or not len(gains):
        return found
    totals = _by_artist(gains[:, used], artists)
    mean = totals.sum(0) / len(gains)
    noise = (totals**2).sum(0) / len(gains) ** 2
    if len(mean) == 1:
        found[used] = mean
        return found
    # Common moods gain more than rare ones; in units of its noise every mood counts alike.
    unit = np.sqrt(np.where(noise > 0, noise, 1.0))
    standard = mean / unit
    between = max(0.0, float(standard.var(ddof=1)) - 1)
    found[used] = (between * standard + standard.mean()) / (between + 1)
    return found


def _by_artist(values: Floats, artists: NDArray[np.int64]) -> Floats:
    """``(groups, M)`` sums; each row without an artist is a group of its own."""
    own = np.where(artists < 0, artists.max(initial=0) + 1 + np.arange(len(artists)), artists)
    groups = np.unique(own, return_inverse=True)[1]
    totals = np.zeros((int(groups.max()) + 1, values.shape[1]))
    np.add.at(totals, groups, values)
    return totals
