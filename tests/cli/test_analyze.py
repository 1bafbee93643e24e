"""moodrec analyze and export: files in, a library out; stopped, started again, and with broken files."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from moodrec.library.library import Library
from moodrec.model.checkpoint import save_model
from tests.cli.commands import run, run_json, write_model, write_tone
from tests.small_model import small_network, small_spec


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Two tracks, one silence, one file that is no music."""
    folder = tmp_path / "music"
    write_tone(folder / "low.wav", 110)
    write_tone(folder / "high.wav", 880)
    write_tone(folder / "silence.wav", 440, loudness=0)
    (folder / "broken.mp3").write_text("this is a letter")
    return folder


def test_a_first_run_a_second_run_and_a_new_file(music: Path, model: Path, tmp_path: Path) -> None:
    command = ("analyze", music, "--library", tmp_path / "lib", "--model", model, "--jobs", 1)
    first = run_json(*command, code=6)
    assert first["outcomes"] == {"ok": 2, "partial": 0, "silent": 1, "failed": 1}
    assert (first["to_analyse"], first["already_done"], first["tracks"]) == (4, 0, 2)
    assert [Path(failure["path"]).name for failure in first["failures"]] == ["broken.mp3"]
    assert first["failures"][0]["reason"]
    assert first["failures"][0]["message"]
    assert run_json("index", "info", tmp_path / "lib")["tracks"] == 2

    second = run(*command)
    assert "nothing new to analyse; 4 files done already" in second.stderr
    assert "failed earlier, not tried again" in second.stderr
    assert "broken.mp3" in second.stderr

    write_tone(music / "new.wav", 300)
    third = run_json(*command)
    assert third["outcomes"]["ok"] == 1
    assert [Path(failure["path"]).name for failure in third["remembered_failures"]] == ["broken.mp3"]
    assert run_json("index", "info", tmp_path / "lib")["tracks"] == 3
    assert run_json(*command, "--retry-failed", code=6)["outcomes"]["failed"] == 1


def test_another_model_takes_the_index_and_says_so(music: Path, model: Path, tmp_path: Path) -> None:
    other = save_model(tmp_path / "other", small_network(seed=7), small_spec())
    library = ("--library", tmp_path / "lib")
    run_json("analyze", music, *library, "--model", model, "--jobs", 1, code=6)
    switched = run("analyze", music, *library, "--model", tmp_path / "other", "--jobs", 1)
    assert "search uses model small now" in switched.stderr
    assert run_json("index", "info", tmp_path / "lib")["model_fingerprint"] == other
    again = run("analyze", music, *library, "--model", tmp_path / "other", "--jobs", 1)
    assert "search uses" not in again.stderr


def test_each_failure_is_one_line_and_quiet_leaves_it_alone(music: Path, model: Path, tmp_path: Path) -> None:
    options = ("--library", tmp_path / "lib", "--model", model, "--jobs", 1)
    result = run("analyze", music, *options, "--quiet", code=6)
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("warning: ")
    assert "broken.mp3" in result.stderr
    assert result.stdout.startswith("2 tracks in ")


def test_a_dry_run_says_what_it_would_take(music: Path, model: Path, tmp_path: Path) -> None:
    plan = run_json("analyze", music, "--library", tmp_path / "lib", "--model", model, "--dry-run")
    assert plan["to_analyse"] == 4
    assert plan["estimated_seconds"] > 0
    assert plan["estimated_bytes"] > 0
    assert not (tmp_path / "lib").exists()


def test_a_dry_run_knows_a_library_that_is_there(music: Path, model: Path, tmp_path: Path) -> None:
    command = ("analyze", music, "--library", tmp_path / "lib", "--model", model, "--jobs", 1)
    run(*command, code=6)
    plan = run_json(*command, "--dry-run")
    assert (plan["to_analyse"], plan["already_done"]) == (0, 4)


def test_a_dry_run_does_not_mend_a_library_whose_making_was_interrupted(
    music: Path, model: Path, tmp_path: Path
) -> None:
    database = tmp_path / "lib" / "library.sqlite"
    database.parent.mkdir()
    database.touch()
    plan = run_json("analyze", music, "--library", tmp_path / "lib", "--model", model, "--dry-run")
    assert plan["to_analyse"] == 4
    assert [path.name for path in database.parent.iterdir()] == ["library.sqlite"]
    assert database.stat().st_size == 0


def test_a_dry_run_complains_like_a_run(music: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "lib"):
        for options in ((), ("--dry-run",)):
            result = run("analyze", music, "--library", place, "--model", model, *options, code=2)
            assert "a library is a folder" in result.stderr


def test_music_without_a_sound_makes_an_empty_index(tmp_path: Path, model: Path) -> None:
    write_tone(tmp_path / "music" / "silence.wav", 440, loudness=0)
    options = ("--library", tmp_path / "lib", "--model", model, "--jobs", 1)
    assert run_json("analyze", tmp_path / "music", *options)["tracks"] == 0
    assert run_json("list", "--library", tmp_path / "lib") == {"count": 0, "tracks": [], "hints": []}


def test_a_folder_that_is_not_there(tmp_path: Path, model: Path) -> None:
    result = run("analyze", tmp_path / "gone", "--library", tmp_path / "lib", "--model", model, code=3)
    assert "gone" in result.stderr


def test_two_writers_at_once(music: Path, model: Path, tmp_path: Path) -> None:
    with Library.create(tmp_path / "lib") as library, library.writer():
        options = ("--library", tmp_path / "lib", "--model", model)
        assert run_json("analyze", music, *options, code=5)["error"]["type"] == "StoreLockedError"


def test_interrupted_runs_keep_what_they_did(model: Path, tmp_path: Path) -> None:
    for number in range(20):
        write_tone(tmp_path / "music" / f"{number:02}.wav", 100 + number, seconds=4)
    options = ["--library", str(tmp_path / "lib"), "--model", str(model), "--jobs", "1"]
    command = [sys.executable, "-m", "moodrec", "analyze", str(tmp_path / "music"), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with Library.open_or_create(tmp_path / "lib") as library:
        deadline = time.monotonic() + 60
        while sum(library.outcomes().values()) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "interrupted; what is done is kept" in err
        assert "Traceback" not in err
        done = sum(library.outcomes().values())
    assert 2 <= done < 20
    report = run_json("analyze", tmp_path / "music", *options)
    assert (report["already_done"], report["tracks"]) == (done, 20)


def test_export_and_an_index_of_the_export(music: Path, model: Path, tmp_path: Path) -> None:
    library, out = tmp_path / "lib", tmp_path / "tracks.parquet"
    run("analyze", music, "--library", library, "--model", model, "--jobs", 1, code=6)
    assert run_json("export", library, out) == {"out": str(out), "rows": 2}
    table = pq.read_table(out)
    assert {"track_id", "path", "title", "embedding", "calm", "blue", "prob_calm", "prob_blue"} <= set(
        table.column_names
    )
    assert np.shape(table["embedding"].to_pylist()) == (2, 16)
    assert "--force" in run("export", library, out, code=2).stderr
    run("export", library, out, "--force")
    about = run_json("index", "build", "--table", out, "--out", tmp_path / "index")
    assert about["moods"] == ["calm", "blue"]
    assert about["model_fingerprint"] == run_json("index", "info", library)["model_fingerprint"]
    assert "nothing" not in run("export", tmp_path / "gone", out, "--force", code=3).stdout


def test_what_is_left_out_is_counted_and_no_error(model: Path, tmp_path: Path) -> None:
    music = tmp_path / "music"
    for name in ("a.wav", "@eaDir/a.wav/x.wav", "#recycle/b.wav", "marked/c.wav", "talk/d.wav", "talk/e.wav"):
        write_tone(music / name, 220)
    (music / "marked" / ".nomedia").touch()
    for name in ("x.dsf", "y.mpc", "z.mp2", "v.dsf"):
        (music / name).write_bytes(b"x")
    command = ("analyze", music, "--library", tmp_path / "lib", "--model", model, "--jobs", 1)
    shown = run(*command, "--dry-run", "--exclude", "talk/d*", "--exclude", "e.wav").stderr
    assert (
        "left out: 2 excluded by a pattern, 1 marked by .ndignore, .nomedia or .notmusic, 2 of the system"
        in shown
    )
    assert "4 files in formats that are not decoded, left out: 2 DSD, 1 Musepack, 1 MPEG layer II" in shown
    found = run_json(*command, "--exclude", "talk/")
    assert found["outcomes"]["ok"] == 1
    assert found["left_out"] == {"system": 2, "marked": 1, "excluded": 1, "unsupported": 4}


def test_a_folder_of_formats_that_are_not_decoded_says_so(model: Path, tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a.dsf").write_bytes(b"DSD ")
    shown = run("analyze", tmp_path / "music", "--library", tmp_path / "lib", "--model", model).stderr
    assert "1 file in formats that are not decoded, left out: 1 DSD" in shown


def test_names_with_line_breaks_and_controls_stay_on_a_line(model: Path, tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a\n\x1b[31mb\u202e.mp3").write_text("this is a letter")
    command = ("analyze", tmp_path / "music", "--library", tmp_path / "lib", "--model", model, "--jobs", 1)
    for code in (6, 0):
        shown = [line for line in run(*command, code=code).stderr.splitlines() if "[31mb" in line]
        assert len(shown) == 1
        assert "a??[31mb?.mp3: no audio in it" in shown[0]
