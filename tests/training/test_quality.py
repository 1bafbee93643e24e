"""How well a mood is told, on predictions whose answer is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec.metrics.tagging import average_precision
from moodrec.model.describe import ModelDescription, describe_model
from moodrec.training.quality import mood_quality
from moodrec.training.run import train_recipe
from tests.training.conftest import write_recipe

GROUPS = [f"artist {row // 4}" for row in range(200)]


def test_figures_of_a_mood() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random(200) < 0.25).astype(np.float32)
    logits = (2 * labels - 1 + rng.normal(size=200)).astype(np.float32)
    labels[180:] = np.nan
    found = mood_quality(logits, labels, GROUPS)
    assert found is not None
    assert found.tracks == 180
    assert found.average_precision == pytest.approx(average_precision(labels[:180], logits[:180]), abs=1e-4)
    assert found.prevalence == pytest.approx(labels[:180].mean(), abs=1e-4)
    assert found.low < found.average_precision < found.high
    assert 0 < found.calibration_error < 0.1


def test_soft_labels_count_by_their_highest_third() -> None:
    shares = np.linspace(0.1, 0.5, 90, dtype=np.float32)
    found = mood_quality(shares, shares, GROUPS[:90])
    assert found is not None
    assert found.prevalence == pytest.approx(1 / 3, abs=0.01)
    assert found.average_precision == 1.0


def test_a_mood_that_all_tracks_have_has_no_figures() -> None:
    assert mood_quality(np.zeros(4, np.float32), np.ones(4, np.float32), GROUPS[:4]) is None


@pytest.mark.parametrize(("ap", "said"), [(0.9, "strong"), (0.5, "fair"), (0.3, "weak")])
def test_reliability_is_said_in_a_word(ap: float, said: str) -> None:
    described = ModelDescription(
        "x", "f", {"calm": "Calm."}, (), {"calm": {"average_precision": ap, "prevalence": 0.2}}
    )
    assert described.reliability("calm") == said
    assert described.reliability("happy") is None


def test_a_model_with_folds_says_how_well_it_tells_each_mood(catalogue: Path, tmp_path: Path) -> None:
    for name, split in (("with", "[split]\nfolds = 2\n"), ("without", "")):
        train_recipe(
            write_recipe(catalogue, name, 1, split), tmp_path / name, lambda event: None, tmp_path / "cache"
        )
    described = describe_model(tmp_path / "with" / "model")
    assert set(described.quality) == set(described.moods) == {"high", "low"}
    frame = pd.read_parquet(tmp_path / "with" / "out-of-fold.parquet").set_index("track_id")
    truth = pd.read_csv(catalogue / "tracks.csv").set_index("track_id")["mood:high"].dropna()
    scores = frame.loc["table/" + truth.index, "table:high"]
    expected = average_precision(truth.to_numpy(), scores.to_numpy())
    assert described.quality["high"]["average_precision"] == pytest.approx(expected, abs=1e-3)
    assert json.loads((tmp_path / "without" / "model" / "model.json").read_text())["quality"] == {}
