"""From a table of one's own to a model, its figures, and figures of stored predictions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from moodrec.cli.datasets import parse_options
from tests.cli.commands import run, run_json, write_model, write_tone

RECIPE = """
name = "tiny"
[audio]
n_mels = 32
[windows]
window_s = 1.0
max_windows = 2
[network]
channels = 4
embedding_dim = 8
[augment]
frequency_width = 3
time_width = 4
[training]
epochs = 2
batch_size = 4
checkpoint_every = 1
threads = 1
[[data]]
source = "table"
root = "tracks.csv"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe, and eight tracks of which the high ones are not calm."""
    folder = tmp_path_factory.mktemp("own")
    rows = ["track_id,audio,artist,mood:calm"]
    for number in range(8):
        write_tone(folder / f"{number}.wav", 150 * 1.5**number, seconds=1.2)
        rows.append(f"t{number},{number}.wav,Artist {number % 2},{int(number < 4)}")
    (folder / "tracks.csv").write_text("\n".join(rows))
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.usefixtures("own_cache")
def test_train_evaluate_and_analyze_with_a_model_of_ones_own(place: Path, tmp_path: Path) -> None:
    command = ("train", place / "recipe.toml", "--out", tmp_path / "run")
    events = [json.loads(line) for line in run(*command, "--json").stdout.splitlines()]
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [1, 2]
    assert events[-1]["event"] == "done"
    model = Path(events[-1]["model"])

    again = [json.loads(line) for line in run(*command, "--json").stdout.splitlines()]
    assert not [event for event in again if event["event"] == "epoch"], "nothing is trained twice"
    assert again[-1]["fingerprint"] == events[-1]["fingerprint"]
    assert "next: moodrec analyze" in run(*command).stdout

    data = ("--data", "table", "--root", place / "tracks.csv", "--resamples", 20)
    report = run_json("evaluate", model, *data, "--plot", tmp_path / "curves.png")
    assert report["n_tracks"] == 8
    assert [(tag["tag"], tag["positives"]) for tag in report["tags"]] == [("table:calm", 4)]
    assert (tmp_path / "curves.png").stat().st_size > 1000
    assert "table:calm" in run("evaluate", model, *data).stdout

    options = ("--library", tmp_path / "lib", "--model", model, "--jobs", 1)
    assert run_json("analyze", place, *options)["tracks"] == 8


def test_a_recipe_that_is_wrong(place: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE + "\n[trainig]\nepochs = 3")
    assert "trainig" in run("train", recipe, "--out", tmp_path / "run", code=2).stderr
    assert run_json("train", tmp_path / "gone.toml", code=3)["error"]["type"] == "NotFoundError"


def test_stored_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((50, 3)) < 0.3).astype(np.float64)
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "scores.npy", labels + 0.01 * rng.random((50, 3)))
    arrays = (
        "--predictions",
        tmp_path / "scores.npy",
        "--labels",
        tmp_path / "labels.npy",
        "--resamples",
        20,
    )
    report = run_json("evaluate", *arrays)
    assert report["macro_ap"]["value"] == pytest.approx(1)
    assert report["n_tracks"] == 50
    assert "1.0000 [" in run("evaluate", *arrays).stdout


def test_stored_predictions_of_a_table(place: Path, tmp_path: Path) -> None:
    rows = "\n".join(f"t{number},{number / 10}" for number in range(7))
    (tmp_path / "p.csv").write_text("track_id,table:calm\n" + rows)
    options = ("--data", "table", "--root", place / "tracks.csv", "--resamples", 20)
    result = run("evaluate", *options, "--predictions", tmp_path / "p.csv")
    assert "warning: 1 track without a prediction left out" in result.stderr
    assert run_json("evaluate", *options, "--predictions", tmp_path / "p.csv")["n_without_prediction"] == 1


@pytest.mark.parametrize(
    ("args", "code", "complaint"),
    [
        ([], 2, "--data"),
        (["--labels", "x.npy"], 2, "--predictions"),
        (["--data", "tabel", "--root", "."], 2, "emotify"),
        (["--data", "table", "--root", "gone.csv"], 3, "gone.csv"),
        (["--data", "table"], 2, "MOODREC_DATA"),
        (["--data", "table", "--root", "tracks.csv", "--option", "moods"], 2, "KEY=VALUE"),
        (["--data", "table", "--root", "tracks.csv", "--option", "colour=1"], 2, "colour"),
        (["--data", "table", "--root", "tracks.csv", "--split", "tset"], 2, "tset"),
    ],
)
def test_what_is_wrong_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], code: int, complaint: str
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.delenv("MOODREC_DATA", raising=False)
    assert complaint in run("evaluate", *args, code=code).stderr


def test_a_model_that_knows_none_of_the_moods(place: Path, tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    (tmp_path / "tracks.csv").write_text(
        f"track_id,audio,mood:merry\na,{place / '0.wav'},1\nb,{place / '7.wav'},0"
    )
    result = run("evaluate", model, "--data", "table", "--root", tmp_path / "tracks.csv", code=1)
    assert "table:merry" in result.stderr


def test_options_are_toml_or_text() -> None:
    given = ["a=3", "b=true", 'c=["x", "y"]', "d=plain text", "e=x=y"]
    assert parse_options(given) == {"a": 3, "b": True, "c": ["x", "y"], "d": "plain text", "e": "x=y"}


def test_the_published_baseline(shared_data: Path) -> None:
    tables = shared_data / "tables"
    report = run_json(
        *("evaluate", "--predictions", tables / "baseline_vggish_predictions.npy"),
        *("--labels", tables / "groundtruth.npy", "--resamples", 10),
    )
    assert round(report["macro_ap"]["value"], 4) == 0.1077
    assert round(report["macro_roc_auc"]["value"], 4) == 0.7258
