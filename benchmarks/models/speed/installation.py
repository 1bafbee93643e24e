"""What an installation weighs and how long it takes: light, with pictures, and the set that trains.

    python -m benchmarks.models.speed.installation [--light-only]

Each set goes into a fresh virtual environment by ``pip install .``, as a user types it, and is removed afterwards.
Measured are bytes on disk (as ``du`` counts them, pip included), the seconds of the installation, and how the bytes
are shared by packages. The set that trains downloads some 3 GB. Writes benchmarks/results/installation.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS, ROOT

RESULT = RESULTS / "installation.json"
SETS = {"light": ".", "with pictures": ".[plots]", "with training": ".[plots,train]"}
SHOWN = 12


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--light-only", action="store_true", help="keep the stored figures of the others")
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    before = json.loads(options.out.read_text())["sets"] if options.out.exists() else {}
    wanted = list(SETS)[:1] if options.light_only else list(SETS)
    sets = {name: measured(SETS[name]) if name in wanted else before.get(name) for name in SETS}
    report = {"machine": machine_report(), "sets": {name: own for name, own in sets.items() if own}}
    print(json.dumps(report["sets"], indent=1))
    options.out.write_text(json.dumps(report, indent=1) + "\n")


def measured(what: str) -> dict[str, Any]:
    """Bytes and seconds of one set."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "venv"
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        begun = time.perf_counter()
        command = [str(place / "bin" / "python"), "-m", "pip", "install", "-q", "-c", "constraints.txt", what]
        subprocess.run(command, cwd=ROOT, check=True)
        seconds = time.perf_counter() - begun
        (packages,) = place.glob("lib/python*/site-packages")
        largest = sorted(((size(own), own.name) for own in packages.iterdir()), reverse=True)[:SHOWN]
        return {
            "bytes": size(place),
            "seconds": round(seconds, 1),
            "largest": {name: taken for taken, name in largest},
        }


def size(place: Path) -> int:
    """Bytes on disk of a file, or of all files in a folder."""
    files = [place] if place.is_file() else [own for own in place.rglob("*") if not own.is_symlink()]
    return sum(own.lstat().st_blocks * 512 for own in files)


if __name__ == "__main__":
    main()
