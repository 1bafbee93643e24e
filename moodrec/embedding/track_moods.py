"""What a model infers of a track, by name, and of several tracks, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, overload

import numpy as np

from moodrec.arguments import brief
from moodrec.errors import UsageError
from moodrec.filters.names import hint
from moodrec.html import score_table
from moodrec.typing import Float32Array, Vectors

if TYPE_CHECKING:
    import pandas as pd

_SHOWN: Final = 4
"""How many moods, or tracks, ``repr`` writes out."""


@dataclass(frozen=True, eq=False, repr=False)
class TrackMoods:
    """What the model infers of one track; ``moods["calm"]`` is the score of a mood by its name.

    It lists its moods like a dictionary: ``dict(moods)``, ``"calm" in moods``, ``for name in moods``.
    """

    embedding: Float32Array
    """(embedding_dim,) float32, unit length."""
    mood_scores: Float32Array
    """(moods,) in [0, 1]: percentile of the probability in the model's reference set."""
    probabilities: Float32Array
    """(moods,) in [0, 1], calibrated."""
    names: tuple[str, ...] = ()
    """(moods,) The names of the moods, in the order of the scores."""

    def __getitem__(self, mood: str) -> float:
        """Return the score of a mood, in [0, 1].

        Raises:
            UsageError: there is no such mood.
        """
        return float(self.mood_scores[self._place(mood)])

    def probability(self, mood: str) -> float:
        """Return the calibrated probability of a mood, in [0, 1].

        Raises:
            UsageError: there is no such mood.
        """
        return float(self.probabilities[self._place(mood)])

    def _place(self, mood: str) -> int:
        if mood not in self.names:
            raise UsageError(f"unknown mood {brief(mood)}; {hint(str(mood), self.names, 'moods')}")
        return self.names.index(mood)

    def keys(self) -> tuple[str, ...]:
        """Return the names of the moods."""
        return self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, mood: object) -> bool:
        return mood in self.names

    def __len__(self) -> int:
        return len(self.names)

    def to_pandas(self) -> pd.Series[float]:
        """Return the scores as a pandas series, by the name of the mood."""
        import pandas as pd

        return pd.Series(self.mood_scores, index=list(self.names), name="mood_scores")

    def __repr__(self) -> str:
        best = np.argsort(-self.mood_scores, kind="stable")[:_SHOWN]
        shown = ", ".join(
            f"{self.names[place]} {self.mood_scores[place]:.2f}" for place in best if self.names
        )
        more = f", ... {len(self.names)} moods" if len(self.names) > _SHOWN else ""
        return f"<TrackMoods: {shown}{more}; embedding of {len(self.embedding)}>"

    def _repr_html_(self) -> str:
        """Show scores and probabilities, the strongest first, in a notebook."""
        rows = [
            {"mood": self.names[place], "score": float(self.mood_scores[place]),
             "probability": float(self.probabilities[place])}
            for place in np.argsort(-self.mood_scores, kind="stable") if self.names
        ]  # fmt: skip
        return score_table(["mood", "score", "probability"], rows, ("score", "probability"))


@dataclass(frozen=True, eq=False, repr=False)
class TrackMoodsList(Sequence[TrackMoods]):
    """What the model infers of several tracks, in their order."""

    tracks: tuple[TrackMoods, ...]
    """The tracks, each of which was analysed by itself."""
    labels: tuple[str, ...]
    """What each track is called: its path, or its place as text."""
    names: tuple[str, ...]
    """The names of the moods."""

    @property
    def embeddings(self) -> Vectors:
        """(tracks, embedding_dim) float32, of unit length."""
        return np.stack([track.embedding for track in self.tracks])

    @property
    def mood_scores(self) -> Float32Array:
        """(tracks, moods) in [0, 1]."""
        return np.stack([track.mood_scores for track in self.tracks])

    @property
    def probabilities(self) -> Float32Array:
        """(tracks, moods) in [0, 1], calibrated."""
        return np.stack([track.probabilities for track in self.tracks])

    def to_pandas(self) -> pd.DataFrame:
        """Return the scores as a pandas frame: a row a track, by its path or its place, and a column a mood."""
        import pandas as pd

        scores = self.mood_scores if self.tracks else np.empty((0, len(self.names)), np.float32)
        return pd.DataFrame(scores, index=pd.Index(self.labels, name="track"), columns=list(self.names))

    def __len__(self) -> int:
        return len(self.tracks)

    @overload
    def __getitem__(self, place: int) -> TrackMoods: ...
    @overload
    def __getitem__(self, place: slice) -> TrackMoodsList: ...
    def __getitem__(self, place: int | slice) -> TrackMoods | TrackMoodsList:
        if isinstance(place, slice):
            return TrackMoodsList(self.tracks[place], self.labels[place], self.names)
        return self.tracks[place]

    def __repr__(self) -> str:
        head = f"TrackMoodsList of {len(self)} tracks"
        shown = zip(self.labels[:_SHOWN], self.tracks[:_SHOWN], strict=True)
        lines = [f"  {label}: {track!r}" for label, track in shown]
        return "\n".join([head, *lines, *(["  ..."] if len(self) > _SHOWN else [])])
