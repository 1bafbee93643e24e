"""What requests may hold: each field has the name, the range and the meaning that it has in Python."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from moodrec.arguments import brief
from moodrec.errors import UsageError
from moodrec.index.search.options import SearchOptions
from moodrec.recommend.mood_targets import written_targets
from moodrec.recommend.playlists.rules import Rules
from moodrec.serve.problems import ProblemError
from moodrec.serve.settings import Limits

MOST_TEXT = 1000
MOST_IDS = 10_000
Text = Annotated[str, StringConstraints(max_length=MOST_TEXT)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=MOST_TEXT)]
Where = Annotated[str, StringConstraints(max_length=20_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Moods = Annotated[dict[Id, Share], Field(max_length=200)]
Ids = Annotated[list[Id], Field(max_length=MOST_IDS)]
K = Annotated[int, Field(ge=1, le=100_000, description="The number of tracks.")]
CALM = "calm >= 0.6 AND year BETWEEN 1990 AND 1999"


class Request(BaseModel):
    """All requests derive from this class: an unknown field is an error, so that no misspelling goes unnoticed."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Conditions(Request):
    """What tracks must meet, and how hits are chosen."""

    where: Where | None = Field(None, description="A SQL condition on the columns.", examples=[CALM])
    mood_weight: Share | None = Field(
        None, description="Weight of the mood against the sound; 0.5 where there is a target."
    )
    only: Ids | None = Field(None, description="The only track ids that may be returned.")
    exclude: Ids = Field([], description="Track ids that are not returned.")
    exclude_artist: Ids = Field([], description="Artists whose tracks are not returned.")
    max_per_artist: int | None = Field(None, ge=1, le=1_000_000, description="At most so many by one artist.")
    max_per_album: int | None = Field(None, ge=1, le=1_000_000, description="At most so many of one album.")
    distinct: bool = Field(False, description="Leave out copies of a better hit, or of the seed.")
    diversity: Share = Field(0.0, description="How much likeness to a better hit counts against a track.")
    exact: bool = Field(False, description="Compare every track that meets the conditions.")

    def options(self, mood: dict[str, float] | None, limits: Limits) -> SearchOptions:
        """Make the options of a search.

        Args:
            mood: targets in [0, 1] by mood.
            limits: what a request may ask for.

        Raises:
            UsageError, FilterError: values contradict each other, or the condition cannot be read.
            ProblemError: the condition is too long.
        """
        if self.where is not None and len(self.where) > limits.condition:
            raise ProblemError(
                413,
                "TooLarge",
                f"the condition has {len(self.where)} characters; {limits.condition} is the limit",
            )
        return SearchOptions(
            where=self.where if self.where and self.where.strip() else None,
            mood=mood or None,
            mood_weight=self.mood_weight,
            only=self.only,
            exclude=self.exclude,
            exclude_artist=self.exclude_artist,
            max_per_artist=self.max_per_artist,
            max_per_album=self.max_per_album,
            distinct=self.distinct,
            diversity=self.diversity,
            exact=self.exact,
        )


class Answering(Request):
    """How much of each track an answer tells."""

    columns: Annotated[list[Id], Field(max_length=500)] | None = Field(
        None,
        description="Columns wanted; `moods` stands for all moods. Without: all but paths and probabilities.",
        examples=[["title", "artist", "moods"]],
    )


class ByQuery(Conditions, Answering):
    """Search parameters of a URL."""

    k: K = 20
    mood: Text | None = Field(None, description="Targets: `calm=0.9,happy=0.3`.", examples=["calm=0.9"])
    explain: bool = Field(False, description="Tell why each track is there, and what each condition drops.")

    def targets(self) -> dict[str, float] | None:
        """Read the mood targets.

        Raises:
            UsageError: they are not of the form ``calm=0.9,happy=0.3``.
        """
        return read_targets(self.mood)


class SimilarQuery(ByQuery):
    """Parameters of ``GET /v1/similar``."""

    seed: Id = Field(description="A track id, a title, or `artist - title`.")


class MoodQuery(ByQuery):
    """Parameters of ``GET /v1/by-mood``."""

    mood: Text = Field(description="Targets: `calm=0.9,happy=0.3`.", examples=["calm=0.9"])


class ByBody(Conditions, Answering):
    """Search parameters of a body."""

    k: K = 20
    mood: Moods | None = Field(None, description="Targets in [0, 1] by mood.", examples=[{"calm": 0.9}])
    explain: bool = Field(False, description="Tell why each track is there, and what each condition drops.")


class SimilarBody(ByBody):
    """The body of ``POST /v1/similar``: exactly one of ``seed``, ``seeds`` and ``vector``."""

    seed: Id | None = Field(None, description="A track id, a title, or `artist - title`.")
    seeds: Ids | None = Field(None, description="Several track ids: the mean of their sounds.")
    vector: Annotated[list[float], Field(min_length=1, max_length=8192)] | None = Field(
        None, description="An embedding, as from `/v1/analyze`."
    )

    def one_of(self) -> Self:
        """Check that there is one seed.

        Raises:
            UsageError: there is none, or several.
        """
        given = [name for name in ("seed", "seeds", "vector") if getattr(self, name) is not None]
        if len(given) != 1:
            raise UsageError(f"give one of seed, seeds and vector, not {' and '.join(given) or 'none'}")
        return self


class MoodBody(ByBody):
    """The body of ``POST /v1/by-mood``."""

    mood: Moods = Field(description="Targets in [0, 1] by mood.", examples=[{"calm": 0.9}])


class HistoryBody(ByBody):
    """The body of ``POST /v1/for-history``: what was liked and disliked, or weights."""

    likes: Ids = Field([], description="Track ids with the weight 1.")
    dislikes: Ids = Field([], description="Track ids with the weight -0.5.")
    weights: Annotated[dict[Id, float], Field(max_length=MOST_IDS)] = Field(
        {}, description="Weights by track id; negative for less like it. They replace the weights above."
    )
    ignore_unknown: bool = Field(False, description="Leave out ids that are not in the library.")

    def history(self) -> dict[str, float]:
        """Return the weight of each track."""
        return dict.fromkeys(self.likes, 1.0) | dict.fromkeys(self.dislikes, -0.5) | self.weights


class TracksQuery(Answering):
    """Parameters of ``GET /v1/tracks``."""

    q: Text | None = Field(None, description="Words of titles, artists and albums.", examples=["teardrop"])
    where: Where | None = Field(None, description="A SQL condition on the columns.", examples=[CALM])
    sort: Text | None = Field(
        None, description="Columns, `-` before one for falling.", examples=["-calm,year"]
    )
    exclude_artist: Ids = Field([], description="Artists whose tracks are left out.")
    max_per_artist: int | None = Field(None, ge=1, le=1_000_000, description="At most so many by one artist.")
    limit: int = Field(50, ge=1, le=1000)
    cursor: Text | None = Field(None, description="`next` of the page before.")


class ListRules(Request):
    """How long a playlist is, how far apart an artist's tracks are, and how it is drawn."""

    n: int | None = Field(None, ge=1, le=1000, description="Tracks; 25 by default.")
    minutes: float | None = Field(
        None, gt=0, le=6000, description="Playing time; the last track is chosen to fit."
    )
    artist_gap: int = Field(3, ge=0, le=1000, description="Tracks between two of one artist, at least.")
    max_per_artist: int | None = Field(None, ge=1, le=1000, description="At most so many by one artist.")
    variety: Share = Field(0.0, description="0 takes what fits best, 1 draws freely among what fits.")
    random_seed: int = Field(0, ge=0, le=2**31 - 1, description="The same seed gives the same list.")


class ListBody(ListRules, Answering):
    """What every kind of playlist takes: its rules, and what its tracks must meet."""

    where: Where | None = Field(None, description="A SQL condition on the columns.", examples=[CALM])
    only: Ids | None = Field(None, description="The only track ids that may be in the list.")
    exclude: Ids = Field([], description="Track ids that are left out.")
    exclude_artist: Ids = Field([], description="Artists whose tracks are left out.")

    def rules(self) -> Rules:
        """Make the rules of the playlist."""
        return Rules(**{name: getattr(self, name) for name in ListRules.model_fields})

    def options(self, limits: Limits) -> SearchOptions:
        """Make the options of its searches.

        Args:
            limits: what a request may ask for.

        Raises:
            UsageError, FilterError, ProblemError: as :meth:`Conditions.options`.
        """
        mood = getattr(self, "mood", None)
        given: dict[str, object] = {"where": self.where, "only": self.only, "mood_weight": None}
        if mood:
            given["mood_weight"] = getattr(self, "mood_weight", None)
        asked = Conditions.model_validate(
            given | {"exclude": self.exclude, "exclude_artist": self.exclude_artist}
        )
        return asked.options(mood, limits)


class PlaylistBody(ListBody):
    """What playlists take that may lean towards a mood."""

    mood: Moods | None = Field(None, description="Targets in [0, 1] by mood.")
    mood_weight: Share | None = Field(
        None, description="Weight of the mood against the sound; 0.5 by default."
    )


class RadioBody(PlaylistBody):
    """A station that stays near a track."""

    seed: Id
    drift: Share = Field(
        0.3, description="How far each track follows the one before it rather than the seed."
    )


class PathBody(PlaylistBody):
    """A way from one track to another in even steps of sound."""

    start: Id
    end: Id


class MixBody(PlaylistBody):
    """More like some tracks, less like others."""

    tracks: Annotated[dict[Id, float], Field(max_length=MOST_IDS)] = Field(
        {}, description="Weights by track id, negative for less like it."
    )


class ArcPoint(Request):
    """A point between the ends of an arc."""

    at: Annotated[float, Field(gt=0, lt=1)] = Field(description="The share of the way.", examples=[0.5])
    moods: Moods = Field(description="Targets of moods that an end names.", examples=[{"calm": 0.3}])


class ArcBody(ListBody):
    """A way from one mood to another, straight or through points between."""

    start: Moods = Field(examples=[{"calm": 1.0}])
    end: Moods = Field(examples=[{"energetic": 1.0}])
    via: Annotated[list[ArcPoint], Field(max_length=100)] = Field(
        [], description="Points that it passes through, such as those of a curve that was drawn."
    )


class ClustersBody(ListBody):
    """The moods that a library falls into."""

    k: int = Field(6, ge=1, le=100, description="The number of clusters.")
    moods: Annotated[list[Id], Field(max_length=200)] = Field(
        [], description="Moods that count; all by default."
    )


class Play(Request):
    """A play of a track."""

    track_id: Id
    played_at: str | float = Field(
        description="ISO 8601, or seconds since 1970.", examples=["2026-01-31T20:15:00Z"]
    )


class FingerprintBody(PlaylistBody):
    """A play history, in which recent plays count more."""

    plays: Annotated[list[Play], Field(min_length=1, max_length=100_000)]
    half_life_days: float = Field(30.0, gt=0, le=1e6)
    ignore_unknown: bool = Field(False, description="Leave out plays of tracks that are not in the library.")


class ExportBody(Request):
    """Tracks to write to a playlist file."""

    track_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_IDS)]
    title: Text = "moodrec"
    format: Literal["m3u8", "xspf", "jspf"] = "m3u8"


class JobBody(Request):
    """An analysis to start."""

    folders: Annotated[list[Text], Field(max_length=100)] = Field(
        [],
        description="Folders inside those that the server was started with (--music); none takes all of them.",
    )
    retry_failed: bool = Field(False, description="Try files again that failed earlier.")


def read_targets(text: str | None) -> dict[str, float] | None:
    """Read mood targets such as ``happy=0.9,energetic=0.7``.

    Raises:
        UsageError: they are not of that form.
    """
    if not text:
        return None
    targets = written_targets(text)
    if targets is None:
        raise UsageError(
            f"mood is {brief(text)}; it should be NAME=TARGET,... with each name once, such as happy=0.9,calm=0.7"
        )
    return targets
