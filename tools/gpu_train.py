"""Train a small network on tones that are made for it, on a GPU, and check that it can tell high ones from low ones.

python -m tools.gpu_train --out runs/tones
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

RECIPE: Final = """
name = "tones"
seed = 0
[audio]
n_mels = 48
[windows]
window_s = 2.0
max_windows = 4
[network]
backbone = "fcn"
channels = {channels}
embedding_dim = 32
[training]
epochs = {epochs}
batch_size = 16
[split]
folds = 2
[[data]]
source = "table"
root = "tones.csv"
"""
_RATE: Final = 16_000


def write_tones(folder: Path, n: int, seconds: float) -> None:
    """Write n tones with noise, and a table that calls the high ones bright."""
    rng = np.random.default_rng(0)
    t = np.arange(int(seconds * _RATE)) / _RATE
    with (folder / "tones.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["track_id", "audio", "artist", "mood:bright"])
        for number in range(n):
            bright = number % 2
            hertz = rng.uniform(1500, 4000) if bright else rng.uniform(100, 600)
            sound = 0.3 * np.sin(2 * np.pi * hertz * t) + 0.05 * rng.standard_normal(len(t))
            soundfile.write(folder / f"{number}.wav", sound.astype(np.float32), _RATE)
            rows.writerow([f"t{number}", f"{number}.wav", f"Artist {number // 4}", bright])


def main() -> None:
    """Train, and exit with 1 where the network has learnt nothing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    large = args.device == "cuda"
    folder: Path = args.out
    folder.mkdir(parents=True, exist_ok=True)
    write_tones(folder, 240 if large else 40, 10.0 if large else 3.0)
    recipe = folder / "tones.toml"
    recipe.write_text(
        RECIPE.format(channels=24 if large else 8, epochs=15 if large else 12), encoding="utf-8"
    )
    command = [
        sys.executable,
        "-m",
        "moodrec",
        "train",
        str(recipe),
        "--out",
        str(folder / "model"),
        "--json",
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"training ended with exit code {done.returncode}")
    (figures,) = json.loads(done.stdout.splitlines()[-1])["moods"]
    print(
        f"average precision of bright: {figures['average_precision']:.3f}, prevalence {figures['prevalence']:.2f}"
    )
    sys.exit(figures["average_precision"] < 0.9)


if __name__ == "__main__":
    main()
