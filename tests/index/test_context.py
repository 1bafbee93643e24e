"""An index over a table of one's own, in the context of its artists, albums and genres."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from moodrec.errors import DataError
from moodrec.index.mood_index import MoodIndex
from moodrec.model.context.model import ContextModel
from tests.library.contexts import made_context

N = 6
TRACKS = pa.table(
    {
        "track_id": [f"t{row}" for row in range(N)],
        "artist": ["Ann", "ann ", "Ann", None, "Bob", "Various Artists"],
        "album": ["Hours", "Hours", None, None, "Hours", None],
        "genre": [["Ambient"], None, None, None, ["Metal"], None],
        "year": [2010, None, None, None, None, None],
        "calm": pa.array([0.9, 0.5, 0.3, 0.4, 0.6, None], pa.float32()),
        "happy": pa.array([0.2] * N, pa.float32()),
    }
)
VECTORS = np.random.default_rng(0).normal(size=(N, 4))


def build(tracks: pa.Table = TRACKS, context: ContextModel | None = None) -> MoodIndex:
    return MoodIndex.build(VECTORS, tracks, ["calm", "happy"], context=context or made_context())


def column(index: MoodIndex, name: str) -> list[float]:
    values: list[float] = index.table[name].to_pylist()
    return values


def test_moods_are_in_context_and_the_audio_is_kept() -> None:
    index = build()
    assert column(index, "audio_calm") == TRACKS["calm"].to_pylist()
    calm, audio = column(index, "calm"), column(index, "audio_calm")
    assert [one == other for one, other in zip(calm, audio, strict=True)] == [
        False,
        False,
        False,
        True,
        False,
        True,
    ]
    # Ann's other tracks are calm, as is this album.
    assert calm[2] > audio[2]
    assert index.moods == ("calm", "happy")
    hits = index.search(VECTORS[0], 6, where="audio(calm) > calm")
    assert set(hits.track_ids[0]) - {None} == {
        f"t{row}" for row in range(N) if (calm[row] or 0) < (audio[row] or 0)
    }


def test_probabilities_are_corrected_and_scores_made_percentiles_of_them() -> None:
    tracks = TRACKS.append_column("prob_calm", pa.array([0.5] * N, pa.float32()))
    index = build(tracks)
    assert {"audio_calm", "audio_prob_calm", "prob_calm"} <= set(index.column_names)
    assert "audio_prob_happy" not in index.column_names
    # The made context's quantiles are evenly spaced, so a percentile is its probability.
    assert column(index, "calm")[0] == pytest.approx(column(index, "prob_calm")[0], abs=1e-6)
    assert column(index, "calm")[3] == pytest.approx(0.4)


def test_labels_count_for_the_rest_of_the_artist() -> None:
    labels = pa.array([1.0, None, None, None, None, None], pa.float32())
    with_labels = build(TRACKS.append_column("label_calm", labels))
    plain, labelled = (column(one, "calm") for one in (build(), with_labels))
    assert labelled[0] == plain[0]
    assert labelled[1] > plain[1]
    assert labelled[3:] == plain[3:]


def test_what_is_known_of_no_track_changes_nothing() -> None:
    bare = TRACKS.select(["track_id", "calm", "happy"])
    index = build(bare)
    assert column(index, "calm") == column(index, "audio_calm")


def test_a_table_is_put_in_context_once() -> None:
    with pytest.raises(DataError, match="already"):
        build(build().table)
    with pytest.raises(DataError, match="moods"):
        MoodIndex.build(VECTORS, TRACKS, context=made_context())
