"""Other systems' files of scores and labels: what they may look like, and what is left out of them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from moodrec.errors import DataError, NotFoundError
from moodrec.evaluation.matching import match_files, numbered
from moodrec.evaluation.matrices import Matrix, load_matrix, without_infinities
from moodrec.evaluation.predictions import load_predictions
from moodrec.evaluation.scored import scored_files

RNG = np.random.default_rng(0)
SCORES = RNG.random((6, 2)).round(6)
LABELS = np.array([[0, 1], [1, 0], [0, 0], [1, 1], [0, 1], [1, 0]], float)
IDS = [f"t{i}" for i in range(6)]
TAGS = ["calm", "happy"]
FRAME = pd.DataFrame(SCORES, columns=TAGS).assign(track_id=IDS)
ARROW = pa.table(
    {"track_id": pa.array(IDS, pa.large_string()), **{t: SCORES[:, i] for i, t in enumerate(TAGS)}}
)


def _decimals(path: Path) -> None:
    columns = {tag: pa.array([Decimal(f"{score:.6f}") for score in FRAME[tag]]) for tag in TAGS}
    pq.write_table(pa.table({"track_id": pa.array(IDS).dictionary_encode(), **columns}), path)


WITH_IDS: dict[str, Callable[[Path], object]] = {
    "p.parquet": lambda path: FRAME.to_parquet(path),
    "large.parquet": lambda path: pq.write_table(ARROW, path),
    "decimals.parquet": _decimals,
    "binary.parquet": lambda path: pq.write_table(
        ARROW.set_column(0, "track_id", pa.array([i.encode() for i in IDS])), path
    ),
    "text.parquet": lambda path: FRAME.astype(str).to_parquet(path),
    "index.parquet": lambda path: FRAME.set_index("track_id").to_parquet(path),
    "p.csv": lambda path: FRAME.to_csv(path, index=False),
    "more.csv": lambda path: FRAME.assign(title="x", bpm=np.nan).to_csv(path),
    "p.tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "p.npz": lambda path: np.savez(path, scores=SCORES, track_id=np.array(IDS), tags=np.array(TAGS)),
    "bytes.npz": lambda path: np.savez(path, y_pred=SCORES, ids=np.array(IDS, "S"), tags=np.array(TAGS, "S")),
    "other.npz": lambda path: np.savez_compressed(
        path, embeddings=np.zeros((6, 9)), predictions=SCORES, track_ids=IDS, classes=TAGS
    ),
}
WITHOUT_IDS: dict[str, Callable[[Path], object]] = {
    "p.npy": lambda path: np.save(path, SCORES),
    "fortran.npy": lambda path: np.save(path, np.asfortranarray(SCORES)),
    "big endian.npy": lambda path: np.save(path, SCORES.astype(">f8")),
    "p.npz": lambda path: np.savez(path, SCORES),
    "lists.parquet": lambda path: pd.DataFrame({"scores": list(SCORES)}).to_parquet(path),
}


@pytest.mark.parametrize("name", WITH_IDS)
def test_files_with_ids(name: str, tmp_path: Path) -> None:
    WITH_IDS[name](tmp_path / name)
    found = load_matrix(tmp_path / name)
    assert found.track_ids == tuple(IDS)
    assert found.tags == tuple(TAGS)
    assert_allclose(found.values, SCORES, atol=1e-12)
    assert load_predictions(tmp_path / name).targets == tuple(TAGS)


@pytest.mark.parametrize("name", WITHOUT_IDS)
def test_files_without_ids(name: str, tmp_path: Path) -> None:
    WITHOUT_IDS[name](tmp_path / name)
    found = load_matrix(tmp_path / name)
    assert found.track_ids is found.tags is None
    assert_array_equal(found.values, SCORES)
    assert found.values.flags.c_contiguous
    with pytest.raises(DataError, match="has no track_id"):
        load_predictions(tmp_path / name)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f4", np.int8, bool])
def test_numbers_of_every_size(dtype: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", LABELS.astype(dtype))
    assert_array_equal(load_matrix(tmp_path / "p.npy").values, LABELS)


def test_one_file_of_both(tmp_path: Path) -> None:
    for mine, theirs in (("predictions", "labels"), ("y_pred", "y_true"), ("scores", "groundtruth")):
        arrays: dict[str, Any] = {mine: (SCORES > 0.5) * 1.0, theirs: LABELS}
        np.savez(tmp_path / "both.npz", **arrays)
        assert_array_equal(load_matrix(tmp_path / "both.npz").values, SCORES > 0.5)
        assert_array_equal(load_matrix(tmp_path / "both.npz", "labels").values, LABELS)
    np.savez(tmp_path / "both.npz", SCORES, LABELS)
    with pytest.raises(DataError, match="one called labels"):
        load_matrix(tmp_path / "both.npz", "labels")


def test_truth_values_with_gaps_are_labels(tmp_path: Path) -> None:
    frame = pd.DataFrame(LABELS.astype(bool), columns=TAGS).astype("boolean").assign(track_id=IDS)
    frame.loc[2, "calm"] = pd.NA
    wanted = LABELS.copy()
    wanted[2, 0] = np.nan
    frame.to_parquet(tmp_path / "y.parquet")
    frame.to_csv(tmp_path / "y.csv", index=False)
    for name in ("y.parquet", "y.csv"):
        assert_array_equal(load_matrix(tmp_path / name, "labels").values, wanted)


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"track_id": ["a", None, "c"], "calm": [0.1, 0.2, 0.3]}, "1 of 3 rows have no track id"),
        ({"track_id": ["a", "b", " a "], "calm": [0.1, 0.2, 0.3]}, "1 track ids occur twice: a"),
        ({"track_id": ["a", "b", "c"], "calm": ["x", "y", "z"]}, "a column of numbers for each tag"),
        ({"scores": [[0.1], [0.2, 0.3], [0.4]]}, "equally many in each row"),
        ({"track_id": [], "calm": []}, "a column of numbers for each tag"),
    ],
)
def test_tables_that_are_refused(columns: dict[str, list[object]], complaint: str, tmp_path: Path) -> None:
    pd.DataFrame(columns).to_parquet(tmp_path / "p.parquet")
    with pytest.raises(DataError, match=complaint):
        load_matrix(tmp_path / "p.parquet")


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"scores": SCORES, "track_id": np.array(IDS, dtype=object)}, "save it as"),
        ({"scores": SCORES, "track_id": np.array(IDS[:5])}, "5 track ids for 6 rows"),
        ({"scores": SCORES, "tags": np.array(["calm"])}, "1 tags for 2 columns"),
        ({"scores": SCORES, "tags": np.array(["calm", "calm"])}, "1 tags occur twice: calm"),
        ({"scores": SCORES[:, 0]}, r"needs one \(n, tags\) array"),
        ({"a": SCORES, "b": SCORES}, "one called predictions"),
    ],
)
def test_archives_that_are_refused(arrays: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", **arrays)
    with pytest.raises(DataError, match=complaint):
        load_matrix(tmp_path / "p.npz")
    with pytest.raises(NotFoundError):
        load_matrix(tmp_path / "none.npz")


@pytest.mark.parametrize("name", ["p.npy", "p.npz"])
def test_damaged_arrays_are_told(name: str, tmp_path: Path) -> None:
    """Whatever byte is another one, the file is read or refused in one sentence."""
    np.save(tmp_path / name, SCORES) if name.endswith("y") else np.savez(tmp_path / name, SCORES)
    whole = (tmp_path / name).read_bytes()
    refused = 0
    for place in range(0, len(whole), 3):
        for content in (whole[:place], whole[:place] + bytes([whole[place] ^ 0x5B]) + whole[place + 1 :]):
            (tmp_path / name).write_bytes(content)
            try:
                load_matrix(tmp_path / name)
            except DataError:
                refused += 1
    assert refused > len(whole) // 3


def test_rows_and_columns_find_each_other() -> None:
    mixed = np.array([4, 2, 0, 5])
    scored = Matrix(SCORES[mixed][:, ::-1], tuple(IDS[i] for i in mixed), ("happy", "calm"))
    labelled = Matrix(np.column_stack([LABELS, np.zeros(6)])[:5], tuple(IDS[:5]), (*TAGS, "sad"))
    found = match_files(scored, labelled)
    assert found.track_ids == ("t0", "t2", "t4")
    assert found.tags == ("calm", "happy")
    assert_array_equal(found.scores, SCORES[[0, 2, 4]])
    assert_array_equal(found.labels, LABELS[[0, 2, 4]])
    assert_array_equal(found.rows, [0, 2, 4])
    assert not found.one_order
    assert list(found.notes) == [
        "left out: 2 of 5 tracks that have labels and no predictions",
        "left out: 1 of 4 tracks that have predictions and no labels",
        "left out, labels without predictions: sad",
    ]
    assert match_files(Matrix(SCORES), Matrix(LABELS)).one_order


def test_what_has_no_score_is_left_out() -> None:
    scores = np.column_stack([SCORES, np.full(6, np.nan)])
    scores[1, 0] = scores[4, 1] = np.nan
    matched = match_files(Matrix(scores), Matrix(np.column_stack([LABELS, LABELS[:, 0]])))
    found = matched.finite(numbered(3))
    assert found.tags == ("tag_0", "tag_1")
    assert_array_equal(found.rows, [0, 2, 3, 5])
    assert_array_equal(found.scores, SCORES[found.rows])
    assert_array_equal(found.labels, LABELS[found.rows])
    assert list(found.notes) == [
        "left out, without a prediction of any track: tag_2",
        "left out: 2 of 6 tracks, without a prediction of each tag",
    ]


def test_infinite_scores_are_first_and_last() -> None:
    scores = np.array([[-np.inf, np.inf], [3.0, np.inf], [-40.0, -np.inf], [np.inf, np.inf]])
    found = without_infinities(scores)
    assert np.isfinite(found).all()
    assert_array_equal(np.argsort(found[:, 0]), [0, 2, 1, 3])
    assert found[1, 0] == 3.0
    assert found[0, 1] == found[1, 1] == found[3, 1] > found[2, 1]
    assert np.isnan(without_infinities(np.array([[np.nan], [np.inf]]))[0, 0])


def test_two_files_are_scored(tmp_path: Path) -> None:
    FRAME.assign(calm=[*SCORES[:5, 0], np.nan]).iloc[::-1].to_csv(tmp_path / "p.csv", index=False)
    pd.DataFrame(LABELS, columns=TAGS).assign(track_id=IDS).to_parquet(tmp_path / "y.parquet")
    found = scored_files(tmp_path / "p.csv", tmp_path / "y.parquet")
    assert_allclose(found.scores, SCORES[:5])
    assert_array_equal(found.labels, LABELS[:5])
    assert found.tags == tuple(TAGS)
    assert found.n_missing == 1
