"""Stored predictions: what can be read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec.errors import DataError
from moodrec.evaluation.matrices import load_array
from moodrec.evaluation.predictions import Predictions, load_predictions


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_reads_tables(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame(
        {"track_id": ["007", "NA"], "set:calm": [0.25, 0.5], "title": ["a", "b"], "fold": [0, 1]}
    )
    path = tmp_path / f"p{suffix}"
    frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
    found = load_predictions(path)
    assert found.track_ids == ("007", "NA")
    assert found.targets == ("set:calm", "fold")
    assert found.scores[:, 0].tolist() == [0.25, 0.5]


def test_embeddings_in_the_table_are_ignored(tmp_path: Path) -> None:
    calm, embedding = np.array([0.25], np.float32), [np.zeros(4, np.float32)]
    frame = pd.DataFrame({"track_id": ["a"], "set:calm": calm, "embedding": embedding})
    frame.to_parquet(tmp_path / "p.parquet")
    assert load_predictions(tmp_path / "p.parquet").targets == ("set:calm",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,set:calm\na,0.5\n", "has no track_id"),
        ("track_id,title\na,x\n", "needs rows, and a column of numbers"),
        ("track_id,set:calm\na,\n", "needs rows, and a column of numbers"),
        ("track_id,set:calm\n,0.5\n", "1 of 1 rows have no track id"),
        ("track_id,set:calm\na,0.5\na,0.5\n", "1 track ids occur twice: a"),
        ("", "cannot be read as a table"),
    ],
)
def test_refuses_tables(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        load_predictions(tmp_path / "p.csv")


def test_refuses_shapes_that_do_not_fit() -> None:
    with pytest.raises(DataError, match=r"\(1, 2\) for 1 tracks and 1 targets"):
        Predictions(("a",), ("t",), np.zeros((1, 2), np.float32))


def test_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.eye(3, dtype=bool))
    assert load_array(tmp_path / "a.npy").tolist() == np.eye(3).tolist()
    np.save(tmp_path / "b.npy", np.zeros(3))
    np.save(tmp_path / "c.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    (tmp_path / "d.npy").write_text("no")
    np.savez(tmp_path / "e.npz", a=np.zeros((2, 2)))
    for name in ("b.npy", "c.npy", "d.npy", "e.npz", "missing.npy"):
        with pytest.raises(DataError, match=r"must hold an \(n, tags\) array|cannot be read as an array"):
            load_array(tmp_path / name)
