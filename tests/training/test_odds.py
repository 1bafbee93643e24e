"""Targets that are told by the odds of others, from the recipe to the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import ConfigError
from moodrec.training.events import TrainingEvent
from moodrec.training.recipe import read_recipe
from moodrec.training.run import train_recipe
from tests.training.conftest import write_recipe

ODDS = '[tasks.mood]\nodds = { "table:bright" = { of = ["table:high"], against = ["table:low"] } }\n'
FOLDS = "[split]\nfolds = 2\n"


@pytest.fixture
def bright(catalogue: Path, tmp_path: Path) -> Path:
    """The catalogue with a third mood, which is the first by another name."""
    table = pd.read_csv(catalogue / "tracks.csv")
    table["mood:bright"] = table["mood:high"]
    table["audio"] = [str(catalogue / name) for name in table["audio"]]
    table.to_csv(tmp_path / "tracks.csv", index=False)
    return tmp_path


def test_predictions_and_model_tell_the_target_by_the_odds(bright: Path) -> None:
    recipe = write_recipe(bright, "odds", 2, ODDS + FOLDS)
    result = train_recipe(recipe, bright / "out", lambda event: None, bright / "cache")
    assert result.model is not None
    assert result.out_of_fold is not None
    table = pd.read_parquet(result.out_of_fold)
    own, high, low = (logit(table[f"table:{name}"].astype(float)) for name in ("bright", "high", "low"))
    np.testing.assert_allclose(own, high - low, atol=1e-4)

    model = MoodModel.load(result.model)
    path = bright / pd.read_csv(bright / "tracks.csv")["audio"][0]
    of_target = dict(zip(model.target_names, logit(model.predict_targets(path).astype(float)), strict=True))
    assert of_target["table:bright"] == pytest.approx(
        of_target["table:high"] - of_target["table:low"], abs=1e-4
    )
    assert {"bright", "high", "low"} <= set(model.moods)


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        (ODDS.replace("table:low", "table:nothing"), r"tasks\.mood\.odds.*there is no table:nothing"),
        ('[tasks.mood]\nexclusive = [["table:low", "table:no"]]\n', r"tasks\.mood\.exclusive.* table:no$"),
        ('[tasks.mood.neighbours]\ntargets = ["table:no"]\n', r"tasks\.mood\.neighbours.* table:no$"),
        (
            "[tasks.mood.regression.penalties]\n'Table:' = 9.0\n'no:' = 9.0\n",
            r"regression\.penalties: no target begins with Table: or no:; there are table:",
        ),
        ('[moods.odd]\ndescription = "odd"\ntargets = ["table:no"]\n', r"moods\.odd\.targets.* table:no$"),
    ],
    ids=["odds", "exclusive", "neighbours", "penalties", "moods"],
)
def test_targets_that_no_dataset_has_are_refused_before_any_audio_is_decoded(
    bright: Path, tmp_path: Path, tables: str, told: str
) -> None:
    events: list[TrainingEvent] = []
    recipe = write_recipe(bright, "unknown", 1, tables)
    with pytest.raises(ConfigError, match=told):
        train_recipe(recipe, tmp_path / "out", events.append, tmp_path / "cache")
    assert not events


def test_a_recipe_without_odds_is_the_recipe_that_it_was(bright: Path) -> None:
    plain, empty = write_recipe(bright, "a", 1), write_recipe(bright, "b", 1, "[tasks.mood]\nodds = {}\n")
    other = write_recipe(bright, "c", 1, ODDS)
    assert read_recipe(plain).digest == read_recipe(empty).digest != read_recipe(other).digest
