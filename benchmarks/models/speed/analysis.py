"""Analysis, timed: how many times faster than it plays a track of three minutes is analysed, on one core and on two.

    python -m benchmarks.models.speed.analysis [--model FOLDER ...] [--audio FILE ...]
        [--musicnn-python PYTHON [--musicnn-path FOLDER]]

Decoding, log-mel, network, all three (``MoodModel.analyze``), and a run of ``moodrec analyze`` with its library, on
mp3s that it makes itself, beside librosa's mel spectrogram and, where a Python that has it is named, beside the
package ``musicnn``. Then the network's forward pass in other ways (bfloat16, channels_last, merged normalisation,
torch.compile, torch.export), each with how far it moves the embedding. Prints tables and writes
benchmarks/results/analysis-speed.json.

The fastest of some repeats counts. ``musicnn`` wants TensorFlow with Keras 2: from TensorFlow 2.16 on, the package
tf_keras beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import librosa
import soundfile
import torch

from benchmarks.machine import machine_report
from benchmarks.models.speed.forward_ways import Way, compare_ways
from benchmarks.models.speed.made_music import write_looped, write_tracks
from benchmarks.places import RESULTS
from moodrec.audio.decode import decode
from moodrec.audio.windows import cut_windows
from moodrec.catalog.analyze import analyze
from moodrec.config import AudioConfig
from moodrec.embedding.mood_model import MoodModel
from moodrec.library.library import Library
from moodrec.model.checkpoint import LoadedModel, load_model
from moodrec.model.describe import PACKAGED_MODEL
from moodrec.model.frontend import build_front_end
from moodrec.model.inference import mean_features

RESULT = RESULTS / "analysis-speed.json"
PEER = Path(__file__).with_name("musicnn_peer.py")
REPEATS = 3
ALL_CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()

Figures = dict[str, float]
"""Name to times real time."""


def main() -> None:
    """Measure, print, write."""
    options = read_options()
    report: dict[str, Any] = {
        "machine": machine_report("torch", "torchaudio", "soundfile", "soxr", "librosa", "numpy"),
        "settings": {"seconds": options.seconds, "tracks": options.tracks, "seed": options.seed},
    }
    with tempfile.TemporaryDirectory() as folder:
        paths = make_tracks(Path(folder), options)
        report["cores"] = {str(cores): on_cores(cores, paths, options) for cores in options.cores}
        use_cores(1)
        models = {name_of(model): model for model in options.models}
        report["forward"] = {
            name: [way.as_dict() for way in forward_ways(model, paths[0])] for name, model in models.items()
        }
    print_report(report)
    options.out.write_text(json.dumps(report, indent=1) + "\n")


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, action="append", default=[], help="also this model's folder")
    parser.add_argument(
        "--audio", type=Path, nargs="+", default=[], help="repeat these instead of made-up music"
    )
    parser.add_argument("--musicnn-python", type=Path, help="an interpreter that can import musicnn")
    parser.add_argument("--musicnn-path", help="a folder for its sys.path")
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--tracks", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=180.0, help="length of a track")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    options.models = [PACKAGED_MODEL, *options.model]
    return options


def make_tracks(folder: Path, options: argparse.Namespace) -> list[Path]:
    """The mp3s, as many as were asked for."""
    if not options.audio:
        return write_tracks(folder, options.tracks, options.seconds, options.seed)
    sources = [options.audio[number % len(options.audio)] for number in range(options.tracks)]
    return write_looped(folder, sources, options.seconds)


def name_of(model: Path) -> str:
    """The packaged model has no path that means anything elsewhere."""
    return "default" if model == PACKAGED_MODEL else model.name


def on_cores(cores: int, paths: Sequence[Path], options: argparse.Namespace) -> dict[str, Any]:
    """All figures on this many cores."""
    use_cores(cores)
    found: dict[str, Any] = {
        name_of(model): {**stages(load_model(model), paths[0]), **end_to_end(model, paths, cores)}
        for model in options.models
    }
    found["librosa mel"] = librosa_mel(paths[0])
    if options.musicnn_python:
        found["musicnn"] = musicnn(options, paths[:2], cores)
    return found


def use_cores(cores: int) -> None:
    """Keep this process, and those that it starts, on so many cores."""
    torch.set_num_threads(cores)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(ALL_CORES)[:cores])


def fastest(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of the fastest of some repeats, after one that does not count."""
    work()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def stages(loaded: LoadedModel, path: Path) -> Figures:
    """Decoding, log-mel and network by themselves, on one track; a network that takes samples has no log-mel."""
    rate = loaded.spec.audio.sample_rate
    seconds = decode(path, rate).duration_s
    windows, front = windows_of(loaded, path), build_front_end(loaded.spec.audio)
    inputs = front(windows)
    own = {"log-mel": seconds / fastest(lambda: front(windows))} if loaded.spec.audio.mel != "none" else {}
    return {
        "decode": seconds / fastest(lambda: decode(path, rate)),
        **own,
        "network": seconds / fastest(lambda: mean_features(loaded.network, inputs)),
    }


def windows_of(loaded: LoadedModel, path: Path) -> torch.Tensor:
    """(windows, samples): what the network takes of a track."""
    audio, windows = loaded.spec.audio, loaded.spec.windows
    samples = decode(path, audio.sample_rate).samples
    window = round(windows.window_s * audio.sample_rate)
    return torch.from_numpy(cut_windows(samples, window, windows.max_windows))


def end_to_end(model: Path, paths: Sequence[Path], cores: int) -> Figures:
    """File to moods in this process, and the whole run that fills a library."""
    loaded = MoodModel.load(model, "cpu")
    seconds = sum(soundfile.info(path).duration for path in paths)
    loaded.analyze(paths[0])
    begun = time.perf_counter()
    for path in paths:
        loaded.analyze(path)
    one_by_one = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder, Library.create(Path(folder) / "library") as library:
        run = analyze([paths[0].parent], library, loaded, jobs=cores)
    return {"file to result": seconds / one_by_one, "moodrec analyze": seconds / run.seconds}


def librosa_mel(path: Path) -> Figures:
    """The same mel spectrogram of the same samples by librosa, without the logarithm."""
    config = AudioConfig()
    waveform = decode(path, config.sample_rate)

    def mel() -> object:
        return librosa.feature.melspectrogram(
            y=waveform.samples,
            sr=config.sample_rate,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            n_mels=config.n_mels,
            fmin=config.f_min,
            fmax=config.f_max,
        )

    return {"log-mel": waveform.duration_s / fastest(mel)}


def musicnn(options: argparse.Namespace, paths: Sequence[Path], cores: int) -> dict[str, Any]:
    """The package's own extractor, in its own Python: the first track warms up, the second counts."""
    threads = dict.fromkeys(
        ["OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"], str(cores)
    )
    extra = {"PYTHONPATH": options.musicnn_path} if options.musicnn_path else {}
    done = subprocess.run(
        [options.musicnn_python, PEER, *paths],
        env={**os.environ, **threads, **extra, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def forward_ways(model: Path, path: Path) -> list[Way]:
    """The network's forward pass on one track, in several ways, on one core."""
    loaded = load_model(model)
    inputs = build_front_end(loaded.spec.audio)(windows_of(loaded, path))
    return compare_ways(loaded.network, inputs, decode(path).duration_s, fastest)


def print_report(report: dict[str, Any]) -> None:
    """Two Markdown tables."""
    names = ("decode", "log-mel", "network", "file to result", "moodrec analyze")
    print(f"Times real time.\n\n| cores | | {' | '.join(names)} |\n{'|---' * (len(names) + 2)}|")
    for cores, found in report["cores"].items():
        for name, figures in found.items():
            cells = [f"{figures[stage]:.0f}" if stage in figures else "" for stage in names]
            print(f"| {cores} | {name} | {' | '.join(cells)} | {figures.get('failed', '')}")
    print("\n| model | forward pass | times real time | 1 - cosine |\n|---|---|---|---|")
    for name, ways in report["forward"].items():
        for way in ways:
            print(f"| {name} | {way['name']} | {way['times_real_time']:.0f} | {way['error']:.1e} |")


if __name__ == "__main__":
    main()
