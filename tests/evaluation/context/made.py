"""Small files of predictions, labels and metadata."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.model.context.made import library

MADE = library(genre=1.5, artist=0.8, artists=40, noise=2.5)
IDS = [f"t{i}" for i in range(len(MADE.labels))]
TAGS = ["calm", "happy", "sad"]


def write_files(folder: Path) -> tuple[Path, Path, Path]:
    """``P.npy`` (probabilities), ``Y.npy`` and ``tracks.parquet`` in one order."""
    np.save(folder / "P.npy", 1 / (1 + np.exp(-MADE.logits)))
    np.save(folder / "Y.npy", MADE.labels)
    metadata_frame().to_parquet(folder / "tracks.parquet")
    return folder / "P.npy", folder / "Y.npy", folder / "tracks.parquet"


def metadata_frame() -> pd.DataFrame:
    """One row a track."""
    return pd.DataFrame(
        {
            "track_id": IDS,
            "artist": MADE.artists,
            "album": MADE.albums,
            "genres": MADE.genres,
            "year": MADE.years,
        }
    )


def named(values: np.ndarray) -> pd.DataFrame:
    """A table of a matrix, with ids and tags."""
    return pd.DataFrame(values, columns=TAGS).assign(track_id=IDS)
