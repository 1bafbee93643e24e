"""MFCC statistics of a track, the plainest description of timbre: mean and spread of 20 coefficients and deltas."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import librosa
import numpy as np
from numpy.typing import NDArray

from moodrec.audio.decode import decode
from moodrec.files.replacing import replacing

SAMPLE_RATE = 16_000
COEFFICIENTS = 20


def mfcc_statistics(path: Path) -> NDArray[np.float32]:
    """(80,): means, then standard deviations, of 20 MFCC and their deltas over the whole file."""
    heard = decode(path, SAMPLE_RATE)
    coefficients = librosa.feature.mfcc(y=heard.samples, sr=SAMPLE_RATE, n_mfcc=COEFFICIENTS)
    both = np.concatenate([coefficients, librosa.feature.delta(coefficients)])
    return np.concatenate([both.mean(axis=1), both.std(axis=1)]).astype(np.float32)


def cached_mfcc(files: Sequence[str], cache: Path) -> NDArray[np.float64]:
    """(files, 80), each computed once; a file's size and time say whether it is still the same."""
    return np.stack([_cached(Path(file), cache) for file in files]).astype(np.float64)


def _cached(file: Path, cache: Path) -> NDArray[np.float32]:
    status = file.stat()
    key = hashlib.sha256(f"{file}|{status.st_size}|{status.st_mtime_ns}".encode()).hexdigest()
    place = cache / "mfcc" / f"{key[:24]}.npy"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as temporary:
            np.save(temporary, mfcc_statistics(file), allow_pickle=False)
    found: NDArray[np.float32] = np.load(place, allow_pickle=False)
    return found
