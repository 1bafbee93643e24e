"""The folder of an index is replaced while it is open: what is open answers on, and no save takes the place of what
others saved.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec import MoodIndex
from moodrec.errors import ConflictError, CorruptStoreError, MoodrecError, NotFoundError, UsageError
from moodrec.index.storage.manifest import Manifest
from moodrec.index.storage.store import publish, read_current
from tests.cli.commands import run, run_json, write_vectors

DIM = 6


def built(mark: int, n: int = 40) -> MoodIndex:
    vectors = np.random.default_rng(mark).standard_normal((n, DIM)).astype(np.float32)
    tracks = pd.DataFrame({"track_id": [f"{mark}-{row}" for row in range(n)], "mark": [mark] * n})
    return MoodIndex.build(vectors, tracks, preset="flat")


def saved(root: Path, mark: int = 1) -> MoodIndex:
    index = built(mark)
    index.save(root)
    return index


def marks(index: MoodIndex) -> set[int]:
    return set(index.table["mark"].to_pylist())


def content(root: Path) -> dict[str, bytes]:
    """All files below a folder but its lock."""
    files = (path for path in root.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def renamed(root: Path) -> None:
    root.rename(root.with_name("before"))
    saved(root, 2)


def removed_and_built(root: Path) -> None:
    shutil.rmtree(root)
    saved(root, 2)


def overtaken(root: Path) -> None:
    saved(root, 2)


OTHERS = pytest.mark.parametrize("replace", [renamed, removed_and_built, overtaken])


@OTHERS
def test_a_reader_answers_on_and_refreshes_to_what_is_there(
    tmp_path: Path, replace: Callable[[Path], None]
) -> None:
    root = tmp_path / "index"
    saved(root)
    reader = MoodIndex.open(root)
    query = reader.vectors(["1-7"])[0]
    replace(root)
    assert reader.search(query, k=1).track_ids[0, 0] == "1-7"
    assert marks(reader) == {1}
    assert reader.refresh() is True
    assert marks(reader) == {2}
    assert reader.search(query, k=3).track_ids.shape == (1, 3)
    assert reader.refresh() is False


def nothing(root: Path) -> None:
    pass


def a_file(root: Path) -> None:
    root.write_text("x")


def a_loop(root: Path) -> None:
    root.symlink_to(root.name)


def other_things(root: Path) -> None:
    root.mkdir()
    (root / "letter.txt").write_text("mine")


def damaged(root: Path) -> None:
    saved(root, 2)
    (root / "CURRENT").write_text("nothing")


@pytest.mark.parametrize("left", [nothing, a_file, a_loop, other_things, damaged])
def test_a_reader_answers_on_where_no_index_is_left(tmp_path: Path, left: Callable[[Path], None]) -> None:
    root = tmp_path / "index"
    saved(root)
    reader = MoodIndex.open(root)
    query = reader.vectors(["1-7"])[0]
    shutil.rmtree(root)
    left(root)
    with pytest.raises((NotFoundError, CorruptStoreError), match="index"):
        reader.refresh()
    assert reader.search(query, k=1).track_ids[0, 0] == "1-7"
    if left in (a_file, a_loop):
        root.unlink()
    elif left is not nothing:
        shutil.rmtree(root)
    saved(root, 2)
    assert reader.refresh() is True
    assert marks(reader) == {2}


def test_a_link_that_leads_elsewhere_later(tmp_path: Path) -> None:
    for mark in (1, 2):
        saved(tmp_path / f"index-{mark}", mark)
    link = tmp_path / "index"
    link.symlink_to("index-1")
    reader, writer = MoodIndex.open(link), MoodIndex.open(link)
    link.unlink()
    link.symlink_to("index-2")
    before = content(tmp_path / "index-2")
    writer.remove("1-1")
    with pytest.raises(ConflictError, match="open it anew"):
        writer.save(link)
    assert content(tmp_path / "index-2") == before
    writer.save(tmp_path / "index-1")
    assert reader.refresh() is True
    assert marks(reader) == {2}


@OTHERS
def test_a_save_replaces_no_version_that_it_does_not_know(
    tmp_path: Path, replace: Callable[[Path], None]
) -> None:
    root = tmp_path / "index"
    saved(root)
    writer = MoodIndex.open(root)
    replace(root)
    before = content(root)
    writer.remove("1-1")
    with pytest.raises(ConflictError, match="was not saved by this index") as caught:
        writer.save(root)
    assert caught.value.exit_code == 5
    assert content(root) == before
    with pytest.raises(UsageError, match="not saved"):
        writer.refresh()
    writer.save(tmp_path / "elsewhere")
    assert len(MoodIndex.open(tmp_path / "elsewhere")) == 39
    with pytest.raises(ConflictError):
        writer.save(root)
    assert content(root) == before
    assert marks(MoodIndex.open(root)) == {2}


def test_the_index_that_saved_last_saves_on(tmp_path: Path) -> None:
    root = tmp_path / "index"
    first = saved(root)
    first.save(root)
    second = MoodIndex.open(root)
    second.remove("1-1")
    second.save(root)
    first.remove("1-2")
    with pytest.raises(ConflictError):
        first.save(root)
    second.remove("1-3")
    second.save(root)
    assert len(MoodIndex.open(root)) == 38


def test_two_folders_of_one_index_are_told_apart(tmp_path: Path) -> None:
    index = saved(tmp_path / "a")
    index.save(tmp_path / "b")
    overtaken(tmp_path / "a")
    index.save(tmp_path / "b")
    with pytest.raises(ConflictError):
        index.save(tmp_path / "a")


@pytest.mark.parametrize("left", [nothing, damaged])
def test_a_save_into_a_folder_that_nobody_could_open(tmp_path: Path, left: Callable[[Path], None]) -> None:
    root = tmp_path / "index"
    saved(root)
    writer = MoodIndex.open(root)
    shutil.rmtree(root)
    left(root)
    writer.remove("1-1")
    writer.save(root)
    assert len(MoodIndex.open(root)) == 39


def test_a_copy_of_what_was_opened_is_the_same(tmp_path: Path) -> None:
    root = tmp_path / "index"
    saved(root)
    writer = MoodIndex.open(root)
    shutil.copytree(root, tmp_path / "copy")
    shutil.rmtree(root)
    (tmp_path / "copy").rename(root)
    assert writer.refresh() is False
    writer.remove("1-1")
    writer.save(root)
    assert len(MoodIndex.open(root)) == 39


@pytest.mark.parametrize("after", ["nothing", "every file"])
def test_a_folder_that_is_replaced_while_it_is_written_to(tmp_path: Path, after: str) -> None:
    root = tmp_path / "index"
    saved(root)
    version = read_current(root, lambda version: version)
    before = {}

    def describe(folder: Path) -> Manifest:
        if after == "every file":
            shutil.copytree(version.folder, folder, dirs_exist_ok=True)
            (folder / "manifest.json").unlink()
        root.rename(tmp_path / "before")
        saved(root, 2)
        before.update(content(root))
        return version.manifest

    with pytest.raises(ConflictError, match="replaced while it was written to; nothing was saved there"):
        publish(root, describe)
    assert content(root) == before
    assert marks(MoodIndex.open(root)) == {2}
    assert marks(MoodIndex.open(tmp_path / "before")) == {1}


def test_a_relative_path_stays_that_of_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
    saved(tmp_path / "here" / "index")
    saved(tmp_path / "there" / "index", 2)
    monkeypatch.chdir(tmp_path / "here")
    reader = MoodIndex.open("index")
    monkeypatch.chdir(tmp_path / "there")
    assert reader.refresh() is False
    reader.verify()
    saved(tmp_path / "here" / "index", 3)
    assert reader.refresh() is True
    assert marks(reader) == {3}
    assert (reader.info().path or "") == str(tmp_path / "here" / "index")


def test_two_commands_that_change_an_index_at_once(tmp_path: Path) -> None:
    write_vectors(tmp_path / "a.parquet", ["a", "b", "c"])
    run("index", "build", "--table", tmp_path / "a.parquet", "--out", tmp_path / "index", "--moods", "calm")
    write_vectors(tmp_path / "d.parquet", ["d"])
    slower = MoodIndex.open(tmp_path / "index")
    run("index", "add", tmp_path / "index", tmp_path / "d.parquet")
    slower.remove("a")
    with pytest.raises(MoodrecError, match="repeat the changes"):
        slower.save(tmp_path / "index")
    assert run_json("index", "info", tmp_path / "index")["tracks"] == 4


@pytest.mark.skipif(os.name != "posix", reason="there are no descriptors to count")
def test_replaced_folders_leave_no_open_files(tmp_path: Path) -> None:
    root = tmp_path / "index"
    saved(root)
    reader = MoodIndex.open(root)
    counts = set()
    for mark in range(2, 8):
        shutil.rmtree(root)
        saved(root, mark)
        assert reader.refresh() is True
        counts.add(len(list(Path("/dev/fd").iterdir())))
    assert len(counts) <= 2
