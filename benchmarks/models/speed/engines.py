"""ONNX Runtime beside PyTorch: how long an MP3 of three minutes takes one core, from the file to moods.

    python -m benchmarks.models.speed.engines [--model FOLDER] [--tracks 3] [--seconds 180] [--repeats 3]

Each engine runs in a process of its own, on one core. Measured are processor seconds, which programs that run beside
it lengthen less than they do the time on the clock: for decoding, for windows to moods, for the file to moods, and
for all that comes before the first track (imports and loading the model). The fastest of some repeats counts.
Prints a table and writes benchmarks/results/engines.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine_report
from benchmarks.models.speed.made_music import write_tracks
from benchmarks.places import RESULTS, ROOT

THIS = "benchmarks.models.speed.engines"
RESULT = RESULTS / "engines.json"
ENGINES = ("onnxruntime", "torch")


def main() -> None:
    """Measure, print, write; with ``--engine``, be one of the processes that are measured."""
    options = read_options()
    if options.engine:
        print(json.dumps(measured(options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder)
        write_tracks(music, options.tracks, options.seconds, options.seed)
        found = {engine: in_a_process(engine, music, options) for engine in ENGINES}
    embeddings = [np.array(figures.pop("embeddings")) for figures in found.values()]
    report = {
        "machine": machine_report("onnxruntime", "torch", "soundfile", "soxr", "numpy"),
        "settings": {"tracks": options.tracks, "seconds": options.seconds, "seed": options.seed},
        "engines": found,
        "greatest difference of embeddings": float(np.abs(embeddings[0] - embeddings[1]).max()),
    }
    print(json.dumps(report["engines"], indent=1))
    options.out.write_text(json.dumps(report, indent=1) + "\n")


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="a model folder; by default the packaged one")
    parser.add_argument("--tracks", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=180.0, help="length of a track")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--music", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def in_a_process(engine: str, music: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one engine."""
    command = [sys.executable, "-m", THIS, "--engine", engine, "--music", music, "--repeats", options.repeats]
    if options.model:
        command += ["--model", options.model]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one engine, measured in this process, whose imports so far are its own."""
    from moodrec.audio.decode import decode
    from moodrec.audio.windows import cut_windows
    from moodrec.embedding.mood_model import MoodModel

    model = MoodModel.load(options.model, "cpu", engine=options.engine)
    started = time.process_time()
    paths = sorted(options.music.iterdir())
    waveforms = [decode(path, model.sample_rate) for path in paths]
    windows = [
        cut_windows(sound.samples, model.window_samples, model.windows.max_windows) for sound in waveforms
    ]
    seconds = sum(sound.duration_s for sound in waveforms)
    answers = [model.analyze(path) for path in paths]
    work: dict[str, Callable[[], object]] = {
        "decode": lambda: [decode(path, model.sample_rate) for path in paths],
        "windows to moods": lambda: [model.analyze_windows(own) for own in windows],
        "file to moods": lambda: [model.analyze(path) for path in paths],
    }
    times = {name: fastest(task, options.repeats) for name, task in work.items()}
    return {
        "engine": model.engine,
        "seconds before the first track": started,
        "seconds a track": {name: spent / len(paths) for name, spent in times.items()},
        "times real time": {name: seconds / spent for name, spent in times.items()},
        "embeddings": [answer.embedding.tolist() for answer in answers],
    }


def fastest(task: Callable[[], object], repeats: int) -> float:
    """Processor seconds of the fastest of some repeats."""
    return min(_spent(task) for _ in range(repeats))


def _spent(task: Callable[[], object]) -> float:
    begun = time.process_time()
    task()
    return time.process_time() - begun


def rows_of(report: dict[str, Any]) -> Sequence[tuple[str, dict[str, Any]]]:
    """Name and figures of each engine, in the order of the page."""
    return [(engine, report["engines"][engine]) for engine in ENGINES]


if __name__ == "__main__":
    main()
