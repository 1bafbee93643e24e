"""Quadrants of the valence/arousal plane (Russell's circumplex) become targets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.data.labels import describe_rows
from moodrec.errors import DataError

QUADRANTS: Final = ("Q1", "Q2", "Q3", "Q4")
POSITIVE: Final = frozenset({"Q1", "Q4"})
"""Quadrants of positive valence."""
AROUSED: Final = frozenset({"Q1", "Q2"})
"""Quadrants of high arousal."""


def quadrant_targets(
    dataset: str, path: Path, quadrants: Sequence[str | None]
) -> dict[str, NDArray[np.float32]]:
    """Make six 0/1 targets from one quadrant per track: ``q1`` ... ``q4``, ``valence`` and ``arousal``.

    Q1 is happy (+v +a), Q2 tense (-v +a), Q3 sad (-v -a), Q4 calm (+v -a).

    Args:
        dataset: namespace of the targets.
        path: the file that the quadrants come from, for messages.
        quadrants: ``(n,)`` "Q1" to "Q4".

    Returns:
        Target to its ``(n,)`` labels.

    Raises:
        DataError: a quadrant is none of Q1 to Q4; the rows are named.
    """
    wrong = [row for row, quadrant in enumerate(quadrants) if quadrant not in QUADRANTS]
    if wrong:
        raise DataError(f"{path}: quadrant must be Q1, Q2, Q3 or Q4; it is not in {describe_rows(wrong)}")
    meaning = {quadrant.lower(): frozenset({quadrant}) for quadrant in QUADRANTS}
    meaning |= {"valence": POSITIVE, "arousal": AROUSED}
    return {
        f"{dataset}:{target}": np.array([quadrant in those for quadrant in quadrants], dtype=np.float32)
        for target, those in meaning.items()
    }
