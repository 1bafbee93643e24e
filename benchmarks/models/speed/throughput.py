"""How close ``moodrec analyze`` comes to the speed of its slower half: pure decoding or the pure network.

    python -m benchmarks.models.speed.throughput [--tracks 4] [--seconds 180] [--repeats 3]

On full-length mp3, ogg and flac files that it makes itself. Each part runs in a process of its own, with every core
to itself: decoding and tag-reading alone, the network alone on windows that are in memory, and a whole analysis
into a new library. The fastest of some repeats counts. Where both halves want the same cores, a whole run cannot be
faster than both one after the other with every core busy; that is the ceiling printed beside. The last row gives one
core to each half, as a machine with a core to spare or a GPU does: there the two overlap.
Writes benchmarks/results/analysis-throughput.json.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine_report
from benchmarks.models.speed.made_music import RATE, made_music, write_track
from benchmarks.places import RESULTS, ROOT

THIS = "benchmarks.models.speed.throughput"
RESULT = RESULTS / "analysis-throughput.json"
KINDS = {"mp3": "MP3", "ogg": "OGG", "flac": "FLAC"}
PARTS = ("decode", "network", "analyze")
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """Measure, print, write; with ``--part``, be one of the processes that are measured."""
    options = read_options()
    if options.part:
        print(json.dumps(globals()[f"part_{options.part}"](options.music, options.cores)))
        return
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder)
        made = {name: make(music / name, name, options) for name in KINDS}
        figures = {name: measured(music / name, length, options.repeats) for name, length in made.items()}
        figures["all together"] = measured(music, sum(made.values()), options.repeats)
        figures["all together, one core each"] = measured(music, sum(made.values()), options.repeats, 1)
    report = {
        "machine": machine_report("torch", "soundfile", "soxr", "numpy"),
        "settings": {"tracks of a kind": options.tracks, "seconds": options.seconds, "seed": options.seed},
        "times real time": figures,
    }
    print_report(figures)
    options.out.write_text(json.dumps(report, indent=1) + "\n")


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, default=4, help="of each kind")
    parser.add_argument("--seconds", type=float, default=180.0, help="length of a track")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--cores", type=int, default=CORES, help=argparse.SUPPRESS)
    parser.add_argument("--music", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def make(folder: Path, kind: str, options: argparse.Namespace) -> float:
    """Tracks of one kind; their length in seconds, all together."""
    folder.mkdir()
    for number in range(options.tracks):
        rng = np.random.default_rng([options.seed, number])
        write_track(folder / f"{number}.{kind}", made_music(options.seconds, rng), RATE, KINDS[kind])
    return float(options.tracks * options.seconds)


def measured(music: Path, length: float, repeats: int, cores: int = CORES) -> dict[str, float]:
    """Each part in times real time, and how the whole compares; so many cores for each half."""
    runs = {part: [run_part(part, music, cores) for _ in range(repeats)] for part in PARTS}
    best = {part: min(found, key=lambda run: run["seconds"]) for part, found in runs.items()}
    rates = {part: length / run["seconds"] for part, run in best.items()}
    slower = min(rates["decode"], rates["network"])
    shared = 1 / (1 / rates["decode"] + 1 / rates["network"])
    ceiling = shared if cores == CORES else slower
    return {
        **rates,
        "of the slower half": rates["analyze"] / slower,
        "ceiling": ceiling / slower,
        "of the ceiling": rates["analyze"] / ceiling,
        "processor seconds": best["analyze"]["processor_seconds"],
        "peak memory, MiB": best["analyze"]["peak_mib"],
    }


def run_part(part: str, music: Path, cores: int) -> dict[str, float]:
    """Run one part in a process of its own, under the settings that the command line runs under."""
    command = [sys.executable, "-m", THIS, "--part", part, "--music", str(music), "--cores", str(cores)]
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "OMP_NUM_THREADS": str(cores)}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def part_decode(music: Path, cores: int) -> dict[str, float]:
    """So many cores decode; what is decoded is thrown away."""
    from moodrec.catalog.decode_pool import DecodePool
    from moodrec.catalog.model import settings_for
    from moodrec.embedding.mood_model import MoodModel
    from moodrec.library.scan import scan

    files = scan([music]).files
    with DecodePool(settings_for(MoodModel.load(device="cpu")), cores, timeout_s=300) as pool:
        list(pool.decode(files[:cores]))  # the processes start
        begun = time.perf_counter()
        for _ in pool.decode(files):
            pass
        return used(begun)


def part_network(music: Path, cores: int) -> dict[str, float]:
    """So many cores run the network, on windows that are in memory."""
    from moodrec.catalog.decoding import decode_file
    from moodrec.catalog.model import settings_for
    from moodrec.embedding.mood_model import MoodModel
    from moodrec.library.scan import scan

    model = MoodModel.load(device="cpu")
    windows_of_files = [decode_file(state.path, settings_for(model)).windows for state in scan([music]).files]
    model.analyze_windows(windows_of_files[0])
    begun = time.perf_counter()
    for windows in windows_of_files:
        model.analyze_windows(windows)
    return used(begun)


def part_analyze(music: Path, cores: int) -> dict[str, float]:
    """A whole run into a new library, the start of its decoding processes included."""
    from moodrec.catalog.analyze import analyze
    from moodrec.embedding.mood_model import MoodModel
    from moodrec.library.library import Library
    from moodrec.library.records import Outcome

    model = MoodModel.load(device="cpu")
    model.analyze_windows(np.zeros((1, model.window_samples), np.float32) + 0.1)
    with tempfile.TemporaryDirectory() as folder, Library.create(Path(folder) / "library") as library:
        begun, before = time.perf_counter(), processor_seconds()
        report = analyze([music], library, model, jobs=None if cores == CORES else cores)
        if sum(report.counts.values()) != report.counts[Outcome.OK]:
            raise SystemExit(f"not every file was analysed: {report.counts}")
    return used(begun) | {"processor_seconds": processor_seconds() - before}


def used(begun: float) -> dict[str, float]:
    """Seconds since then, and the most memory that this process had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": time.perf_counter() - begun, "peak_mib": peak}


def processor_seconds() -> float:
    """Of this process and the decoders that ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def print_report(figures: dict[str, Any]) -> None:
    """A Markdown table."""
    columns = [*PARTS, "of the slower half", "ceiling", "of the ceiling"]
    print(f"| files | {' | '.join(columns)} |\n{'|---' * (len(columns) + 1)}|")
    for name, found in figures.items():
        cells = [f"{found[column]:.0f}" if column in PARTS else f"{found[column]:.2f}" for column in columns]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
