"""How the scores of each mood are distributed over a library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from moodrec.index.front import SearchFront
from moodrec.typing import FloatArray

QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True, eq=False)
class MoodSpread:
    """The distribution of one mood's scores."""

    name: str
    known: int
    """The number of tracks that have a score."""
    mean: float | None
    """The mean score; None where no track has one."""
    deviation: float | None
    """The standard deviation of the scores."""
    quantiles: dict[str, float]
    """The score at each of ``QUANTILES``, by the quantile as text; empty where no track has a score."""
    histogram: tuple[int, ...]
    """The number of tracks in each of equal bins of [0, 1]; the last one holds 1.0 too."""


def mood_spreads(index: SearchFront, bins: int = 20) -> dict[str, MoodSpread]:
    """Measure every mood of an index.

    Args:
        index: whose scores are counted.
        bins: the number of bins of the histograms, 1 or more.

    Returns:
        A distribution for each mood, by its name, in the order of the index.
    """
    table = index.columns(index.moods)
    return {mood: spread_of(mood, numbers(table[mood]), bins) for mood in index.moods}


def numbers(column: pa.ChunkedArray) -> FloatArray:
    """Return the values of an Arrow column of numbers as (n,) floats, NaN where unknown."""
    return np.asarray(column.to_numpy(), np.float32)


def spread_of(name: str, scores: FloatArray, bins: int = 20) -> MoodSpread:
    """Measure the scores of one mood.

    Args:
        name: of the mood.
        scores: (n,) in [0, 1], NaN where unknown.
        bins: the number of bins of the histogram, 1 or more.
    """
    known = scores[~np.isnan(scores)]
    counts, _ = np.histogram(known, bins, (0, 1))
    histogram = tuple(int(count) for count in counts)
    if not known.size:
        return MoodSpread(name, 0, None, None, {}, histogram)
    quantiles = np.quantile(known, QUANTILES)
    return MoodSpread(
        name,
        int(known.size),
        float(known.mean(dtype=np.float64)),
        float(known.std(dtype=np.float64)),
        {str(q): round(float(value), 4) for q, value in zip(QUANTILES, quantiles, strict=True)},
        histogram,
    )
