"""Tracks read from Parquet in batches: what a whole read gives, row for row, and the same errors."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moodrec.catalog.parquet_tracks import ParquetTracks
from moodrec.catalog.vector_tables import read_vector_table
from moodrec.errors import DataError, NotFoundError

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
