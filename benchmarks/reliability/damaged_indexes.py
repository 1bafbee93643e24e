"""Ten thousand flipped, cut, lengthened, emptied and lost files of saved indexes: each must be refused.

    python -m benchmarks.reliability.damaged_indexes [--faults 10000] [--rows 400]

For every preset an index is built and saved; then one fault after the other is put into one of its files, wherever
that is in the folder, and the index is opened. The only right answer is ``CorruptStoreError``, exit code 4; whatever
else opens or raises is listed. The faults of a preset run in a process of their own, so that a crash would be seen.
Writes benchmarks/results/reliability/damaged-indexes.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS, ROOT
from moodrec.errors import CorruptStoreError
from moodrec.index.mood_index import MoodIndex
from tests.catalogues import MOODS, sample_catalogue
from tests.index.storage.damage import FAULTS, put_in, stored_files

THIS = "benchmarks.reliability.damaged_indexes"
RESULT = RESULTS / "reliability" / "damaged-indexes.json"
PRESETS = ("flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw")


def main() -> None:
    """Measure each preset in a process of its own, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=10_000, help="over all presets")
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--preset", choices=PRESETS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.preset:
        print(json.dumps(damage(options.preset, options)))
        return
    found = {preset: in_a_process(preset, options) for preset in PRESETS}
    report = {
        "machine": machine_report("faiss-cpu", "numpy", "pyarrow"),
        "settings": {"rows": options.rows, "seed": options.seed},
        "presets": found,
        "summary": {
            "faults": sum(one["faults"] for one in found.values()),
            "refused": sum(one["refused"] for one in found.values()),
            "missed": [name for one in found.values() for name in one["missed"]],
            "crashes": sum(one["crashed"] for one in found.values()),
            "files of a version": {preset: one["files"] for preset, one in found.items()},
        },
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report["summary"], indent=1))


def in_a_process(preset: str, options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one preset; a crash is one of them."""
    arguments = ["--preset", preset, "--faults", str(options.faults // len(PRESETS))]
    arguments += ["--rows", str(options.rows), "--seed", str(options.seed)]
    done = subprocess.run([sys.executable, "-m", THIS, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        return {"faults": 0, "refused": 0, "missed": [], "crashed": 1, "files": 0, "said": done.stderr[-500:]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def damage(preset: str, options: argparse.Namespace) -> dict[str, Any]:
    """Put in one fault after the other."""
    sample = sample_catalogue(options.rows)
    rng = np.random.default_rng([options.seed, PRESETS.index(preset)])
    counts: Counter[str] = Counter()
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "index"
        index = MoodIndex.build(sample.vectors, sample.table, MOODS, preset, "a-model", 1)
        index.remove(index.track_ids[:3])
        index.save(root)
        files = stored_files(root)
        for number in range(options.faults):
            path = files[number % len(files)]
            kind = list(FAULTS)[int(rng.integers(len(FAULTS)))]
            with put_in(path, kind, rng):
                try:
                    MoodIndex.open(root)
                except CorruptStoreError:
                    counts[kind] += 1
                else:
                    missed.append(f"{preset}: {path.name}: {kind}")
        MoodIndex.open(root).verify()
    refused = sum(counts.values())
    return {
        "faults": options.faults,
        "refused": refused,
        "by kind": dict(counts),
        "missed": missed,
        "crashed": 0,
        "files": len(files),
    }


if __name__ == "__main__":
    main()
