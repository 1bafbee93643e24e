"""``SearchOptions``: every option of a search beside the queries and the number of hits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final, TypedDict, Unpack, cast

from moodrec.arguments import brief, flag, ids_of, plain, share, texts, whole
from moodrec.errors import UsageError
from moodrec.filters.columns import as_condition
from moodrec.filters.conditions import Condition
from moodrec.filters.names import hint

MOST_PADDING: Final = 10_000
"""How far ``k`` may exceed the number of tracks in the index."""
_SHOWN: Final = 5
"""How many ids of a set ``repr`` writes out."""
_NONE: Final[frozenset[str]] = frozenset()
_ZERO: Final = 0.0
_ELSEWHERE: Final = {
    **dict.fromkeys(("include", "allow", "allowed", "allow_list", "ids", "candidates"), "only"),
    **dict.fromkeys(("deny", "block", "skip", "exclude_ids"), "exclude"),
    **dict.fromkeys(("filter", "filters", "condition", "query"), "where"),
    **dict.fromkeys(("n", "top_k", "topk", "limit", "size", "num"), "k"),
    **dict.fromkeys(("skip_first", "start", "page"), "offset"),
}
"""What an option is called in other libraries."""


class SearchKeywords(TypedDict, total=False):
    """The fields of :class:`SearchOptions`, as the keywords of a function that searches."""

    where: str | Condition | None
    mood: Mapping[str, float | Sequence[float]] | None
    mood_weight: float | Sequence[float] | None
    only: Collection[str] | None
    exclude: Collection[str]
    exclude_artist: Collection[str]
    max_per_artist: int | None
    max_per_album: int | None
    distinct: bool
    diversity: float
    exact: bool
    audio_only: bool


class QueryKeywords(TypedDict, total=False):
    """The keywords of a function that takes several queries: :class:`SearchKeywords`, some of them one a query.

    :mod:`moodrec.index.search.per_query` reads them.
    """

    where: str | Condition | Sequence[str | Condition | None] | None
    mood: Mapping[str, float | Sequence[float]] | None
    mood_weight: float | Sequence[float] | None
    only: Collection[str] | Sequence[Collection[str] | None] | None
    exclude: Collection[str] | Sequence[Collection[str] | None]
    exclude_artist: Collection[str] | Sequence[Collection[str] | None]
    max_per_artist: int | None
    max_per_album: int | None
    distinct: bool
    diversity: float
    exact: bool
    audio_only: bool


@dataclass(frozen=True, kw_only=True, repr=False)
class SearchOptions:
    """Which tracks a search may return, and what it ranks them by.

    Values are checked when the options are made, as far as that needs no index; moods and columns are looked up when
    a search uses them. Options are immutable, hashable, and equal where they ask for the same. Functions that search
    take them as ``options``, or take the same fields as keywords; where both are given, a keyword replaces the field.

    Raises:
        UsageError: a value is of the wrong type or out of range, or there is a weight without a mood target.
        FilterError: the condition cannot be read.

    Examples:
        >>> calm = SearchOptions(where="year >= 1990", mood={"calm": 0.9})
        >>> calm.replace(mood_weight=0.3)
        SearchOptions(where='year >= 1990', mood={'calm': 0.9}, mood_weight=0.3)
    """

    where: str | Condition | None = None
    """A SQL condition on the columns of the track table; see :func:`moodrec.filters.parse.parse`."""
    mood: Mapping[str, float | Sequence[float]] | None = None
    """Targets in [0, 1] by mood, each a number for all queries or one number for each query. Tracks without a score
    for one of these moods are left out."""
    mood_weight: float | Sequence[float] | None = None
    """Weight of the mood against the sound, in [0, 1]: a number for all queries or one number for each query. It is
    0.5 where a target is given and no weight."""
    only: Collection[str] | None = None
    """The only track ids that may be returned; None allows all. Ids that are not in the index have no effect."""
    exclude: Collection[str] = _NONE
    """Track ids that are not returned. Ids that are not in the index have no effect."""
    exclude_artist: Collection[str] = _NONE
    """Artists whose tracks are not returned, as guests either, whatever the case of their names."""
    max_per_artist: int | None = None
    """At most so many tracks of one artist, 1 or more: of the first that a track names, without its guests. Tracks of
    unknown and of various artists are not counted together."""
    max_per_album: int | None = None
    """At most so many tracks of one album, 1 or more. An album is known by its MusicBrainz id, else by its title and
    its album artist, else by its title and its folder."""
    distinct: bool = False
    """Whether copies of a better hit, or of the seed, are left out: other encodings and editions of one recording.
    They sound the same (a cosine of 0.99 or more; 0.95 with the same artist and title) and are as long, or share an
    id of the recording; see :mod:`moodrec.index.rows.recordings`."""
    diversity: float = _ZERO
    """How much it counts against a track that it is similar to a better hit, in [0, 1]: maximal marginal relevance
    among the 10 k best tracks, at least 100; see :func:`moodrec.ranking.pick`. Hits come in the order of choice."""
    exact: bool = False
    """Whether every row that meets the conditions is compared, so that no hit can be missed."""
    audio_only: bool = False
    """Whether moods, in the condition and as targets, are what the audio alone says, without metadata and labels."""

    def __post_init__(self) -> None:
        if self.where is not None:
            as_condition(self.where)
        if self.mood is not None:
            self._set("mood", _targets(self.mood))
        if self.mood_weight is not None:
            if not self.mood:
                raise UsageError(
                    "mood_weight without a mood target has no meaning: give mood={'calm': 0.8}, say"
                )
            self._set("mood_weight", _shares(self.mood_weight, "mood_weight"))
        if self.only is not None:
            self._set("only", frozenset(ids_of(self.only, "only")))
        if self.exclude is not _NONE:
            self._set("exclude", frozenset(ids_of(self.exclude, "exclude")))
        if self.exclude_artist is not _NONE:
            self._set("exclude_artist", frozenset(texts(self.exclude_artist, "exclude_artist")))
        if self.max_per_artist is not None:
            self._set("max_per_artist", whole(self.max_per_artist, "max_per_artist"))
        if self.max_per_album is not None:
            self._set("max_per_album", whole(self.max_per_album, "max_per_album"))
        if self.distinct is not False:
            self._set("distinct", flag(self.distinct, "distinct"))
        if self.diversity is not _ZERO:
            self._set("diversity", share(self.diversity, "diversity"))
        if self.exact is not False:
            self._set("exact", flag(self.exact, "exact"))
        if self.audio_only is not False:
            self._set("audio_only", flag(self.audio_only, "audio_only"))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @classmethod
    def of(cls, options: SearchOptions | None, keywords: SearchKeywords) -> SearchOptions:
        """The options of a call that takes both forms.

        Args:
            options: the options, if they were given.
            keywords: fields by name; each replaces that of ``options``.

        Raises:
            UsageError: ``options`` is something else, or there is no field of such a name; else as the class.
        """
        if options is not None and not isinstance(options, SearchOptions):
            raise UsageError(
                f"options takes SearchOptions, not {brief(options)}; "
                "give single options by keyword: where='calm >= 0.5'"
            )
        if not keywords:
            return _DEFAULTS if options is None else options
        for name in keywords:
            if name not in _FIELDS:
                same = _ELSEWHERE.get(name)
                more = f"did you mean {brief(same)}?" if same else hint(name, _FIELDS, "options")
                raise UsageError(f"there is no search option {brief(name)}; {more}")
        given: SearchKeywords = keywords if options is None else {**options.given, **keywords}
        return cls(**given)

    def replace(self, **changes: Unpack[SearchKeywords]) -> SearchOptions:
        """Return the options with some fields changed; it raises what the class raises."""
        return self.of(self, changes)

    def excluding(self, track_ids: Iterable[str]) -> SearchOptions:
        """Return the options with more track ids excluded."""
        return self.replace(exclude={*self.exclude, *track_ids})

    @property
    def given(self) -> SearchKeywords:
        """The fields that differ from their defaults, in the order of the class."""
        found = {name: value for name in _FIELDS if (value := getattr(self, name)) != _UNSET[name]}
        return cast(SearchKeywords, found)

    def __repr__(self) -> str:
        return f"SearchOptions({', '.join(f'{name}={_shown(value)}' for name, value in self.given.items())})"

    def __hash__(self) -> int:
        mood = None if self.mood is None else frozenset(self.mood.items())
        return hash((mood, *(getattr(self, name) for name in _FIELDS if name != "mood")))

    def __reduce__(self) -> tuple[Any, ...]:
        """Reduce to plain values for pickle and copy, which cannot handle a read-only mapping."""
        state: dict[str, Any] = dict(self.given)
        if self.mood is not None:
            state["mood"] = dict(self.mood)
        return _restored, (state,)


def checked_k(k: object, n_tracks: int) -> int:
    """Check the number of hits a query.

    Args:
        k: the value that the user gave.
        n_tracks: the number of tracks in the index.

    Returns:
        The number, at least 1 and at most 10,000 more than there are tracks.

    Raises:
        UsageError: it is no whole number, or out of range.
    """
    if type(k) is int and 0 < k <= n_tracks:
        return k
    most = n_tracks + MOST_PADDING
    number = whole(k, "k", most=None)
    if number > most:
        raise UsageError(
            f"k is {number}; it must be at most {most:,}, for the index holds {n_tracks:,} tracks"
        )
    return number


def _targets(mood: object) -> Mapping[str, float | tuple[float, ...]] | None:
    if not isinstance(mood, Mapping):
        raise UsageError(f"mood takes targets by name, such as {{'calm': 0.8}}, not {brief(mood)}")
    for name in mood:
        if not isinstance(name, str):
            raise UsageError(f"mood takes names of moods as text, not {brief(name)}")
    found = {name: _shares(value, f"the target of {brief(name)}") for name, value in mood.items()}
    return MappingProxyType(found) if found else None


def _shares(given: object, what: str) -> float | tuple[float, ...]:
    """Check one number in [0, 1], or several."""
    value = plain(given)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(share(one, what) for one in value)
    try:
        return share(value, what)
    except UsageError as error:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise
        raise UsageError(
            f"{what} is {brief(given)}; it must be a number in [0, 1], or one for each query"
        ) from error


def _shown(value: object) -> str:
    if isinstance(value, frozenset):
        names = sorted(value)
        more = f", ... {len(names):,} in all" if len(names) > _SHOWN else ""
        return f"{{{', '.join(map(repr, names[:_SHOWN]))}{more}}}" if names else "()"
    return repr(dict(value)) if isinstance(value, Mapping) else repr(value)


def _restored(state: SearchKeywords) -> SearchOptions:
    return SearchOptions(**state)


_FIELDS: Final = tuple(field.name for field in fields(SearchOptions))
_UNSET: Final[Mapping[str, Any]] = {field.name: field.default for field in fields(SearchOptions)}
_DEFAULTS: Final = SearchOptions()
