"""Features of frozen trunks, computed once a track, for candidates and baselines to learn from.

    MOODREC_DATA=... python -m benchmarks.models.features [--trunk mn musicnn] [--level one as-it-is] [--data ...]

For each track, (windows, features) float32 of a trunk's pooled maps go into a file under ``--cache``; a track
that has one is left alone, so that a run may be stopped at any moment and goes on. Trunks are model folders that
tools/convert_musicnn.py and tools/convert_mn.py make (``weights/musicnn-msd``, ``weights/mn04-audioset``).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import platformdirs
import torch
from numpy.typing import NDArray

from moodrec.audio.decode import decode
from moodrec.audio.level import level_track
from moodrec.audio.windows import cut_windows
from moodrec.config import WindowConfig
from moodrec.data.labels import LabelTable
from moodrec.data.sources import load_source
from moodrec.files.replacing import replacing
from moodrec.model.checkpoint import LoadedModel, load_model
from moodrec.model.frontend import build_front_end

WEIGHTS = Path(__file__).parents[2] / "weights"
RENDERED = Path(__file__).parents[2] / "rendered"
LOUDNESS_LUFS = -16.0
"""Near the median of the training music (4Q -16, Emotify -16, MIREX -14)."""
QUIET_LU = 30.0
DATASETS = ("mood4q", "mirex_mood", "emotify", "emopia")
WINDOWS_AT_A_TIME = 2

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Trunk:
    """A frozen network, and the windows that it is given: sixty seconds of a track at most."""

    name: str
    folder: Path
    windows: WindowConfig

    @cached_property
    def model(self) -> LoadedModel:
        """The network with its settings."""
        return load_model(self.folder)

    def of(self, waveform: Floats) -> Floats:
        """(samples,) at 16 kHz to (windows, features); silent windows are left out."""
        audio, size = self.model.spec.audio, round(self.windows.window_s * self.model.spec.audio.sample_rate)
        windows = cut_windows(waveform, size, self.windows.max_windows)
        audible = windows[_dbfs(windows) > self.windows.silence_dbfs]
        given = audible if len(audible) else windows
        with torch.inference_mode():
            log_mels = build_front_end(audio)(torch.from_numpy(given))
            parts = [self.model.network.backbone.trunk(part) for part in log_mels.split(WINDOWS_AT_A_TIME)]
        return torch.cat(parts).numpy().astype(np.float32)

    def neck(self, pooled: Floats) -> Floats:
        """Pooled maps to what the network's own dense layer makes of them."""
        with torch.inference_mode():
            found: Floats = self.model.network.backbone.neck(torch.from_numpy(pooled)).numpy()
        return found


TRUNKS = {
    trunk.name: trunk
    for trunk in (
        Trunk("mn", WEIGHTS / "mn04-audioset", WindowConfig(window_s=6.0, max_windows=10)),
        Trunk("musicnn", WEIGHTS / "musicnn-msd", WindowConfig(window_s=3.0, max_windows=20)),
    )
}
LEVELS = {"one": (LOUDNESS_LUFS, QUIET_LU), "as-it-is": (None, None)}


def main() -> None:
    """Compute what is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trunk", nargs="+", choices=TRUNKS, default=list(TRUNKS))
    parser.add_argument("--level", nargs="+", choices=LEVELS, default=["one"])
    parser.add_argument(
        "--data", nargs="+", choices=DATASETS, default=[name for name in DATASETS if found(name)]
    )
    parser.add_argument("--cache", type=Path, default=default_cache())
    options = parser.parse_args()
    torch.set_num_threads(1)
    for trunk in options.trunk:
        for level in options.level:
            for name in options.data:
                fill(options.cache, TRUNKS[trunk], level, load(name))


def default_cache() -> Path:
    """Where features are kept."""
    return Path(platformdirs.user_cache_dir("moodrec")) / "trunks"


def root_of(name: str) -> Path:
    """Where a dataset lies; EMOPIA is rendered first (tools/render_emopia.py)."""
    return RENDERED / "emopia" if name == "emopia" else Path(os.environ["MOODREC_DATA"]) / name


def found(name: str) -> bool:
    """Whether a dataset is there."""
    return root_of(name).is_dir()


def load(name: str) -> LabelTable:
    """Labels of a dataset; of 4Q also the words that are rare there and not in the MIREX-like set."""
    options = {}
    if name == "mood4q":
        words = load_source("mirex_mood", root_of("mirex_mood")).targets.columns
        options = {"keep_words": [str(word).rpartition(":")[2] for word in words if ":word:" in str(word)]}
    return load_source(name, root_of(name), options)


def place_of(cache: Path, trunk: str, level: str, dataset: str, track_id: str) -> Path:
    """The file of a track."""
    return cache / f"{trunk}-{level}" / dataset / f"{track_id}.npy"


def fill(cache: Path, trunk: Trunk, level: str, table: LabelTable) -> None:
    """Compute the features of a dataset that are missing."""
    done = 0
    for track_id, audio in zip(table.tracks["track_id"], table.tracks["audio"], strict=True):
        place = place_of(cache, trunk.name, level, table.name, track_id)
        if place.exists():
            continue
        rate = trunk.model.spec.audio.sample_rate
        features = trunk.of(level_track(decode(audio, rate).samples, rate, *LEVELS[level]))
        with replacing(place) as temporary, temporary.open("wb") as file:
            np.save(file, features, allow_pickle=False)
        done += 1
        if done % 50 == 0:
            print(trunk.name, level, table.name, done, flush=True)
    print(trunk.name, level, table.name, "complete", flush=True)


def read(cache: Path, trunk: str, level: str, dataset: str, track_ids: Sequence[str]) -> list[Floats]:
    """(windows, features) of each track.

    Raises:
        FileNotFoundError: some are not computed yet.
    """
    return [np.load(place_of(cache, trunk, level, dataset, name), allow_pickle=False) for name in track_ids]


def _dbfs(windows: Floats) -> NDArray[np.float64]:
    power = np.mean(np.square(windows, dtype=np.float64), axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(power), np.float64)


if __name__ == "__main__":
    main()
