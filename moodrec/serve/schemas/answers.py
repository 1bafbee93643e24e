"""What answers hold, for the OpenAPI document; answers are written straight from the columns."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Problem(BaseModel):
    """An error as RFC 9457 has it."""

    type: str = Field(examples=["urn:moodrec:problem:FilterError"])
    title: str = Field(examples=["Bad Request"])
    status: int = Field(examples=[400])
    detail: str = Field(description="One sentence that says what to do.")
    matches: list[dict[str, str]] | None = Field(None, description="The tracks that an ambiguous seed names.")


class Track(BaseModel):
    """A track: its columns, its moods, and as a hit its rank and score."""

    model_config = ConfigDict(extra="allow")
    track_id: str
    title: str | None = None
    file: str | None = Field(None, description="The name of its file, where it has no title.")
    artist: str | None = None
    moods: dict[str, float | None] | None = None
    rank: int | None = None
    score: float | None = None


class TrackPage(BaseModel):
    """A page of tracks."""

    version: str = Field(description="The version of the index that the page is of.")
    total: int = Field(description="Tracks that match, on all pages.")
    tracks: list[Track]
    next: str | None = Field(description="`cursor` of the next page; null on the last one.")


class MoodReason(BaseModel):
    """What one mood adds to a hit."""

    mood: str
    score: float | None
    wanted: float = Field(description="The target, or the score of the seed where there is no target.")
    part: float = Field(
        description="With a target: what it adds to the score. Without: the product of the standard scores of track "
        "and seed within the library."
    )


class Why(BaseModel):
    """Why one track is there."""

    track_id: str
    cosine: float | None
    mood_weight: float
    moods: list[MoodReason]


class Drop(BaseModel):
    """A condition, and how many tracks it drops by itself."""

    condition: str
    rows: int


class Explanation(BaseModel):
    """How a search found its hits."""

    model_config = ConfigDict(extra="allow")
    path: str
    reason: str
    rows: int
    passed: int = Field(description="Tracks that meet every condition.")
    dropped: list[Drop]
    shortfall: str | None


class Found(BaseModel):
    """The hits of a search, best first."""

    version: str
    count: int
    seed: Track | None = None
    tracks: list[Track]
    shortfall: str | None = Field(description="Why there are fewer than k; null where there are k.")
    notes: list[str]
    explain: Explanation | None = None
    why: list[Why] | None = None


class Part(BaseModel):
    """A piece of what was typed, and what it means."""

    words: str
    kind: str = Field(description="seed, mood, condition, limit, order, empty or unknown")
    meaning: str
    start: int = Field(description="Its place in the text, in characters.")
    end: int


class Seed(BaseModel):
    """The track, or the artist, that results are to sound like."""

    label: str
    track_ids: list[str]


class FoundWords(BaseModel):
    """A search in words: the sentence that it was understood as, and its tracks."""

    version: str
    text: str
    sentence: str = Field(description="The sentence as people read it.")
    seed: Seed | None
    moods: dict[str, float] = Field(description="Targets in [0, 1] by mood.")
    conditions: list[str]
    where: str | None = Field(description="All conditions as one.")
    exclude_artist: list[str]
    max_per_artist: int | None
    max_per_album: int | None
    distinct: bool
    diversity: float
    k: int | None = Field(description="The number of tracks that the words ask for.")
    parts: list[Part]
    not_understood: list[str]
    matches: dict[str, list[dict[str, str]]] = Field(description="Tracks that a name may mean.")
    found: Found | None = Field(description="The tracks; null where none were asked for.")


class Playlist(BaseModel):
    """Tracks in the order in which they are played."""

    version: str
    title: str
    count: int
    seconds: float | None
    tracks: list[Track]
    notes: list[str]


class Cluster(BaseModel):
    """Tracks of like moods."""

    name: str
    centre: dict[str, float]
    size: int
    share: float
    playlist: Playlist


class Clusters(BaseModel):
    """The moods that a library falls into, the largest first."""

    version: str
    clusters: list[Cluster]


class MoodSummary(BaseModel):
    """A mood and the distribution of its scores."""

    name: str
    meaning: str
    known: int
    mean: float | None
    deviation: float | None
    quantiles: dict[str, float]
    histogram: list[int] = Field(description="Tracks in each of 20 equal bins of [0, 1].")


class MoodList(BaseModel):
    """The moods of the library."""

    version: str
    tracks: int
    moods: list[MoodSummary]


class CommonValue(BaseModel):
    """A value and the number of its tracks."""

    value: str
    count: int


class ColumnInfo(BaseModel):
    """A column, for completion while one types a condition."""

    name: str
    kind: str = Field(description="number, text, list, flag, date or other")
    mood: bool
    known: int
    least: float | None
    greatest: float | None
    values: list[CommonValue]


class ColumnList(BaseModel):
    """The columns that conditions may name."""

    version: str
    columns: list[ColumnInfo]
    functions: list[str] = Field(description="Functions of conditions, such as `pct(calm)`.")


class Analysed(BaseModel):
    """An audio file that was sent: nothing of it is kept."""

    embedding: list[float] = Field(description="For `vector` of `POST /v1/similar`.")
    moods: dict[str, float]
    probabilities: dict[str, float]
    seconds: float
    place: list[float] | None = Field(description="Where it lies on the map, as `/v1/map`, in [0, 65535].")
    tags: dict[str, Any]


class Job(BaseModel):
    """An analysis of some folders."""

    id: str
    state: str = Field(description="running, stopping, done, stopped or failed")
    folders: list[str]
    done: int
    total: int
    counts: dict[str, int] = Field(description="Files by outcome: ok, partial, silent, failed.")
    last: str | None = Field(description="The name of the file that was done last.")
    message: str | None
    started: float = Field(description="Seconds since 1970.")
    ended: float | None


class JobList(BaseModel):
    """The jobs of this server, the latest first."""

    jobs: list[Job]
    folders: list[str] = Field(description="Folders that may be analysed.")


class MapInfo(BaseModel):
    """How the map was made."""

    version: str
    method: str
    tracks: int
    coming: str | None = Field(description="A method whose map is being made, and replaces this one.")
    regions: list[dict[str, Any]] = Field(description="Places with the names of what is there.")


class Player(BaseModel):
    """A player that is linked to the library."""

    name: str
    url: str
    songs: int
    matched: int = Field(description="Songs that are tracks of the library.")
    by: dict[str, int] = Field(
        description="Songs by the way in which they were matched: path, recording, names."
    )
    unmatched: list[str]
    read_at: float
    can_send: bool = Field(description="Whether playlists can be written into it.")


class PlayerList(BaseModel):
    """The players that are linked to the library."""

    players: list[Player]


class PlayerTest(BaseModel):
    """What a player says of itself."""

    name: str
    url: str
    kind: str
    version: str
    extensions: list[str]


class Sent(BaseModel):
    """A playlist that was written into a player."""

    playlist_id: str
    sent: int
    left_out: int = Field(description="Tracks that the player does not have.")


class Label(BaseModel):
    """What a person said of a mood."""

    kind: str = Field(description="track, artist or album")
    name: str
    mood: str
    value: float | None = Field(description="From 0 to 1; null where a label was taken back.")
    given_by: str
    given_at: str


class LabelList(BaseModel):
    """The labels of the library."""

    labels: list[Label]


class Labelled(BaseModel):
    """What was stored, and whose scores it may change."""

    version: str | None
    written: list[Label] = Field(description="New labels; those that held already are not written again.")
    tracks: list[str]


class Stats(BaseModel):
    """The server in figures."""

    model_config = ConfigDict(extra="allow")
    version: str | None
    tracks: int
    moods: list[str]
    uptime_s: float
    swaps: int
    moodrec: str
