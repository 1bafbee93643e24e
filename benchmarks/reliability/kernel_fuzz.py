"""Random searches through a search kernel that checks every access and every sum.

    python -m benchmarks.reliability.kernel_fuzz [--searches 20000] [--seed 1]

The kernel is built with gcc's address and undefined-behaviour sanitizers, which end a process at the first fault.
Random indexes of one to 1,500 rows, with and without rows added later, are searched on every path that the processor
has, by random conditions and mood targets. Each hit must pass its condition, and have its cosine as its score where
no mood counts. Rounds of searches have a process each, so that a fault costs one of them, and the result is written
after each: a run may be stopped.
Writes benchmarks/results/reliability/kernel-fuzz.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS
from tests.index.kernel import sanitized

RESULT = RESULTS / "reliability" / "kernel-fuzz.json"
ROUND = 100


def main() -> None:
    """Fuzz, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--searches", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--build", type=Path, help="a kernel with sanitizers that is there already")
    options = parser.parse_args()
    if why := sanitized.why_not():
        parser.error(why)
    done: Counter[str] = Counter()
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        kernel = options.build or sanitized.build(Path(folder))
        for number in range(-(-options.searches // ROUND)):
            left = min(ROUND, options.searches - number * ROUND)
            ran = sanitized.fuzz(kernel, left, options.seed * 1_000_000 + number)
            if ran.returncode:
                faults.append(ran.stderr[-4000:])
            else:
                done.update(json.loads(ran.stdout))
            write(options, done, faults)
            print(f"{done['searches']:,} searches, {len(faults)} faults", flush=True)


def write(options: argparse.Namespace, done: Counter[str], faults: list[str]) -> None:
    """The result so far."""
    report = {
        "machine": machine_report("faiss-cpu", "numpy", "pyarrow") | {"compiler": compiler()},
        "settings": {"seed": options.seed, "searches of a round": ROUND, "sanitizers": sanitized.SANITIZERS},
        "summary": dict(sorted(done.items())) | {"faults": faults},
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")


def compiler() -> str:
    """The compiler's name and version."""
    return subprocess.run(
        ["gcc", "--version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]


if __name__ == "__main__":
    main()
