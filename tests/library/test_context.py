"""Scores of a library in context: metadata and labels of artists and albums correct what the audio says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec.audio.probe import Tags
from moodrec.errors import CorruptStoreError
from moodrec.library.library import Library
from moodrec.library.records import FileState
from moodrec.metrics.calibration import percentile
from tests.library.contexts import IN_CONTEXT, QUANTILES
from tests.library.tracks import MODEL, analysed, file_state

TAGS = {
    "lone": Tags(title="lone"),
    "a1": Tags(title="a1", artist="Ann", album="Hours", genre=("Ambient",), year=2010),
    "a2": Tags(title="a2", artist="ann", album="hours"),
    "a3": Tags(title="a3", artist="Ann", album="Days"),
    "b1": Tags(title="b1", artist="Bob", album="Hours", genre=("Heavy Metal",)),
    "v1": Tags(title="v1", artist="Bob", album="Best", album_artist="Various Artists"),
    "v2": Tags(title="v2", artist="Cid", album="Best", album_artist="Various Artists"),
}
MOODS = ["calm", "happy"]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as library, library.writer():
        library.register_model(IN_CONTEXT)
        for name in TAGS:
            add(library, tmp_path, name)
        yield library


def add(library: Library, music: Path, name: str, tags: Tags | None = None) -> FileState:
    state = file_state(music / f"{name}.wav")
    library.acknowledge(IN_CONTEXT, analysed(state, name, tags or TAGS[name], IN_CONTEXT))
    return state


def scores(library: Library, columns: list[str] = MOODS) -> pd.DataFrame:
    return library.frame().set_index("title")[columns]


def calm(frame: pd.DataFrame, title: str) -> float:
    return float(frame["calm"].to_dict()[title])


def changed(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    there = before.index.intersection(after.index)
    moved = (before.loc[there] != after.loc[there]).any(axis=1)
    return {str(title) for title in there[moved]}


def track(library: Library, title: str) -> str:
    return str(library.frame().set_index("title").loc[title, "track_id"])


def logit(p: float) -> float:
    return float(np.log(p) - np.log1p(-p))


def test_scores_in_context_stand_beside_those_of_the_audio(library: Library) -> None:
    frame = library.frame().set_index("title")
    audio = {title: analysed(FileState(Path(), 0, 0), title, model=IN_CONTEXT).track for title in TAGS}
    for title, one in audio.items():
        assert one is not None
        stored = frame.loc[[title], ["audio_calm", "audio_happy"]].to_numpy(np.float32)[0]
        np.testing.assert_array_equal(stored, one.mood_scores)
    assert changed(frame[MOODS], frame[["audio_calm", "audio_happy"]].set_axis(MOODS, axis=1)) == set(
        TAGS
    ) - {"lone"}


def test_a_score_is_what_the_weights_say(library: Library) -> None:
    p = library.frame().set_index("title")["audio_prob_calm"].astype(float)
    own = logit(p["v2"])
    # Its artist has no other track; of its album there is one, by another artist.
    z = own / 2 + 0.25 * (logit(p["v1"]) / 2) / (1 + 0.5)
    expected = 1 / (1 + np.exp(-(2 * z + 0.1)))
    found = library.frame().set_index("title").loc["v2"]
    assert found["prob_calm"] == pytest.approx(expected, abs=1e-6)
    assert found["calm"] == pytest.approx(percentile(np.array([expected]), QUANTILES)[0], abs=1e-6)


def test_a_new_track_changes_its_artist_and_album_and_nothing_else(library: Library, tmp_path: Path) -> None:
    before = scores(library)
    state = add(library, tmp_path, "a4", Tags(title="a4", artist="Ann", album="Nights"))
    assert changed(before, scores(library)) == {"a1", "a2", "a3"}
    library.mark_missing([state])
    assert changed(before, scores(library)) == set()
    add(library, tmp_path, "a4", Tags(title="a4", artist="Eve", album="Best", album_artist="various artists"))
    assert changed(before, scores(library)) == {"v1", "v2"}


def test_labels_move_the_rest_of_the_artist_and_album_at_once(library: Library) -> None:
    before = scores(library)
    library.label({"calm": 1}, track=track(library, "a1"))
    after = scores(library)
    assert calm(after, "a1") == 1
    assert (after.loc[["a2", "a3"], "calm"] > before.loc[["a2", "a3"], "calm"]).all()
    assert changed(before, after) == {"a1", "a2", "a3"}
    assert after["happy"].equals(before["happy"])
    library.label({"calm": None}, track=track(library, "a1"))
    assert scores(library).equals(before)


def test_a_label_of_an_artist_counts_for_each_of_its_tracks_without_being_their_score(
    library: Library,
) -> None:
    before = scores(library)
    library.label({"calm": 0}, artist="Cid")
    one = scores(library)
    assert changed(before, one) == {"v1", "v2"}
    assert 0 < calm(one, "v2") < calm(before, "v2")
    library.label({"calm": 0}, artist="Ann")
    library.label({"calm": 1}, album="Days", artist="Ann")
    both = scores(library)
    assert (both.loc[["a1", "a2"], "calm"] < before.loc[["a1", "a2"], "calm"]).all()
    library.label({"calm": None}, album="Days", artist="Ann")
    assert calm(scores(library), "a3") < calm(both, "a3")


@pytest.mark.parametrize("labelled", [False, True])
def test_the_scores_of_some_tracks_are_those_of_the_whole(library: Library, labelled: bool) -> None:
    if labelled:
        library.label({"calm": 1, "happy": 0}, track=track(library, "b1"))
        library.label({"calm": 0}, artist="Cid")
    whole = library.snapshot()
    for title in TAGS:
        one = [track(library, title)]
        part, same = library.snapshot(only=one), whole.of(one)
        assert part.table.column_names == same.table.column_names
        for name in part.table.column_names:
            if isinstance(part.table[name][0].as_py(), float):
                assert part.table[name][0].as_py() == pytest.approx(same.table[name][0].as_py(), abs=1e-6), (
                    name
                )


def test_a_model_without_a_context_gives_what_the_audio_says(library: Library, tmp_path: Path) -> None:
    library.register_model(MODEL)
    for name, tags in TAGS.items():
        library.acknowledge(MODEL, analysed(file_state(tmp_path / f"{name}.wav"), name, tags))
    library.promote(MODEL.fingerprint)
    frame = library.frame()
    assert not [name for name in frame if str(name).startswith(("audio_", "label_"))]
    other = library.frame(IN_CONTEXT.fingerprint)
    np.testing.assert_array_equal(frame["calm"], other["audio_calm"])


def test_a_context_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library, library.writer():
        broken = replace(IN_CONTEXT, context='{"format": 99}')
        library.register_model(broken)
        library.acknowledge(broken, analysed(file_state(tmp_path / "x.wav"), model=broken))
        with pytest.raises(CorruptStoreError, match="context"):
            library.frame()
