"""Trials of the default model: what they change, what they read, what is said of several networks together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.models.card import trials as card_trials
from benchmarks.models.trials import default, settings, windows
from moodrec.model.frontend import compress
from moodrec.training.predict import RowPredictions
from moodrec.training.recipe import Recipe, read_recipe

MINIMAL = 'name = "x"\n[[data]]\nsource = "table"\nroot = "tracks.csv"\n'


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    (tmp_path / "recipe.toml").write_text(MINIMAL)
    return read_recipe(tmp_path / "recipe.toml")


def test_changes_reach_the_fields_that_they_name(recipe: Recipe) -> None:
    other = settings.changed(recipe, {"training.epochs": 7, **settings.quadrants_count(3.0, 0.1)})
    assert (other.training.epochs, other.seed) == (7, recipe.seed)
    assert other.tasks.mood.target_weights["mood4q:q"] == 3.0
    assert other.tasks.mood.target_weights["mood4q:word:"] == 0.1
    with pytest.raises(KeyError, match="epoch"):
        settings.changed(recipe, {"training.epoch": 7})


def test_every_trial_differs_from_what_it_is_compared_with() -> None:
    names = [trial.name for trial in settings.TRIALS + settings.JOINTS]
    assert len(names) == len(set(names))
    assert {trial.against for trial in settings.TRIALS} <= set(names)
    assert {member for joint in settings.JOINTS for member in joint.members} <= set(names)


def test_at_one_level_a_quiet_copy_has_the_same_features() -> None:
    power = torch.rand(3, 4, 5)
    loud, quiet = compress(power), compress(0.09 * power)
    ours = [windows.at_level(mels, 0.2 / windows.level_of(mels)) for mels in (loud, quiet)]
    torch.testing.assert_close(ours[0], ours[1], atol=1e-4, rtol=1e-4)
    assert windows.level_of(ours[0]) == pytest.approx(0.2, rel=1e-4)


@pytest.mark.parametrize(("words_of", "said"), [(None, [[2.0, 3.0]]), ("a", [[3.0, 2.0]])])
def test_side_by_side(words_of: str | None, said: list[list[float]]) -> None:
    rows = np.array([5])
    members = {
        "a": RowPredictions(
            rows, np.array([[1.0, 2.0]], np.float32), {"mood": np.array([[1.0, 2.0]], np.float32)}
        ),
        "b": RowPredictions(
            rows, np.array([[3.0]], np.float32), {"mood": np.array([[3.0, 4.0]], np.float32)}
        ),
    }
    joint = settings.Joint("both", ("a", "b"), words_of)
    found = default.together(joint, members, np.array([False, True]))
    assert found.embeddings.tolist() == [[1.0, 2.0, 3.0]]
    assert found.logits["mood"].tolist() == said


def rows(f1: float, other: float) -> list[dict[str, Any]]:
    """Five folds that differ from each other, all by ``f1`` and ``other`` from those of ``rows(0, 0)``."""
    figures = dict.fromkeys(card_trials.COLUMNS, other) | {"quadrant_f1": f1}
    pairs = default.PAIRS
    return [
        {"left_out": list(pair), "fold": fold} | {name: fold / 10 + value for name, value in figures.items()}
        for pair in pairs
        for fold in pair
    ]


@pytest.mark.parametrize(
    ("f1", "other", "better"),
    [(0.03, 0.0, True), (0.01, 0.0, False), (0.03, -0.01, False), (-0.03, 0.1, False)],
)
def test_only_a_gain_without_a_loss_is_clearly_better(f1: float, other: float, better: bool) -> None:
    found = {
        "old": {"against": "old", "rows": rows(0, 0)},
        "new": {"against": "old", "rows": rows(f1, other)},
    }
    shown = card_trials.Trials(found)
    differences = shown.differences("new")
    assert differences["quadrant_f1"].mean == pytest.approx(f1)
    assert differences["word_ap"].mean == pytest.approx(other)
    assert differences["word_ap"].error == pytest.approx(0, abs=1e-9)
    assert f"by this rule: {'new' if better else 'none'}." in shown.verdict()
    assert shown.as_table().splitlines()[2].startswith("| **old** | 0.200 |")
