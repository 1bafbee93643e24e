"""A made-up catalogue whose moods and metadata are audible: pitch is the mood, timbre is the artist."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

SAMPLE_RATE = 16_000
TRACKS_PER_ARTIST = 6

RECIPE = """
name = "made-up"
seed = 3
label_smoothing = 0.05
[audio]
n_mels = 32
[windows]
window_s = 1.0
max_windows = 3
[network]
channels = 6
embedding_dim = 16
dropout = 0.1
[augment]
frequency_width = 3
time_width = 4
[training]
epochs = {epochs}
batch_size = 12
learning_rate = 0.01
ema_decay = 0.9
checkpoint_every = 1
threads = 1
[tasks.artist]
weight = 0.5
[tasks.album]
weight = 0.5
[tasks.year]
weight = 0.5
bins = 2
[tasks.genre]
weight = 0.5
[[data]]
source = "table"
root = "tracks.csv"
"""


def sound(mood: int, artist: int, rng: np.random.Generator) -> np.ndarray:
    """Low or high pitch by mood; by artist pure, hollow, pulsing or noisy."""
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    base = 2 * np.pi * (1200 if mood else 300) * rng.uniform(0.95, 1.05) * time
    pure = np.sin(base)
    voices = [
        pure,
        pure + 0.8 * np.sin(3 * base),
        pure * (np.sin(2 * np.pi * 5 * time) > 0),
        pure + 0.2 * rng.normal(size=time.size),
    ]
    return (0.2 * voices[artist]).astype(np.float32)


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with ``tracks.csv`` and its audio; a fifth of the labels are missing."""
    folder = tmp_path_factory.mktemp("catalogue")
    rng = np.random.default_rng(0)
    rows = []
    for number in range(4 * TRACKS_PER_ARTIST):
        artist, mood = number % 4, (number // 4) % 2
        soundfile.write(folder / f"{number}.flac", sound(mood, artist, rng), SAMPLE_RATE)
        rows.append(
            {
                "track_id": f"t{number}",
                "audio": f"{number}.flac",
                "artist": f"Artist {artist}" if number != 5 else "",
                "album": f"Album {artist}",
                "year": 1980 + 10 * artist,
                "genre": ["pop", "pop", "noise", "noise"][artist],
                "mood:high": mood if number % 5 else "",
                "mood:low": 0.9 - 0.8 * mood,
            }
        )
    pd.DataFrame(rows).to_csv(folder / "tracks.csv", index=False)
    return folder


def write_recipe(folder: Path, name: str, epochs: int, tables: str = "") -> Path:
    """A recipe beside the catalogue; ``tables`` are further TOML tables."""
    path = folder / f"{name}.toml"
    path.write_text(RECIPE.format(epochs=epochs) + tables)
    return path
