"""Arcs reach their ends, keep what they do not name, and say how well they went."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from moodrec.errors import UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.playlists.kinds import arc
from moodrec.recommend.playlists.rules import Rules
from moodrec.recommend.recommender import Recommender

N = 300
MOODS = ["calm", "energetic", "valence", "sad"]


def library(seed: int = 0, n_artists: int = 60) -> Recommender:
    """Calm and energetic are near opposites, sad is valence turned round; neither pair follows from the other."""
    rng = np.random.default_rng(seed)
    calm, valence = rng.random(N), rng.random(N)
    noise = 0.08 * rng.standard_normal((2, N))
    moods = np.clip([calm, 1 - calm + noise[0], valence, 1 - valence + noise[1]], 0, 1).astype(np.float32)
    table = pa.table({
        "track_id": [f"t{row}" for row in range(N)],
        "artist": [f"Artist {row % n_artists}" for row in range(N)],
        "duration": rng.uniform(120, 360, N),
        **dict(zip(MOODS, moods, strict=True)),
    })  # fmt: skip
    return Recommender(MoodIndex.build(rng.standard_normal((N, 16)), table, MOODS))


REC = library()


@pytest.mark.parametrize("rules", [Rules(n=15), Rules(n=40, artist_gap=6), Rules(minutes=45), Rules(n=2)])
def test_an_arc_reaches_its_ends(rules: Rules) -> None:
    found = arc(REC, {"calm": 1.0}, {"energetic": 1.0}, rules)
    first, last = found.tracks.iloc[0], found.tracks.iloc[-1]
    assert first["calm"] > 0.9
    assert last["energetic"] > 0.9
    assert found.notes == ()
    assert found.report.startswith(f"begins at calm {first['calm']:.2f} (calm 1.00 asked for); ends at")
    steps = np.diff(found.tracks["energetic"])
    assert steps.max() < 0.3 or len(found) == 2
    assert len(set(found.track_ids)) == len(found)
    for left, right in pairwise(range(0, len(found), 1)):
        assert found.tracks["artist"].iloc[left] != found.tracks["artist"].iloc[right]


@pytest.mark.parametrize("rules", [Rules(n=21), Rules(minutes=90)])
def test_a_drawn_arc_passes_through_its_points(rules: Rules) -> None:
    course = [0.1, 0.8, 0.3, 0.9, 0.1]
    via = [(share / 4, {"calm": course[share]}) for share in (3, 1, 2)]  # in any order
    found = arc(REC, {"calm": course[0]}, {"calm": course[4]}, rules, via=via)
    drawn = np.interp(np.linspace(0, 4, len(found)), range(5), course)
    far = np.abs(found.tracks["calm"].to_numpy() - drawn)
    assert far.mean() < 0.06
    assert far.max() < 0.2


def test_moods_not_named_do_not_collapse() -> None:
    held = arc(REC, {"calm": 1.0}, {"energetic": 1.0}, Rules(n=20))
    free = arc(REC, {"calm": 1.0}, {"energetic": 1.0}, Rules(n=20), hold=())
    assert held.tracks["valence"].std() < 0.7 * free.tracks["valence"].std()
    assert held.tracks["valence"].min() > 0.25
    kept = arc(REC, {"calm": 1.0}, {"energetic": 1.0}, Rules(n=20), hold=["sad"])
    assert kept.tracks["sad"].std() < 0.7 * free.tracks["sad"].std()


def test_a_mood_that_a_named_one_goes_with_is_not_held() -> None:
    down = arc(REC, {"sad": 0.0}, {"sad": 1.0}, Rules(n=12))
    assert down.tracks["valence"].iloc[0] > 0.8
    assert down.tracks["valence"].iloc[-1] < 0.2


@pytest.mark.parametrize(
    ("start", "end", "more", "message"),
    [
        ({"calm": 1.0}, {"loud": 1.0}, {}, "unknown mood 'loud'; moods: calm"),
        ({"loud": 1.0}, {"calm": 1.0}, {}, "unknown mood 'loud'"),
        ({"calm": 1.0}, {"clam": 1.0}, {}, "did you mean 'calm'"),
        ({}, {"calm": 1.0}, {}, "the start of an arc is {}"),
        ({"calm": 1.0}, {}, {}, "the end of an arc is {}"),
        ("calm", {"calm": 1.0}, {}, "targets by mood"),
        ({"calm": 1.0}, None, {}, "targets by mood"),
        ({"calm": 1.5}, {"sad": 1.0}, {}, "must lie in"),
        ({"calm": 0.5}, {"sad": -1}, {}, "must lie in"),
        ({"calm": 0.5}, {"sad": float("nan")}, {}, "must lie in"),
        ({"calm": 0.5}, {"sad": [0.1, 0.2]}, {}, "must be one number"),
        ({"calm": 0.5}, {"sad": 1.0}, {"hold": ["loud"]}, "unknown mood 'loud'"),
        ({"calm": 0.5}, {"sad": 1.0}, {"via": [(1.0, {"calm": 0.2})]}, "between 0 and 1"),
        ({"calm": 0.5}, {"sad": 1.0}, {"via": [(float("nan"), {"calm": 0.2})]}, "share of the way"),
        ({"calm": 0.5}, {"sad": 1.0}, {"via": [(0.5, {"valence": 0.2})]}, "neither of its ends names"),
        ({"calm": 0.5}, {"sad": 1.0}, {"via": [(0.5, {"calm": 2.0})]}, "must lie in"),
        ({"calm": 0.5}, {"sad": 1.0}, {"mood_weight": 0.5}, "own mood target|without a mood"),
    ],
)
def test_both_ends_are_checked(start: Any, end: Any, more: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        arc(REC, start, end, Rules(n=5), **more)


def test_an_end_that_cannot_be_reached_is_told() -> None:
    found = arc(REC, {"calm": 1.0}, {"energetic": 1.0}, Rules(n=8), where="energetic < 0.6")
    assert any("it ends at energetic 0." in note for note in found.notes)


def test_more_places_than_tracks() -> None:
    found = arc(REC, {"calm": 1.0}, {"calm": 0.0}, Rules(n=30), where="valence > 0.95")
    assert 0 < len(found) < 30
    assert any(f"{len(found)} of 30 tracks" in note for note in found.notes)


def test_few_artists_and_a_cap() -> None:
    few = library(1, n_artists=3)
    found = arc(few, {"calm": 1.0}, {"calm": 0.0}, Rules(n=10, artist_gap=4))
    assert len(found) == 10
    assert "sooner than artist_gap" in found.notes[0]
    capped = arc(library(2), {"calm": 1.0}, {"calm": 0.0}, Rules(n=20, max_per_artist=1))
    assert capped.tracks["artist"].nunique() == 20


@pytest.mark.parametrize("minutes", [5, 30, 120])
def test_the_time_is_met_and_the_ends_too(minutes: float) -> None:
    found = arc(REC, {"calm": 1.0}, {"energetic": 1.0}, Rules(minutes=minutes))
    assert found.seconds is not None
    assert abs(found.seconds - 60 * minutes) < 30
    assert found.tracks["energetic"].iloc[-1] > 0.85
