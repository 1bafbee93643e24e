"""A full disk is one error everywhere, which names the disk; what was there stays, and nothing is left.

Tests the inside of moodrec.index.mood_index on purpose: the size of a snapshot is estimated before it is saved.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec import MoodIndex
from moodrec.catalog.export import export_library
from moodrec.catalog.refresh import refresh_index
from moodrec.errors import DiskFullError
from moodrec.files.disk import disk_errors, require_room
from moodrec.files.replacing import write_atomically
from moodrec.index.storage.format import size_of
from moodrec.library.library import Library
from tests.library.tracks import MODEL, analysed, file_state
from tests.small_disks import fill, mounted

N, DIM = 3_000, 32
KINDS = ("flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw")


@pytest.fixture(scope="module")
def indexes() -> dict[str, MoodIndex]:
    vectors = np.random.default_rng(7).standard_normal((N, DIM)).astype(np.float32)
    table = pd.DataFrame({"track_id": [f"track {i}" for i in range(N)]})
    return {kind: MoodIndex.build(vectors, table, preset=kind) for kind in KINDS}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "size=2m") as place:
        yield place


def fault_of_saving(index: MoodIndex, folder: Path) -> str | None:
    try:
        index.save(folder)
    except DiskFullError as error:
        return str(error)
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_that_does_not_fit(disk: Path, indexes: dict[str, MoodIndex], kind: str) -> None:
    small = MoodIndex.build(
        np.eye(4, dtype=np.float32), pd.DataFrame({"track_id": list("abcd")}), preset="flat"
    )
    small.save(disk / "index")
    filler = fill(disk)
    size = filler.stat().st_size
    needed = size_of(indexes[kind]._snapshot)
    for room in (0, 4096, needed // 2, needed - 4096, needed + 4096, needed + 65536):
        with filler.open("r+b") as file:
            file.truncate(size - room)
        before = sorted(path.name for path in (disk / "index").iterdir())
        fault = fault_of_saving(indexes[kind], disk / "index")
        if fault is None:
            opened = MoodIndex.open(disk / "index")
            opened.verify()
            assert len(opened) == N
            break
        assert str(disk / "index") in fault
        assert re.search("[kM]B are free", fault)
        assert sorted(path.name for path in (disk / "index").iterdir()) == before
        assert len(MoodIndex.open(disk / "index")) == 4
        fill(disk)
    else:
        filler.unlink()
        indexes[kind].save(disk / "index")
        assert len(MoodIndex.open(disk / "index")) == N


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_that_is_asked_for_is_no_more_than_what_is_written(
    tmp_path: Path, indexes: dict[str, MoodIndex], kind: str
) -> None:
    indexes[kind].save(tmp_path / "index")
    written = sum(path.stat().st_size for path in (tmp_path / "index").rglob("*") if path.is_file())
    assert 0.5 * written < size_of(indexes[kind]._snapshot) <= written


def test_exports_and_backups_that_do_not_fit(disk: Path, tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library, library.writer():
        library.register_model(MODEL)
        library.acknowledge(MODEL, analysed(file_state(tmp_path / "dawn.flac"), "dawn"))
        refresh_index(library)
        (disk / "out.csv").write_text("what was there")
        fill(disk)
        for out in ("out.csv", "out.parquet"):
            with pytest.raises(DiskFullError, match="the disk is full"):
                export_library(library, disk / out)
        with pytest.raises(DiskFullError, match="the disk is full"):
            library.back_up(disk / "backup.sqlite")
    assert (disk / "out.csv").read_text() == "what was there"
    assert sorted(path.name for path in disk.iterdir()) == ["filler", "out.csv"]


def test_a_file_that_does_not_fit_stays_as_it_was(disk: Path) -> None:
    write_atomically(disk / "list.m3u8", b"old")
    fill(disk)
    with pytest.raises(DiskFullError, match=r"list\.m3u8: the disk is full"):
        write_atomically(disk / "list.m3u8", bytes(100_000))
    assert (disk / "list.m3u8").read_bytes() == b"old"
    assert sorted(path.name for path in disk.iterdir()) == ["filler", "list.m3u8"]


def test_room_is_asked_for_before(tmp_path: Path) -> None:
    require_room(tmp_path / "not" / "there" / "yet", 1)
    with pytest.raises(DiskFullError, match=r"1,000,000,000,000.0 MB are needed"):
        require_room(tmp_path, 10**18)


def test_other_errors_of_the_disk_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="worn out") as caught, disk_errors(tmp_path):
        raise OSError(errno.EIO, "worn out")
    assert caught.value.errno == errno.EIO
