"""The description of the packaged model is what its recipe and its out-of-fold predictions say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.places import RECIPES, RESULTS
from moodrec.model.describe import PACKAGED_MODEL
from moodrec.model.folder import read_model_files
from moodrec.model.spec import ModelSpec
from moodrec.training.recipe import Recipe, read_recipe
from tools.refit import refitted

pytestmark = pytest.mark.usefixtures("shared_data")

AXES = {"valence", "arousal"}


@pytest.fixture(scope="module")
def packaged() -> ModelSpec:
    return read_model_files(PACKAGED_MODEL, graph=False).spec


@pytest.fixture(scope="module")
def predictions() -> pd.DataFrame:
    return pd.read_parquet(RESULTS / "default-out-of-fold.parquet")


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """The default recipe, without the weights to start from, which the repository does not hold."""
    return read_recipe(RECIPES / "default.toml").model_copy(update={"warm_start": None})


def differences(one: ModelSpec, other: ModelSpec) -> set[str]:
    """The moods whose scales differ."""
    return {
        mood
        for mood, scale in one.scales.items()
        if not np.allclose(scale.quantiles, other.scales[mood].quantiles, atol=1e-5)
    }


@pytest.mark.slow
def test_it_is_what_its_recipe_says(packaged: ModelSpec, predictions: pd.DataFrame, recipe: Recipe) -> None:
    found, context = refitted(packaged, recipe, predictions)
    assert not differences(packaged, found)
    rest: dict[str, object] = {"scales": {}, "quality": {}, "provenance": {}}
    assert found.model_copy(update=rest) == packaged.model_copy(update=rest)
    assert found.quality == packaged.quality
    assert context is not None
    assert set(context.moods) == set(packaged.moods)


@pytest.mark.slow
def test_without_odds_the_axes_alone_change(
    packaged: ModelSpec, predictions: pd.DataFrame, recipe: Recipe
) -> None:
    mood = recipe.tasks.mood.model_copy(update={"odds": {}})
    plain = recipe.model_copy(update={"tasks": recipe.tasks.model_copy(update={"mood": mood})})
    told = predictions.assign(**{"mood4q:valence": 0.5 + 0.4 * (predictions["mood4q:q1"] - 0.5)})
    told["mood4q:arousal"] = told["mood4q:valence"]
    found, _ = refitted(packaged, plain, told)
    assert differences(packaged, found) == AXES
    again, _ = refitted(packaged, recipe, told)  # with them, what the table says of the axes does not count
    assert not differences(packaged, again)
