"""Saved indexes: whole versions, checksums, crashes, other people's folders.

Tests the inside of moodrec.index.storage.store on purpose.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest

from moodrec.errors import CorruptStoreError, NotFoundError, StoreLockedError, UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.index.storage import checksums, store
from moodrec.index.storage import format as persistence
from moodrec.index.storage.format import load
from moodrec.index.storage.pointer import current_name, versions_in
from moodrec.index.storage.version import Version
from tests.catalogues import MOODS, Sample, sample_catalogue
from tests.contracts import assert_same

SAMPLE = sample_catalogue(60)


def built(preset: str = "flat", sample: Sample = SAMPLE) -> MoodIndex:
    return MoodIndex.build(sample.vectors, sample.table, MOODS, preset, "a-model", 12)


def files_of(root: Path) -> list[str]:
    return sorted(
        str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and path.name != "lock"
    )


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    index = built()
    index.remove("t3")
    index.save(tmp_path / "index")
    opened = MoodIndex.open(tmp_path / "index")
    assert opened.track_ids == index.track_ids
    assert opened.frame.equals(index.frame)
    assert opened.info() == index.info()
    assert (opened.model_fingerprint, opened.library_revision, opened.preset) == ("a-model", 12, "flat")
    assert isinstance(opened._catalogue.base.segment.vectors, np.memmap)
    assert "t3" not in opened


def test_saving_again_replaces_and_readers_keep_what_they_opened(tmp_path: Path) -> None:
    root = tmp_path / "index"
    index = built()
    index.save(root)
    reader = MoodIndex.open(root)
    index.remove("t1")
    index.save(root)
    index.save(str(root))
    assert len(versions_in(root)) == 1
    assert len(MoodIndex.open(root)) == 59
    assert len(reader) == 60
    assert reader.search(SAMPLE.vectors[1], k=1).track_ids[0, 0] == "t1"


def test_a_version_that_is_gone_cannot_be_verified(tmp_path: Path) -> None:
    root = tmp_path / "index"
    index = built()
    index.save(root)
    reader = MoodIndex.open(root)
    index.remove("t1")
    index.save(root)
    with pytest.raises(NotFoundError, match=r"newer version .* refresh\(\)"):
        reader.verify()
    assert reader.refresh()
    reader.verify()
    missing = root / current_name(root) / persistence.VECTORS
    missing.unlink()
    with pytest.raises(CorruptStoreError, match=r"vectors\.npy: a file of the index is missing"):
        reader.verify()
    shutil.rmtree(root)
    with pytest.raises(NotFoundError, match="there is no index here"):
        reader.verify()


@pytest.mark.parametrize("preset", ["flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw"])
def test_any_damaged_byte_is_noticed(tmp_path: Path, preset: str) -> None:
    root = tmp_path / "index"
    index = built(preset)
    index.remove("t3")
    index.save(root)
    rng = np.random.default_rng(0)
    for name in files_of(root):
        path = root / name
        intact = path.read_bytes()
        for position in {0, len(intact) - 1, *rng.integers(0, len(intact), 8).tolist()}:
            damaged = bytearray(intact)
            damaged[position] ^= 1 << int(rng.integers(0, 8))
            path.write_bytes(damaged)
            with pytest.raises(CorruptStoreError):
                MoodIndex.open(root)
        for broken in (intact[:-1], b"", intact + b"\0"):
            path.write_bytes(broken)
            with pytest.raises(CorruptStoreError):
                MoodIndex.open(root)
        path.unlink()
        with pytest.raises(CorruptStoreError):
            MoodIndex.open(root)
        path.write_bytes(intact)
    assert len(MoodIndex.open(root)) == 59


def test_verify_sees_damage_after_opening(tmp_path: Path) -> None:
    index = built()
    index.verify()
    index.save(tmp_path / "index")
    opened = MoodIndex.open(tmp_path / "index")
    opened.verify()
    path = next((tmp_path / "index").glob("v*/tracks.arrow"))
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(CorruptStoreError, match="checksum"):
        opened.verify()


@pytest.mark.parametrize("step", ["rename", "write_atomically"])
def test_a_crash_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    root = tmp_path / "index"
    index = built()
    index.save(root)
    index.remove("t1")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path if step == "rename" else store, step, crash)
        with pytest.raises(KeyboardInterrupt):
            index.save(root)
    assert len(MoodIndex.open(root)) == 60
    index.save(root)
    assert len(MoodIndex.open(root)) == 59
    assert not list(root.glob(".*"))
    assert len(list(root.glob("v*"))) == 1


def test_a_first_save_that_crashes_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "index"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            built().save(root)
    with pytest.raises(NotFoundError):
        MoodIndex.open(root)
    built().save(root)
    assert len(MoodIndex.open(root)) == 60


def test_a_killed_writer_leaves_the_old_version(tmp_path: Path) -> None:
    root = tmp_path / "index"
    built().save(root)
    program = (
        "import os, sys; from moodrec.index.storage import store; from tests.index.storage.test_store import built\n"
        "store._sync = lambda folder: os.kill(os.getpid(), 9)\n"
        "built().save(sys.argv[1])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(root)], check=False)
    assert done.returncode == -9
    assert len(list(root.glob(".writing-*"))) == 1
    assert len(MoodIndex.open(root)) == 60
    built().save(root)
    assert not list(root.glob(".writing-*"))


def test_two_writers(tmp_path: Path) -> None:
    root = tmp_path / "index"
    built().save(root)
    with store._writing(root), pytest.raises(StoreLockedError, match="is writing"):
        built().save(root)
    assert len(MoodIndex.open(root)) == 60


def test_a_version_replaced_while_it_is_opened_stays_until_it_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "index"
    index = built()
    index.save(root)
    index.remove("t1")
    verify = Version.verify

    def replaced_meanwhile(version: Version, *named: Collection[str] | None) -> None:
        monkeypatch.setattr(Version, "verify", verify)
        index.save(root)
        verify(version, *named)

    monkeypatch.setattr(Version, "verify", replaced_meanwhile)
    assert len(MoodIndex.open(root)) == 60
    assert len(MoodIndex.open(root)) == 59
    assert len(list(root.glob("v*"))) == 2
    index.save(root)
    assert len(list(root.glob("v*"))) == 1


def test_a_moved_index_opens(tmp_path: Path) -> None:
    index = built("ivf")
    index.save(tmp_path / "a")
    shutil.move(tmp_path / "a", tmp_path / "b")
    moved = MoodIndex.open(tmp_path / "b")
    assert_same(moved.search(SAMPLE.vectors), index.search(SAMPLE.vectors))


def test_places_without_an_index(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "song.flac").write_text("x")
    for place in ("nowhere", "file", "music"):
        with pytest.raises(NotFoundError):
            MoodIndex.open(tmp_path / place)
    for place in ("file", "music"):
        with pytest.raises(UsageError):
            built().save(tmp_path / place)
    assert (tmp_path / "music" / "song.flac").read_text() == "x"


def test_an_index_of_a_newer_moodrec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built().save(tmp_path / "index")
    monkeypatch.setattr("moodrec.index.storage.manifest.FORMAT", 0)
    with pytest.raises(CorruptStoreError, match="upgrade moodrec"):
        MoodIndex.open(tmp_path / "index")


def test_a_large_file_is_checked_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "_BLOCK", 1000)
    root = tmp_path / "index"
    built().save(root)
    MoodIndex.open(root).verify()
    path = next(root.glob("v*/vectors.npy"))
    intact = path.read_bytes()
    for position in (0, 999, 1000, 2500, len(intact) - 1):
        damaged = bytearray(intact)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(CorruptStoreError, match="checksum"):
            MoodIndex.open(root)
    swapped = intact[1000:2000] + intact[:1000] + intact[2000:]
    path.write_bytes(swapped)
    with pytest.raises(CorruptStoreError, match="checksum"):
        MoodIndex.open(root)


def with_damaged_vectors(root: Path) -> tuple[Path, bytes]:
    """The file of an index's vectors, of which a bit is now wrong, and what is in it."""
    path = next(root.glob("v*/vectors.npy"))
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    return path, bytes(damaged)


def test_large_vectors_are_checked_while_they_are_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence, "_LARGE_FILE", 1000)
    root = tmp_path / "index"
    built().save(root)
    opened = MoodIndex.open(root)
    opened.remove("t1")  # waits for the check
    opened.save(tmp_path / "copy")
    path, damaged = with_damaged_vectors(root)
    opened = MoodIndex.open(root)
    with pytest.raises(CorruptStoreError, match="checksum"):
        opened.remove("t1")
    assert "t1" in opened
    with pytest.raises(CorruptStoreError, match="checksum"):
        opened.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()
    with pytest.raises(CorruptStoreError, match="checksum"):
        opened.search(SAMPLE.vectors[0])
    path.write_bytes(damaged[:-1])
    with pytest.raises(CorruptStoreError, match="checksum"):
        MoodIndex.open(root)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system knows no fork")
def test_damage_is_noticed_after_a_fork_a_replacement_and_a_failure_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence, "_LARGE_FILE", 1000)
    root = tmp_path / "index"
    built().save(root)
    damaged = with_damaged_vectors(root)[1]
    opened = MoodIndex.open(root)
    built().save(root)  # another version takes the place of what was opened
    with pytest.raises(CorruptStoreError, match="checksum"):
        opened.save(root)
    assert len(MoodIndex.open(root)) == 60

    unreadable = MoodIndex.open(root)
    with monkeypatch.context() as patch:
        patch.setattr("moodrec.index.storage.checksums._read", lambda *_: os.read(-1, 1))
        with pytest.raises(CorruptStoreError, match="cannot be read"):
            unreadable.remove("t1")

    monkeypatch.setattr("moodrec.index.storage.late_check._DELAY_S", 0.05)
    path = next(root.glob("v*/vectors.npy"))
    path.write_bytes(damaged)
    served = MoodIndex.open(root)
    if (worker := os.fork()) == 0:
        os._exit(0 if _says_that_it_is_damaged(served) else 1)
    assert os.waitpid(worker, 0)[1] == 0
    assert _says_that_it_is_damaged(served)


def _says_that_it_is_damaged(index: MoodIndex) -> bool:
    for _ in range(500):
        try:
            index.search(SAMPLE.vectors[0])
        except CorruptStoreError:
            return True
        time.sleep(0.01)
    return False


def test_lists_of_an_earlier_version_are_to_be_built_anew(tmp_path: Path) -> None:
    root = tmp_path / "index"
    built("ivf").save(root)
    version = store.read_current(root, lambda version: version)
    files = {name: file for name, file in version.manifest.files.items() if name != "stop-rule.npz"}
    older = version.manifest.model_copy(update={"files": files})
    with pytest.raises(CorruptStoreError, match="build the index anew"):
        load(Version(version.folder, older))
    (version.folder / "stop-rule.npz").unlink()
    with pytest.raises(CorruptStoreError, match=r"stop-rule\.npz: a file of the index is missing"):
        MoodIndex.open(root)
