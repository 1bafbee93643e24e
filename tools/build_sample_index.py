"""Build the sample index: vectors, moods and credits of free game music, without its audio.

MOODREC_DATA=... python tools/build_sample_index.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from moodrec import MoodIndex, MoodModel
from moodrec.errors import SilentAudioError
from moodrec.schema import probability_column

OUT = Path(__file__).parent.parent / "moodrec" / "index" / "sample"
KEPT = ["track_id", "title", "artist", "album", "year", "genre", "source", "package"]


def main() -> None:
    """Analyse the 690 excerpts; the silent ones have no place in an index."""
    if "MOODREC_DATA" not in os.environ:
        sys.exit("set MOODREC_DATA to the folder that holds open_game_music")
    root = Path(os.environ["MOODREC_DATA"]) / "open_game_music"
    tracks = pd.read_csv(root / "tracks.csv", dtype=str)
    model = MoodModel.load()
    analysed, moods, probabilities, embeddings = [], [], [], []
    for row, audio in enumerate(tracks["audio"]):
        try:
            found = model.analyze(root / audio)
        except SilentAudioError:
            print(f"silent, left out: {tracks['title'][row]}")
            continue
        analysed.append(row)
        moods.append(found.mood_scores)
        probabilities.append(found.probabilities)
        embeddings.append(found.embedding)
    table = describe(tracks.iloc[analysed])
    table[list(model.moods)] = np.stack(moods)
    table[[probability_column(mood) for mood in model.moods]] = np.stack(probabilities)
    index = MoodIndex.build(
        np.stack(embeddings),
        table,
        moods=model.moods,
        preset="flat",
        model_fingerprint=model.fingerprint,
        context=model.context,
    )
    index.save(OUT)
    print(f"{len(table)} tracks in {OUT}")


def describe(tracks: pd.DataFrame) -> pd.DataFrame:
    """The columns worth keeping, typed."""
    table = tracks[KEPT].reset_index(drop=True)
    table["year"] = pd.to_numeric(table["year"]).astype("Int32")
    table["genre"] = [[] if pd.isna(genre) else [genre] for genre in table["genre"]]
    return table


if __name__ == "__main__":
    main()
