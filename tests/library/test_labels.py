"""People's labels: stored, replaced, taken back, and what they do to scores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from moodrec.audio.probe import Tags
from moodrec.errors import NotFoundError, UsageError
from moodrec.library.labelling import NewLabels
from moodrec.library.library import Library
from tests.library.tracks import MODEL, OTHER, analysed, file_state

ALBUMS = {"a": ("Ann", "Hours"), "b": ("Ann", "Hours"), "c": ("Ann", "Days"), "d": ("Bob", "Hours")}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as library, library.writer():
        library.register_model(MODEL)
        for name in ALBUMS:
            add(library, tmp_path, name)
        yield library


def add(library: Library, music: Path, name: str, audio: str | None = None) -> str:
    artist, album = ALBUMS.get(name, ("Ann", "Hours"))
    tags = Tags(title=name, artist=artist, album=album)
    track_id = library.acknowledge(
        MODEL, analysed(file_state(music / f"{name}.wav"), audio or f"audio-{name}", tags)
    )
    assert track_id is not None
    return track_id


def track(library: Library, title: str) -> str:
    frame = library.frame().set_index("title")
    return str(frame.loc[title, "track_id"])


def test_a_label_is_the_score_of_its_track_and_the_audio_keeps_its_own(library: Library) -> None:
    before = library.frame().set_index("title")
    done = library.label({"calm": 1, "happy": 0.25}, track=track(library, "a"), by="ann")
    after = library.frame().set_index("title")
    assert after.loc[["a"], ["calm", "happy", "prob_calm"]].to_numpy().tolist() == [[1, 0.25, 1]]
    audio = after.loc[["a"], ["audio_calm", "audio_prob_happy"]].to_numpy()
    np.testing.assert_array_equal(audio, before.loc[["a"], ["calm", "prob_happy"]].to_numpy())
    assert after.loc["b":, ["calm", "happy"]].equals(before.loc["b":, ["calm", "happy"]])
    assert after["label_calm"].isna().tolist() == [False, True, True, True]
    assert [(one.name, one.mood, one.value, one.given_by) for one in done.written] == [
        ("Ann - a", "calm", 1.0, "ann"),
        ("Ann - a", "happy", 0.25, "ann"),
    ]
    assert datetime.now(UTC) >= datetime.fromisoformat(done.written[0].given_at)


def test_a_label_is_taken_back_and_its_history_stays(library: Library) -> None:
    before, one = library.frame(), track(library, "a")
    library.label({"calm": 1, "happy": 1}, track=one, by="ann")
    library.label({"calm": 0}, track=one, by="bob")
    library.label({"calm": None}, track=one, by="ann")
    assert [(each.mood, each.value) for each in library.labels()] == [("happy", 1.0)]
    assert library.label(None, track=one).written[0].value is None
    assert library.labels() == []
    assert [each.value for each in library.labels(history=True)] == [1, 1, 0, None, None]
    assert [each.given_by for each in library.labels(history=True)][:4] == ["ann", "ann", "bob", "ann"]
    assert library.frame().equals(before)
    with pytest.raises(NotFoundError, match="no labels"):
        library.label(None, track=one)


def test_the_same_label_again_changes_nothing(library: Library) -> None:
    assert len(library.label({"calm": 1}, artist="Ann").written) == 1
    revision = library.revision
    assert library.label({"calm": 1}, artist="  ANN ").written == ()
    assert library.revision == revision
    assert library.label({"calm": 0}, artist="Ann").written
    assert library.revision > revision


def test_labels_outlive_models_moves_and_files_that_are_gone(library: Library, tmp_path: Path) -> None:
    one = track(library, "a")
    library.label({"calm": 1}, track=one)
    library.register_model(OTHER)
    library.acknowledge(OTHER, analysed(file_state(tmp_path / "a.wav"), "audio-a", model=OTHER))
    library.promote(OTHER.fingerprint)
    assert library.frame().set_index("track_id").loc[one, "calm"] == 1
    library.promote(MODEL.fingerprint)
    state = next(record.state for record in library.files().values() if record.track_id == one)
    state.path.unlink()
    library.mark_missing([state])
    library.prune(gone=True)
    assert [each.name for each in library.labels()] == ["Ann - a"]
    back = add(library, tmp_path, "a again", "audio-a")
    assert back != one
    assert library.frame().set_index("track_id").loc[back, "calm"] == 1


def test_a_copy_has_the_label_of_its_audio(library: Library, tmp_path: Path) -> None:
    library.label({"calm": 0}, track=track(library, "a"))
    copy = add(library, tmp_path, "a copy", "audio-a")
    assert library.frame().set_index("track_id").loc[copy, "calm"] == 0


def test_labelling_tells_which_scores_may_change(library: Library) -> None:
    ids = {title: track(library, title) for title in ALBUMS}
    assert set(library.label({"calm": 1}, track=ids["a"]).tracks) == {ids["a"], ids["b"], ids["c"]}
    assert set(library.label({"calm": 1}, artist="Bob").tracks) == {ids["d"]}
    done = library.label({"calm": 1}, album="hours", artist="ann")
    assert done.written[0].name == "Hours - Ann"
    assert set(done.tracks) == {ids["a"], ids["b"], ids["c"]}


def test_what_is_not_there_or_wrong_is_refused_and_nothing_is_written(library: Library) -> None:
    one = track(library, "a")
    good = NewLabels({"calm": 1}, track=one)
    for bad, error, complaint in [
        (NewLabels({"calm": 1}, track="nobody"), NotFoundError, "no track 'nobody'"),
        (NewLabels({"calm": 1}, artist="An"), NotFoundError, "did you mean 'Ann'"),
        (NewLabels({"calm": 1}, artist=" "), NotFoundError, "by ' '"),
        (NewLabels({"calm": 1}, album="Hour"), NotFoundError, "albums: Days - Ann"),
        (NewLabels({"calm": 1}, album="Hours"), UsageError, "2 albums .*: Hours - Ann, Hours - Bob"),
        (NewLabels({"calmly": 1}, track=one), UsageError, "did you mean 'calm'"),
        (NewLabels({"calm": 1.5}, track=one), UsageError, r"lie in \[0, 1\]"),
        (NewLabels({"calm": float("nan")}, track=one), UsageError, r"lie in \[0, 1\]"),
        (NewLabels({"calm": True}, track=one), UsageError, "number"),
        (NewLabels({}, track=one), UsageError, "no labels"),
        (NewLabels({"calm": 1}), UsageError, "name one"),
        (NewLabels({"calm": 1}, track=one, artist="Ann"), UsageError, "name one"),
    ]:
        with pytest.raises(error, match=complaint):
            library.label_all([good, bad])
    assert library.labels(history=True) == []


def test_without_the_lock_nothing_is_labelled(library: Library) -> None:
    with Library.open(library.path) as reader, pytest.raises(UsageError, match="lock"):
        reader.label({"calm": 1}, artist="Ann")


def test_some_tracks_are_read_as_all_are(library: Library) -> None:
    library.label({"calm": 1}, track=track(library, "a"))
    whole = library.snapshot()
    ids = [track(library, title) for title in ("d", "b")]
    part = library.snapshot(only=ids)
    assert part.table.equals(whole.of(ids).table)
    assert part.table.column("title").to_pylist() == ["b", "d"]
    np.testing.assert_array_equal(part.embeddings, whole.embeddings[[1, 3]])
    assert library.snapshot(only=["nobody"]).table.num_rows == 0


def test_labels_have_the_names_that_tracks_have_now(library: Library, tmp_path: Path) -> None:
    library.label({"calm": 1}, track=track(library, "a"), by="ann")
    untitled = [analysed(file_state(tmp_path / f"{name}.wav"), f"audio-{name}", Tags()) for name in "xy"]
    ids = [library.acknowledge(MODEL, one) for one in untitled]
    library.label({"calm": 0.5}, track=str(ids[0]), by="ann")

    def names(history: bool = False) -> list[str]:
        return [one.name for one in library.labels(history)]

    assert names() == names(history=True) == ["Ann - a", "x"]
    add(library, tmp_path, "e", audio="audio-a")  # another file holds the sound, tagged anew
    (tmp_path / "line\nbreak.wav").touch()
    for place, sound in (("line\nbreak", "x"), ("x", "y")):  # the files have changed their names
        library.acknowledge(MODEL, analysed(file_state(tmp_path / f"{place}.wav"), f"audio-{sound}", Tags()))
    assert names() == ["Ann - a", "line break"]
    assert names(history=True) == ["Ann - a", "x"]
    library.mark_missing([file_state(tmp_path / "a.wav")])
    assert names() == ["Ann - e", "line break"]
    library.label({"calm": None}, track=str(ids[0]), by="ann")
    assert names() == ["Ann - e"]


def test_an_artist_is_called_by_the_name_alone(library: Library, tmp_path: Path) -> None:
    for name, artist in (("f", "Cee feat. Ann"), ("g", "Dee; Cee"), ("h", "Eff & Gee")):
        tags = Tags(title=name, artist=artist)
        library.acknowledge(MODEL, analysed(file_state(tmp_path / f"{name}.wav"), f"audio-{name}", tags))
    for artist, name in (("cee", "Cee"), ("DEE", "Dee"), ("eff & gee", "Eff & Gee"), ("Ann", "Ann")):
        assert {one.name for one in library.label({"calm": 1}, artist=artist).written} == {name}
    with pytest.raises(NotFoundError, match="'Dee'"):
        library.label({"calm": 1}, artist="De")
