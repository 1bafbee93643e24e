"""Commands over a library in context: both scores, ``--audio-only``, and where a score comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodrec.audio.probe import Tags
from moodrec.catalog.explain import explain_moods
from moodrec.catalog.refresh import refresh_index
from moodrec.library.library import Library
from tests.cli.commands import run, run_json
from tests.library.contexts import IN_CONTEXT
from tests.library.tracks import analysed, file_state

TAGS = {
    "Dawn": Tags(title="Dawn", artist="Ann", album="Hours", genre=("Ambient",)),
    "Noon": Tags(title="Noon", artist="Ann", album="Hours"),
    "Dusk": Tags(title="Dusk"),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    with Library.create(folder / "library") as library, library.writer():
        library.register_model(IN_CONTEXT)
        for name, tags in TAGS.items():
            library.acknowledge(
                IN_CONTEXT, analysed(file_state(folder / f"{name}.wav"), name, tags, IN_CONTEXT)
            )
        library.label({"happy": 1}, artist="Ann", by="ann")
        refresh_index(library)
    return folder / "library"


def test_a_track_says_where_its_scores_come_from(library: Path) -> None:
    (track,) = run_json("moods", "--of", "Dawn", "-l", library)["tracks"]
    for mood in ("calm", "happy"):
        reason = track["explanation"][mood]
        assert reason["audio"] == pytest.approx(track["audio"][mood], abs=1e-5)
        assert reason["audio"] + sum(step["adds"] for step in reason["steps"]) == pytest.approx(
            track["moods"][mood], abs=1e-5
        )
    kinds = {step["what"]: step for step in track["explanation"]["happy"]["steps"]}
    assert set(kinds) == {"genres", "artist", "album", "artist_labels", "album_labels", "scale"}
    assert kinds["genres"]["names"] == ["ambient"]
    assert kinds["artist_labels"]["adds"] > 0
    shown = run("moods", "--of", "Dawn", "-l", library).stdout
    assert "audio ." in shown
    assert "genre ambient +." in shown
    assert "labels of the artist +." in shown


def test_what_is_known_by_its_audio_alone_needs_no_explanation(library: Path) -> None:
    with Library.open(library) as store:
        ids = store.frame()["track_id"].tolist()
        reasons = explain_moods(store, [*ids, "nobody"])
    assert set(reasons) == set(ids)
    assert reasons[ids[2]]["calm"].steps == ()
    assert reasons[ids[2]]["calm"].audio == reasons[ids[2]]["calm"].score


def test_every_listing_takes_audio_only(library: Path) -> None:
    both = {track["title"]: track for track in run_json("list", "-l", library)["tracks"]}
    edge = (both["Dawn"]["moods"]["calm"] + both["Dawn"]["audio"]["calm"]) / 2
    above = sorted(title for title, track in both.items() if track["audio"]["calm"] >= edge)
    for extra in (["--where", f"calm >= {edge}", "--audio-only"], ["--where", f"audio(calm) >= {edge}"]):
        found = run_json("list", *extra, "-l", library)["tracks"]
        assert sorted(track["title"] for track in found) == above
    assert "audio_calm" in run("list", "--sort", "-calm", "--audio-only", "-l", library).stdout
    similar = run("similar", "Dawn", "--mood", "calm=1", "--audio-only", "-l", library).stdout
    assert "audio_calm" in similar
    counts = [
        run_json("moods", *extra, "-l", library)["moods"][0]["quantiles"] for extra in ([], ["--audio-only"])
    ]
    assert counts[0] != counts[1]
    plain = run("moods", "--of", "Dawn", "--audio-only", "-l", library).stdout
    assert "genre" not in plain
    assert run("playlist", "radio", "Dawn", "--n", "2", "--where", "calm >= 0", "--audio-only", "-l", library)


def test_an_index_folder_is_shown_without_reasons(library: Path) -> None:
    (track,) = run_json("moods", "--of", "Dawn", "-l", library / "index")["tracks"]
    assert "explanation" not in track
    assert track["audio"]["calm"] != track["moods"]["calm"]
