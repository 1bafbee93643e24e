"""Settings that a recipe gives by the beginnings of target names are looked up for each target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def by_prefix(
    names: Sequence[str], settings: Mapping[str, float], otherwise: float = np.nan
) -> NDArray[np.float64]:
    """Look up the setting of each name, by the longest prefix that it starts with.

    Args:
        names: names of targets.
        settings: beginnings of names to values.
        otherwise: value where no prefix fits.

    Returns:
        (names,) values.
    """
    matches = [[prefix for prefix in settings if name.startswith(prefix)] for name in names]
    return np.array([settings[max(own, key=len)] if own else otherwise for own in matches], np.float64)
