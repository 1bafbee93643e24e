"""Indexes at addresses: what is published is pulled whole, whatever fails on the way and whoever reads meanwhile."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import numpy as np
import pyarrow as pa
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from moodrec import MoodIndex
from moodrec.errors import CorruptStoreError, MoodrecError, NotFoundError, UsageError
from moodrec.index.storage import published
from moodrec.index.storage.published import publish_index, pull_index
from tests.cli.commands import run_json

DIM = 6


def tracks(n: int, mark: int) -> tuple[np.ndarray[Any, Any], pa.Table]:
    vectors = np.random.default_rng(mark).standard_normal((n, DIM))
    return vectors, pa.table({"track_id": [f"t{i}" for i in range(n)], "mark": [mark] * n})


def saved(folder: Path, n: int = 30, mark: int = 1) -> MoodIndex:
    index = MoodIndex.build(*tracks(n, mark), preset="flat")
    index.save(folder)
    return index


def marks(index: MoodIndex) -> set[int]:
    return set(index.table["mark"].to_pylist())


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    kind = request.param
    if kind == "memory":
        return f"memory://{uuid.uuid4().hex}/index"
    # fsspec opens local:// as it opens an object store; a path and file:// are folders.
    return {"folder": "", "file": "file://", "local": "local://"}[kind] + str(tmp_path / "shared" / "index")


ALL = pytest.mark.parametrize("address", ["memory", "local", "folder", "file"], indirect=True)
REMOTE = pytest.mark.parametrize("address", ["memory", "local"], indirect=True)


@ALL
def test_what_is_published_is_pulled(tmp_path: Path, address: str) -> None:
    index = saved(tmp_path / "own")
    first = publish_index(tmp_path / "own", address)
    assert (first.tracks, first.changed) == (30, True)
    pulled = pull_index(address, tmp_path / "replica")
    assert pulled.bytes == first.bytes > 0
    replica = MoodIndex.open(tmp_path / "replica")
    replica.verify()
    np.testing.assert_array_equal(replica.vectors(index.track_ids), index.vectors(index.track_ids))
    assert publish_index(tmp_path / "own", address).changed is False
    assert pull_index(address, tmp_path / "replica").changed is False
    assert replica.refresh() is False
    saved(tmp_path / "own", 31, mark=2)
    assert publish_index(tmp_path / "own", address).changed is True
    assert pull_index(address, tmp_path / "replica").tracks == 31
    assert replica.refresh() is True
    assert marks(replica) == {2}


@pytest.mark.parametrize("address", ["folder", "file", "local"], indirect=True)
def test_a_shared_folder_is_an_index_that_replicas_open(tmp_path: Path, address: str) -> None:
    saved(tmp_path / "own")
    publish_index(tmp_path / "own", address)
    replica = MoodIndex.open(tmp_path / "shared" / "index")
    replica.verify()
    saved(tmp_path / "own", mark=2)
    publish_index(tmp_path / "own", address)
    assert replica.refresh() is True
    assert marks(replica) == {2}


@REMOTE
def test_old_versions_stay_for_one_publication(tmp_path: Path, address: str) -> None:
    files, root = fsspec.core.url_to_fs(address)
    names: list[str] = []
    for mark in range(4):
        saved(tmp_path / "own", mark=mark)
        names.append(publish_index(tmp_path / "own", address).version)
        there = {path.rsplit("/", 1)[-1] for path in files.ls(root, detail=False)}
        assert there == {"CURRENT", *names[-2:]}


class FailingFiles(MemoryFileSystem):  # type: ignore[misc]
    """Memory in which writing fails once, at a place that the test chooses, with half of the file written."""

    protocol = "failing"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    left: ClassVar[float] = float("inf")

    def _fail(self, path: str, content: bytes) -> None:
        type(self).left -= 1
        if self.left < 0:
            if not path.endswith("CURRENT"):  # an object store puts an object whole
                super().pipe_file(path, content[: len(content) // 2])
            raise OSError(f"{path}: the connection was lost")

    def put_file(self, lpath: str, rpath: str, **more: Any) -> None:
        self._fail(rpath, Path(lpath).read_bytes())
        super().put_file(lpath, rpath, **more)

    def pipe_file(self, path: str, value: bytes, **more: Any) -> None:
        self._fail(path, value)
        super().pipe_file(path, value, **more)


def test_a_publication_that_fails_anywhere_leaves_what_was_there(tmp_path: Path) -> None:
    fsspec.register_implementation("failing", FailingFiles, clobber=True)
    address = "failing://bucket/index"
    files, root = fsspec.core.url_to_fs(address)
    saved(tmp_path / "own", mark=0)
    publish_index(tmp_path / "own", address)
    saved(tmp_path / "own", mark=1)
    failures = 0
    while True:
        FailingFiles.left = failures
        try:
            publish_index(tmp_path / "own", address)
            break
        except OSError as error:
            assert "connection was lost" in str(error)  # noqa: PT017 - the loop ends where nothing fails
        FailingFiles.left = float("inf")
        failures += 1
        pull_index(address, tmp_path / "replica")
        assert marks(MoodIndex.open(tmp_path / "replica")) == {0}
    FailingFiles.left = float("inf")
    # Two files, the manifest and the pointer.
    assert failures == 4
    pull_index(address, tmp_path / "replica")
    assert marks(MoodIndex.open(tmp_path / "replica")) == {1}
    assert len(files.ls(root, detail=False)) == 3


@REMOTE
@pytest.mark.parametrize("name", ["vectors.npy", "tracks.arrow", "manifest.json"])
@pytest.mark.parametrize("how", ["changed", "cut", "missing"])
def test_damage_at_the_address_never_reaches_the_folder(
    tmp_path: Path, address: str, name: str, how: str
) -> None:
    saved(tmp_path / "own")
    publish_index(tmp_path / "own", address)
    pull_index(address, tmp_path / "replica")
    saved(tmp_path / "own", mark=2)
    version = publish_index(tmp_path / "own", address).version
    files, root = fsspec.core.url_to_fs(address)
    path = f"{root}/{version}/{name}"
    content = bytearray(files.cat_file(path))
    content[len(content) // 2] ^= 1
    if how == "missing":
        files.rm_file(path)
    else:
        files.pipe_file(path, bytes(content if how == "changed" else content[:-1]))
    with pytest.raises(CorruptStoreError):
        pull_index(address, tmp_path / "replica")
    assert marks(MoodIndex.open(tmp_path / "replica")) == {1}
    assert not list((tmp_path / "replica").glob(".writing*"))


def test_a_damaged_index_is_not_published_and_a_damaged_replica_is_replaced(tmp_path: Path) -> None:
    address = f"memory://{uuid.uuid4().hex}/index"
    saved(tmp_path / "own")
    publish_index(tmp_path / "own", address)
    for folder in ("own", "replica"):
        pull_index(address, tmp_path / "replica")
        (path,) = (tmp_path / folder).glob("v*/vectors.npy")
        content = bytearray(path.read_bytes())
        content[-5] ^= 1
        path.write_bytes(bytes(content))
    with pytest.raises(CorruptStoreError, match=r"vectors\.npy"):
        publish_index(tmp_path / "own", f"{address}-2")
    (tmp_path / "replica" / "CURRENT").write_text("nothing")
    assert pull_index(address, tmp_path / "replica").changed is True
    MoodIndex.open(tmp_path / "replica").verify()


def test_addresses_that_hold_nothing_or_that_nothing_opens(tmp_path: Path) -> None:
    saved(tmp_path / "own")
    with pytest.raises(NotFoundError, match="moodrec index publish INDEX ADDRESS"):
        pull_index("memory://nothing/here", tmp_path / "replica")
    with pytest.raises(NotFoundError):
        pull_index(str(tmp_path / "gone"), tmp_path / "replica")
    with pytest.raises(NotFoundError):
        publish_index(tmp_path / "gone", "memory://nothing/here")
    with pytest.raises(UsageError, match="nosuch"):
        publish_index(tmp_path / "own", "nosuch://bucket/index")
    with pytest.raises(UsageError, match=r"zip://x::memory://none\.zip: cannot be opened"):
        publish_index(tmp_path / "own", "zip://x::memory://none.zip")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="a folder of other things"):
        publish_index(tmp_path / "own", str(tmp_path / "other"))
    assert not (tmp_path / "replica").exists()


def _endless(path: Path) -> None:
    """Longer than the limit on files that the test sets, and sparse."""
    os.truncate(path, 1 << 30)


def _device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@REMOTE
@pytest.mark.parametrize("content", [b"", b"nothing", b"\0" * 5000, b"v000001-00000000 " + b"0" * 64])
def test_a_damaged_pointer_is_told_and_not_waited_for(
    tmp_path: Path, address: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path / "own")
    publish_index(tmp_path / "own", address)
    files, root = fsspec.core.url_to_fs(address)
    files.pipe_file(f"{root}/CURRENT", content)
    monkeypatch.setattr(published, "_RETRY_S", float("inf"))
    with pytest.raises(CorruptStoreError, match="CURRENT: the file is damaged; publish the index again"):
        pull_index(address, tmp_path / "replica")
    assert publish_index(tmp_path / "own", address).changed is True
    assert pull_index(address, tmp_path / "replica").tracks == 30


class HalfWritten(MemoryFileSystem):  # type: ignore[misc]
    """Memory in which a reader finds the pointer half written at first."""

    protocol = "half"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    halves: ClassVar[int] = 0

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **more: Any) -> bytes:
        found: bytes = super().cat_file(path, start, end, **more)
        if path.endswith("CURRENT") and type(self).halves:
            type(self).halves -= 1
            return found[: len(found) // (type(self).halves + 2)]
        return found


def test_a_pointer_that_is_being_written_is_read_again(tmp_path: Path) -> None:
    fsspec.register_implementation("half", HalfWritten, clobber=True)
    saved(tmp_path / "own")
    publish_index(tmp_path / "own", "half://bucket/index")
    HalfWritten.halves = 3
    assert pull_index("half://bucket/index", tmp_path / "replica").tracks == 30
    assert HalfWritten.halves == 0


@pytest.mark.skipif(os.name != "posix", reason="there are no pipes with names")
@pytest.mark.parametrize("address", ["folder", "local"], indirect=True)
@pytest.mark.parametrize("name", ["vectors.npy", "manifest.json", "CURRENT"])
@pytest.mark.parametrize("how", [_endless, _device, _pipe, _folder])
def test_what_is_no_file_of_a_version_is_not_copied(
    tmp_path: Path, address: str, name: str, how: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that has no end is begun, and no pipe is waited for."""
    saved(tmp_path / "own")
    version = publish_index(tmp_path / "own", address).version
    shared = tmp_path / "shared" / "index"
    how(shared / name if name == "CURRENT" else shared / version / name)
    monkeypatch.setattr(published, "_RETRY_S", float("inf"))  # none of these passes by waiting
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 26, hard))
    try:
        with pytest.raises(CorruptStoreError):
            pull_index(address, tmp_path / "replica")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list((tmp_path / "replica").glob("[.v]*"))


WRITER = """
import sys
from pathlib import Path

from moodrec.index.storage.published import publish_index
from tests.index.storage.test_published import saved

own, address, last = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for mark in range(2, last + 1):
    saved(own, 200 + mark, mark)
    publish_index(own, address)
"""
READER = """
import json
import sys
from pathlib import Path

from moodrec import MoodIndex
from moodrec.index.storage.published import pull_index
from tests.index.storage.test_published import marks

way, address, folder, last = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
if way == "pull":
    pull_index(address, folder)
index, seen = MoodIndex.open(folder), []
while not seen or seen[-1] != last:
    if way == "pull":
        pull_index(address, folder)
    index.refresh()
    now = index.snapshot()
    (mark,) = marks(now)
    hits = now.search(now.vectors(["t5"])[0], k=3)
    assert len(now) == 200 + mark, (len(now), mark)
    assert hits.track_ids[0, 0] == "t5"
    if not seen or seen[-1] != mark:
        seen.append(mark)
print(json.dumps(seen))
"""


@pytest.mark.parametrize("address", ["folder", "local"], indirect=True)
def test_two_replicas_follow_a_writer_and_see_whole_versions_alone(tmp_path: Path, address: str) -> None:
    last = 12
    saved(tmp_path / "own", 201, 1)
    publish_index(tmp_path / "own", address)
    shared, own = tmp_path / "shared" / "index", tmp_path / "replica"

    def start(program: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", program, *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    readers = [
        start(READER, "pull", address, own, last),
        # In a folder a replica may open what is published itself; an object store is pulled by both.
        start(READER, "open", address, shared, last)
        if address == str(shared)
        else start(READER, "pull", address, tmp_path / "replica-2", last),
    ]
    writer = start(WRITER, tmp_path / "own", address, last)
    processes = [writer, *readers]
    try:
        outputs = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0, 0]
    for output in outputs[1:]:
        seen = json.loads(output)
        assert seen == sorted(seen)
        assert seen[-1] == last


def test_from_the_command_line(tmp_path: Path) -> None:
    saved(tmp_path / "own")
    address = f"file://{tmp_path / 'shared'}"
    published = run_json("index", "publish", tmp_path / "own", address)
    assert (published["tracks"], published["changed"], published["place"]) == (30, True, address)
    pulled = run_json("index", "pull", address, tmp_path / "replica")
    assert pulled["bytes"] == published["bytes"]
    assert run_json("index", "pull", address, tmp_path / "replica")["changed"] is False
    assert run_json("index", "verify", tmp_path / "replica")["tracks"] == 30


def test_a_bucket_that_does_not_exist_is_named(tmp_path: Path) -> None:
    class NoBucket(FailingFiles):
        protocol = "nobucket"
        store: ClassVar[dict[str, Any]] = {}

        def put_file(self, lpath: str, rpath: str, **more: Any) -> None:
            raise FileNotFoundError("The specified bucket does not exist")

    fsspec.register_implementation("nobucket", NoBucket, clobber=True)
    saved(tmp_path / "own")
    with pytest.raises(MoodrecError, match=r"nobucket://gone/index: .*bucket does not exist"):
        publish_index(tmp_path / "own", "nobucket://gone/index")
