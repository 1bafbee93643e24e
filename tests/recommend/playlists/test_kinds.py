"""Playlists keep their rules and lead where they say."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moodrec.errors import NotFoundError, UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.playlists.kinds import arc, mix, path, radio, slerp
from moodrec.recommend.playlists.playlist import Playlist
from moodrec.recommend.playlists.rules import Rules
from moodrec.recommend.recommender import Recommender
from tests.catalogues import MOODS
from tests.recommend.sample import sample_recommender

REC, SAMPLE = sample_recommender()
_DURATIONS = np.random.default_rng(1).uniform(90, 400, 400).astype(np.float32)
_DURATIONS[::17] = np.nan
_TIMED = SAMPLE.table.append_column("duration", pa.array(_DURATIONS, pa.float32(), from_pandas=True))
TIMED = Recommender(MoodIndex.build(SAMPLE.vectors, _TIMED, MOODS))
KINDS: dict[str, Any] = {
    "radio": lambda rules: radio(REC, "t3", rules),
    "path": lambda rules: path(REC, "t3", "t200", rules),
    "mix": lambda rules: mix(REC, {"t3": 1.0, "t9": -0.5}, rules, mood={"calm": 0.9}),
    "arc": lambda rules: arc(REC, {"calm": 1.0}, {"happy": 0.8}, rules),
}


def closest_gap(playlist: Playlist) -> int:
    """Fewest tracks between two of one artist."""
    artists = playlist.tracks["artist"].tolist()
    gaps = [
        j - i - 1
        for i, left in enumerate(artists)
        for j, right in enumerate(artists)
        if i < j and isinstance(left, str) and left == right
    ]
    return min(gaps, default=99)


@pytest.mark.parametrize("kind", KINDS)
@given(
    n=st.integers(2, 30),
    gap=st.integers(0, 6),
    variety=st.sampled_from([0.0, 0.5, 1.0]),
    seed=st.integers(0, 5),
)
@settings(max_examples=12)
def test_the_rules_of_every_kind(kind: str, n: int, gap: int, variety: float, seed: int) -> None:
    rules = Rules(n=n, artist_gap=gap, variety=variety, random_seed=seed)
    playlist = KINDS[kind](rules)
    assert len(playlist) == n
    assert len(set(playlist.track_ids)) == n
    assert playlist.tracks["rank"].tolist() == list(range(1, n + 1))
    assert closest_gap(playlist) >= gap or "sooner than artist_gap" in playlist.notes[0]
    assert KINDS[kind](rules).track_ids == playlist.track_ids


def test_fifty_artists_are_enough_to_keep_apart() -> None:
    for make in KINDS.values():
        assert make(Rules(n=30, artist_gap=5)).notes == ()


def test_too_few_artists_are_told() -> None:
    table = pa.table({"track_id": list("abcd"), "artist": ["x", "X", "x", "y"]})
    rec = Recommender(MoodIndex.build(np.eye(4) + 0.1, table))
    playlist = radio(rec, "a", Rules(n=6, artist_gap=2))
    assert set(playlist.track_ids) == set("abcd")
    assert playlist.track_ids[1] == "d"
    assert "4 of 6 tracks" in playlist.notes[0]
    assert "2 places" in playlist.notes[1]


def test_a_cap_per_artist() -> None:
    playlist = radio(REC, "t3", Rules(n=30, max_per_artist=1))
    artists = playlist.tracks["artist"].dropna()
    assert artists.nunique() == len(artists)


def test_variety_draws_by_its_seed() -> None:
    plain = radio(REC, "t3", Rules(n=15)).track_ids
    drawn = [radio(REC, "t3", Rules(n=15, variety=1.0, random_seed=seed)).track_ids for seed in (1, 2)]
    assert drawn[0] != drawn[1]
    assert plain not in drawn


def test_radio_stays_near_its_seed_unless_it_drifts() -> None:
    home = REC.index.vectors(["t3"])[0]
    near = [
        (REC.index.vectors(radio(REC, "t3", Rules(n=20), drift).track_ids) @ home).mean() for drift in (0, 1)
    ]
    assert near[0] > near[1]
    assert radio(REC, "t3", Rules(n=2), where="calm >= 0.6").tracks["calm"].iloc[1] >= 0.6
    with pytest.raises(UsageError, match="drift"):
        radio(REC, "t3", drift=2)
    with pytest.raises(NotFoundError):
        radio(REC, "nobody")


def test_a_path_goes_from_one_end_to_the_other() -> None:
    playlist = path(REC, "t3", "t200", Rules(n=14))
    assert (playlist.track_ids[0], playlist.track_ids[-1]) == ("t3", "t200")
    vectors = REC.index.vectors(playlist.track_ids)
    nearer_to_end = vectors @ vectors[-1] - vectors @ vectors[0]
    assert np.corrcoef(nearer_to_end, np.arange(14))[0, 1] > 0.9
    with pytest.raises(UsageError, match="different tracks"):
        path(REC, "t3", "t3")
    with pytest.raises(UsageError, match="n >= 2"):
        path(REC, "t3", "t4", Rules(n=1))


def test_slerp_walks_at_one_speed() -> None:
    left, right = np.array([1.0, 0, 0]), np.array([0, 0.6, 0.8])
    steps = [slerp(left, right, share) for share in np.linspace(0, 1, 7)]
    np.testing.assert_allclose([np.linalg.norm(step) for step in steps], 1)
    np.testing.assert_allclose([a @ b for a, b in pairwise(steps)], np.cos(np.pi / 12))
    np.testing.assert_allclose(slerp(left, -left, 0.2), left)


def test_a_mix_is_what_a_search_with_its_sum_finds() -> None:
    playlist = mix(REC, {"t3": 1.0, "t9": -0.5}, Rules(n=8, artist_gap=0), where="calm >= 0.4")
    found = REC.for_history({"t3": 1.0, "t9": -0.5}, 8, where="calm >= 0.4")
    assert playlist.track_ids == found.track_ids
    moods = mix(REC, {}, Rules(n=8, artist_gap=0), mood={"calm": 1.0, "happy": 0.0})
    assert moods.track_ids == REC.by_mood({"calm": 1.0, "happy": 0.0}, 8).track_ids
    refused: list[dict[str, Any]] = [{}, {"mood": {}}]
    for wrong in refused:
        with pytest.raises(UsageError, match="tracks or moods"):
            mix(REC, {}, **wrong)
    with pytest.raises(UsageError, match="without a mood target"):
        mix(REC, {}, mood_weight=0.4)
    with pytest.raises(NotFoundError, match="'x'"):
        mix(REC, {"x": 1.0})
    assert len(mix(REC, {"x": 1.0, "t1": 1.0}, Rules(n=3), on_conflict="ignore")) == 3


def test_an_arc_rises_in_even_steps() -> None:
    playlist = arc(REC, {"calm": 0.1}, {"calm": 0.9}, Rules(n=15))
    wanted = np.linspace(0.1, 0.9, 15)
    np.testing.assert_allclose(playlist.tracks["calm"], wanted, atol=0.12)
    with pytest.raises(UsageError, match="own mood target"):
        arc(REC, {"calm": 0.1}, {"calm": 0.9}, mood={"calm": 1.0})
    with pytest.raises(UsageError, match="unknown mood"):
        arc(REC, {"clam": 0.1}, {"calm": 0.9})
    with pytest.raises(UsageError, match="no track"):
        arc(REC, {"calm": 0.1}, {"calm": 0.9}, where="year > 3000")


@pytest.mark.parametrize("minutes", [14, 20, 61.5])
def test_a_playing_time_is_met(minutes: float) -> None:
    for playlist in (
        radio(TIMED, "t3", Rules(minutes=minutes)),
        path(TIMED, "t3", "t200", Rules(minutes=minutes + 8)),
        arc(TIMED, {"calm": 0.1}, {"calm": 0.9}, Rules(minutes=minutes)),
    ):
        wanted = 60 * (minutes + 8 if playlist.title.startswith("From Title") else minutes)
        assert playlist.seconds is not None
        assert abs(playlist.seconds - wanted) < 25
        assert len(set(playlist.track_ids)) == len(playlist)
    assert len(radio(TIMED, "t3", Rules(minutes=60, n=4))) == 4
    with pytest.raises(UsageError, match="duration"):
        radio(REC, "t3", Rules(minutes=5))
    few = radio(TIMED, "t3", Rules(minutes=60, artist_gap=0), where="track_id IN ('t1', 't2')")
    assert len(few) == 3
    assert few.notes == ("shorter than was asked for: no other track meets the conditions",)


def test_whole_seconds_are_durations_too() -> None:
    table = SAMPLE.table.append_column("duration", pa.array([200] * 400, pa.int32()))
    rec = Recommender(MoodIndex.build(SAMPLE.vectors, table, MOODS))
    assert len(radio(rec, "t3", Rules(minutes=20))) == 6


def test_copies_are_repeats() -> None:
    originals = [None, "t0", "t0", *[None] * 397]
    table = SAMPLE.table.append_column("duplicate_of", pa.array(originals, pa.string()))
    rec = Recommender(MoodIndex.build(SAMPLE.vectors, table, MOODS))
    assert set(rec.copies("t1")) == {"t0", "t2"}
    assert rec.copies("t9") == []
    for playlist in (radio(rec, "t1", Rules(n=20)), arc(rec, {"calm": 0}, {"calm": 1}, Rules(n=390))):
        assert len({"t0", "t1", "t2"} & set(playlist.track_ids)) == 1


def test_a_hair_of_time_is_no_reason_for_another_track() -> None:
    """Tracks of about one length: the last one is chosen by its fit too."""
    rng = np.random.default_rng(0)
    lengths = (30 + 0.1 * rng.random(400)).astype(np.float32)
    table = SAMPLE.table.append_column("duration", pa.array(lengths))
    rec = Recommender(MoodIndex.build(SAMPLE.vectors, table, MOODS))
    timed = arc(rec, {"calm": 0.1}, {"calm": 0.9}, Rules(minutes=5, artist_gap=0))
    assert len(timed) == 10
    assert timed.tracks["calm"].iloc[-1] > 0.75


@pytest.mark.parametrize(
    "wrong",
    [{"n": 0}, {"minutes": 0}, {"artist_gap": -1}, {"max_per_artist": 0}, {"variety": 1.5}],
    ids=str,
)
def test_rules_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="must"):
        Rules(**wrong)


def test_no_playlist_repeats_a_recording() -> None:
    """Tracks of which every third is the copy of another: nearly the same sound, as long, on another album."""
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((120, 32)).astype(np.float32)
    vectors[80:] = vectors[:40] + 0.02 * rng.standard_normal((40, 32)).astype(np.float32)
    calm, lengths = rng.random(120).astype(np.float32), rng.uniform(100, 300, 120)
    calm[80:], lengths[80:] = calm[:40], lengths[:40] + 0.5
    table = pa.table({"track_id": [f"t{i}" for i in range(120)], "calm": calm, "duration": lengths})
    rec = Recommender(MoodIndex.build(vectors, table, ["calm"]))
    assert rec.recordings("t3") == ("t83",)
    assert rec.recordings("t90") == ("t10",)
    assert rec.recordings("t50") == ()
    rules = Rules(n=70)
    for playlist in (
        radio(rec, "t3", rules),
        radio(rec, "t3", rules, distinct=True),
        path(rec, "t3", "t20", rules),
        mix(rec, {"t3": 1.0, "t9": 0.5}, rules),
        arc(rec, {"calm": 0.0}, {"calm": 1.0}, rules),
    ):
        numbers = [int(track_id[1:]) for track_id in playlist.track_ids]
        assert len({number - 80 if number >= 80 else number for number in numbers}) == len(numbers) == 70
    with pytest.raises(UsageError, match="one recording"):
        path(rec, "t3", "t83")
