"""Tracks read from Parquet in batches: what a whole read gives, row for row, and the same errors."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moodrec.catalog.parquet_tracks import ParquetTracks
from moodrec.catalog.vector_tables import read_vector_table
from moodrec.errors import DataError, NotFoundError
from moodrec.index.mood_index import MoodIndex
from moodrec.index.rows.given_vectors import vectors_of

N = 50


def table(with_gaps: bool, fixed: bool = True) -> pa.Table:
    rng = np.random.default_rng(0)
    vectors = [None if with_gaps and i % 7 == 3 else rng.standard_normal(4).tolist() for i in range(N)]
    kind = pa.list_(pa.float32(), 4) if fixed else pa.list_(pa.float32())
    columns = {
        "track_id": [f"t{i}" for i in range(N)],
        "calm": rng.random(N, np.float32),
        "embedding": pa.array(vectors, kind),
        "artists": [["a", "b"][: i % 3] for i in range(N)],
    }
    about = {"moodrec.moods": '["calm"]', "moodrec.model_fingerprint": "abc"}
    return pa.table(columns).replace_schema_metadata(about)


@pytest.mark.parametrize("with_gaps", [False, True])
@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("statistics", [False, True])
def test_batches_are_the_rows_of_a_whole_read(
    tmp_path: Path, with_gaps: bool, fixed: bool, statistics: bool
) -> None:
    whole = table(with_gaps, fixed)
    for part in range(2):
        rows = whole.slice(part * 30, 30)
        pq.write_table(rows, tmp_path / f"part-{part}.parquet", row_group_size=8, write_statistics=statistics)
    tracks, read = ParquetTracks(tmp_path), read_vector_table(tmp_path)
    assert (tracks.rows, tracks.left_out) == (read.table.num_rows, read.left_out)
    assert tracks.left_out == (7 if with_gaps else 0)
    assert tracks.about == (("calm",), "abc")
    for names in (tracks.names, ["calm"], ["embedding", "track_id"]):
        found = pa.concat_tables(tracks.batches(names))
        assert found.column_names == list(names)
        assert found.to_pylist() == read.table.select(names).to_pylist()


def test_columns_may_have_dots_in_their_names(tmp_path: Path) -> None:
    names = ["track_id", "calm", "vec.tor", "vec"]
    pq.write_table(table(True).rename_columns(names), tmp_path / "dots.parquet")
    tracks = ParquetTracks(tmp_path / "dots.parquet", "vec.tor")
    assert (tracks.rows, tracks.left_out) == (43, 7)
    assert pa.concat_tables(tracks.batches(["vec"])).column_names == ["vec"]
    assert pa.concat_tables(tracks.batches(["vec.tor"]))["vec.tor"].null_count == 0


def test_a_source_of_no_rows_gives_an_empty_table(tmp_path: Path) -> None:
    pq.write_table(table(False).slice(0, 0), tmp_path / "none.parquet")
    tracks = ParquetTracks(tmp_path / "none.parquet")
    (only,) = tracks.batches(["calm", "artists"])
    assert (tracks.rows, only.num_rows, only.column_names) == (0, 0, ["calm", "artists"])


def test_files_that_cannot_be_read_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.parquet"):
        ParquetTracks(tmp_path / "gone.parquet")
    (tmp_path / "text.parquet").write_text("no Parquet at all, but long enough to be looked at")
    with pytest.raises(DataError, match=r"text\.parquet: not a Parquet file"):
        ParquetTracks(tmp_path / "text.parquet")
    folder = tmp_path / "two"
    folder.mkdir()
    pq.write_table(table(False), folder / "a.parquet")
    pq.write_table(table(False).drop_columns(["calm"]), folder / "b.parquet")
    with pytest.raises(DataError, match=r"b\.parquet: has other columns"):
        ParquetTracks(folder)
    with pytest.raises(DataError, match="name another with --embedding"):
        ParquetTracks(folder / "a.parquet", "vector")


def test_a_file_cut_short_after_it_was_opened_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(table(False), path, row_group_size=8)
    tracks = ParquetTracks(path)
    assert tracks.rows == N
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(len(content) // 2) + content[4 + len(content) // 2 :])
    with pytest.raises(DataError, match=r"a\.parquet: not a Parquet file"):
        list(tracks.batches(["embedding"]))


def frame(first: int, n: int, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(first)
    rows: dict[str, Any] = {
        "track_id": [f"t{i}" for i in range(first, first + n)],
        "embedding": list(rng.standard_normal((n, 4)).astype(np.float32)),
        "calm": rng.random(n),
    }
    return pd.DataFrame(rows | columns)


def read_both(folder: Path) -> pa.Table:
    """What both readers of a folder give, which must be the same."""
    tracks, whole = ParquetTracks(folder), read_vector_table(folder)
    found = pa.concat_tables(tracks.batches(tracks.names))
    assert found.schema.equals(whole.table.schema)
    assert found.to_pylist() == whole.table.to_pylist()
    return found


def test_parts_that_pandas_wrote_are_one_table(tmp_path: Path) -> None:
    """Each says in its metadata how many rows it has, and names row numbers where some rows were left out."""
    frame(0, 5).to_parquet(tmp_path / "0.parquet")
    frame(5, 3).to_parquet(tmp_path / "1.parquet")
    frame(7, 9).iloc[1::2].to_parquet(tmp_path / "2.parquet")
    found = read_both(tmp_path)
    assert found.column_names == ["track_id", "embedding", "calm"]
    assert found.num_rows == 12
    index = MoodIndex.build_into(tmp_path / "index", ParquetTracks(tmp_path), moods=["calm"])
    assert index.info().columns == ("track_id", "calm")


@pytest.mark.parametrize(
    ("one", "other", "kind", "values"),
    [
        ([None] * 2, ["a", "b"], pa.string(), [None, None, "a", "b"]),
        (pa.array([1, 2], pa.int32()), pa.array([3, 2**40]), pa.int64(), [1, 2, 3, 2**40]),
        (pa.array([1, 2]), pa.array([0.5, 1.0]), pa.float64(), [1.0, 2.0, 0.5, 1.0]),
        (pa.array(["a", "b"]).dictionary_encode(), ["c", "d"], pa.string(), ["a", "b", "c", "d"]),
        (["a", "b"], pa.array(["c", "d"], pa.large_string()), pa.large_string(), ["a", "b", "c", "d"]),
        ([[], []], [["a"], ["b"]], pa.list_(pa.string()), [[], [], ["a"], ["b"]]),
    ],
)
def test_parts_of_other_types_are_brought_together(
    tmp_path: Path, one: Any, other: Any, kind: pa.DataType, values: list[object]
) -> None:
    for place, column in enumerate((one, other)):
        rows = pa.table({"track_id": ["a", "b"], "x": column, "embedding": [[1.0, 2.0], [2.0, 1.0]]})
        # Columns of a part may stand in any order.
        pq.write_table(rows.select(rows.column_names[:: 1 - 2 * place]), tmp_path / f"{place}.parquet")
    found = read_both(tmp_path)
    assert found.column_names == ["track_id", "x", "embedding"]
    assert found["x"].type == kind
    assert found["x"].to_pylist() == values


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        ({"x": ["a", "b"]}, "columns of different kinds"),
        ({"y": [1, 2]}, r"1\.parquet: has other columns than .*0\.parquet: x, y"),
        ({"x": [0.5, 1.0]}, r"0\.parquet: has a column of another kind"),
    ],
)
def test_parts_that_do_not_go_together_are_named(
    tmp_path: Path, column: dict[str, Any], complaint: str
) -> None:
    rows = {"track_id": ["a", "b"], "embedding": [[1.0, 2.0], [2.0, 1.0]]}
    pq.write_table(pa.table(rows | {"x": [1, 2**62 + 1]}), tmp_path / "0.parquet")
    pq.write_table(pa.table(rows | column), tmp_path / "1.parquet")
    for read in (
        read_vector_table,
        lambda path: list(ParquetTracks(path).batches(ParquetTracks(path).names)),
    ):
        with pytest.raises(DataError, match=complaint):
            read(tmp_path)


def test_parts_of_another_model_are_refused(tmp_path: Path) -> None:
    pq.write_table(table(False), tmp_path / "0.parquet")
    other = table(False).replace_schema_metadata(
        {"moodrec.moods": '["calm"]', "moodrec.model_fingerprint": "x"}
    )
    pq.write_table(other, tmp_path / "1.parquet")
    with pytest.raises(DataError, match=r"1\.parquet: has another model, or other moods"):
        ParquetTracks(tmp_path)


@pytest.mark.parametrize("name", ["calm", "embedding"])
def test_two_columns_of_one_name_are_refused(tmp_path: Path, name: str) -> None:
    rows = table(False)
    pq.write_table(rows.append_column(name, rows[name]), tmp_path / "0.parquet")
    for read in (read_vector_table, ParquetTracks):
        with pytest.raises(DataError, match=rf"0\.parquet: has two columns called '{name}'"):
            read(tmp_path)


@pytest.mark.parametrize(
    ("kind", "common"),
    [
        (pa.list_(pa.float32()), pa.list_(pa.float32())),
        (pa.list_(pa.float64()), pa.list_(pa.float64())),
        (pa.list_(pa.float32(), 4), pa.list_(pa.float32(), 4)),
        (pa.fixed_shape_tensor(pa.float64(), [4]), pa.list_(pa.float64(), 4)),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_parts_may_hold_tensors_and_lists(
    tmp_path: Path, kind: pa.DataType, common: pa.DataType, order: int
) -> None:
    vectors = np.arange(8, dtype=np.float32).reshape(2, 4)
    tensors = pa.FixedShapeTensorArray.from_numpy_ndarray(vectors)
    own = pa.array(vectors.tolist(), getattr(kind, "storage_type", kind))
    other = pa.ExtensionArray.from_storage(kind, own) if isinstance(kind, pa.BaseExtensionType) else own
    for part, column in enumerate([tensors, other][::order]):
        ids = [f"{part}a", f"{part}b"]
        pq.write_table(pa.table({"track_id": ids, "embedding": column}), tmp_path / f"{part}.parquet")
    found = read_both(tmp_path)
    assert found["embedding"].type == common
    assert found["embedding"].to_pylist() == vectors.tolist() * 2


def test_vectors_may_be_tensors_of_arrow(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
    tensors = pa.FixedShapeTensorArray.from_numpy_ndarray(vectors)
    pq.write_table(pa.table({"track_id": list("abcde"), "embedding": tensors}), tmp_path / "t.parquet")
    whole = read_vector_table(tmp_path).table
    index = MoodIndex.build_into(tmp_path / "index", ParquetTracks(tmp_path / "t.parquet"))
    own = MoodIndex.build(tensors, pa.table({"track_id": list("abcde")}))
    joined = MoodIndex.build(vectors_of(whole["embedding"], "embedding"), whole.drop_columns(["embedding"]))
    for found in (index, own, joined):
        np.testing.assert_allclose(
            found.vectors(list("abcde")), vectors / np.linalg.norm(vectors, axis=1)[:, None], atol=1e-6
        )
