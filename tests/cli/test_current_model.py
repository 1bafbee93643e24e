"""An analysis that names no model goes on with the one that the library has."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from moodrec.library.notes import MODELS_FILE
from tests.cli.commands import run, run_json, write_model, write_tone


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A track, a model, and the library that it made of the track."""
    write_tone(tmp_path / "music" / "low.wav", 110)
    write_model(tmp_path / "own")
    run(*analyze(tmp_path, "--model", tmp_path / "own"))
    return tmp_path


def analyze(place: Path, *options: object) -> tuple[object, ...]:
    return ("analyze", place / "music", "--library", place / "lib", "--jobs", 1, *options)


def test_the_model_stays_and_what_it_means(place: Path) -> None:
    write_tone(place / "music" / "high.wav", 880)
    report = run_json(*analyze(place))
    assert (report["to_analyse"], report["tracks"], report["switched"]) == (1, 2, False)
    assert len(run_json("library", "info", "--library", place / "lib")["models"]) == 1
    moods = run_json("moods", "--library", place / "lib")["moods"]
    assert [mood["name"] for mood in moods] == ["calm", "blue"]
    assert moods[0]["meaning"] == "Calm."


def test_a_file_outside_is_analysed_by_it_too(place: Path) -> None:
    seed = write_tone(place / "other.wav", 110)
    assert run_json("similar", seed, "--library", place / "lib", "--k", 1)["count"] == 1


def test_a_model_that_is_gone_or_another_is_an_error(place: Path) -> None:
    shutil.move(place / "own", place / "moved")
    told = run(*analyze(place), code=3).stderr
    assert "is not in" in told
    assert "--model default" in told
    write_model(place / "own", seed=3)
    assert "there is another one now" in run(*analyze(place), code=3).stderr
    run(*analyze(place, "--model", place / "moved"))
    assert run_json(*analyze(place))["to_analyse"] == 0
    (place / "lib" / MODELS_FILE).unlink()
    assert "it is not known where that is" in run(*analyze(place), code=3).stderr


def test_the_default_can_be_named(place: Path) -> None:
    plan = run_json(*analyze(place, "--model", "default", "--dry-run"))
    assert plan["to_analyse"] == 1
    assert run_json(*analyze(place, "--dry-run"))["to_analyse"] == 0
