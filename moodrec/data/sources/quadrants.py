"""Quadrants of the valence/arousal plane as targets (Russell's circumplex)."""

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
AROUSED: Final = frozenset({"Q1", "Q2"})


def quadrant_targets(
    dataset: str, path: Path, quadrants: Sequence[str | None]
) -> dict[str, NDArray[np.float32]]:
    """Six 0/1 targets from one quadrant a track: ``q1`` ... ``q4``, ``valence`` and ``arousal``.

    Q1 is happy (+v +a), Q2 tense (-v +a), Q3 sad (-v -a), Q4 calm (+v -a).

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
