"""Weights fitted by folds of artists: the figures are scikit-learn's, and neither order nor chance adds anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import average_precision_score, roc_auc_score

from moodrec.errors import DataError
from moodrec.evaluation.context.evaluate import (
    InContext,
    apply_context,
    artist_folds,
    compare,
    fit_in_context,
)
from moodrec.evaluation.context.inputs import ContextInputs, load_inputs
from moodrec.evaluation.context.report import ContextReport
from moodrec.evaluation.evaluate import BootstrapOptions
from tests.evaluation.context.made import MADE, metadata_frame, named

ROWS = 240


def gapped() -> pd.DataFrame:
    """Metadata of which a part is not known."""
    frame = metadata_frame()
    frame.loc[::7, "artist"] = None
    frame.loc[::14, "album"] = None
    return frame


def evaluated(
    folder: Path, frame: pd.DataFrame, order: np.ndarray | None = None
) -> tuple[ContextInputs, InContext, ContextReport]:
    mine = np.arange(ROWS) if order is None else order
    named(MADE.logits).iloc[mine].to_parquet(folder / "p.parquet")
    named(MADE.labels).iloc[mine].to_parquet(folder / "y.parquet")
    frame.iloc[mine].to_parquet(folder / "m.parquet")
    inputs = load_inputs(folder / "p.parquet", folder / "y.parquet", folder / "m.parquet")
    found = fit_in_context(inputs)
    return inputs, found, compare(inputs, found, options=BootstrapOptions(100, 0))


def test_figures_are_those_of_scikit_learn(tmp_path: Path) -> None:
    inputs, found, report = evaluated(tmp_path, gapped())
    for system, scores in ((report.audio, inputs.scores), (report.context, found.scores)):
        tags = range(inputs.labels.shape[1])
        ap = [average_precision_score(inputs.labels[:, tag], scores[:, tag]) for tag in tags]
        area = [roc_auc_score(inputs.labels[:, tag], scores[:, tag]) for tag in tags]
        assert_allclose(system.macro_ap.value, np.mean(ap))
        assert_allclose(system.macro_roc_auc.value, np.mean(area))
    gain = report.difference.macro_ap
    assert gain.low < gain.value < gain.high
    assert_allclose(gain.value, report.context.macro_ap.value - report.audio.macro_ap.value)


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(ROWS)
    inputs, found, report = evaluated(tmp_path, gapped())
    mixed_inputs, mixed, other = evaluated(tmp_path, gapped(), order)
    assert (artist_folds(mixed_inputs.metadata) == artist_folds(inputs.metadata)[order]).all()
    assert_allclose(mixed.scores, found.scores[order], atol=1e-9)
    for name in ("audio", "context"):
        assert_allclose(getattr(other, name).macro_ap.value, getattr(report, name).macro_ap.value)
    assert_allclose(other.difference.macro_ap.low, report.difference.macro_ap.low, atol=1e-9)


def test_metadata_of_other_tracks_gains_nothing(tmp_path: Path) -> None:
    gains = []
    for seed in range(3):
        mixed = metadata_frame()
        order = np.random.default_rng(seed).permutation(ROWS)
        for column in ("artist", "album", "genres", "year"):
            mixed[column] = mixed[column].iloc[order].to_numpy()
        gains.append(evaluated(tmp_path, mixed)[2].difference.macro_ap.value)
    assert np.mean(gains) < 0.005
    assert min(gains) > -0.02


def test_tags_without_weights_keep_their_audio_scores(tmp_path: Path) -> None:
    inputs, found, _ = evaluated(tmp_path, metadata_frame())
    own = apply_context(inputs, found.model)
    part = found.model.of_moods(["sad", "calm"])
    some = apply_context(inputs, part)
    assert inputs.tags == ("calm", "happy", "sad")
    assert some.without == ("happy",)
    assert_allclose(some.scores[:, [0, 2]], own.scores[:, [0, 2]])
    assert_array_equal(some.scores[:, 1], inputs.logits()[:, 1])
    report = compare(inputs, some, options=BootstrapOptions(20, 0))
    assert report.tags[1].kinds == ()
    assert report.tags[1].difference.value == 0
    assert [tag.kinds for tag in report.tags[::2]] == [own.kinds[0], own.kinds[2]]
    assert "no weights for happy, which keep their audio scores" in report.notes
    with pytest.raises(DataError, match="no weights for x, y, z; it has sad, calm"):
        apply_context(replace(inputs, tags=("x", "y", "z")), part)


def test_numbered_tags_are_matched_by_their_order(tmp_path: Path) -> None:
    inputs, found, _ = evaluated(tmp_path, metadata_frame())
    numbered = replace(inputs, tags=("tag_0", "tag_1", "tag_2"))
    assert_array_equal(apply_context(numbered, found.model).scores, apply_context(inputs, found.model).scores)
