"""Several tracks become one query: the weights that users give them, and the direction of the weighted sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from moodrec.arguments import brief, finite, ids_of, listed
from moodrec.errors import UsageError
from moodrec.index.rows.unit_vectors import unit_rows
from moodrec.typing import Vectors

_NO_DIRECTION: Final = 1e-6
"""A sum of vectors shorter than this share of its weights is rounding, and has no direction."""


def checked_weights(weights: object, name: str = "weights") -> dict[str, float]:
    """Check weights by track id, and return them as plain numbers.

    Args:
        weights: a mapping of track ids to finite numbers.
        name: what the user calls the argument, for error messages.

    Raises:
        UsageError: the weights are no mapping, an id is no text, or a weight is no finite number.
    """
    if not isinstance(weights, Mapping):
        raise UsageError(f"{name} takes numbers by track id, such as {{'a': 1.0}}, not {brief(weights)}")
    found: dict[str, float] = {}
    for track_id, weight in zip(ids_of(list(weights), name), weights.values(), strict=True):
        # The keys 7 and "7" are one track.
        found[track_id] = found.get(track_id, 0.0) + finite(weight, f"the weight of {brief(track_id)}")
    return found


def mixture(vectors: Vectors, weights: Sequence[float]) -> Vectors:
    """Return the (1, d) unit vector in the direction of a weighted sum.

    Args:
        vectors: (m, d) vectors of unit length.
        weights: (m,) finite weights; a negative one points away from its vector.

    Raises:
        UsageError: there are no weights, they are not finite, or the sum has no direction.
    """
    if not len(weights) or not np.isfinite(weights).all():
        raise UsageError(f"a mixture needs tracks with finite weights, not {listed(weights)}")
    # The greatest is 1, so that neither squares nor sums of huge or tiny weights leave the range of numbers.
    most = float(np.abs(weights).max()) or 1.0
    shares = np.asarray(weights, np.float64) / most
    total = shares @ vectors.astype(np.float64)
    if np.linalg.norm(total) <= _NO_DIRECTION * np.abs(shares).sum():
        raise UsageError("the tracks of the mixture cancel each other: give them other weights")
    return unit_rows(total)
