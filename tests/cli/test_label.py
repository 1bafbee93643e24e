"""``moodrec label`` by name, from a table and from tags; labels are listed, taken back, and in the index at once."""

from __future__ import annotations

from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile

from moodrec.audio.mood_tags import write_mood_tags
from moodrec.audio.probe import Tags
from moodrec.catalog.refresh import refresh_index
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from tests.cli.commands import run, run_json
from tests.library.tracks import MODEL, analysed, state_of

TITLES = {"Dawn": ("Ann", "Hours"), "Noon": ("Ann", "Hours"), "a=b": ("Bob", "Days")}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    with Library.create(tmp_path / "library") as library, library.writer():
        library.register_model(MODEL)
        for title, (artist, album) in TITLES.items():
            path = tmp_path / f"{title}.flac"
            soundfile.write(path, np.zeros(8, np.float32), 8_000)
            tags = Tags(title=title, artist=artist, album=album)
            library.acknowledge(MODEL, analysed(state_of(path), title, tags))
        refresh_index(library)
    return tmp_path / "library"


def labels(library: Path) -> list[tuple[str, str, float | None]]:
    found = run_json("label", "--list", "-l", library)["labels"]
    return [(one["name"], one["mood"], one["value"]) for one in found]


def titles(library: Path, where: str) -> list[str]:
    return [track["title"] for track in run_json("list", "--where", where, "-l", library)["tracks"]]


def test_a_track_is_labelled_and_the_label_is_searched_for_at_once(library: Path) -> None:
    done = run_json("label", "Dawn", "calm=1", "happy=0", "--by", "Ann", "-l", library)
    assert done["count"] == 2
    assert done["written"][0]["given_by"] == "Ann"
    assert titles(library, "calm = 1 AND happy = 0") == ["Dawn"]
    assert titles(library, "label_calm IS NOT NULL") == ["Dawn"]
    saved = MoodIndex.open(library / "index").saved_as
    run("label", "a=b", "calm=1", "-l", library)
    assert sorted(titles(library, "calm = 1")) == ["Dawn", "a=b"]
    index = MoodIndex.open(library / "index")
    with Library.open(library) as store:
        assert index.library_revision == store.revision
        assert index.saved_as != saved
    assert "nothing new" in run("label", "Dawn", "calm=1", "-l", library).stdout


def test_labels_are_taken_back(library: Path) -> None:
    run("label", "Dawn", "calm=1", "happy=0", "-l", library)
    run("label", "Noon", "calm=1", "-l", library)
    run("label", "Dawn", "calm=none", "-l", library)
    assert labels(library) == [("Ann - Dawn", "happy", 0.0), ("Ann - Noon", "calm", 1.0)]
    assert titles(library, "calm = 1") == ["Noon"]
    assert titles(library, "label_calm IS NOT NULL") == ["Noon"]
    run("label", "Dawn", "--take-back", "-l", library)
    run("label", "Noon", "--take-back", "-l", library)
    assert labels(library) == []
    assert "label_calm" not in MoodIndex.open(library / "index").column_names
    assert len(run_json("label", "--history", "-l", library)["labels"]) == 6


def test_artists_and_albums_are_labelled(library: Path) -> None:
    assert len(run_json("label", "--artist", "ann", "calm=1", "-l", library)["tracks"]) == 2
    run("label", "--album", "Days", "happy=0.5", "-l", library)
    assert labels(library) == [("Ann", "calm", 1.0), ("Days - Bob", "happy", 0.5)]
    run("label", "--artist", "ann", "--take-back", "-l", library)
    assert labels(library) == [("Days - Bob", "happy", 0.5)]


@pytest.mark.parametrize(
    "text",
    [
        "track,calm,happy\nDawn,1,\nNoon,,0\n",
        "\ufefftrack;calm;happy\r\nDawn;1;\r\nNoon;;0\r\n",
        "track\tmood\tvalue\nDawn\tcalm\t1\nNoon\thappy\t0\n",
        "Track,Calm,HAPPY\nDawn,1,\nNoon,,0\n",
        "Track ID,Track,Label_Calm,label_happy\nforeign,Dawn,1,\n,Noon,,0\n",
        "track;mood;value\nDawn;calm;1,0\nNoon;happy;0,00\n",
        "path,track_id,label_calm,label_happy,calm\nDawn.flac,,1,,0.4\nNoon.flac,foreign,,0,0.2\n",
    ],
)
def test_labels_come_from_a_table(library: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8", newline="")
    run("label", "--csv", tmp_path / "labels.csv", "-l", library)
    assert labels(library) == [("Ann - Dawn", "calm", 1.0), ("Ann - Noon", "happy", 0.0)]


def test_decimal_commas_are_those_of_labels(library: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("artist;calm\nAnn;0,25\n")
    run("label", "--csv", tmp_path / "labels.csv", "-l", library)
    assert labels(library) == [("Ann", "calm", 0.25)]
    (tmp_path / "labels.csv").write_text("track;calm\n1,5;0,25\n")
    assert (
        "no track is called '1,5'"
        in run("label", "--csv", tmp_path / "labels.csv", "-l", library, code=3).stderr
    )


@pytest.mark.parametrize("end", ["\u2028", "\x85", "\x0b"])
def test_only_line_breaks_end_rows(library: Path, tmp_path: Path, end: str) -> None:
    (tmp_path / "labels.csv").write_text(f"artist,calm\nAnn{end},1\n", encoding="utf-8")
    run("label", "--csv", tmp_path / "labels.csv", "-l", library)
    assert labels(library) == [("Ann", "calm", 1.0)]


def test_a_name_in_a_table_that_several_tracks_have_is_told_by_its_row(library: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "other.flac", np.zeros(9, np.float32), 8_000)
    with Library.open(library) as store, store.writer():
        state = state_of(tmp_path / "other.flac")
        store.acknowledge(MODEL, analysed(state, "other", Tags(title="Noon", artist="Cy")))
    (tmp_path / "labels.csv").write_text("track,calm\nDawn,1\nNoon,1\n")
    failed = run("label", "--csv", tmp_path / "labels.csv", "-l", library, code=2)
    assert "row 3: 2 tracks match 'Noon'" in failed.stderr
    assert "Cy - Noon" in failed.stderr, "the tracks that match are listed"
    assert labels(library) == []


def test_a_table_may_label_artists_and_albums(library: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("artist,album,calm\nAnn,,1\nBob,Days,0\n")
    run("label", "--csv", tmp_path / "labels.csv", "-l", library)
    assert labels(library) == [("Ann", "calm", 1.0), ("Days - Bob", "calm", 0.0)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("track,calm\nDawn,1\nDusk,1\n", "row 3: no track is called 'Dusk'"),
        ("track,calm\nDawn,yes\n", "row 2: a label is a number"),
        ("track,calm\nDawn,2\n", "row 2: a label lies in"),
        ("track,calm\nDawn\n", "row 2: has 1 cells"),
        ("track,clam\nDawn,1\n", "no column holds labels"),
        ("track,calm,clam\nDawn,1,1\n", "no mood 'clam'"),
        ("name,calm\nDawn,1\n", "what is labelled"),
        ("artist,calm\n,1\n", "row 2: names neither"),
        ("track,calm\nDawn,\n", "holds no labels"),
        ("", "what is labelled"),
    ],
)
def test_a_table_that_cannot_be_read_writes_nothing(
    library: Path, tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "labels.csv").write_text(text)
    failed = run("label", "--csv", tmp_path / "labels.csv", "-l", library, code=None)
    assert failed.exit_code in (1, 2, 3)
    assert complaint in failed.stderr
    assert labels(library) == []


def test_labels_come_from_mood_tags_but_not_from_those_that_moodrec_wrote(
    library: Path, tmp_path: Path
) -> None:
    for name, texts in {"Dawn": ["Calm; Sleepy", "happy"], "Noon": ["Sleepy"], "a=b": ["Calm"]}.items():
        write_mood_tags(tmp_path / f"{name}.flac", {"MOOD": texts})
    write_mood_tags(tmp_path / "a=b.flac", {"MOODREC_MODEL": ["f00d"]})
    assert mutagen.File(tmp_path / "Dawn.flac").tags["MOOD"] == ["Calm; Sleepy", "happy"]
    done = run("label", "--from-tags", "-l", library)
    assert "sleepy (2)" in done.stderr
    assert labels(library) == [("Ann - Dawn", "calm", 1.0), ("Ann - Dawn", "happy", 1.0)]


def test_an_export_has_the_labels_and_both_scores(library: Path, tmp_path: Path) -> None:
    run("label", "Dawn", "calm=1", "-l", library)
    run("export", library, tmp_path / "tracks.csv")
    head = (tmp_path / "tracks.csv").read_text().splitlines()[0]
    assert all(f'"{name}"' in head for name in ("calm", "audio_calm", "label_calm", "audio_prob_calm"))
    run("label", "Dawn", "--take-back", "-l", library)
    run("label", "--csv", tmp_path / "tracks.csv", "-l", library)
    assert labels(library) == [("Ann - Dawn", "calm", 1.0)]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["Dawn"],
        ["Dawn", "calm"],
        ["Dawn", "calm=1", "calm=0"],
        ["Dawn", "calm=1", "--take-back"],
        ["Dawn", "calm=1", "--from-tags"],
        ["--list", "--artist", "Ann"],
        ["--take-back"],
    ],
)
def test_what_does_not_go_together_is_refused(library: Path, words: list[str]) -> None:
    run("label", *words, "-l", library, code=2)
    assert labels(library) == []
