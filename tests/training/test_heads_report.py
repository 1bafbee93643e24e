"""Scores of metadata heads against answers known beforehand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from moodrec.model.heads import HeadKind, HeadSpec
from moodrec.training.heads_report import ranges_above, report_heads
from moodrec.training.labels import TaskLabels
from moodrec.training.predict import RowPredictions

RANGES = np.array([0, 1, 2, 0, 1, 2, 2, -1])


def report(folder: Path, kind: HeadKind, targets: NDArray[Any], logits: NDArray[Any]) -> dict[str, float]:
    names = tuple(map(str, range(logits.shape[1])))
    labels = TaskLabels({"year": HeadSpec(kind=kind, labels=names)}, {"year": targets})
    rows = np.arange(len(targets))
    held = RowPredictions(rows, np.zeros((len(rows), 2), np.float32), {"year": logits.astype(np.float32)})
    report_heads(folder / "report.json", labels, held, seed=0)
    found: dict[str, float] = json.loads((folder / "report.json").read_text())["year"]
    return found


def edges(ranges: NDArray[np.int64]) -> NDArray[np.float32]:
    above = (ranges[:, None] > np.arange(2)).astype(np.float32)
    above[ranges < 0] = np.nan
    return above


def test_edges_and_ranges() -> None:
    assert ranges_above(edges(RANGES)).tolist() == RANGES.tolist()


@pytest.mark.parametrize("kind", ["ordinal", "classes", "cosine"])
def test_every_kind_of_class_head_is_scored_by_its_class(tmp_path: Path, kind: HeadKind) -> None:
    guess = np.array([0, 1, 2, 0, 2, 2, 0, 1])
    if kind == "ordinal":
        found = report(tmp_path, kind, edges(RANGES), 4 * np.nan_to_num(edges(guess)) - 2)
    else:
        found = report(tmp_path, kind, RANGES, np.eye(3)[guess])
    assert (found["tracks"], found["classes"]) == (7, 3)
    assert found["accuracy"] == pytest.approx(5 / 7)
    assert found["chance"] == pytest.approx(3 / 7)


def test_a_head_that_knows_no_track_has_no_score(tmp_path: Path) -> None:
    found = report(tmp_path, "ordinal", edges(np.full(4, -1)), np.ones((4, 2)))
    assert found == {"tracks": 0, "classes": 3}
