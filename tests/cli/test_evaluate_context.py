"""``moodrec evaluate --metadata``: from files to figures with and without context."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from tests.cli.commands import run, run_json
from tests.evaluation.context.made import MADE, metadata_frame, named, write_files


def test_predictions_in_context(tmp_path: Path) -> None:
    predictions, labels, metadata = write_files(tmp_path)
    files = ("--predictions", predictions, "--labels", labels, "--metadata", metadata, "--resamples", 50)
    report = run_json(
        "evaluate", *files, "--context", "fit", "--per-tag", "--save-context", tmp_path / "c.json"
    )
    oracle = [average_precision_score(MADE.labels[:, i], MADE.logits[:, i]) for i in range(3)]
    assert report["audio"]["macro_ap"]["value"] == pytest.approx(np.mean(oracle))
    assert [tag["audio_ap"] for tag in report["tags"]] == pytest.approx(oracle)
    difference = report["difference"]["macro_ap"]
    gain = report["context"]["macro_ap"]["value"] - report["audio"]["macro_ap"]["value"]
    assert difference["value"] == pytest.approx(gain)
    assert difference["low"] > 0
    assert report["n_artists"] == 40
    assert report["n_with_genres"] == report["n_with_album"] == report["n_with_year"] == 240
    assert report["known_labels"] == "none"
    assert any("genres" in tag["kinds"] for tag in report["tags"])

    again = run_json("evaluate", *files, "--context", tmp_path / "c.json")
    (tmp_path / "model").mkdir()
    (tmp_path / "c.json").rename(tmp_path / "model" / "context.json")
    assert run_json("evaluate", *files, "--context", tmp_path / "model") == again
    assert again["tags"] == []
    assert again["difference"]["macro_ap"]["value"] > 0
    warm = run_json("evaluate", *files, "--known-labels", "others")
    assert warm["known_labels"] == "others"
    assert "in context" in run("evaluate", *files, "--per-tag").stdout


def test_odd_tags(tmp_path: Path) -> None:
    """Scores that are all the same, a tag without positives, a label that is not known: reported, not fatal."""
    predictions, labels, metadata = write_files(tmp_path)
    scores = np.column_stack([MADE.logits, np.zeros(240), MADE.logits[:, 0]])
    truth = np.column_stack([MADE.labels, MADE.labels[:, 0], np.zeros(240)])
    truth[5, 0] = np.nan
    np.save(predictions, scores)
    np.save(labels, truth)
    report = run_json(
        "evaluate",
        "--predictions",
        predictions,
        "--labels",
        labels,
        "--metadata",
        metadata,
        "--resamples",
        20,
    )
    assert report["skipped"] == ["tag_4"]
    assert all(np.isfinite(report["context"]["macro_ap"][name]) for name in ("value", "low", "high"))


def test_a_dataset_has_its_own_metadata(tmp_path: Path) -> None:
    frame = metadata_frame().rename(columns={"genres": "genre"}).assign(audio="")
    frame["genre"] = [";".join(names) for names in frame["genre"]]
    for i, mood in enumerate(("calm", "happy", "sad")):
        frame[f"mood:{mood}"] = MADE.labels[:, i]
    frame.to_csv(tmp_path / "tracks.csv", index=False)
    scores = named(1 / (1 + np.exp(-MADE.logits)))
    scores = scores.rename(columns={name: f"table:{name}" for name in ("calm", "happy", "sad")})
    scores.to_parquet(tmp_path / "p.parquet")
    report = run_json(
        "evaluate", "--data", "table", "--root", tmp_path / "tracks.csv", "--predictions",
        tmp_path / "p.parquet", "--context", "fit", "--resamples", 20,
    )  # fmt: skip
    assert report["n_tracks"] == 240
    assert report["difference"]["macro_ap"]["value"] > 0


PLAIN = ["--metadata", "tracks.parquet", "--predictions", "P.npy", "--labels", "Y.npy"]
"""A table of metadata beside scores and labels."""


@pytest.mark.parametrize(
    ("options", "code", "complaint"),
    [
        (["--metadata", "tracks.parquet"], 2, "--predictions"),
        (["--context", "fit"], 2, "--metadata"),
        (["--per-tag"], 2, "--metadata"),
        (["--predictions", "P.npy", "--labels", "Y.npy", "--split", "test"], 2, "--split goes with --data"),
        (["--predictions", "P.npy", "--labels", "Y.npy", "--root", "x"], 2, "--root goes with --data"),
        (["--predictions", "P.npy", "--labels", "Y.npy", "--data", "table"], 2, "leave out --labels"),
        (["model", "--predictions", "P.npy", "--labels", "Y.npy"], 2, "MODEL goes with --data"),
        (["model", "--predictions", "P.npy", "--data", "table"], 2, "where there are --predictions"),
        (
            ["--predictions", "P.npy", "--labels", "Y.npy", "--context", "fit", "--plot", "a.png"],
            2,
            "--plot draws",
        ),
        (["--metadata", "tracks.parquet", "--data", "table", "--predictions", "P.npy"], 2, "own metadata"),
        (["--metadata", "nothing.csv", "--predictions", "P.npy", "--labels", "Y.npy"], 3, "nothing.csv"),
        ([*PLAIN, "--context", "no.json"], 3, "no.json"),
        ([*PLAIN, "--context", "bad.json"], 4, "bad.json"),
        (
            [*PLAIN, "--context", "."],
            3,
            "the model has no context",
        ),
        ([*PLAIN, "--context", "default"], 1, "the context has no weights for tag_0"),
        (
            ["--metadata", "two.csv", "--predictions", "P.npy", "--labels", "Y.npy"],
            1,
            "3 artists or more, not 2",
        ),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], code: int, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    (tmp_path / "bad.json").write_text("{}")
    metadata_frame().assign(artist=["a", "b"] * 120)[["artist"]].to_csv(tmp_path / "two.csv", index=False)
    done = run("evaluate", *options, code=code)
    assert complaint in done.stderr


def test_the_vggish_baseline_of_mtg_jamendo_gains_by_stored_weights(
    shared_data: Path, tmp_path: Path
) -> None:
    """Weights stored by name are applied to a published system, whose own figures must be the published ones."""
    tables = shared_data / "tables"
    predictions, labels = tables / "baseline_vggish_predictions.npy", tables / "groundtruth.npy"
    tags = sorted(_moods(tables / "mtg_jamendo.parquet"))
    write_context(tmp_path / "c.json", tags)
    report = run_json(
        "evaluate", "--predictions", predictions, "--labels", labels, "--metadata", tables / "mtg_jamendo.parquet",
        "--context", tmp_path / "c.json", "--resamples", 20,
    )  # fmt: skip
    assert report["audio"]["macro_ap"]["value"] == pytest.approx(0.1077, abs=5e-5)
    assert report["audio"]["macro_roc_auc"]["value"] == pytest.approx(0.7258, abs=5e-5)
    assert report["difference"]["macro_ap"]["value"] > 0.02, "the mean of other tracks' predictions alone"
    assert report["n_artists"] == 327


def _moods(path: Path) -> set[str]:
    import pandas as pd

    tags = pd.read_parquet(path)["tags"]
    return {
        tag.removeprefix("mood/theme---") for row in tags for tag in row.split("|") if "mood/theme" in tag
    }


def write_context(path: Path, tags: list[str]) -> None:
    """A context that takes the artist's and the album's other predictions, and nothing else."""
    nothing = {"weight": 0.0, "shrinkage": 0.1}
    mood = {
        "centre": 0.0, "spread": 1.0, "intercept": -3.0, "audio": 1.0, "genres": {}, "year": [0.0, 0.0],
        "artist": {"weight": 0.6, "shrinkage": 1.0}, "album": {"weight": 1.7, "shrinkage": 1.0},
        "artist_labels": nothing, "album_labels": nothing, "slope": 1.0, "bias": 0.0, "quantiles": [0.0, 1.0],
    }  # fmt: skip
    whole = {"moods": dict.fromkeys(tags, mood), "means": {}, "fitted_on": "nothing: written by hand"}
    path.write_text(json.dumps(whole))


def test_a_context_takes_the_place_of_no_table(tmp_path: Path) -> None:
    predictions, labels, metadata = write_files(tmp_path)
    files = ("--predictions", predictions, "--labels", labels, "--metadata", metadata)
    for out in (labels, tmp_path / "notes"):
        before = out.read_bytes() if out.exists() else None
        result = run("evaluate", *files, "--save-context", out, code=2)
        assert f"{out.name}: a context is written as .json" in result.stderr
        assert (out.read_bytes() if out.exists() else None) == before
