"""Searching while the index changes: every answer is that of one version, and a failed change leaves no trace.

These tests look into the module on purpose where they make its limits small, so that merges happen often.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from moodrec.config import IndexConfig
from moodrec.errors import DataError, DuplicateIdError, NotFoundError, UsageError
from moodrec.index.kernel import binding as kernel
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from moodrec.index.snapshot import Snapshot
from tests.catalogues import MOODS, Sample, sample_catalogue
from tests.contracts import SEARCHES, IndexContract, assert_same
from tests.index.changing_index import Trial

PRESETS = ("flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw")
SAMPLE = sample_catalogue(900)


def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Merge after a few rows, in a thread of its own."""
    monkeypatch.setattr("moodrec.index.snapshot._LEAST_TAIL", 40)
    monkeypatch.setattr("moodrec.index.versions._AT_ONCE", 0)


def built(preset: str, n: int = 900) -> MoodIndex:
    config = load_preset(preset).model_copy(update={"exact_rows": 0, "first_lists": 4})
    return MoodIndex.build(SAMPLE.vectors[:n], SAMPLE.table.slice(0, n), MOODS, config)


@pytest.mark.parametrize("with_kernel", [True, False])
@pytest.mark.parametrize("preset", PRESETS)
def test_every_answer_is_that_of_one_version(
    preset: str, with_kernel: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_limits(monkeypatch)
    if not with_kernel:
        monkeypatch.setattr("moodrec.index.kernel.binding.library", lambda: None)
    elif kernel.library() is None:
        pytest.skip("the kernel was not built here")
    config = load_preset(preset).model_copy(update={"exact_rows": 0, "max_growth": 2.0})
    report = Trial(config, rows_at_first=800, readers=4).run(seconds=2.0, most_changes=150)
    assert report.failures == {}
    assert report.wrong == []
    assert report.answers > 20
    assert report.changes > 5
    assert report.recall >= 0.9


@pytest.mark.parametrize("preset", PRESETS)
def test_a_tail_is_searched_as_the_base_is(preset: str) -> None:
    """The same tracks, all in the base or some of them in the tail, some removed from either."""
    whole, grown = built(preset), built(preset, 700)
    grown.add(SAMPLE.vectors[700:], SAMPLE.table.slice(700))
    assert grown._catalogue.tail is not None
    assert len(grown._catalogue.tail) == 200
    gone = ["t5", "t699", "t700", "t899"]
    whole.remove(gone)
    grown.remove(gone)
    assert grown.track_ids == whole.track_ids
    assert grown.frame.equals(whole.frame)
    assert grown.rows(["t800", "t3"]).equals(whole.rows(["t800", "t3"]))
    for index in (whole, grown):
        some = index.rows(["t800", "t3"], ["year", "calm"])
        assert some.equals(whole.rows(["t800", "t3"]).select(["year", "calm"]))
        with pytest.raises(UsageError, match="no such column: 'yaer'; did you mean 'year'"):
            index.rows(["t3"], ["yaer"])
    np.testing.assert_array_equal(grown.vectors(["t800", "t3"]), whole.vectors(["t800", "t3"]))
    extra: list[dict[str, Any]] = [
        {"where": "pct(calm) >= 0.9 AND pct(happy) < 0.7"},
        {"where": "title = 'Title 820' OR artist ILIKE 'ARTIST 7'"},
        {"max_per_artist": 1, "distinct": True, "diversity": 0.3},
        {"exclude": [f"t{row}" for row in range(0, 900, 3)]},
        {"exclude": ["t701", "t2"], "exclude_artist": "artist 4"},
    ]
    for conditions in [*SEARCHES, *extra]:
        truth = whole.search(SAMPLE.vectors[::60], exact=True, **conditions)
        assert_same(grown.search(SAMPLE.vectors[::60], exact=True, **conditions), truth)
        one = grown.search(SAMPLE.vectors[720], k=5, **conditions)
        assert one.counts[0] == 5
        assert (
            one.explanation.passed == whole.search(SAMPLE.vectors[720], k=5, **conditions).explanation.passed
        )
        assert (
            one.explanation.dropped == whole.search(SAMPLE.vectors[720], 5, **conditions).explanation.dropped
        )
    assert_same(
        grown.similar_to("t720", 9, max_per_artist=1, distinct=True, exact=True),
        whole.similar_to("t720", 9, max_per_artist=1, distinct=True, exact=True),
    )
    assert grown.matching("pct(calm) > 0.5").equals(whole.matching("pct(calm) > 0.5"))


def test_few_rows_are_added_without_touching_the_others() -> None:
    index = built("ivf-sq8")
    before = index._snapshot
    index.add(SAMPLE.vectors[:1], pa.table({"track_id": ["new"], "calm": [0.3], "happy": [None]}))
    after = index._snapshot
    assert after.catalogue.base is before.catalogue.base
    assert after.backend is before.backend
    assert index.rows(["new"]).to_pylist()[0] | {"calm": 0.3} == {
        "track_id": "new", "artist": None, "title": None, "year": None, "genre": None, "calm": 0.3, "happy": None
    }  # fmt: skip


def test_new_columns_and_types_come_in_by_a_merge() -> None:
    index = built("ivf")
    index.add(SAMPLE.vectors[:1], pa.table({"track_id": ["a"], "calm": [0.3], "happy": [0.1], "bpm": [90.5]}))
    index.add(
        SAMPLE.vectors[1:2], pa.table({"track_id": ["b"], "calm": [0.3], "happy": [0.1], "year": [1999.5]})
    )
    index.add(SAMPLE.vectors[2:3], pa.table({"track_id": ["c"], "calm": [0.3], "happy": [0.1], "year": [7]}))
    assert index.matching("bpm = 90.5")["track_id"].to_pylist() == ["a"]
    assert index.matching("year = 1999.5 OR year = 7")["track_id"].to_pylist() == ["b", "c"]
    with pytest.raises(DataError, match="column 'year' of the new tracks holds"):
        index.add(
            SAMPLE.vectors[3:4], pa.table({"track_id": ["d"], "calm": [0.3], "happy": [0.1], "year": ["x"]})
        )
    assert len(index) == 903


def test_a_failed_change_leaves_the_index_as_it_was() -> None:
    index = built("ivf-sq8")
    before = index._snapshot
    with pytest.raises(DuplicateIdError):
        index.add(SAMPLE.vectors[:2], SAMPLE.table.slice(0, 2))
    with pytest.raises(NotFoundError):
        index.remove(["t1", "nobody"])
    with pytest.raises(NotFoundError):
        index.update(pa.table({"track_id": ["nobody"], "calm": [0.5]}))
    assert index._snapshot is before


def test_columns_are_updated_and_vectors_stay() -> None:
    index = built("hnsw")
    index.update(pa.table({"track_id": ["t7", "t3"], "calm": [0.25, 0.75], "label": ["x", "y"]}))
    rows = index.rows(["t3", "t7", "t8"]).to_pylist()
    assert [(row["calm"], row["label"], row["title"]) for row in rows[:2]] == [
        (0.75, "y", "Title 3"),
        (0.25, "x", "Title 7"),
    ]
    assert rows[2]["label"] is None
    np.testing.assert_array_equal(index.vectors(["t7"]), built("flat").vectors(["t7"]))
    assert len(index) == 900
    with pytest.raises(DataError, match="outside"):
        index.update(pa.table({"track_id": ["t7"], "calm": [1.5]}))


def test_a_snapshot_stays_as_it_was(tmp_path: Path) -> None:
    index = built("ivf")
    frozen = index.snapshot()
    index.remove(["t3"])
    assert "t3" in frozen
    assert frozen.search(SAMPLE.vectors[3], k=1).track_ids[0, 0] == "t3"
    assert index.snapshot() is index.snapshot()
    assert index.snapshot() is not frozen
    assert frozen.snapshot() is frozen
    with pytest.raises(UsageError, match="snapshot, which never changes"):
        frozen.remove(["t4"])
    with pytest.raises(UsageError, match="snapshot, which never changes"):
        frozen.save(tmp_path / "index")


def test_compacting_forgets_what_was_removed() -> None:
    index = built("ivf-sq8")
    index.remove([f"t{row}" for row in range(50)])
    index.add(SAMPLE.vectors[:2], SAMPLE.table.slice(0, 2))
    assert index.info().removed == 50
    index.compact()
    assert index.info().removed == 0
    assert len(index) == index.search(SAMPLE.vectors[0], k=900, exact=True).counts[0] == 852


def test_a_background_merge_keeps_what_was_changed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    small_limits(monkeypatch)
    index = built("ivf-sq8", 800)
    prepared, changed = threading.Event(), threading.Event()
    merged = Snapshot.merged

    def slowly(snapshot: Snapshot) -> Snapshot:
        result = merged(snapshot)
        prepared.set()
        assert changed.wait(10)
        return result

    monkeypatch.setattr("moodrec.index.snapshot.Snapshot.merged", slowly)
    index.add(SAMPLE.vectors[800:830], SAMPLE.table.slice(800, 30))
    index.add(SAMPLE.vectors[830:850], SAMPLE.table.slice(830, 20))
    assert prepared.wait(10)
    index.add(SAMPLE.vectors[850:860], SAMPLE.table.slice(850, 10))
    index.remove(["t1", "t801", "t851"])
    index.add(-SAMPLE.vectors[2:3], SAMPLE.table.slice(2, 1), on_conflict="replace")
    changed.set()
    upkeep = index._versions._upkeep
    assert upkeep is not None
    upkeep.join(10)
    assert len(index._catalogue.base) == 850
    assert len(index) == 857
    assert not {"t1", "t801", "t851"} & set(index.track_ids)
    assert index.track_ids[-1] == "t2"
    assert index.search(-SAMPLE.vectors[2], k=1).track_ids[0, 0] == "t2"
    for row in (0, 800, 849, 850, 859):
        assert index.search(SAMPLE.vectors[row], k=1).track_ids[0, 0] == f"t{row}"


def test_refresh_goes_over_to_the_newest_version(tmp_path: Path) -> None:
    index = built("ivf-sq8")
    with pytest.raises(UsageError, match="never saved"):
        index.refresh()
    index.save(tmp_path / "index")
    reader = MoodIndex.open(tmp_path / "index")
    assert not reader.refresh()
    index.remove("t3")
    index.save(tmp_path / "index")
    assert "t3" in reader
    assert reader.refresh()
    assert "t3" not in reader
    reader.remove("t4")
    index.remove("t5")
    index.save(tmp_path / "index")
    with pytest.raises(UsageError, match="not saved"):
        reader.refresh()
    assert "t5" in reader


def test_changes_that_change_nothing_leave_the_index_as_saved(tmp_path: Path) -> None:
    index = built("ivf-sq8")
    index.save(tmp_path / "index")
    writer = MoodIndex.open(tmp_path / "index")
    index.remove([])
    index.remove(["nobody"], on_conflict="ignore")
    row = index.vectors(["t1"])
    index.add(row, index.table.slice(1, 1), on_conflict="ignore")
    index.add(row[:0], index.table.slice(1, 0))
    index.compact()
    writer.remove("t3")
    writer.save(tmp_path / "index")
    assert index.refresh()
    assert "t3" not in index


WRITER = """
import sys
import numpy as np, pyarrow as pa
from moodrec.index.mood_index import MoodIndex
vectors = np.random.default_rng(0).normal(size=(300, 16)).astype("f4")
for version in range(1, 10_000):
    table = pa.table({"track_id": [f"t{i}" for i in range(300)], "version": [version] * 300})
    MoodIndex.build(vectors, table, (), sys.argv[2]).save(sys.argv[1])
    print(version, flush=True)
"""


@pytest.mark.parametrize("preset", PRESETS)
def test_readers_in_another_process_see_whole_versions(preset: str, tmp_path: Path) -> None:
    root = tmp_path / "index"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), preset], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "1\n"
        reader = MoodIndex.open(root)
        seen, newest, give_up = {1}, 0, time.monotonic() + 60
        while len(seen) < 4 and time.monotonic() < give_up:
            reader.refresh()
            opened = MoodIndex.open(root)
            for index in (reader.snapshot(), opened):
                (version,) = set(index.table["version"].to_pylist())
                hits = index.search(index.vectors(["t7"]), k=3)
                assert hits.track_ids[0, 0] == "t7"
                assert version >= newest
                seen.add(version)
            newest = max(seen)
        assert len(seen) > 1, "the writer saved nothing in a minute"
    finally:
        writer.kill()
        writer.wait()
        if writer.stdout is not None:
            writer.stdout.close()
    assert len(MoodIndex.open(root)) == 300


class TestTailOfFlat(IndexContract):
    """The contract of every preset, with 60 of the tracks in the tail."""

    preset, exact = "flat", True

    @classmethod
    def build(cls, sample: Sample) -> MoodIndex:
        return with_tail(cls.config(), sample)


class TestTailOfLists(IndexContract):
    """The same, of lists."""

    preset = "ivf-sq8"

    @classmethod
    def build(cls, sample: Sample) -> MoodIndex:
        return with_tail(cls.config(), sample)


def with_tail(config: IndexConfig, sample: Sample) -> MoodIndex:
    """An index whose last 60 tracks came later."""
    first = max(len(sample.vectors) - 60, 1)
    index = MoodIndex.build(sample.vectors[:first], sample.table.slice(0, first), MOODS, config)
    index.add(sample.vectors[first:], sample.table.slice(first))
    return index
