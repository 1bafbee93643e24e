"""Files are replaced in one step, whatever they are called."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from moodrec.errors import UsageError
from moodrec.files.disk import size_below
from moodrec.files.replacing import replacing, write_atomically, write_together


@pytest.mark.parametrize("name", ["x" * 255, "x" * 250 + ".m3u8", "\u6708" * 85, "a." + "b" * 253, ".csv"])
def test_a_name_as_long_as_names_can_be_is_written(tmp_path: Path, name: str) -> None:
    write_atomically(tmp_path / name, b"old")
    write_atomically(tmp_path / name, b"new")
    assert (tmp_path / name).read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_first_error_is_the_one_that_is_raised(tmp_path: Path) -> None:
    def write() -> None:
        with replacing(tmp_path / "x.csv") as temporary:
            temporary.unlink()
            temporary.mkdir()  # removing it as a file fails
            raise ValueError("the first")

    with pytest.raises(ValueError, match="the first"):
        write()
    assert not (tmp_path / "x.csv").exists()


def write_one(path: Path) -> None:
    write_atomically(path, b"new")


def write_two(path: Path) -> None:
    write_together([(path.with_name("first"), b"1"), (path, b"2")])


@pytest.mark.parametrize("by_link", [False, True])
@pytest.mark.parametrize("write", [write_one, write_two], ids=["one", "several"])
def test_what_is_no_file_is_not_replaced(
    tmp_path: Path, by_link: bool, write: Callable[[Path], None]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    place = tmp_path / "link" if by_link else pipe
    if by_link:
        place.symlink_to(pipe)
    with pytest.raises(UsageError, match="is a device or a pipe"):
        write(place)
    assert pipe.is_fifo()
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", place.name}


def test_a_link_to_a_file_is_replaced_and_the_file_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").read_bytes() == b"new"
    assert (tmp_path / "file").read_bytes() == b"old"


def test_the_size_of_a_folder_while_files_come_and_go(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name in ("a", "below/b"):
        (tmp_path / name).write_bytes(b"12345")
    (tmp_path / "link").symlink_to("/usr")
    (tmp_path / "loose").symlink_to("a" * 300)
    assert size_below(tmp_path) == 10
    assert size_below(tmp_path / "none") == 0
    stop = threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            for number in range(20):
                (tmp_path / "v" / "w").mkdir(parents=True, exist_ok=True)
                (tmp_path / "v" / "w" / f"{number}").write_bytes(b"")
            shutil.rmtree(tmp_path / "v")

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        assert {size_below(tmp_path) for _ in range(300)} == {10}
    finally:
        stop.set()
        thread.join()
