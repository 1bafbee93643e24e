"""The model card's comparison and calibration say what is in the predictions, on data whose answer is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from benchmarks.models.card import calibration, spread
from benchmarks.models.card.compare import compare
from benchmarks.models.card.parts import read_part
from moodrec.data.labels import LabelTable
from moodrec.errors import DataError, ModelMismatchError
from moodrec.index import MoodIndex
from moodrec.metrics.classification import macro_f1
from moodrec.model.spec import PublishedMood

QUADRANTS = [f"mood4q:q{i}" for i in range(1, 5)]
N = 120


def tables() -> dict[str, LabelTable]:
    """Thirty artists of four tracks, in five folds; words that go with quadrants."""
    rng = np.random.default_rng(0)
    artist = np.arange(N) // 4
    quadrant = rng.integers(4, size=N)
    columns: dict[str, list[Any]] = {
        "track_id": [f"t{i}" for i in range(N)],
        "artist": [f"a{i}" for i in artist],
        "group": [f"a{i}" for i in artist],
        "fold": (artist % 5).tolist(),
    }
    hard = {name: (quadrant == i).astype(np.float32) for i, name in enumerate(QUADRANTS)}
    hard |= {"mood4q:valence": np.isin(quadrant, (0, 3)) * 1.0, "mood4q:arousal": (quadrant < 2) * 1.0}
    hard |= {"mood4q:word:calm": (quadrant == 3) * 1.0}
    split = [["train", "val", "test"][i % 3] for i in artist]
    soft = {name: rng.random(N).astype(np.float32) for name in ("emotify:calmness", "emotify:power")}
    return {
        "mood4q": LabelTable.build("mood4q", columns, hard),
        "emotify": LabelTable.build("emotify", columns | {"split": split}, soft),
    }


def parts(noise: float) -> dict[str, Any]:
    """Predictions that are the labels, made worse by ``noise``; each fold's embeddings in axes of their own."""
    rng = np.random.default_rng(1)
    found = {}
    for name, labels in tables().items():
        truth = labels.targets.to_numpy(np.float64)
        logits = 3 * (truth - 0.5) + noise * rng.normal(size=truth.shape)
        folds = labels.tracks["fold"].to_numpy()
        embeddings = np.stack([np.roll(row, fold) for row, fold in zip(logits, folds, strict=True)])
        frame = pd.DataFrame(expit(logits), columns=labels.targets.columns)
        frame = frame.assign(fold=folds, embedding=list(embeddings), track_id=labels.tracks["track_id"])
        frame["track_id"] = f"{name}/" + frame["track_id"]
        found[name] = read_part(labels, frame.set_index("track_id"))
    return found


def by_figure(comparison: Any) -> dict[tuple[str, str], Any]:
    return {(line.figure, line.over): found for line, found in comparison.found}


def test_the_comparison_measures_each_system_and_pairs_them() -> None:
    baseline, model = parts(4.0), parts(1.0)
    found = by_figure(compare(baseline, model, 100))
    f1 = found["quadrant_f1", "folds"]
    for side, system in ((f1.baseline, baseline), (f1.candidate, model)):
        truth, scores = system["mood4q"].table.targets[QUADRANTS], system["mood4q"].scores
        each = [
            macro_f1(truth[own].to_numpy().argmax(1), scores[own][QUADRANTS].to_numpy().argmax(1))
            for own in (scores["fold"] == fold for fold in range(5))
        ]
        assert side == pytest.approx(np.mean(each))
    pearson = found["pearson", "test"]
    test = model["emotify"].table.tracks["split"].eq("test").to_numpy()
    r = [
        np.corrcoef(model["emotify"].table.targets[n][test], model["emotify"].scores[n][test])[0, 1]
        for n in ("emotify:calmness", "emotify:power")
    ]
    assert pearson.candidate == pytest.approx(np.mean(r), abs=1e-6)
    assert all(one.difference.interval.low > 0 for one in (f1, found["quadrant_p10_others", "pooled"]))


def test_a_system_is_no_better_than_itself() -> None:
    comparison = compare(parts(1.0), parts(1.0), 20)
    assert {one.difference.estimate for _, one in comparison.found} == {0.0}
    assert "Goals met: Emotify" in comparison.verdict() or "Goals met: none" in comparison.verdict()
    assert "Missed: 4Q quadrant macro-F1, mean of folds (by 0.050)" in comparison.verdict()
    assert "over 1 words" in comparison.as_table()


def test_other_folds_and_missing_tracks_are_refused() -> None:
    model, other = parts(1.0), parts(1.0)
    other["mood4q"].scores["fold"] = (other["mood4q"].scores["fold"] + 1) % 5
    with pytest.raises(DataError, match="different folds"):
        compare(other, model, 5)
    part = model["emotify"]
    with pytest.raises(DataError, match="1 tracks of emotify have no prediction"):
        read_part(part.table, part.scores.set_index("track_id").iloc[1:])


def test_cross_fitting_never_sees_the_fold_it_measures() -> None:
    folds = np.arange(30) % 3
    labels = (folds == 0) * 1.0

    def prevalence(logits: np.ndarray, known: np.ndarray) -> Any:
        return lambda other: np.full(len(other), known.mean())

    found = calibration.cross_fitted(prevalence, np.zeros(30), labels, folds)
    assert found.tolist() == np.where(folds == 0, 0.0, 0.5).tolist()


def test_calibration_mends_logits_that_are_too_bold(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    part = parts(1.0)["mood4q"]
    logits = rng.normal(size=N)
    part.table.targets["mood4q:arousal"] = ((rng.random(N) < expit(logits)) * 1.0).astype(np.float32)
    part.scores["mood4q:arousal"] = expit(6 * logits + 2)
    moods = {"arousal": PublishedMood(description="Loud.", targets=("mood4q:arousal",))}
    report = calibration.calibration_report(moods, [part], 50)
    error = calibration.errors(report.moods[0])
    assert error["Platt"] < error["raw"] / 1.5
    held = report.moods[0]
    brier = {way: float(np.mean((p - held.labels) ** 2)) for way, p in held.probabilities.items()}
    assert report.against["raw"].estimate == pytest.approx(brier["raw"] - brier["Platt"])
    assert report.against["raw"].interval.low > 0
    assert "no other way is better" in report.verdict()
    assert "`arousal`" in report.as_table()
    report.draw(tmp_path / "r.png")
    assert (tmp_path / "r.png").stat().st_size > 0


def test_the_spread_is_that_of_the_index(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"track_id": [f"t{i}" for i in range(50)]})
    frame["calm"], frame["prob_calm"] = np.linspace(0, 1, 50), np.linspace(0, 0.1, 50)
    index = MoodIndex.build(rng.normal(size=(50, 8)), frame, moods=["calm"], model_fingerprint="abc")
    index.save(tmp_path / "index")
    read = spread.read_spread
    found = read(tmp_path / "index", ["calm"], "abc")
    np.testing.assert_allclose(found.scores[0], [0.05, 0.25, 0.5, 0.75, 0.95], atol=1e-6)
    np.testing.assert_allclose(found.probabilities[0], found.scores[0] / 10, atol=1e-6)
    assert "| `calm` | 0.05 |" in found.as_table()
    with pytest.raises(ModelMismatchError, match="of model abc, not of other"):
        read(tmp_path / "index", ["calm"], "other")
