"""An index that is built in batches straight into its folder is byte for byte the one built in memory."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from moodrec import MoodIndex
from moodrec.errors import DataError, DuplicateIdError, UsageError
from moodrec.files.npy import RowWriter, write_array

DIM = 12


class Batches:
    """A table of any size given out some rows at a time."""

    def __init__(self, table: pa.Table, at_once: int = 700) -> None:
        self.table, self.at_once = table, at_once

    @property
    def names(self) -> Sequence[str]:
        return list(self.table.column_names)

    @property
    def rows(self) -> int:
        return int(self.table.num_rows)

    def batches(self, names: Sequence[str]) -> Iterator[pa.Table]:
        for start in range(0, max(1, self.rows), self.at_once):
            yield self.table.slice(start, self.at_once).select(list(names))


def tracks(n: int, dim: int = DIM) -> pa.Table:
    rng = np.random.default_rng(n)
    vectors = rng.standard_normal((n, dim)).astype(np.float32)
    return pa.table(
        {
            "track_id": [f"t{i}" for i in range(n)],
            "calm": rng.random(n, np.float32),
            "artist": [f"artist {i % 97}" for i in range(n)],
            "artists": [["a", "b"][: i % 3] for i in range(n)],
            "genre": pa.array(["rock" if i % 3 else "jazz" for i in range(n)]).dictionary_encode(),
            "year": rng.integers(1960, 2020, n),
            "embedding": pa.FixedSizeListArray.from_arrays(vectors.reshape(-1), dim),
        }
    )


def files_of(root: Path) -> dict[str, bytes]:
    (version,) = root.glob("v*")
    return {path.name: path.read_bytes() for path in version.iterdir()}


@pytest.mark.parametrize(
    ("n", "preset"),
    [(0, "auto"), (1, "flat"), (900, "auto"), (6000, "auto"), (3000, "ivf"), (3000, "ivf-pq")],
)
def test_the_files_are_those_of_an_index_built_in_memory(tmp_path: Path, n: int, preset: str) -> None:
    table = tracks(n)
    MoodIndex.from_table(table, ["calm"], preset).save(tmp_path / "memory")
    built = MoodIndex.build_into(tmp_path / "streamed", Batches(table), ["calm"], preset)
    assert files_of(tmp_path / "streamed") == files_of(tmp_path / "memory")
    assert len(built) == n
    built.verify()


def test_a_graph_built_in_batches_finds_each_track_by_itself(tmp_path: Path) -> None:
    table = tracks(500)
    built = MoodIndex.build_into(tmp_path / "graph", Batches(table), ["calm"], "hnsw")
    vectors = built.vectors([f"t{i}" for i in range(500)])
    found = [built.search(vector, k=1).track_ids[0, 0] for vector in vectors]
    assert np.mean([own == f"t{i}" for i, own in enumerate(found)]) > 0.95


def test_a_build_replaces_the_version_that_was_there_and_a_failure_leaves_it(tmp_path: Path) -> None:
    MoodIndex.build_into(tmp_path / "index", Batches(tracks(50)), ["calm"])
    opened = MoodIndex.open(tmp_path / "index")
    MoodIndex.build_into(tmp_path / "index", Batches(tracks(60)), ["calm"])
    assert opened.refresh()
    assert len(opened) == 60
    twice = pa.concat_tables([tracks(60), tracks(60)])
    with pytest.raises(DuplicateIdError, match="t0"):
        MoodIndex.build_into(tmp_path / "index", Batches(twice), ["calm"])
    assert len(MoodIndex.open(tmp_path / "index")) == 60
    assert not list((tmp_path / "index").glob(".writing*"))


def test_errors_name_rows_of_the_whole_table(tmp_path: Path) -> None:
    table = tracks(2000)
    vectors = np.array(table["embedding"].to_pylist(), np.float32)
    vectors[1500] = 0
    spoilt = table.set_column(6, "embedding", pa.FixedSizeListArray.from_arrays(vectors.reshape(-1), DIM))
    with pytest.raises(DataError, match=r"rows 1500 \(t1500\) are zero"):
        MoodIndex.build_into(tmp_path / "a", Batches(spoilt), ["calm"])
    with pytest.raises(DataError, match="no column 'vector'"):
        MoodIndex.build_into(tmp_path / "b", Batches(table), ["calm"], embedding="vector")
    with pytest.raises(DataError, match="no column 'happy'"):
        MoodIndex.build_into(tmp_path / "c", Batches(table), ["happy"])
    with pytest.raises(DataError, match="'year' lies outside"):
        MoodIndex.build_into(tmp_path / "d", Batches(table), ["year"])
    with pytest.raises(UsageError, match="unknown preset"):
        MoodIndex.build_into(tmp_path / "e", Batches(table), ["calm"], preset="ivff")
    lists = pa.array([[1.0, 2.0]] * 700 + [[1.0, 2.0, 3.0]] * 1300)
    with pytest.raises(DataError, match="3 dimensions, the index has 2"):
        MoodIndex.build_into(tmp_path / "f", Batches(table.set_column(6, "embedding", lists)), ["calm"])


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint8])
@pytest.mark.parametrize("counts", [(), (3,), (1, 0, 5)])
def test_rows_written_as_they_come_are_the_file_that_numpy_writes(
    tmp_path: Path, dtype: type, counts: tuple[int, ...]
) -> None:
    parts: list[NDArray[Any]] = [np.arange(count * 4).reshape(count, 4).astype(dtype) for count in counts]
    whole = np.concatenate(parts) if parts else np.empty((0, 4), dtype)
    with RowWriter(tmp_path / "rows.npy", dtype, 4) as writer:
        for part in parts:
            writer.append(part)
    np.save(tmp_path / "numpy.npy", whole)
    assert (tmp_path / "rows.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()
    if parts:
        write_array(tmp_path / "parts.npy", *parts)
        assert (tmp_path / "parts.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()


PEAK = """
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from moodrec import MoodIndex

n, dim = 20_000, 1024


class Made:
    names, rows = ["track_id", "embedding"], n

    def batches(self, names):
        for start in range(0, n, 1000):
            vectors = np.random.default_rng(start).standard_normal((1000, dim), np.float32)
            ids = [f"t{start + i}" for i in range(1000)]
            lists = pa.FixedSizeListArray.from_arrays(vectors.reshape(-1), dim)
            yield pa.table({"track_id": ids, "embedding": lists}).select(list(names))


if sys.argv[1] == "streamed":
    MoodIndex.build_into(sys.argv[2], Made(), preset="ivf-sq8")
else:
    MoodIndex.from_table(pa.concat_tables(Made().batches(Made.names)), preset="ivf-sq8").save(sys.argv[2])
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024)
"""
"""Builds an index of 78 MiB of vectors one way or the other, and prints the most memory that the process had, MiB."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_a_build_in_batches_holds_the_vectors_once(tmp_path: Path) -> None:
    peaks = {}
    for way in ("streamed", "whole"):
        command = [sys.executable, "-c", PEAK, way, str(tmp_path / way)]
        peaks[way] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert peaks["streamed"] < peaks["whole"] - 78
