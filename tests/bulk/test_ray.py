"""Manifests are embedded by Ray, which ``make test-ray`` installs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from moodrec.bulk.manifest import Manifest
from moodrec.bulk.plan import About, Work
from moodrec.bulk.ray_engine import row_blocks, waves
from moodrec.bulk.run import BulkOptions, embed_manifest
from moodrec.catalog.decoding import DecodeSettings
from moodrec.library.records import Outcome
from tests.bulk.made import make_model, write_manifest
from tests.catalog.corpus import write_songs

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray = pytest.importorskip("ray", reason="Ray is not installed; make test-ray installs it")
    os.environ["PYTHONPATH"] = str(ROOT)  # the actors find moodrec and these tests here
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_model(tmp_path_factory.mktemp("model") / "model")


ON_RAY = BulkOptions(engine="ray", jobs=1, models=1, rows_per_part=4, rows_per_block=2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("cluster")
def test_ray_and_this_machine_give_the_same_bits(tmp_path: Path, model: str) -> None:
    songs: list[str | None] = [str(path) for path in write_songs(tmp_path / "music", 9)]
    manifest = write_manifest(tmp_path / "m.parquet", [*songs, None, str(tmp_path / "gone.mp3")])
    report = embed_manifest(str(manifest), str(tmp_path / "ray"), model, ON_RAY)
    assert (report.counts[Outcome.OK], report.counts[Outcome.FAILED], report.parts_written) == (9, 2, 3)
    embed_manifest(str(manifest), str(tmp_path / "local"), model, BulkOptions(rows_per_part=4))
    assert pq.read_table(tmp_path / "ray").equals(pq.read_table(tmp_path / "local"))
    assert embed_manifest(str(manifest), str(tmp_path / "ray"), model, ON_RAY).parts_written == 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("cluster")
def test_killed_actors_cost_a_retry_and_nothing_else(tmp_path: Path, model: str) -> None:
    songs = [str(path) for path in write_songs(tmp_path / "music", 16)]
    manifest = write_manifest(tmp_path / "m.parquet", songs)
    killed: list[str] = []

    def kill(_: object) -> None:
        for name in ("DecodeActor", "EmbedActor"):
            if not any(name in one for one in killed):
                killed.extend(_kill_actor(name))

    report = embed_manifest(str(manifest), str(tmp_path / "ray"), model, ON_RAY, kill)
    assert sorted(name for name in ("DecodeActor", "EmbedActor") if any(name in one for one in killed)) == [
        "DecodeActor",
        "EmbedActor",
    ]
    assert report.counts[Outcome.OK] == 16
    embed_manifest(str(manifest), str(tmp_path / "local"), model, BulkOptions(rows_per_part=4))
    assert pq.read_table(tmp_path / "ray").equals(pq.read_table(tmp_path / "local"))


def _kill_actor(name: str) -> list[str]:
    """Kill the process of one actor, as the system does when memory runs out."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = place.read_text(errors="replace").replace("\0", " ")
            if words.startswith("ray::") and name in words:
                os.kill(int(place.parent.name), signal.SIGKILL)
                return [words]
    return []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_killed_driver_goes_on_where_it_was(tmp_path: Path, model: str) -> None:
    pytest.importorskip("ray", reason="Ray is not installed; make test-ray installs it")
    songs = [str(path) for path in write_songs(tmp_path / "music", 24)]
    manifest, out = write_manifest(tmp_path / "m.parquet", songs), tmp_path / "out"
    code = (
        "import sys, time, ray; from moodrec.bulk.run import *\n"
        "ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address='127.0.0.1')\n"
        "options = BulkOptions(engine='ray', jobs=1, models=1, rows_per_part=2, rows_per_block=2)\n"
        "embed_manifest(*sys.argv[1:4], options, lambda state: time.sleep(0.2))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", code, manifest, out, model], cwd=ROOT, env=environment)
    while not list(out.glob("part-*")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {file.name: file.stat().st_mtime_ns for file in out.glob("part-*")}
    assert 0 < len(before) < 12
    report = embed_manifest(str(manifest), str(out), model)
    assert (report.parts_before, report.parts_written) == (len(before), 12 - len(before))
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    embed_manifest(str(manifest), str(tmp_path / "at once"), model)
    assert pq.read_table(out).equals(pq.read_table(tmp_path / "at once"))


def work_of(manifest: Path, rows: int, per_part: int, per_block: int | None) -> Work:
    settings = DecodeSettings(sample_rate=16_000, window_samples=32_000, max_windows=4)
    about = About(manifest="", rows=rows, rows_per_part=per_part, model="")
    missing = tuple(range(-(-rows // per_part)))
    return Work(str(manifest), about, missing, "", settings, "cpu", None, None, per_block, 10.0)


@pytest.mark.parametrize(("per_part", "per_block"), [(7, 3), (100, 16), (2, 5), (1000, None)])
def test_blocks_cover_every_row_of_the_missing_parts_once(
    tmp_path: Path, per_part: int, per_block: int | None
) -> None:
    paths = [f"{i}.mp3" for i in range(100)]
    manifest = write_manifest(tmp_path / "m.parquet", paths)
    work = work_of(manifest, 100, per_part, per_block)
    parts = work.missing[::2]
    blocks = list(row_blocks(work, Manifest(str(manifest)), parts, decoders=2))
    found = {row: path for block in blocks for row, path in zip(block["rows"], block["paths"], strict=True)}
    assert found == {row: path for row, path in enumerate(paths) if work.part_of(row) in parts}
    assert sum(len(block["rows"]) for block in blocks) == len(found)
    assert max(len(block["rows"]) for block in blocks) <= (per_block or 6)


def test_waves_hold_every_part_once_and_in_order() -> None:
    assert [list(wave) for wave in waves(range(7), 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(waves((), 3)) == []
