"""Candidates for the default model: the music, the networks on frozen features, the regressions and the figures."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.models import finetune, regression
from benchmarks.models.candidates import ALL, SYSTEMS, Candidate, recipe_of
from benchmarks.models.features import WEIGHTS
from benchmarks.models.figures import Said, cluster_f1, fold_figures, stored_of
from benchmarks.models.frozen_network import Windows, said_by
from benchmarks.models.intervals import estimates
from benchmarks.models.music import Music, joined, unit_variance
from benchmarks.models.page import Difference, markdown, paired
from moodrec.config import ModelConfig
from moodrec.data.labels import LabelTable
from moodrec.evaluation.experiment.stored import save_predictions
from moodrec.training.inputs import Spectrograms
from moodrec.training.sampling import Draws

TRACKS = 60
FEATURES = 20


def music() -> Music:
    """Two datasets; a hidden number decides quadrant, shared word and cluster of a track."""
    rng = np.random.default_rng(0)
    quadrants, clusters = rng.integers(0, 4, TRACKS), rng.integers(0, 5, TRACKS)
    of_4q: dict[str, np.ndarray] = {f"mood4q:q{q + 1}": quadrants == q for q in range(4)}
    of_4q |= {"mood4q:valence": np.isin(quadrants, (0, 3)), "mood4q:arousal": quadrants < 2}
    of_4q |= {"mood4q:word:sweet": quadrants == 3, "mood4q:word:bleak": quadrants == 2}
    of_mirex: dict[str, np.ndarray] = {f"mirex_mood:cluster{c + 1}": clusters == c for c in range(5)}
    of_mirex |= {"mirex_mood:word:sweet": clusters == 1}
    names = {"mood4q": of_4q, "mirex_mood": of_mirex}
    tables = [
        LabelTable.build(
            name,
            {"track_id": [str(i) for i in range(TRACKS)], "fold": [i % 5 for i in range(TRACKS)]},
            {target: values.astype(np.float32) for target, values in targets.items()},
        )
        for name, targets in names.items()
    ]
    whole = LabelTable.concat(tables)
    targets = whole.targets.rename(columns={"mood4q:word:bleak": "allmusic:word:bleak"})
    pooled = targets.pop("mood4q:word:sweet").fillna(targets.pop("mirex_mood:word:sweet"))
    table = LabelTable("mix", whole.tracks, targets.assign(**{"allmusic:word:sweet": pooled}))
    origins = np.array(["mood4q"] * TRACKS + ["mirex_mood"] * TRACKS)
    return Music(table, table.tracks["fold"].to_numpy(np.int64), origins)


@pytest.fixture(scope="module")
def known() -> Music:
    return music()


def telling(known: Music, windows: int = 3) -> list[np.ndarray]:
    """Features that give the labels away, with noise."""
    rng = np.random.default_rng(1)
    targets = known.table.targets.fillna(0.0).to_numpy(np.float32)
    mixed = targets @ rng.standard_normal((targets.shape[1], FEATURES)).astype(np.float32)
    return [own + 0.1 * rng.standard_normal((windows, FEATURES)).astype(np.float32) for own in mixed]


def test_features_of_trunks_lie_side_by_side_by_their_place() -> None:
    few, many = np.array([[0.0], [1.0]], np.float32), np.arange(5, dtype=np.float32)[:, None]
    together = joined([[few], [many]])[0]
    assert together[:, 1].tolist() == [0, 1, 2, 3, 4]
    assert together[:, 0].tolist() == [0, 0, 0, 1, 1]


def test_unit_variance_is_of_all_windows() -> None:
    rng = np.random.default_rng(0)
    features = [rng.normal(5, 3, (4, 2)).astype(np.float32) for _ in range(50)]
    features = [np.c_[own, np.full(4, 7, np.float32)] for own in features]
    flat = np.concatenate(unit_variance(features))
    np.testing.assert_allclose(flat.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(flat.std(0), [1, 1, 0], atol=1e-5)


def test_windows_are_drawn_from_their_own_track_one_in_each_stretch() -> None:
    features = [(np.full((4, 2), row) + np.arange(4)[:, None] / 10).astype(np.float32) for row in range(5)]
    windows = Windows.of(features, excerpts=2)
    rows = np.array([3, 0, 4])
    drawn = windows.sample(Draws(rows, np.stack([np.zeros(3, int), np.zeros(3, int), rows], 1))).numpy()
    assert drawn.shape == (6, 2)
    assert np.floor(drawn[:, 0]).tolist() == [3, 3, 0, 0, 4, 4]
    stretch = np.rint(10 * (drawn[:, 0] % 1)) // 2
    assert stretch.tolist() == [0, 1, 0, 1, 0, 1]
    torch.testing.assert_close(windows.whole(2), torch.from_numpy(features[2]))


def test_a_candidate_learns_what_the_features_tell(known: Music) -> None:
    candidate = Candidate("x", ("mn",), data=ALL, softmax=1.0, embedding_dim=8, steps=120)
    asked = known.folds == 0
    said = said_by(candidate, known, telling(known), ~asked, asked)
    figures = fold_figures(known, said, 0)
    assert figures["quadrant_f1"] > 0.8
    assert figures["mirex_cluster_f1"] > 0.8
    assert figures["valence_auc"] > 0.9
    assert said.embeddings.shape == (asked.sum(), 8)


def test_nothing_is_said_of_what_was_never_taught(known: Music) -> None:
    asked = known.folds == 0
    seen = ~asked & known.rows_of(("mood4q",))
    candidate = Candidate("x", ("mn",), data=("mood4q",), embedding_dim=8, steps=2)
    figures = fold_figures(known, said_by(candidate, known, telling(known), seen, asked), 0)
    assert "mirex_cluster_f1" not in figures
    assert "mirex_word_ap" in figures


def test_regressions_learn_what_the_features_tell(known: Music) -> None:
    asked = known.folds == 0
    features = np.stack([own.mean(0) for own in telling(known)]).astype(np.float64)
    said = regression.said_by(known, features, ~asked, asked)
    figures = fold_figures(known, said, 0)
    assert not np.isnan(said.logits).any()
    assert figures["quadrant_f1"] > 0.8
    assert figures["mirex_cluster_f1"] > 0.8


def test_regressions_see_nothing_of_what_is_asked(known: Music) -> None:
    asked = known.folds == 0
    features = np.stack([own.mean(0) for own in telling(known)]).astype(np.float64)
    before = regression.said_by(known, features, ~asked, asked)
    targets = known.table.targets.copy()
    targets.loc[asked] = 1 - targets.loc[asked]
    other = Music(LabelTable("mix", known.table.tracks, targets), known.folds, known.origins)
    np.testing.assert_array_equal(regression.said_by(other, features, ~asked, asked).logits, before.logits)


def test_ridge_learns_shares() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((80, 3))
    shares = np.clip(0.5 + 0.1 * features[:, :2], 0, 1)
    logits = regression.fit_shares(features[:60], shares[:60], 0.1)(features[60:])
    assert regression.mean_pearson(shares[60:], logits) > 0.99


def test_clusters_are_scored_as_classes(known: Music) -> None:
    rows = np.flatnonzero(known.origins == "mirex_mood")
    truth = known.table.targets.fillna(0.0).to_numpy(np.float64)[rows]
    said = Said(rows, truth, truth)
    assert cluster_f1(stored_of(known, said, "mirex_mood")) == 1.0
    columns = [list(known.table.targets.columns).index(f"mirex_mood:cluster{c}") for c in (1, 2)]
    truth[:, columns] = truth[:, columns[::-1]]
    assert cluster_f1(stored_of(known, Said(rows, truth, truth), "mirex_mood")) == pytest.approx(0.6)


def test_every_candidate_makes_a_recipe() -> None:
    for system in SYSTEMS.values():
        if isinstance(system, Candidate):
            recipe = recipe_of(system, 1000)
            assert (recipe.tasks.artist.weight > 0) == system.metadata
            assert recipe.network.embedding_dim == system.embedding_dim


def test_the_folds_are_those_of_the_models(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOODREC_DATA", str(shared_data))
    whole = Music.of(ALL)
    ours = pd.Series(whole.folds, index=whole.table.tracks["track_id"])
    results = Path(__file__).parents[2] / "benchmarks" / "results"
    # The default model deals Emotify's artists anew, beside those of the MIREX-like set.
    for name, left_out in (("moodrec-1", "none"), ("default", "emotify/")):
        stored = pd.read_parquet(results / f"{name}-out-of-fold.parquet", columns=["track_id", "fold"])
        theirs = stored[~stored["track_id"].str.startswith(left_out)].set_index("track_id")["fold"]
        assert ours[list(theirs.index)].tolist() == theirs.tolist()
    groups = pd.DataFrame({"group": whole.table.tracks["group"], "fold": whole.folds})
    assert (groups.groupby("group")["fold"].nunique() == 1).all()
    assert len(whole.table) == 1751


# The page


def rows(values: list[float]) -> list[dict[str, object]]:
    pairs = ((0, 1), (1, 2), (2, 3), (3, 4), (0, 4))
    return [{"left_out": list(p), "fold": fold, "f": values[fold]} for p in pairs for fold in p]


def test_differences_are_paired_by_fold() -> None:
    found = paired(rows([0.5, 0.6, 0.7, 0.8, 0.9]), rows([0.4, 0.5, 0.6, 0.7, 0.8]), "f")
    assert found is not None
    assert found.mean == pytest.approx(0.1)
    assert found.error == pytest.approx(0, abs=1e-9)
    assert found.is_clear
    assert paired(rows([0.5] * 5), rows([0.5] * 5), "other") is None


def test_a_difference_says_its_error_and_whether_it_is_clear() -> None:
    assert str(Difference(0.0123, 0.004)) == "+0.012 ± 0.004"
    assert Difference(0.0123, 0.004).is_clear
    assert not Difference(-0.005, 0.004).is_clear


def test_tables_are_markdown() -> None:
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


@pytest.mark.skipif(
    not (WEIGHTS / "mn04-audioset").exists(), reason="needs the weights that tools/convert_mn.py converts"
)
def test_the_small_network_is_trained_and_asked_and_asked_again_without_training(tmp_path: Path) -> None:
    known = music()
    small = {"network": ModelConfig(backbone="mn", channels=8, embedding_dim=8), "warm_start": None}
    recipe = finetune.recipe_of(1).model_copy(update=small)
    rng = np.random.default_rng(0)
    mels = [rng.random((128, 60)).astype(np.float16) for _ in range(len(known.table))]
    windows = recipe.windows.model_copy(update={"window_s": 0.5})
    inputs = Spectrograms(
        [partial(np.asarray, own) for own in mels], recipe.model_copy(update={"windows": windows})
    )
    found = finetune.predictions(recipe, known, inputs, (0, 1), tmp_path / "0-1")
    assert set(known.folds[found.rows]) == {0, 1}
    assert found.embeddings.shape == (len(found.rows), 8)
    again = finetune.predictions(recipe, known, inputs, (0, 1), tmp_path / "0-1")
    np.testing.assert_array_equal(again.embeddings, found.embeddings)
    assert finetune.cpu_seconds(tmp_path) >= 0


def test_intervals_hold_the_mean_of_the_folds(known: Music, tmp_path: Path) -> None:
    rows = np.flatnonzero(known.origins == "mood4q")
    truth = known.table.targets.fillna(0.0).to_numpy(np.float64)[rows]
    said = Said(rows, truth + np.random.default_rng(0).normal(0, 0.7, truth.shape), truth)
    stored = stored_of(known, said, "mood4q")
    checksum = save_predictions(tmp_path / "x.mood4q.npz", stored)
    value, low, high = estimates(tmp_path / "x.json", "mood4q", checksum)["quadrant_f1"]
    folds = [fold_figures(known, said, fold)["quadrant_f1"] for fold in range(5)]
    assert value == pytest.approx(np.mean(folds), abs=1e-3)
    assert low < value < high
