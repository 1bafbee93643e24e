"""Many dimensions to two, for a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.errors import DataError


def project(embeddings: ArrayLike) -> NDArray[np.float64]:
    """Principal components: the two directions in which the tracks differ most.

    The sign of each axis is fixed, so that the same library gives the same map.

    Args:
        embeddings: ``(n, d)`` finite.

    Returns:
        ``(n, 2)``, mean 0; zeros where there are fewer dimensions or tracks than axes.

    Raises:
        DataError: not ``(n, d)``, empty, or not finite.
    """
    vectors = np.asarray(embeddings, dtype=np.float64)
    if vectors.ndim != 2 or not vectors.size or not np.isfinite(vectors).all():
        raise DataError(f"a map needs finite embeddings (n, d), not {vectors.shape}")
    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    axes = directions[:2]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    points = centred @ (axes * np.where(largest < 0, -1, 1)).T
    return np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
