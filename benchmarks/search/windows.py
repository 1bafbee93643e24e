"""Embeddings of windows of real music, the real vectors of the search benchmarks.

    MOODREC_DATA=DIR python -m benchmarks.search.windows --cache DIR

Every track of mood4q, Emotify and open_game_music is cut into windows of the default model's length, end to end.
Windows that the model calls silent are left out. The file ``windows.npz`` in the cache holds ``embeddings``
(windows, embedding_dim) of unit length, ``probabilities`` (windows, moods), ``track`` (windows,) numbers, and the
names of the moods. It takes some twenty minutes of one core.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.data import WINDOWS
from moodrec import MoodModel
from moodrec.audio.decode import decode
from moodrec.errors import SilentAudioError

SOURCES = ("mood4q", "emotify", "open_game_music")


def window_embeddings(data: Path, cache: Path) -> dict[str, NDArray[np.generic]]:
    """The arrays of ``windows.npz``, computed once a cache folder."""
    place = cache / WINDOWS
    if not place.exists():
        cache.mkdir(parents=True, exist_ok=True)
        found = hear_all(data)
        half = place.with_suffix(".part.npz")
        np.savez(half, allow_pickle=False, **found)
        half.replace(place)
    with np.load(place, allow_pickle=False) as stored:
        return dict(stored)


def hear_all(data: Path) -> dict[str, NDArray[np.generic]]:
    """Hear every window of every track."""
    model = MoodModel.load(device="cpu")
    embeddings, probabilities, tracks = [], [], []
    for number, path in enumerate(audio_files(data)):
        for embedding, probability in hear_windows(model, path):
            embeddings.append(embedding)
            probabilities.append(probability)
            tracks.append(number)
        if number % 100 == 0:
            print(f"{number} tracks, {len(tracks)} windows", file=sys.stderr)
    return {
        "embeddings": np.array(embeddings, np.float32),
        "probabilities": np.array(probabilities, np.float32),
        "track": np.array(tracks, np.int32),
        "moods": np.array(model.moods),
    }


def hear_windows(model: MoodModel, path: Path) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Embedding and mood probabilities of each window of a file that can be heard."""
    samples = decode(path, model.sample_rate).samples
    whole = len(samples) // model.window_samples
    for window in samples[: whole * model.window_samples].reshape(whole, 1, model.window_samples):
        try:
            heard = model.analyze_windows(window)
        except SilentAudioError:
            continue
        yield heard.embedding, heard.probabilities


def audio_files(data: Path) -> list[Path]:
    """The audio of all three sources, in the order of their tables."""
    paths = []
    for source in SOURCES:
        with (data / source / "tracks.csv").open(newline="", encoding="utf-8") as table:
            paths += [data / source / row["audio"] for row in csv.DictReader(table)]
    return paths


def main() -> None:
    """Compute the file, or say that it is there."""
    parser = argparse.ArgumentParser(description="Embed windows of real music for the search benchmarks.")
    parser.add_argument("--cache", type=Path, required=True)
    given = parser.parse_args()
    data = os.environ.get("MOODREC_DATA")
    if not data:
        sys.exit("set MOODREC_DATA to the folder that holds mood4q, emotify and open_game_music")
    found = window_embeddings(Path(data), given.cache)
    print(
        f"{found['embeddings'].shape[0]:,} windows of {found['track'].max() + 1:,} tracks in {given.cache / WINDOWS}"
    )


if __name__ == "__main__":
    main()
