"""What ``moodrec train`` shows: epochs, renamed moods, and how well each mood is told."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec.metrics.tagging import average_precision
from tests.cli.commands import Terminal, run, run_on_terminal, write_tone
from tests.cli.test_train_evaluate import RECIPE

MOODS = ("Gym ready", "calm")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve tracks by six artists; the high ones are ready for the gym, the low ones calm."""
    folder = tmp_path_factory.mktemp("own")
    rows = ["track_id,audio,artist,mood:Gym ready,mood:calm,mood:never"]
    for number in range(12):
        write_tone(folder / f"{number}.wav", 150 * 1.3**number, seconds=1.2)
        rows.append(f"t{number},{number}.wav,Artist {number % 6},{int(number > 6)},{int(number < 6)},0")
    (folder / "tracks.csv").write_text("\n".join(rows))
    (folder / "folds.toml").write_text(RECIPE + "[split]\nfolds = 3\n")
    (folder / "fold.toml").write_text(RECIPE + "[split]\nfolds = 3\nonly_fold = 1\n")
    (folder / "plain.toml").write_text(RECIPE)
    return folder


@pytest.fixture(autouse=True)
def own_cache(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))


def test_the_last_document_says_how_well_each_mood_is_told(place: Path, tmp_path: Path) -> None:
    command = ("train", place / "folds.toml", "--out", tmp_path / "run")
    events = [json.loads(line) for line in run(*command, "--json").stdout.splitlines()]
    assert {"event": "renamed", "names": {"Gym ready": "gym_ready"}} in events
    assert [(e["number"], e["networks"]) for e in events if e["event"] == "network"] == [
        (number, 4) for number in (1, 2, 3, 4)
    ]
    done = {one["mood"]: one for one in events[-1]["moods"]}
    assert list(done) == ["gym_ready", "calm", "never"]
    predicted = pd.read_parquet(tmp_path / "run" / "out-of-fold.parquet").set_index("track_id")
    truth = pd.read_csv(place / "tracks.csv", index_col="track_id").loc[
        predicted.index.str.removeprefix("table/")
    ]
    for target in MOODS:
        figures = done[target.lower().replace(" ", "_")]
        labels = truth[f"mood:{target}"].to_numpy(np.float64)
        expected = average_precision(labels, predicted[f"table:{target}"].to_numpy())
        assert figures["average_precision"] == pytest.approx(expected, abs=1e-4)
        assert figures["low"] <= figures["average_precision"] <= figures["high"]
        assert (figures["positives"], figures["tracks"]) == (labels.sum(), 12)
    assert done["never"]["average_precision"] is None
    assert done["never"]["positives"] == 0

    result = run(*command)
    table = result.stdout.splitlines()
    assert table[0].split("\t") == ["mood", "average precision", "prevalence", "positives", "tracks"]
    assert [line.split("\t")[0] for line in table[1:4]] == list(done)
    assert '"Gym ready" is published as gym_ready' in result.stderr
    written = run(*command, "--format", "csv").stdout.splitlines()
    ap = "average_precision"
    assert written[0] == f"mood,{ap},{ap}_low,{ap}_high,prevalence,positives,tracks"


def test_a_single_fold_has_its_table_too(place: Path, tmp_path: Path) -> None:
    result = run("train", place / "fold.toml", "--out", tmp_path / "run")
    epochs = [line for line in result.stderr.splitlines() if line.startswith("fold-1: epoch")]
    assert len(epochs) == 2, "one line an epoch"
    assert [line.split("\t")[0] for line in result.stdout.splitlines()[:4]] == [
        "mood",
        "gym_ready",
        "calm",
        "never",
    ]
    assert "fold 1" in result.stdout


def test_without_predictions_of_unseen_tracks_there_is_no_table(place: Path, tmp_path: Path) -> None:
    out = run("train", place / "plain.toml", "--out", tmp_path / "run").stdout
    assert "folds = 5" in out
    assert "average precision" not in out


def test_on_a_terminal_a_bar_takes_the_place_of_epochs(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = Terminal()
    monkeypatch.setattr(sys, "stderr", errors)
    shown = run_on_terminal(80, "train", place / "folds.toml", "--out", tmp_path / "run")
    lines = errors.getvalue()
    assert "epoch 1 of 2" not in lines
    assert lines.count("2 epochs in") == 4, "a line for each network"
    assert "gym_ready" in shown
    assert max(map(len, shown.splitlines()[:5])) <= 80
    assert isinstance(errors, io.StringIO)


def test_a_mood_that_is_spelt_otherwise_is_compared(place: Path, tmp_path: Path) -> None:
    model = tmp_path / "run" / "model"
    run("train", place / "plain.toml", "--out", tmp_path / "run")
    options = ("--data", "table", "--root", place / "tracks.csv", "--option", "name=other", "--resamples", 20)
    result = run("evaluate", model, *options)
    assert "other:Gym ready" in result.stdout
    assert '"Gym ready" is compared with gym_ready' in result.stderr
