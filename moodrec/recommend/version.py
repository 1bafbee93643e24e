"""What a recommender knows of one version of an index."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from moodrec.catalog.seeds import SEED_COLUMNS
from moodrec.index.front import SearchFront
from moodrec.index.rows.frames import to_pandas
from moodrec.recommend.audio_seeds import AudioSeeds
from moodrec.recommend.copies import Copies
from moodrec.recommend.pairs import PairScorer
from moodrec.recommend.rerank import Reranker

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class RecommenderVersion:
    """One version of an index, and what is worked out from it once."""

    index: SearchFront
    """A snapshot, which never changes."""
    notes: tuple[str, ...]
    """Sentences for people, such as that the index is out of date."""
    audio: AudioSeeds
    """Analyses seeds that are not in the index."""

    @cached_property
    def copies(self) -> Copies:
        """The copies that the track table marks."""
        return Copies(self.index)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The track table: a row a track, a column a mood."""
        return self.index.frame

    @cached_property
    def names(self) -> pd.DataFrame:
        """The columns of the track table by which a seed names a track."""
        return to_pandas(self.index.columns(SEED_COLUMNS))

    @cached_property
    def reranker(self) -> Reranker:
        """Puts candidates of another model in a new order."""
        return Reranker(self.index, self.notes)

    @cached_property
    def scorer(self) -> PairScorer:
        """Scores pairs of tracks."""
        return PairScorer(self.index)

    def over(self, index: SearchFront, notes: tuple[str, ...]) -> RecommenderVersion:
        """Return the same for another version of the index.

        Args:
            index: a snapshot.
            notes: sentences for people about it.
        """
        return RecommenderVersion(index, notes, self.audio.over(index))
