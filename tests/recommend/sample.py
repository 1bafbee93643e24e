"""A recommender over the sample catalogue."""

from __future__ import annotations

from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.recommender import Recommender
from tests.catalogues import MOODS, Sample, sample_catalogue


def sample_recommender(n: int = 400, seed: int = 0) -> tuple[Recommender, Sample]:
    """A recommender, and the vectors and the table behind it."""
    sample = sample_catalogue(n, seed=seed)
    return Recommender(MoodIndex.build(sample.vectors, sample.table, MOODS)), sample
