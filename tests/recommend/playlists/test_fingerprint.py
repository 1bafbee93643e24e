"""What a history sounds like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec.errors import DataError, NotFoundError, UsageError
from moodrec.recommend.playlists.fingerprint import fingerprint, fingerprint_playlist, read_plays
from moodrec.recommend.playlists.rules import Rules
from tests.recommend.sample import sample_recommender

REC, SAMPLE = sample_recommender()
PLAYS = [("t1", "2024-01-01"), ("t2", "2024-01-31"), ("t2", "2024-01-31T00:00:00Z")]


def test_a_play_counts_half_after_the_half_life() -> None:
    found = fingerprint(REC, PLAYS, half_life_days=30)
    assert found.weights == pytest.approx({"t1": 0.2, "t2": 0.8})
    query = 0.2 * SAMPLE.vectors[1] + 0.8 * SAMPLE.vectors[2].astype(np.float64)
    np.testing.assert_allclose(found.embedding, query / np.linalg.norm(query), atol=1e-6)
    calm = SAMPLE.table["calm"].to_pylist()
    assert found.moods["calm"] == pytest.approx(0.2 * calm[1] + 0.8 * calm[2], abs=1e-6)
    assert fingerprint(REC, PLAYS, float("inf")).weights == pytest.approx({"t1": 1 / 3, "t2": 2 / 3})
    later = fingerprint(REC, PLAYS, 30, now="2025-06-01")
    assert later.weights == pytest.approx(found.weights)
    assert fingerprint(REC, PLAYS, 30, now="2024-01-15").weights == {"t1": 1.0}


def test_times_may_be_seconds() -> None:
    seconds = pd.DataFrame({"track_id": ["t1", "t2"], "played_at": [0, 86_400]})
    assert fingerprint(REC, seconds, 1.0).weights == pytest.approx({"t1": 1 / 3, "t2": 2 / 3})


def test_the_playlist_leaves_out_the_history() -> None:
    found = fingerprint(REC, PLAYS)
    playlist = fingerprint_playlist(REC, found, Rules(n=10, artist_gap=0), where="calm > 0.3")
    assert not {"t1", "t2"} & set(playlist.track_ids)
    assert playlist.track_ids == REC.for_history(found.weights, 10, where="calm > 0.3").track_ids


def test_unknown_tracks() -> None:
    plays = [*PLAYS, ("x", "2024-02-01")]
    with pytest.raises(NotFoundError, match="'x'"):
        fingerprint(REC, plays)
    found = fingerprint(REC, plays, on_conflict="ignore")
    assert (found.n_plays, found.n_dropped) == (4, 1)
    with pytest.raises(UsageError, match="no play is left"):
        fingerprint(REC, [("x", "2024-02-01")], on_conflict="ignore")


def test_refused() -> None:
    with pytest.raises(UsageError, match="positive"):
        fingerprint(REC, PLAYS, 0)
    with pytest.raises(DataError, match="cannot be read"):
        fingerprint(REC, [("t1", "yesterday")])
    with pytest.raises(DataError, match="empty in row 1"):
        fingerprint(REC, [("t1", "2024-01-01"), ("t2", None)])
    with pytest.raises(DataError, match="played_at"):
        fingerprint(REC, pd.DataFrame({"track_id": ["t1"]}))
    with pytest.raises(UsageError, match="no plays"):
        fingerprint(REC, [])


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_histories_in_files(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"track_id": ["t1", "Title 2", "nobody"], "played_at": ["2024-01-01"] * 3})
    place = tmp_path / f"plays{suffix}"
    if suffix == ".csv":
        frame.to_csv(place, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(place)
    else:
        frame.to_json(place, orient="records", lines=True)
    assert read_plays(place, REC)["track_id"].tolist() == ["t1", "t2", "nobody"]
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no column 'track_id'"):
        read_plays(tmp_path / "other.csv", REC)
