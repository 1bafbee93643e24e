"""Targets that are told by others: the odds of some exclusive targets against the rest replace a target's own logit.

A track is in one quadrant of valence and arousal, and it is pleasant where the quadrant is the first or the fourth.
So the softmax over the quadrants tells valence as well: the logit of its odds is
``logsumexp(of) - logsumexp(against)``. It is not linear in the features, as the logit of a head of its own is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from moodrec.model.spec import HeadSpec
from moodrec.typing import Float32Array


def with_odds(head: HeadSpec, logits: Float32Array) -> Float32Array:
    """Replace the logits of targets that are told by the odds of others.

    Args:
        head: names the targets, and those whose odds count.
        logits: (..., targets) of whole tracks: odds of a mean over windows are not the mean of the windows' odds.

    Returns:
        (..., targets) float32; a copy where anything is replaced.
    """
    if not head.odds:
        return logits
    place = {target: column for column, target in enumerate(head.labels)}
    found = logits.copy()
    for target, odds in head.odds.items():
        pro, contra = (
            np.logaddexp.reduce(logits[..., [place[one] for one in side]].astype(np.float64), axis=-1)
            for side in (odds.of, odds.against)
        )
        found[..., place[target]] = pro - contra
    return found


def all_with_odds(
    heads: Mapping[str, HeadSpec], logits: Mapping[str, Float32Array]
) -> dict[str, Float32Array]:
    """Replace the logits of such targets in every head.

    Args:
        heads: by task.
        logits: task to (..., labels) of whole tracks.
    """
    return {task: with_odds(heads[task], own) if task in heads else own for task, own in logits.items()}
