"""Manifests are embedded on this machine."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moodrec.bulk.manifest import Manifest
from moodrec.bulk.run import BulkOptions, BulkProgress, embed_manifest
from moodrec.catalog.vector_tables import read_vector_table
from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import DataError, MissingExtraError, NotFoundError, UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.library.records import Outcome
from tests.bulk.made import make_model, write_manifest
from tests.catalog.corpus import write_broken, write_song, write_songs

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_model(tmp_path_factory.mktemp("model") / "model")


def read(out: Path) -> pa.Table:
    return pq.read_table(out)


def test_every_row_has_its_outcome_and_what_the_model_computes(tmp_path: Path, model: str) -> None:
    broken = {
        name: outcome
        for name, outcome in write_broken(tmp_path / "broken").items()
        if name.isascii() and "#" not in name
    }
    songs = [write_song(tmp_path / f"{i}.flac", i, title=f"Song {i}", artist="A; B") for i in range(3)]
    paths = [str(song) for song in songs] + [str(tmp_path / "broken" / name) for name in broken]
    manifest = write_manifest(tmp_path / "m.parquet", [*paths, None, str(tmp_path / "gone.mp3"), ""])
    report = embed_manifest(str(manifest), str(tmp_path / "out"), model, BulkOptions(jobs=2, rows_per_part=4))
    table = read(tmp_path / "out")
    assert table.num_rows == report.rows == len(paths) + 3
    assert table["path"].to_pylist() == [*paths, None, str(tmp_path / "gone.mp3"), ""]
    found = dict(zip(table["path"].to_pylist(), table["outcome"].to_pylist(), strict=True))
    assert {name: found[str(tmp_path / "broken" / name)] for name in broken} == {
        name: outcome.split(":")[0].split()[0] for name, outcome in broken.items()
    }
    assert table["reason"].to_pylist()[-3:] == ["no_path", "missing", "no_path"]
    assert sum(report.counts.values()) == report.rows
    loaded = MoodModel.load(model)
    for row, song in enumerate(songs):
        own, one = loaded.analyze(song), table.slice(row, 1).to_pylist()[0]
        np.testing.assert_array_equal(np.float32(one["embedding"]), own.embedding)
        np.testing.assert_array_equal([one[mood] for mood in loaded.moods], own.mood_scores)
        np.testing.assert_array_equal([one[f"prob_{mood}"] for mood in loaded.moods], own.probabilities)
        assert (one["title"], one["artists"]) == (f"Song {row}", ["A", "B"])


def test_columns_of_the_manifest_stand_and_tags_fill_in_the_rest(tmp_path: Path, model: str) -> None:
    song = write_song(tmp_path / "a.flac", title="Of the file", artist="Somebody")
    own = {"track_id": ["x1"], "title": ["Of the catalogue"], "shelf": [pa.scalar(7, pa.int16()).as_py()]}
    manifest = write_manifest(tmp_path / "m.parquet", [str(song)], own)
    embed_manifest(str(manifest), str(tmp_path / "out"), model)
    (row,) = read(tmp_path / "out").to_pylist()
    assert (row["track_id"], row["title"], row["artist"], row["shelf"]) == (
        "x1",
        "Of the catalogue",
        "Somebody",
        7,
    )


def test_what_is_written_becomes_an_index(tmp_path: Path, model: str) -> None:
    songs = [str(path) for path in write_songs(tmp_path / "music", 5)]
    manifest = write_manifest(tmp_path / "m.parquet", [*songs, str(tmp_path / "gone.mp3")])
    embed_manifest(str(manifest), str(tmp_path / "out"), model, BulkOptions(rows_per_part=2))
    read_back = read_vector_table(tmp_path / "out", "embedding")
    assert (read_back.left_out, read_back.moods) == (1, ("calm", "blue"))
    index = MoodIndex.from_table(
        read_back.table, read_back.moods, model_fingerprint=read_back.model_fingerprint
    )
    assert sorted(index.track_ids) == sorted(songs)
    assert index.similar_to(songs[0], 4, where="calm >= 0 AND outcome = 'ok'").counts.tolist() == [4]


def test_a_second_call_goes_on_with_the_parts_that_are_missing(tmp_path: Path, model: str) -> None:
    songs = [str(path) for path in write_songs(tmp_path / "music", 6)]
    manifest, out = write_manifest(tmp_path / "m.parquet", songs), tmp_path / "out"
    options = BulkOptions(rows_per_part=2)
    embed_manifest(str(manifest), str(out), model, options)
    whole = read(out)
    (out / "part-000001.parquet").unlink()
    kept = (out / "part-000002.parquet").stat().st_mtime_ns
    seen: list[BulkProgress] = []
    report = embed_manifest(str(manifest), str(out), model, on_progress=seen.append)
    assert (report.parts_written, report.parts_before) == (1, 2)
    assert (seen[-1].done, seen[-1].total) == (6, 6)
    assert (out / "part-000002.parquet").stat().st_mtime_ns == kept
    assert read(out).equals(whole)
    assert embed_manifest(str(manifest), str(out), model).parts_written == 0


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, model: str) -> None:
    songs = [str(path) for path in write_songs(tmp_path / "music", 12)]
    manifest, out = write_manifest(tmp_path / "m.parquet", songs), tmp_path / "out"
    code = (
        "import sys, time; from moodrec.bulk.run import *\n"
        "embed_manifest(*sys.argv[1:4], BulkOptions(jobs=1, rows_per_part=1), lambda state: time.sleep(0.1))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, manifest, out, model], cwd=ROOT)
    first, last = out / "part-000000.parquet", out / "part-000011.parquet"
    while not first.exists() and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert first.exists()
    written = first.stat().st_mtime_ns
    last.unlink(missing_ok=True)  # where the machine was quicker than this test
    embed_manifest(str(manifest), str(out), model)
    assert first.stat().st_mtime_ns == written
    embed_manifest(str(manifest), str(tmp_path / "at once"), model, BulkOptions(rows_per_part=1))
    assert read(out).equals(read(tmp_path / "at once"))
    assert not [
        file for file in out.iterdir() if file.name.startswith(".moodrec-") and file.suffix == ".json"
    ]


def test_addresses_of_other_file_systems_are_read_and_written(tmp_path: Path, model: str) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    song = write_song(tmp_path / "a.mp3", title="Far away")
    memory.pipe_file("/music/a.mp3", song.read_bytes())
    manifest = write_manifest(
        tmp_path / "m.parquet", ["memory://music/a.mp3", "memory://music/b.mp3", str(song)]
    )
    memory.pipe_file("/m/1.parquet", manifest.read_bytes())
    memory.pipe_file("/m/_ignored.parquet", b"")
    report = embed_manifest("memory://m", "memory://out", model, BulkOptions(rows_per_part=2))
    assert report.counts[Outcome.OK] == 2
    assert embed_manifest("memory://m", "memory://out", model).parts_written == 0
    names = sorted(Path(name).name for name in memory.ls("/out", detail=False))
    assert names == ["_moodrec.json", "part-000000.parquet", "part-000001.parquet"]
    with memory.open("/out/part-000000.parquet") as file:
        far, missing = pq.read_table(file).to_pylist()
    assert (far["title"], missing["reason"]) == ("Far away", "unreadable")
    assert far["embedding"] == pytest.approx(MoodModel.load(model).analyze(song).embedding.tolist(), abs=0)


def test_a_folder_holds_the_results_of_one_manifest_and_one_model(tmp_path: Path, model: str) -> None:
    songs = [str(path) for path in write_songs(tmp_path / "music", 2)]
    first, second = (write_manifest(tmp_path / f"{i}.parquet", songs[:i]) for i in (1, 2))
    out = str(tmp_path / "out")
    embed_manifest(str(first), out, model)
    with pytest.raises(UsageError, match="another manifest"):
        embed_manifest(str(second), out, model)
    with pytest.raises(UsageError, match="another model"):
        embed_manifest(str(first), out, make_model(tmp_path / "other", seed=3))
    with pytest.raises(UsageError, match="another number of rows"):
        embed_manifest(str(first), out, model, BulkOptions(rows_per_part=5))
    other = tmp_path / "other files"
    other.mkdir()
    pq.write_table(pa.table({"a": [1]}), other / "mine.parquet")
    with pytest.raises(UsageError, match="other Parquet files"):
        embed_manifest(str(first), str(other), model)


def test_manifests_that_are_none_are_refused(tmp_path: Path, model: str) -> None:
    out = str(tmp_path / "out")
    with pytest.raises(NotFoundError, match="no such Parquet file"):
        embed_manifest(str(tmp_path / "gone.parquet"), out, model)
    (tmp_path / "text.parquet").write_text("no")
    with pytest.raises(DataError, match="not a Parquet file"):
        embed_manifest(str(tmp_path / "text.parquet"), out, model)
    pq.write_table(pa.table({"file": ["a"]}), tmp_path / "file.parquet")
    with pytest.raises(DataError, match="no column 'path'"):
        embed_manifest(str(tmp_path / "file.parquet"), out, model)
    pq.write_table(pa.table({"path": [1]}), tmp_path / "number.parquet")
    with pytest.raises(DataError, match="should hold texts"):
        embed_manifest(str(tmp_path / "number.parquet"), out, model)
    twice = pa.Table.from_arrays([pa.array(["a"])] * 2, ["path", "path"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(DataError, match="two columns called 'path'"):
        embed_manifest(str(tmp_path / "twice.parquet"), out, model)
    taken = write_manifest(tmp_path / "taken.parquet", ["a"], {"calm": [0.5], "outcome": ["x"]})
    with pytest.raises(UsageError, match="calm, outcome"):
        embed_manifest(str(taken), out, model)
    with pytest.raises(UsageError, match="rows_per_part"):
        embed_manifest(str(taken), out, model, BulkOptions(rows_per_part=0))
    with pytest.raises(UsageError, match="give a path or an address"):
        embed_manifest("nowhere-such://m.parquet", out, model)


def test_paths_may_be_categories(tmp_path: Path, model: str) -> None:
    paths = [str(tmp_path / "gone 1.wav"), str(tmp_path / "gone 2.wav")]
    pq.write_table(pa.table({"path": pa.array(paths).dictionary_encode()}), tmp_path / "m.parquet")
    assert embed_manifest(str(tmp_path / "m.parquet"), str(tmp_path / "out"), model).rows == 2
    found = pq.read_table(tmp_path / "out")
    assert found["outcome"].to_pylist() == ["failed"] * 2
    assert found["track_id"].to_pylist() == paths


def test_an_empty_manifest_leaves_a_folder_without_parts(tmp_path: Path, model: str) -> None:
    manifest = write_manifest(tmp_path / "m.parquet", [])
    assert embed_manifest(str(manifest), str(tmp_path / "out"), model).rows == 0
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["_moodrec.json"]


def test_ray_is_named_where_it_is_missing(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"moodrec\[ray\]"):
        embed_manifest("m.parquet", str(tmp_path / "out"), model, BulkOptions(engine="ray"))


def test_slices_of_a_manifest_cross_files_and_row_groups(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    paths = [f"{i}.mp3" for i in range(23)]
    for number, (start, stop) in enumerate([(0, 9), (9, 9), (9, 23)]):
        pq.write_table(
            pa.table({"path": pa.array(paths[start:stop], pa.string())}),
            folder / f"{number}.parquet",
            row_group_size=4,
        )
    manifest = Manifest(str(folder))
    assert manifest.rows == 23
    for start in range(24):
        for rows in (0, 1, 7, 30):
            assert manifest.slice(start, rows)["path"].to_pylist() == paths[start : start + rows]


def test_the_description_of_the_folder_is_plain_json(tmp_path: Path, model: str) -> None:
    manifest = write_manifest(tmp_path / "m.parquet", [str(write_song(tmp_path / "a.flac"))])
    embed_manifest(str(manifest), str(tmp_path / "out"), model, BulkOptions(rows_per_part=3))
    about = json.loads((tmp_path / "out" / "_moodrec.json").read_text())
    assert about["rows"] == 1
    assert about["rows_per_part"] == 3
    assert about["model"] == MoodModel.load(model).fingerprint
