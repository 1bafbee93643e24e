"""moodrec similar, list and moods on a library of real tones, from the shell's point of view."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from moodrec.cli.moods import blocks
from moodrec.cli.search_options import parse_targets
from moodrec.errors import UsageError
from moodrec.library.library import Library
from tests.cli.commands import run, run_json, write_model, write_tone, write_vectors

MOODS = ("calm", "blue")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    """Eight tones, one of them twice."""
    place = tmp_path_factory.mktemp("search")
    for number in range(8):
        write_tone(place / "music" / f"tone {number}.wav", 110 * 1.4**number)
    shutil.copy(place / "music" / "tone 0.wav", place / "music" / "copy.wav")
    run("analyze", place / "music", "--library", place / "lib", "--model", model, "--jobs", 1)
    return place / "lib"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of 30 tracks by two artists, from a table."""
    place = tmp_path_factory.mktemp("table")
    table = write_vectors(place / "vectors.parquet", [f"t{i}" for i in range(30)])
    run("index", "build", "--table", table, "--moods", "calm", "--out", place / "index")
    return place / "index"


def path_of(library: Path, name: str) -> str:
    return str(library.parent / "music" / name)


def test_similar_leaves_out_the_seed_and_its_copies(library: Path) -> None:
    seed = path_of(library, "tone 0.wav")
    found = run_json("similar", seed, "--library", library, "--k", 20)
    paths = [track["path"] for track in found["tracks"]]
    assert found["seed"]["path"] == seed
    assert found["count"] == len(paths) == 7
    assert not {seed, path_of(library, "copy.wav")} & set(paths)
    scores = [track["score"] for track in found["tracks"]]
    assert scores == sorted(scores, reverse=True)
    assert [track["rank"] for track in found["tracks"]] == list(range(1, 8))
    assert set(found["tracks"][0]["moods"]) == set(found["tracks"][0]["probabilities"]) == set(MOODS)
    assert "fewer than k=20" in found["shortfall"]


def test_what_similar_returns_meets_the_condition(index: Path) -> None:
    where = "calm >= 0.4 AND year BETWEEN 1991 AND 2015 AND artist = 'Ann'"
    found = run_json("similar", "Title t3", "--library", index, "--where", where, "--k", 5)
    assert found["count"] == 5
    for track in found["tracks"]:
        assert track["moods"]["calm"] >= 0.4
        assert 1991 <= track["year"] <= 2015
        assert (track["artist"], track["track_id"] != "t3") == ("Ann", True)


def test_caps_exclusions_and_targets(index: Path) -> None:
    def artists(*options: object) -> list[str]:
        found = run_json("similar", "t3", "--library", index, "--k", 6, *options)
        return [track["artist"] for track in found["tracks"]]

    assert sorted(artists("--max-per-artist", 2)) == ["Ann", "Ann", "Bob", "Bob"]
    assert set(artists("--exclude-artist", "ANN")) == {"Bob"}
    assert artists("--exclude-artist", "ann", "--exclude-artist", "bob") == []
    first = run_json("similar", "t3", "--library", index, "--k", 1)["tracks"][0]["track_id"]
    assert first not in [
        track["track_id"]
        for track in run_json("similar", "t3", "--library", index, "--exclude", first)["tracks"]
    ]
    calmest = run_json("similar", "t3", "--library", index, "--k", 1, "--mood", "calm=1", "--mood-weight", 1)
    every = run_json("list", "--library", index, "--sort", "-calm")["tracks"]
    assert calmest["tracks"][0]["track_id"] == next(t["track_id"] for t in every if t["track_id"] != "t3")


def test_choosing_among_neighbours(index: Path) -> None:
    plain = run_json("similar", "t3", "--library", index, "--k", 4)["tracks"]
    diverse = run_json("similar", "t3", "--library", index, "--k", 4, "--diversity", 0.9)["tracks"]
    assert plain[0] == diverse[0]
    assert [track["track_id"] for track in plain] != [track["track_id"] for track in diverse]
    distinct = run_json("similar", "t3", "--library", index, "--k", 4, "--distinct", "--explain")
    assert distinct["count"] == 4
    result = run("similar", "t3", "--library", index, "--max-per-album", 1, code=2)
    assert "needs a column 'album'" in result.stderr


def test_the_environment_names_the_library(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOODREC_LIBRARY", str(index))
    assert run_json("similar", "t3", "--k", 2)["count"] == 2


@pytest.mark.parametrize(
    ("args", "code", "complaint"),
    [
        (["similar", "gone"], 3, "'gone'"),
        (["similar", "t3", "--where", "calmm > 1"], 2, "calmm"),
        (["similar", "t3", "--where", "calm >"], 2, "calm >"),
        (["similar", "t3", "--mood", "calm"], 2, "NAME=TARGET"),
        (["similar", "t3", "--mood", "happy=0.5"], 2, "happy"),
        (["similar", "t3", "--mood", "calm=1.5"], 2, "[0, 1]"),
        (["similar", "t3", "--mood-weight", "0.5"], 2, "mood"),
        (["similar", "t3", "--mood-weight", "2", "--mood", "calm=1"], 2, "--mood-weight"),
        (["similar", "t3", "--k", "0"], 2, "--k"),
        (["similar", "t3", "--m3u", "out.m3u8"], 2, "paths"),
        (["list", "--sort", "nothing"], 2, "nothing"),
        (["list", "--where", "1; DROP TABLE x"], 2, ""),
    ],
)
def test_what_is_wrong_is_said(index: Path, args: list[str], code: int, complaint: str) -> None:
    result = run(*args, "--library", index, code=code)
    assert complaint in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert run_json(*args, "--library", index, code=code)["error"]["exit_code"] == code


@pytest.mark.parametrize("name", ["song.flac", "SONG.MP3", "library.sqlite", "cover.png", "notes", ".m3u8"])
@pytest.mark.parametrize(
    "command",
    [
        ["list", "--m3u"],
        ["similar", "tone 3", "--m3u"],
        ["find", "calm", "--m3u"],
        ["playlist", "radio", "tone 3", "--out", "first.m3u8", "--out"],
        ["playlist", "path", "tone 1", "tone 2", "--out"],
    ],
)
def test_a_playlist_takes_the_place_of_no_other_file(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(b"somebody's music")
    result = run(*command, name, "--library", library, code=2)
    assert f"{name}: playlists are written as .m3u8, .m3u, .xspf, .jspf" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"somebody's music"


def test_an_ambiguous_title_lists_the_tracks(tmp_path: Path) -> None:
    table = write_vectors(tmp_path / "v.parquet", ["a", "b", "A"])
    run("index", "build", "--table", table, "--out", tmp_path / "index")
    assert run_json("similar", "Title b", "--library", tmp_path / "index")["count"] == 2
    failure = run_json("similar", "title A", "--library", tmp_path / "index", code=2)["error"]
    assert [match["track_id"] for match in failure["matches"]] == ["a", "A"]


def test_a_playlist_and_a_picture(library: Path, tmp_path: Path) -> None:
    seed, m3u, png = path_of(library, "tone 3.wav"), tmp_path / "out.m3u8", tmp_path / "out.png"
    run("similar", seed, "--library", library, "--k", 3, "--m3u", m3u, "--plot", png, "--where", "calm >= 0")
    lines = m3u.read_text().splitlines()
    assert lines[0] == "#EXTM3U"
    assert [(tmp_path / line).is_file() for line in lines[2::2]] == [True] * 3
    run("list", "--library", library, "--m3u", m3u, "--absolute", "--limit", 2)
    assert [Path(line).is_absolute() for line in m3u.read_text().splitlines()[2::2]] == [True] * 2
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_file_outside_the_library_is_analysed(library: Path, model: Path, tmp_path: Path) -> None:
    seed = write_tone(tmp_path / "other.wav", 110)
    found = run_json("similar", seed, "--library", library, "--model", model, "--k", 2)
    assert found["seed"]["track_id"] is None
    assert found["tracks"][0]["path"] in {path_of(library, "tone 0.wav"), path_of(library, "copy.wav")}
    assert found["tracks"][0]["score"] == pytest.approx(1, abs=1e-3)
    options = ("--library", library, "--model", model)
    assert "--plot" in run("similar", seed, *options, "--plot", tmp_path / "x.png", code=2).stderr
    other = write_model(tmp_path / "other-model", seed=1)
    assert "model" in run("similar", seed, "--library", library, "--model", other, code=1).stderr


def test_the_table_shows_the_moods_that_were_asked_about(index: Path) -> None:
    text = run("similar", "t3", "--library", index, "--k", 2, "--where", "calm >= 0.1").stdout
    assert "like Title t3 - Ann" in text
    assert "calm" in text
    assert "Title" in text.splitlines()[-2]


def test_explain(index: Path) -> None:
    options = ("--library", index, "--k", 2, "--explain", "--where", "artist = 'Ann'")
    assert "tracks pass" in run("similar", "t3", *options).stdout
    assert run_json("similar", "t3", *options)["explain"]["passed"] == 15


def test_list_filters_sorts_and_limits(index: Path) -> None:
    found = run_json("list", "--library", index, "--where", "calm >= 0.3", "--sort", "-calm", "--limit", 4)
    calm = [track["moods"]["calm"] for track in found["tracks"]]
    assert found["count"] == 4
    assert calm == sorted(calm, reverse=True)
    assert min(calm) >= 0.3
    years = [track["year"] for track in run_json("list", "--library", index, "--sort", "year")["tracks"]]
    assert years[:2] == [1991, 1992]
    assert years[-1] is None
    assert run("list", "--library", index, "--limit", 2).stderr == "2 tracks\n"


def test_pages_make_up_the_whole_answer(index: Path) -> None:
    for words in (["list", "--sort", "-calm", "--limit"], ["similar", "t3", "--mood", "calm=0.9", "-k"]):
        whole = run_json(*words, 20, "--library", index)["tracks"]
        pages = [run_json(*words, 7, "--offset", start, "--library", index)["tracks"] for start in (0, 7, 14)]
        assert [track for page in pages for track in page][:20] == whole
    assert run_json("list", "--library", index, "--offset", 30)["count"] == 0
    assert run_json("similar", "t3", "--library", index, "--offset", 99)["count"] == 0


def test_a_long_list_is_cut_in_the_table_and_says_so(tmp_path: Path) -> None:
    table = write_vectors(tmp_path / "v.parquet", [f"t{i}" for i in range(60)])
    run("index", "build", "--table", table, "--moods", "calm", "--out", tmp_path / "index")
    result = run("list", "--library", tmp_path / "index")
    assert "60 tracks; 10 more with --limit" in result.stderr
    assert result.stdout.count("Title t") == 50
    assert run_json("list", "--library", tmp_path / "index")["count"] == 60


def test_moods_tells_names_meanings_and_spread(library: Path, model: Path) -> None:
    found = run_json("moods", "--library", library, "--model", model)
    assert found["tracks"] == 9
    assert [mood["name"] for mood in found["moods"]] == list(MOODS)
    assert found["moods"][0]["meaning"] == "Calm."
    for mood in found["moods"]:
        assert sum(mood["histogram"]) == mood["known"] == 9
        assert list(mood["quantiles"].values()) == sorted(mood["quantiles"].values())
    assert run_json("moods", "--library", library)["moods"] == found["moods"], "the library knows its model"
    assert run_json("moods", "--library", library, "--model", "default")["moods"][0]["meaning"] == ""
    assert "Happy or sad." in run("moods", "--library", library, "--model", model).stdout


def test_a_stale_index_says_so(library: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(library, tmp_path / "lib")
    with Library.open(copy) as store, store.writer():
        store.mark_missing([next(iter(store.files().values())).state])
    for command in (["similar", path_of(library, "tone 3.wav")], ["list"], ["moods"]):
        result = run(*command, "--library", copy)
        assert "warning: the library has changed" in result.stderr


def test_no_library_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("MOODREC_LIBRARY", raising=False)
    for command in (
        ["similar", "x"],
        ["list"],
        ["moods"],
        ["index", "info"],
        ["export", tmp_path / "x.parquet"],
    ):
        assert run(*command, code=3).stderr.startswith("error: ")


def test_search_never_loads_torch(library: Path) -> None:
    code = (
        "import sys; from moodrec.cli.app import app;"
        f"app(['similar', {path_of(library, 'tone 1.wav')!r}, '--library', {str(library)!r}, '--json'],"
        " standalone_mode=False); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["count"] == 8


@pytest.mark.parametrize(
    ("text", "targets"),
    [("calm=0.5", {"calm": 0.5}), (" a = 1 , b=0", {"a": 1.0, "b": 0.0}), (None, None)],
)
def test_targets(text: str | None, targets: Any) -> None:
    assert parse_targets(text) == targets


@pytest.mark.parametrize("text", ["", "calm", "calm=", "calm=x", "calm=1,calm=0", "calm=1,"])
def test_malformed_targets(text: str) -> None:
    with pytest.raises(UsageError, match="NAME=TARGET"):
        parse_targets(text)


def test_histogram_blocks() -> None:
    assert blocks([0, 1, 4, 8]) == "·▂▅█"
    assert blocks([0, 0]) == "··"


def test_only_the_named_tracks(library: Path) -> None:
    seed = run_json("list", "-l", library)["tracks"][0]["track_id"]
    others = [track["track_id"] for track in run_json("similar", seed, "-l", library)["tracks"]]
    command = ("similar", seed, "-l", library, "--only", others[0], "--only", others[1])
    found = run_json(*command)
    assert {track["track_id"] for track in found["tracks"]} == set(others[:2])
    assert "2 tracks meet the conditions" in found["shortfall"]
    assert run_json(*command, "--exclude", others[0])["count"] == 1
    listed = run_json("playlist", "radio", seed, "-l", library, "--only", others[0], "--artist-gap", 0)
    assert [track["track_id"] for track in listed["tracks"]] == [seed, others[0]]
