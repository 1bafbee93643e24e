"""Eight readers and two writers on one index for a minute, for every preset, with and without the kernel.

    python -m benchmarks.reliability.concurrent_changes [--seconds 60]

Writers add, remove, replace and update tracks and compact the index, each its own tracks; readers search with and
without filters and mood targets, exactly and through the preset. Every answer is compared with brute force over the
rows of one version: exact searches must equal it, others must hold rows of that version with their scores in order.
Merges are made to happen often. Each run is a process of its own, so that a crash is counted and ends nothing. Writes
benchmarks/results/reliability/concurrent-changes.json as it goes; started again, it goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.machine import machine_report
from moodrec.files.replacing import write_atomically

RESULT = Path(__file__).parents[1] / "results" / "reliability" / "concurrent-changes.json"
PRESETS = ("flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw")


def main() -> None:
    """Go on where the result file ends, and print its sums."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--one", help="run one preset here and print its report")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run(options.one, options.seconds, options.seed)))
        return
    report: dict[str, Any] = {"seconds": options.seconds, "seed": options.seed, "runs": {}}
    if options.out.exists():
        report = json.loads(options.out.read_text())
    for preset in PRESETS:
        for kernel in ("with", "without"):
            name = f"{preset} {kernel} kernel"
            if name not in report["runs"]:
                report["runs"][name] = in_a_process(preset, kernel == "with", options.seconds, options.seed)
                report["machine"] = machine_report("faiss-cpu", "numpy", "pyarrow")
                write_atomically(options.out, (json.dumps(report, indent=1) + "\n").encode())
            print(name, report["runs"][name], flush=True)


def in_a_process(preset: str, kernel: bool, seconds: float, seed: int) -> dict[str, Any]:
    """Run one preset in a process of its own."""
    command = [sys.executable, "-X", "faulthandler", "-m", "benchmarks.reliability.concurrent_changes"]
    command += ["--one", preset, "--seconds", str(seconds), "--seed", str(seed)]
    environment = os.environ | {"MOODREC_KERNEL": "1" if kernel else "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"crashed": done.returncode, "stderr": done.stderr[-2000:]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run(preset: str, seconds: float, seed: int) -> dict[str, Any]:
    """Search and change one index, with limits so small that it merges every few changes."""
    from moodrec.index import snapshot, versions
    from moodrec.index.presets import load_preset
    from tests.index.changing_index import Trial

    snapshot._LEAST_TAIL, versions._AT_ONCE = 150, 0  # type: ignore[misc]
    config = load_preset(preset).model_copy(update={"exact_rows": 0, "max_growth": 2.0})
    report = Trial(config, rows_at_first=3000, seed=seed).run(seconds)
    return {
        "answers": report.answers,
        "changes": report.changes,
        "wrong": len(report.wrong),
        "failures": dict(report.failures),
        "answers during a change": report.versions_apart,
        "recall of searches that are not exact": round(report.recall, 4),
    }


if __name__ == "__main__":
    main()
