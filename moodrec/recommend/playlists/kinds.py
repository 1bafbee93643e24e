"""Playlists that lead somewhere: radio, path, mix, arc.

Each takes a :class:`~moodrec.recommend.recommender.Recommender`, what it is about, :class:`Rules`, and the options of
a search (``where``, ``exclude_artist``, ...), which hold for every track that is not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import numpy as np

from moodrec.arguments import OnConflict, share
from moodrec.errors import UsageError
from moodrec.index.search.options import SearchKeywords, SearchOptions
from moodrec.names import name_of
from moodrec.recommend.histories import history_weights, mix_vector
from moodrec.recommend.playlists.arc import arc as arc
from moodrec.recommend.playlists.chain import Aim, Chain, Place, Vector
from moodrec.recommend.playlists.playlist import Playlist
from moodrec.recommend.playlists.rules import Rules, rules_of
from moodrec.recommend.queries import known_ids
from moodrec.recommend.recommender import Recommender
from moodrec.recommend.versioned import of_one_version


@of_one_version
def radio(
    recommender: Recommender,
    seed: str,
    rules: Rules | None = None,
    drift: float = 0.3,
    options: SearchOptions | None = None,
    **keywords: Unpack[SearchKeywords],
) -> Playlist:
    """Make a station that starts with a track and stays near it.

    Args:
        recommender: where the tracks come from.
        seed: a track; see :meth:`Recommender.resolve`. It comes first.
        rules: what the playlist keeps to; by default 25 tracks.
        drift: how far each track follows the one before it rather than the seed, in [0, 1]: 0 stays, 1 wanders off.
        options: what is asked for beside.
        **keywords: fields of ``options``: ``where``, ``mood``, ``mood_weight``, ...

    Raises:
        NotFoundError, AmbiguousSeedError: of the seed.
        UsageError: arguments out of range.

    Examples:
        >>> from moodrec import Recommender
        >>> from moodrec.recommend.playlists.kinds import radio
        >>> from moodrec.recommend.playlists.rules import Rules
        >>> rec = Recommender.open("indexes/open-game-music")
        >>> station = radio(rec, "Albian Nocturne", Rules(n=5), where="calm >= 0.5")
        >>> len(set(station.track_ids)), station.tracks["title"].iloc[0]
        (5, 'Albian Nocturne')
    """
    following = share(drift, "drift")
    asked = SearchOptions.of(options, keywords)
    seed_id = recommender.resolve(seed)
    chain = Chain(recommender, rules_of(rules), asked, opening=[seed_id])
    home = _unit(recommender, seed_id)

    def aim_at(place: Place) -> Aim:
        last = _unit(recommender, place.previous or seed_id)
        return Aim((1 - following) * home + following * last)

    return chain.grow(aim_at, f"Radio: {_name(recommender, seed_id)}")


@of_one_version
def path(
    recommender: Recommender,
    start: str,
    end: str,
    rules: Rules | None = None,
    options: SearchOptions | None = None,
    **keywords: Unpack[SearchKeywords],
) -> Playlist:
    """Lead from one track to another in even steps of sound.

    The place at share t of the way asks for the direction at angle t between the two embeddings (spherical linear
    interpolation).

    Args:
        recommender: where the tracks come from.
        start: the first track of the list; see :meth:`Recommender.resolve`.
        end: the last one.
        rules: what the playlist keeps to; by default 25 tracks.
        options: what is asked for beside.
        **keywords: fields of ``options``.

    Raises:
        NotFoundError, AmbiguousSeedError: of one of the two.
        UsageError: they are the same track, or there is no room for both.
    """
    rules, asked = rules_of(rules), SearchOptions.of(options, keywords)
    first, last = recommender.resolve(start), recommender.resolve(end)
    if first == last or last in recommender.recordings(first):
        raise UsageError("a path needs two different tracks, and these are one recording")
    if rules.limit < 2:
        raise UsageError("a path needs n >= 2: its two ends are tracks of it")
    left, right = _unit(recommender, first), _unit(recommender, last)
    chain = Chain(recommender, rules, asked, opening=[first], closing=[last])
    title = f"From {_name(recommender, first)} to {_name(recommender, last)}"
    return chain.grow(lambda place: Aim(slerp(left, right, place.progress)), title)


@of_one_version
def mix(
    recommender: Recommender,
    tracks: Mapping[str, float],
    rules: Rules | None = None,
    options: SearchOptions | None = None,
    *,
    on_conflict: OnConflict = "error",
    **keywords: Unpack[SearchKeywords],
) -> Playlist:
    """Mix tracks: make a playlist that is more like some tracks and less like others, in a mood. The tracks
    themselves are left out.

    Args:
        recommender: where the tracks come from.
        tracks: weight by track id, negative for less like it; empty to go by mood alone.
        rules: what the playlist keeps to; by default 25 tracks.
        options: what is asked for beside: ``mood`` with targets in [0, 1], 1 for more of a mood and 0 for less.
        on_conflict: "ignore" leaves out tracks that are not in the index.
        **keywords: fields of ``options``.

    Raises:
        NotFoundError: tracks are not in the index.
        UsageError: neither tracks nor mood, or the weighted tracks cancel out.
    """
    asked = SearchOptions.of(options, keywords)
    weights = history_weights(tracks)
    known = known_ids(recommender.index, weights, on_conflict)
    notes: tuple[str, ...] = ()
    if known:
        query = mix_vector(recommender.index, {track_id: weights[track_id] for track_id in known})
    elif asked.mood:
        if asked.mood_weight is not None and asked.mood_weight != 1:
            notes = (
                f"mood_weight {asked.mood_weight:g} has no effect: without tracks there is only the mood",
            )
        query, asked = _any(recommender), asked.replace(mood_weight=1.0)
    elif weights:
        raise UsageError(f"none of the {len(weights)} tracks of the mix is in the index, and it has no mood")
    else:
        raise UsageError("a mix needs tracks or moods to start from")
    copies = [copy for track_id in known for copy in recommender.recordings(track_id)]
    chain = Chain(recommender, rules_of(rules), asked.excluding([*known, *copies]))
    return chain.grow(lambda place: Aim(query), "Mix", notes)


def slerp(left: Vector, right: Vector, part: float) -> Vector:
    """Return the unit vector at a part of the angle from one unit vector to another.

    Shoemake, Animating rotation with quaternion curves, 1985. Opposite vectors have no way between them: there the
    nearer end is taken.

    Args:
        left: (d,) of unit length.
        right: (d,) of unit length.
        part: in [0, 1]; 0 is ``left``.

    Returns:
        (d,) of unit length.
    """
    angle = np.arccos(np.clip(left @ right, -1, 1))
    if np.sin(angle) < 1e-6:
        return left if part < 0.5 else right
    return np.asarray((np.sin((1 - part) * angle) * left + np.sin(part * angle) * right) / np.sin(angle))


def _unit(recommender: Recommender, track_id: str) -> Vector:
    return np.asarray(recommender.index.vectors([track_id])[0], np.float64)


def _any(recommender: Recommender) -> Vector:
    """Return any direction, for a weight that is all on the mood, so that the cosine counts nothing."""
    return np.eye(1, recommender.index.dim).ravel()


def _name(recommender: Recommender, track_id: str) -> str:
    return name_of(recommender.index.rows([track_id]).to_pylist()[0])
