"""``moodrec embed`` over made music: this machine alone, and Ray with one and with two workers of each kind.

    python -m benchmarks.bulk.scaling [--tracks 24] [--seconds 180]

Tracks are MP3s of 128 kbit/s. Measured are seconds on the clock, from the first result to the last, so that starting
Ray and loading models do not count; and that all ways give the same table. Prints a table and writes
benchmarks/results/bulk.json, from which docs/results/embedding.md is made by ``python -m benchmarks.bulk.page``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.machine import machine_report
from benchmarks.models.speed.made_music import write_tracks
from benchmarks.places import RESULTS, ROOT
from moodrec.bulk.run import BulkOptions, BulkProgress, embed_manifest

RESULT = RESULTS / "bulk.json"
WAYS = {
    "local, 1 decoding process": BulkOptions("local", jobs=1),
    "Ray, 1 + 1 actors": BulkOptions("ray", jobs=1, models=1, rows_per_block=2),
    "Ray, 2 + 2 actors": BulkOptions("ray", jobs=2, models=2, rows_per_block=2),
}


def main() -> None:
    """Measure each way, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=180.0, help="length of a track")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", PYTHONPATH=str(ROOT))
    import ray

    ray.init(include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        manifest = made_manifest(folder, options.tracks, options.seconds, options.seed)
        found = {name: measured(manifest, folder / name, way) for name, way in WAYS.items()}
        tables = [pq.read_table(folder / name) for name in WAYS]
        size = sum(file.stat().st_size for file in (folder / next(iter(WAYS))).glob("*.parquet"))
    report = {
        "machine": machine_report("ray", "onnxruntime", "pyarrow"),
        "settings": {"tracks": options.tracks, "seconds": options.seconds, "seed": options.seed},
        "ways": found,
        "the same table": all(table.equals(tables[0]) for table in tables),
        "bytes a track": size / options.tracks,
    }
    print(json.dumps(report, indent=1))
    options.out.write_text(json.dumps(report, indent=1) + "\n")


def made_manifest(folder: Path, tracks: int, seconds: float, seed: int) -> Path:
    """Write the music and the manifest that names it."""
    music = folder / "music"
    music.mkdir()
    write_tracks(music, tracks, seconds, seed)
    paths = sorted(map(str, music.iterdir()))
    pq.write_table(pa.table({"path": paths}), folder / "manifest.parquet")
    return folder / "manifest.parquet"


def measured(manifest: Path, out: Path, way: BulkOptions) -> dict[str, Any]:
    """Embed the manifest one way, and tell the tracks that came after the first results, a second."""
    seen: list[tuple[float, int]] = []

    def note(state: BulkProgress) -> None:
        seen.append((time.perf_counter(), state.done))

    started, spent = time.perf_counter(), os.times()
    options = BulkOptions(way.engine, "cpu", way.jobs, way.models, 4, way.rows_per_block)
    embed_manifest(str(manifest), str(out), options=options, on_progress=note)
    (first, before), (last, after) = seen[0], seen[-1]
    own = os.times()
    return {
        "seconds": last - started,
        "seconds before the first results": first - started,
        "tracks a second": (after - before) / (last - first),
        "CPU seconds of the driver": own.user - spent.user + own.children_user - spent.children_user,
    }


if __name__ == "__main__":
    main()
