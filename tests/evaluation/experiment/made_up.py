"""Three made-up datasets of tones, and plans on them that train in a second."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

SAMPLE_RATE = 16_000
PLAN = """
name = "tiny"
seeds = [0, 1]
baseline = "mood"
[recipe.audio]
n_mels = 16
[recipe.windows]
window_s = 0.4
max_windows = 2
[recipe.network]
channels = 2
embedding_dim = 8
[recipe.augment]
frequency_width = 2
time_width = 2
[recipe.training]
epochs = {epochs}
batch_size = 8
checkpoint_every = 1
[[dataset]]
name = "songs"
target = "songs:"
test = {{ fold = 0 }}
data = [{{ source = "table", root = "songs.csv", options = {{ name = "songs" }} }}]
[[dataset]]
name = "felt"
target = "felt:"
test = {{ split = "test" }}
data = [{{ source = "table", root = "felt.csv", options = {{ name = "felt" }} }}]
[[backbone]]
name = "fcn"
recipe.network.backbone = "fcn"
[[arm]]
name = "mood"
[arm.recipe.tasks]
artist.weight = 0
album.weight = 0
year.weight = 0
genre.weight = 0
[[arm]]
name = "metadata"
recipe.training.metadata_batch_size = 4
metadata_only = [
    {{ source = "table", root = "songs.csv", options = {{ name = "songs" }} }},
    {{ source = "table", root = "felt.csv", options = {{ name = "felt" }} }},
    {{ source = "table", root = "lent.csv", options = {{ name = "lent" }} }},
]
"""
ONE_RUN = "songs/fcn/metadata/seed-0/fold-0"


def write_datasets(folder: Path) -> Path:
    """``songs.csv`` (quadrants, words, folds), ``felt.csv`` (shares, splits) and ``lent.csv`` (no moods).

    Of ``lent``'s artists, Song Artist 0 is in the test fold of ``songs`` and Song Artist 2 in its training folds.
    """
    rng = np.random.default_rng(0)
    pd.DataFrame([_song(folder, n, rng) for n in range(30)]).to_csv(folder / "songs.csv", index=False)
    pd.DataFrame([_felt(folder, n, rng) for n in range(24)]).to_csv(folder / "felt.csv", index=False)
    pd.DataFrame([_lent(folder, n) for n in range(6)]).to_csv(folder / "lent.csv", index=False)
    return folder


def write_plan(
    folder: Path,
    name: str = "plan",
    changes: Mapping[str, str] | None = None,
    epochs: int = 1,
    more: str = "",
) -> Path:
    """A plan beside the datasets; ``changes`` replace text, ``more`` comes at the end."""
    text = PLAN.format(epochs=epochs)
    for old, new in (changes or {}).items():
        text = text.replace(old, new)
    path = folder / f"{name}.toml"
    path.write_text(text + more)
    return path


def _tone(folder: Path, name: str, frequency: float) -> str:
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    place = folder / f"{name}.wav"
    soundfile.write(place, (0.3 * np.sin(2 * np.pi * frequency * time)).astype(np.float32), SAMPLE_RATE)
    return place.name


def _song(folder: Path, n: int, rng: np.random.Generator) -> dict[str, object]:
    artist, quadrant = n // 3, n % 4
    frequency = 300 * 2**quadrant * rng.uniform(0.95, 1.05)
    moods = {f"mood:q{i + 1}": float(quadrant == i) for i in range(4)}
    moods |= {"mood:valence": float(quadrant in (0, 3)), "mood:arousal": float(quadrant < 2)}
    moods |= {"mood:word:high": float(quadrant > 1), "mood:word:rare": float(n % 7 == 0)}
    return {
        "track_id": f"s{n}",
        "audio": _tone(folder, f"song{n}", frequency),
        "artist": f"Song Artist {artist}",
        "album": f"Album {n % 2}",
        "year": 1990 + artist,
        "genre": ["pop", "noise"][artist % 2],
        "fold": artist % 5,
        **moods,
    }


def _felt(folder: Path, n: int, rng: np.random.Generator) -> dict[str, object]:
    height = rng.random()
    return {
        "track_id": f"f{n}",
        "audio": _tone(folder, f"felt{n}", 300 * 8**height),
        "artist": f"Felt Artist {n // 2}",
        "split": "test" if n < 8 else "val" if n < 14 else "train",
        "mood:calm": round(1 - height, 3),
        "mood:tense": round(height**2, 3),
        "mood:odd": round(rng.random(), 3),
    }


def _lent(folder: Path, n: int) -> dict[str, object]:
    artist = ("Song Artist 0", "Song Artist 2", "Somebody Else")[n // 2]
    return {"track_id": f"l{n}", "audio": _tone(folder, f"lent{n}", 500 + 100 * n), "artist": artist}
