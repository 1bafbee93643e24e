"""Mood clusters of a library."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from moodrec.errors import UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.playlists.clusters import mood_clusters
from moodrec.recommend.playlists.rules import Rules
from moodrec.recommend.recommender import Recommender


def planted(n: int = 90) -> tuple[Recommender, np.ndarray]:
    """Three groups of tracks: two thirds calm, the rest happy or neither."""
    rng = np.random.default_rng(0)
    group = np.repeat([0, 0, 1, 2], n // 4)
    centres = np.array([[0.9, 0.2], [0.2, 0.9], [0.1, 0.1]])
    moods = np.clip(centres[group] + 0.03 * rng.standard_normal((len(group), 2)), 0, 1)
    table = pa.table(
        {
            "track_id": [f"t{i}" for i in range(len(group))],
            "calm": moods[:, 0].astype(np.float32),
            "happy": moods[:, 1].astype(np.float32),
            "even": [i % 2 == 0 for i in range(len(group))],
        }
    )
    return Recommender(MoodIndex.build(rng.standard_normal((len(group), 4)), table, ["calm", "happy"])), group


def test_planted_groups_are_found() -> None:
    rec, group = planted()
    found = mood_clusters(rec, 3, Rules(n=5))
    assert [cluster.size for cluster in found] == [44, 22, 22]
    assert found[0].name.startswith("calm")
    assert found[0].share == 0.5
    for cluster, wanted in ((found[0], 0), *((c, 1 if c.centre["happy"] > 0.5 else 2) for c in found[1:])):
        rows = [int(track_id[1:]) for track_id in cluster.playlist.track_ids]
        assert set(group[rows]) == {wanted}
        assert cluster.playlist.tracks["score"].is_monotonic_decreasing
    again = mood_clusters(rec, 3, Rules(n=5))
    assert [c.playlist.track_ids for c in again] == [c.playlist.track_ids for c in found]


def test_clusters_of_a_part() -> None:
    rec, _ = planted()
    found = mood_clusters(rec, 2, where="even = TRUE", moods=("calm",))
    assert sum(cluster.size for cluster in found) == 44
    assert all(bool(even) for cluster in found for even in cluster.playlist.tracks["even"])
    assert list(found[0].centre) == ["calm"]


def test_refused() -> None:
    rec, _ = planted()
    with pytest.raises(UsageError, match="clusters need"):
        mood_clusters(rec, 500)
    with pytest.raises(UsageError, match="1 or more"):
        mood_clusters(rec, 0)
    with pytest.raises(UsageError, match="unknown moods: 'clam'"):
        mood_clusters(rec, 2, moods=("clam",))
