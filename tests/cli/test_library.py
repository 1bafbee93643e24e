"""moodrec library: what it holds, keeping it in order, moods in tags."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from moodrec.audio.mood_tags import read_mood_tags
from moodrec.library.library import Library
from moodrec.model.checkpoint import save_model
from tests.cli.commands import run, run_json, write_model, write_tone
from tests.golden.make_golden import golden
from tests.library.test_upkeep import damage
from tests.small_model import small_network, small_spec


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three tracks, one of them a copy, one file that is no music, their library and two models."""
    place = tmp_path_factory.mktemp("analysed")
    write_tone(place / "music" / "low.flac", 110)
    write_tone(place / "music" / "high.flac", 880)
    shutil.copy(place / "music" / "low.flac", place / "music" / "low again.flac")
    (place / "music" / "broken.mp3").write_text("this is a letter")
    write_model(place / "model")
    save_model(place / "other", small_network(seed=7), small_spec())
    run(*analyze(place), code=6)
    return place


@pytest.fixture
def place(analysed: Path, tmp_path: Path) -> Path:
    """The same, to be changed; the library knows the music by its first place, which stays."""
    shutil.copytree(analysed / "lib", tmp_path / "lib")
    for name in ("model", "other", "music"):
        (tmp_path / name).symlink_to(analysed / name)
    return tmp_path


def analyze(place: Path, *options: object, model: str = "model") -> tuple[object, ...]:
    where = ("--library", place / "lib", "--model", place / model, "--jobs", 1)
    return ("analyze", place / "music", *where, *options)


def library(place: Path, command: str, *options: object) -> tuple[object, ...]:
    return ("library", command, *options, "--library", place / "lib")


def test_info(place: Path) -> None:
    about = run_json(*library(place, "info"))
    assert (about["tracks"], about["duplicates"], about["gone"], about["index"]) == (3, 1, 0, "up to date")
    assert about["outcomes"] == {"ok": 3, "partial": 0, "silent": 0, "failed": 1}
    assert about["reasons"] == {"not_audio": 1}
    text = run(*library(place, "info")).stdout
    assert "3 ok, 1 failed" in text
    assert "moodrec library failures" in text


def test_list_and_failures(place: Path) -> None:
    files = run_json(*library(place, "list"))
    assert files["count"] == 4
    assert {file["outcome"] for file in files["files"]} == {"ok", "failed"}
    failed = run_json(*library(place, "list", "--outcome", "failed"))["files"]
    assert [Path(file["path"]).name for file in failed] == ["broken.mp3"]
    assert run_json(*library(place, "list", "--gone"))["count"] == 0
    told = run_json(*library(place, "failures"))
    assert (told["count"], told["failures"][0]["reason"]) == (1, "not_audio")
    shown = run(*library(place, "failures"))
    assert shown.stdout.splitlines()[1].startswith("not_audio\t")
    assert "--retry-failed" in shown.stderr


def test_show(place: Path, analysed: Path) -> None:
    track = run_json(*library(place, "show", analysed / "music" / "low.flac"))
    assert set(track["track"]["moods"]) == {"calm", "blue"}
    assert [Path(path).name for path in track["copies"]] == ["low again.flac"]
    assert "copy" in run(*library(place, "show", "low.flac")).stdout
    failed = run_json(*library(place, "show", analysed / "music" / "broken.mp3"))
    assert (failed["track"], failed["file"]["outcome"]) == (None, "failed")
    assert "nobody" in run(*library(place, "show", "nobody"), code=3).stderr


def test_a_missing_library_is_said_so(tmp_path: Path) -> None:
    for command in ("info", "list", "failures", "verify", "migrate"):
        assert "moodrec analyze" in run(*library(tmp_path, command), code=3).stderr


def test_verify_finds_damage_and_repair_forgets_it(place: Path) -> None:
    assert run_json(*library(place, "verify"))["checked"] == 3
    with Library.open(place / "lib") as store:
        track_id = str(store.frame()["track_id"][0])
    with Library.open(place / "lib") as store:
        damage(store, track_id)
    assert "verify --repair" in run(*library(place, "verify"), code=4).stderr
    assert run_json(*library(place, "verify", "--repair"))["dropped"] == 1
    report = run_json(*analyze(place))
    assert (report["outcomes"]["ok"], report["tracks"]) == (1, 3)


def test_an_old_library_is_migrated_when_told_to_and_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    shutil.copy(golden(1), tmp_path / "lib" / "library.sqlite")
    assert "would become" in run(*library(tmp_path, "migrate", "--dry-run")).stdout
    assert run_json(*library(tmp_path, "migrate", "--dry-run"))["from_format"] == 1
    done = run_json(*library(tmp_path, "migrate"))
    assert Path(done["backup"]).is_file()
    assert "already" in run(*library(tmp_path, "migrate")).stdout
    shutil.copy(golden(1), tmp_path / "lib" / "library.sqlite")
    before = (tmp_path / "lib" / "library.sqlite").read_bytes()
    assert "moodrec library migrate" in run(*library(tmp_path, "info")).stderr
    assert (tmp_path / "lib" / "library.sqlite").read_bytes() == before


def test_backup(place: Path, tmp_path: Path) -> None:
    run(*library(place, "backup", tmp_path / "copy.sqlite"))
    assert "--force" in run(*library(place, "backup", tmp_path / "copy.sqlite"), code=2).stderr
    run(*library(place, "backup", tmp_path / "copy.sqlite", "--force"))
    (tmp_path / "restored").mkdir()
    (tmp_path / "copy.sqlite").rename(tmp_path / "restored" / "library.sqlite")
    assert run_json("library", "info", "--library", tmp_path / "restored")["tracks"] == 3


def test_restore_goes_back_while_others_have_the_library_open(place: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    run(*library(place, "backup", copy))
    track = next(file["track_id"] for file in run_json(*library(place, "list"))["files"] if file["track_id"])
    with Library.open(place / "lib") as reader:
        before = reader.snapshot().revision
        run("label", track, "calm=1", "--library", place / "lib")
        assert len(reader.labels()) == 1
        done = run_json(*library(place, "restore", copy))
        assert not reader.labels()  # SQLite reads on from its own log, in which the restored pages are
        assert reader.snapshot().revision == before
    assert (place / "lib" / "library-before-restore.sqlite") == Path(done["before"])
    about = run_json(*library(place, "info"))
    assert (about["tracks"], about["index"]) == (done["tracks"], "up to date")

    assert "library-before-restore.sqlite" in run(*library(place, "restore", copy), code=2).stderr
    kept = Path(done["before"]).rename(tmp_path / "kept.sqlite")
    run(*library(place, "restore", kept))
    with Library.open(place / "lib") as reader:
        assert len(reader.labels()) == 1


@pytest.mark.parametrize(
    ("make", "code", "told"),
    [
        (lambda place: place / "lib" / "library.sqlite", 2, "is the library itself"),
        (lambda place: place / "none.sqlite", 3, "no such file"),
        (lambda place: place / "music" / "low.flac", 4, "low.flac"),
        (lambda place: place / "music", 3, "no such file"),
    ],
    ids=["itself", "missing", "music", "folder"],
)
@pytest.mark.parametrize("after_another", [False, True], ids=["first", "after another"])
def test_restore_of_what_is_no_copy_changes_nothing(
    place: Path, make: Callable[[Path], Path], code: int, told: str, after_another: bool
) -> None:
    if after_another:  # what is wrong with the copy is told before what an earlier restore left
        (place / "lib" / "library-before-restore.sqlite").write_bytes(b"left")
    files = sorted((place / "lib").iterdir())
    assert told in run(*library(place, "restore", make(place)), code=code).stderr
    assert sorted((place / "lib").iterdir()) == files
    assert run_json(*library(place, "info"))["tracks"] == 3


def test_restore_of_an_older_format(place: Path, tmp_path: Path) -> None:
    shutil.copy(golden(1), tmp_path / "old.sqlite")
    before = (tmp_path / "old.sqlite").read_bytes()
    run(*library(place, "restore", tmp_path / "old.sqlite"))
    assert (tmp_path / "old.sqlite").read_bytes() == before
    found, current = Library.formats(place / "lib")
    assert found == current
    assert run_json(*library(place, "info"))["index"] == "up to date"


def test_a_new_model_takes_over_when_it_has_analysed_every_track(place: Path) -> None:
    assert "name one" in run(*library(place, "switch"), code=2).stderr
    before = run_json("index", "info", place / "lib")["model_fingerprint"]
    part = run(*analyze(place, "--limit", 2, model="other"))
    assert "until the other has analysed 1 more track" in part.stderr
    assert "1 file left for later" in part.stderr
    assert run_json("index", "info", place / "lib")["model_fingerprint"] == before
    report = run_json(*analyze(place, model="other"))
    assert (report["switched"], report["waiting"]) == (True, 0)
    after = run_json("index", "info", place / "lib")["model_fingerprint"]
    assert after != before
    assert run_json(*library(place, "switch"))["model"] == before
    assert run_json("index", "info", place / "lib")["model_fingerprint"] == before
    assert run_json(*library(place, "switch", after))["switched"]
    assert "several models" in run(*library(place, "switch", "small"), code=2).stderr
    assert "no model" in run(*library(place, "switch", "large"), code=3).stderr


def test_prune_says_what_it_would_do_and_then_does_it(place: Path, tmp_path: Path) -> None:
    assert "--gone" in run(*library(place, "prune", "--apply"), code=2).stderr
    assert "0 files and 0 models would be dropped" in run(*library(place, "prune")).stdout
    (place / "music").unlink()
    write_tone(place / "music" / "new.flac", 300)
    run(*analyze(place, model="other"))
    with Library.open(place / "lib") as store, store.writer():
        store.mark_missing([record.state for record in store.files().values()][:2])
    plan = run_json(*library(place, "prune", "--gone", "--old-models"))
    assert (plan["applied"], len(plan["files"]), len(plan["models"])) == (False, 2, 1)
    assert run_json(*library(place, "info"))["gone"] == 2
    assert "--apply" in run(*library(place, "prune", "--gone")).stdout
    done = run_json(*library(place, "prune", "--gone", "--old-models", "--apply"))
    assert done["dropped"]["files"] == 2
    about = run_json(*library(place, "info"))
    assert (about["gone"], len(about["models"]), about["index"]) == (0, 1, "up to date")


def test_tags_are_written_and_taken_back(tmp_path: Path) -> None:
    song = write_tone(tmp_path / "music" / "low.flac", 110)
    write_model(tmp_path / "model")
    run(*analyze(tmp_path))
    plan = run(*library(tmp_path, "write-tags", "--threshold", 0))
    assert "MOODREC_CALM: (none) -> 0." in plan.stdout
    assert "--apply writes" in plan.stdout
    assert read_mood_tags(song) == {}
    assert run_json(*library(tmp_path, "write-tags", "--threshold", 0, "--apply"))["written"] == 1
    assert set(read_mood_tags(song)) == {"MOOD", "MOODREC_CALM", "MOODREC_BLUE", "MOODREC_MODEL"}
    assert run_json(*analyze(tmp_path))["to_analyse"] == 0
    assert "moods are in the tags of 1 file" in run(*library(tmp_path, "info")).stdout
    assert "-> (none)" in run(*library(tmp_path, "restore-tags")).stdout
    run(*library(tmp_path, "restore-tags", "--apply"))
    assert read_mood_tags(song) == {}


def test_index_repair(place: Path) -> None:
    assert run_json("index", "repair", "--library", place / "lib")["fault"] is None
    for path in (place / "lib" / "index").glob("v*/vectors.npy"):
        path.write_bytes(b"rubbish")
    complaint = run("similar", "high.flac", "--library", place / "lib", code=4).stderr
    assert f"moodrec index repair --library {place / 'lib'}" in complaint.replace("\n", "")
    mended = run("index", "repair", "--library", place / "lib")
    assert "damaged" in mended.stderr
    assert "built anew from the library, 3 tracks" in mended.stdout
    run("similar", "high.flac", "--library", place / "lib")
