"""Nothing that moodrec writes is left half written: a disk that takes no more is an error, and the old files stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from moodrec.errors import AudioError, DiskFullError, MoodrecError
from moodrec.files.npy import write_array
from moodrec.files.replacing import write_together
from tests.small_disks import fill, mounted
from tests.writers import WRITERS, Write, content, files_of_at_most

DATABASES = ("backup", "migration", "labels")
"""SQLite does not say why the system refused."""


def fault_of(write: Write) -> MoodrecError | None:
    try:
        write()
    except MoodrecError as error:
        return error
    return None


def check(folder: Path, write: Write, before: dict[str, bytes], name: str) -> None:
    """Try a write that must fail, and compare what is there with what there was."""
    fault = fault_of(write)
    assert isinstance(fault, AudioError if name.startswith("tags") else DiskFullError), fault
    assert "kB are free" in str(fault) or "MB are free" in str(fault)
    assert "needed" in str(fault) or "no room" in str(fault)
    assert content(folder) == before
    assert not [path.name for path in folder.rglob("*") if path.name.startswith((".moodrec-", ".writing-"))]


@pytest.mark.parametrize("name", WRITERS)
def test_files_that_may_not_grow(name: str, tmp_path: Path) -> None:
    write = WRITERS[name](tmp_path)
    before = content(tmp_path)
    for limit in (0, 700):
        with files_of_at_most(limit):
            if name in DATABASES:
                fault = fault_of(write)
                assert "is the disk full" in str(fault)
                assert content(tmp_path) == before
            else:
                check(tmp_path, write, before, name)
    write()
    assert content(tmp_path) != before or name == "labels"


@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_is_full(name: str, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=12m") as disk:
        write = WRITERS[name](disk)
        before = content(disk)
        filler = fill(disk)
        check(disk, write, before, name)
        filler.unlink()
        write()


def test_an_array_is_what_numpy_writes(tmp_path: Path) -> None:
    arrays = [
        np.arange(12.0).reshape(3, 4).T,
        np.array([True, False]),
        np.zeros((0, 5), np.float32),
        np.array(["a", "bcd"]),
        np.arange(5, dtype=">i2"),
        np.float64(3.5),
    ]
    for array in arrays:
        write_array(tmp_path / "ours.npy", np.asarray(array))
        np.save(tmp_path / "theirs.npy", np.ascontiguousarray(array))
        assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "theirs.npy").read_bytes()


def test_files_that_are_replaced_together(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write_together([(first, b"old"), (second, b"old")])
    with files_of_at_most(10), pytest.raises(DiskFullError, match="second"):
        write_together([(first, b"new"), (second, bytes(20))])
    assert (first.read_bytes(), second.read_bytes()) == (b"old", b"old")
    write_together([(first, b"between"), (second, b"new"), (first, b"new")])
    assert (first.read_bytes(), second.read_bytes()) == (b"new", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]
