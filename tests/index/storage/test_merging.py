"""Saving a large index merges its tail on the way to the disk: the same files, from a small part of the memory.

These tests make limits small on purpose, so that small indexes count as large.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from moodrec.errors import DiskFullError
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from moodrec.index.snapshot import Snapshot
from moodrec.index.storage.format import load_saved, saver, size_of
from moodrec.index.storage.version import Version
from tests.catalogues import MOODS, Sample, sample_catalogue
from tests.contracts import IndexContract
from tests.small_disks import fill, mounted

PRESETS = ("flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw")
SAMPLE = sample_catalogue(900)


@pytest.fixture
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    make_all_large(monkeypatch)


def make_all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moodrec.index.versions._AT_ONCE", 0)
    monkeypatch.setattr("moodrec.index.rows.segment.LARGE", 100)
    monkeypatch.setattr("moodrec.index.storage.format.LARGE", 100)


def built(preset: str, n: int = 700) -> MoodIndex:
    config = load_preset(preset).model_copy(update={"exact_rows": 0, "first_lists": 4})
    return MoodIndex.build(SAMPLE.vectors[:n], SAMPLE.table.slice(0, n), MOODS, config)


def changed(index: MoodIndex, first: int, count: int = 100) -> None:
    """Add tracks, replace some, remove some from either part, and change columns."""
    index.add(SAMPLE.vectors[first : first + count], SAMPLE.table.slice(first, count))
    index.add(-SAMPLE.vectors[20:25], SAMPLE.table.slice(20, 5), on_conflict="replace")
    index.remove([f"t{row}" for row in (first - 3, first, first + 7)])
    index.update(pa.table({"track_id": ["t30", f"t{first + 1}"], "calm": [0.25, None]}))


def written(snapshot: Snapshot, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    saver(snapshot)(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("all_are_large")
@pytest.mark.parametrize("preset", PRESETS)
def test_the_files_are_those_of_an_index_that_was_merged_in_memory(preset: str, tmp_path: Path) -> None:
    index = built(preset)
    for first in (700, 800):
        changed(index, first)
        snapshot = index._snapshot
        assert snapshot.catalogue.tail is not None
        by_pieces = written(snapshot, tmp_path / f"pieces-{first}")
        assert by_pieces == written(snapshot.merged(), tmp_path / f"merged-{first}")
        assert "by-id.npy" in by_pieces
        index.save(tmp_path / "index")
        assert index._catalogue.tail is None
        assert not index.refresh()
        index.verify()
        index = MoodIndex.open(tmp_path / "index")
        index.verify()


@pytest.mark.usefixtures("all_are_large")
def test_columns_of_every_kind_are_merged(tmp_path: Path) -> None:
    """NULLs, lists, dictionaries, truth values and texts lie in files in ways of their own."""
    n = 300
    rows = np.arange(n)
    table = pa.table(
        {
            "track_id": [f"t{row}" for row in rows],
            "flag": pa.array([None if row % 7 == 0 else bool(row % 2) for row in rows]),
            "genres": pa.array([None if row % 5 == 0 else ["a", f"g{row % 3}"][: row % 3] for row in rows]),
            "label": pa.array(
                [["x", "y", None, f"z{row % 50}"][row % 4] for row in rows]
            ).dictionary_encode(),
            "title": pa.array([None if row % 11 == 0 else "é" * (row % 4) for row in rows]),
            "year": pa.array([None if row % 3 == 0 else int(row) for row in rows], pa.int16()),
            "nothing": pa.nulls(n),
        }
    )
    vectors = np.random.default_rng(0).standard_normal((n, 8)).astype(np.float32)
    index = MoodIndex.build(vectors[:270], table.slice(0, 270), preset="ivf-sq8")
    index.add(vectors[270:], table.slice(270))
    snapshot = index._snapshot
    assert written(snapshot, tmp_path / "pieces") == written(snapshot.merged(), tmp_path / "merged")
    before = index.table
    index.save(tmp_path / "index")
    assert index.table.equals(before)
    assert MoodIndex.open(tmp_path / "index").table.equals(before)


@pytest.mark.usefixtures("all_are_large")
def test_what_is_changed_during_a_save_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = built("ivf-sq8")
    changed(index, 700)

    def busy(version: Version) -> Snapshot | None:
        index.add(SAMPLE.vectors[800:810], SAMPLE.table.slice(800, 10))
        index.remove(["t1", "t702", "t803"])
        index.add(-SAMPLE.vectors[2:3], SAMPLE.table.slice(2, 1), on_conflict="replace")
        return load_saved(version)

    monkeypatch.setattr("moodrec.index.saved.load_saved", busy)
    index.save(tmp_path / "index")
    monkeypatch.undo()
    assert len(index._catalogue.base) == 807
    assert not {"t1", "t702", "t803"} & set(index.track_ids)
    assert index.track_ids[-1] == "t2"
    for row in (0, 701, 799, 800, 809):
        assert index.search(SAMPLE.vectors[row], k=1).track_ids[0, 0] == f"t{row}"
    saved = MoodIndex.open(tmp_path / "index")
    assert {"t1", "t702"} <= set(saved.track_ids)
    assert "t800" not in saved
    index.save(tmp_path / "index")
    assert saved.refresh()
    assert saved.track_ids == index.track_ids


@pytest.mark.usefixtures("all_are_large")
def test_a_save_and_a_merge_aside_do_not_undo_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tail that has grown long is merged by a thread, which would end while the index is saved, were it let."""
    monkeypatch.setattr("moodrec.index.snapshot._LEAST_TAIL", 10)
    index, written_to_disk, merged = built("ivf-sq8"), threading.Event(), Snapshot.merged

    def slowly(snapshot: Snapshot) -> Snapshot:
        result = merged(snapshot)
        written_to_disk.wait(0.5)
        return result

    def late(version: Version) -> Snapshot | None:
        written_to_disk.set()
        upkeep = index._versions._upkeep
        assert upkeep is not None
        upkeep.join(0.5)
        return load_saved(version)

    monkeypatch.setattr("moodrec.index.snapshot.Snapshot.merged", slowly)
    monkeypatch.setattr("moodrec.index.saved.load_saved", late)
    for first in (700, 710):
        index.add(SAMPLE.vectors[first : first + 10], SAMPLE.table.slice(first, 10))
    assert index._versions._upkeep is not None
    index.save(tmp_path / "index")
    assert index._catalogue.tail is None
    assert index.search(SAMPLE.vectors[717], k=1).track_ids[0, 0] == "t717"
    other = MoodIndex.open(tmp_path / "index")
    assert other.track_ids == index.track_ids
    other.remove("t717")
    other.save(tmp_path / "index")
    assert index.refresh()  # it counts as saved
    assert "t717" not in index


@pytest.mark.usefixtures("all_are_large")
def test_a_version_that_another_process_replaces_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = built("ivf-sq8")
    changed(index, 700)
    ids = index.track_ids

    def late(version: Version) -> Snapshot | None:
        built("flat", 50).save(tmp_path / "index")
        return load_saved(version)

    monkeypatch.setattr("moodrec.index.saved.load_saved", late)
    index.save(tmp_path / "index")
    assert index.track_ids == ids
    assert index.search(SAMPLE.vectors[750], k=1).track_ids[0, 0] == "t750"
    assert index.refresh()
    assert len(index) == 50


@pytest.mark.usefixtures("all_are_large")
@pytest.mark.parametrize("preset", ["flat", "ivf-sq8", "hnsw"])
def test_a_save_that_does_not_fit_leaves_the_index_and_the_folder(preset: str, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=2m") as disk:
        index = built(preset)
        index.save(disk / "index")
        index = MoodIndex.open(disk / "index")
        changed(index, 700)
        ids, before = index.track_ids, sorted((disk / "index").iterdir())
        filler = fill(disk)
        size, needed = filler.stat().st_size, size_of(index._snapshot)
        for room in range(0, needed, needed // 8):
            with filler.open("r+b") as file:
                file.truncate(size - room)
            with pytest.raises(DiskFullError):
                index.save(disk / "index")
            assert sorted((disk / "index").iterdir()) == before
            assert index.track_ids == ids
            fill(disk)
        filler.unlink()
        index.save(disk / "index")
        assert MoodIndex.open(disk / "index").track_ids == ids


def test_the_codes_of_ivf_pq_stay_as_long_as_they_were_learnt(tmp_path: Path) -> None:
    """Few rows have short codes, and keep them when more come."""
    index = built("ivf-pq", 100)
    for first in (100, 160, 220):
        index.add(SAMPLE.vectors[first : first + 60], SAMPLE.table.slice(first, 60))
        index.save(tmp_path / "index")
        index = MoodIndex.open(tmp_path / "index")
        found = index.search(SAMPLE.vectors[first : first + 60], k=1)
        assert found.track_ids[:, 0].tolist() == [f"t{row}" for row in range(first, first + 60)]


PRIVATE = """
import sys, threading, time
from pathlib import Path

from moodrec import MoodIndex


def private():
    return int(Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0]) / 1024


def watch():
    while not done.is_set():
        seen.append(private())
        time.sleep(0.001)


index = MoodIndex.open(sys.argv[1])
ids = index.track_ids[:500]
if sys.argv[2] == "upsert":
    index.upsert(-index.vectors(ids), index.rows(ids))
else:
    index.remove(ids)
before, seen, done = private(), [], threading.Event()
watcher = threading.Thread(target=watch)
watcher.start()
index.save(sys.argv[1])
done.set()
watcher.join()
print(max(seen) - before)
"""
"""Changes a large index, and prints by how many MiB the memory without a file behind it grew while it was saved."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads private memory from /proc")
def test_a_save_takes_little_memory_of_its_own(tmp_path: Path) -> None:
    n, dim = 120_000, 128
    rng = np.random.default_rng(0)
    table = pa.table({"track_id": [f"t{row}" for row in range(n)], "calm": rng.random(n, np.float32)})
    config = load_preset("ivf-sq8").model_copy(update={"nlist": 64})
    MoodIndex.build(rng.standard_normal((n, dim), np.float32), table, ["calm"], config).save(
        tmp_path / "index"
    )
    for change in ("upsert", "remove"):
        command = [sys.executable, "-c", PRIVATE, str(tmp_path / "index"), change]
        grown = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        assert grown < 40  # the vectors are 59 MiB, the codes 15


class TestSavedTail(IndexContract):
    """The contract of every preset, with 60 of the tracks merged while the index was saved."""

    preset = "ivf-sq8"

    @pytest.fixture(scope="class")
    @classmethod
    def index(cls, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> MoodIndex:
        index = cls.build(sample)
        with pytest.MonkeyPatch.context() as patched:
            make_all_large(patched)
            index.save(tmp_path_factory.mktemp("saved") / "index")
        assert index._catalogue.tail is None
        return index

    @classmethod
    def build(cls, sample: Sample) -> MoodIndex:
        first = len(sample.vectors) - 60
        index = MoodIndex.build(sample.vectors[:first], sample.table.slice(0, first), MOODS, cls.config())
        index.add(sample.vectors[first:], sample.table.slice(first))
        return index
