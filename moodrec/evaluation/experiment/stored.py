"""A run's predictions are stored beside the truth, so that figures can be recomputed without data or model.

``<id>.npz`` holds the arrays (float16 logits and embeddings), ``<id>.json`` the figures and how they came about.
"""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import CorruptStoreError, DataError
from moodrec.files.replacing import write_atomically
from moodrec.typing import TextArray


@dataclass(frozen=True, eq=False)
class StoredPredictions:
    """``n`` test tracks as one network, or the networks of several folds, predict them.

    Attributes:
        track_ids: ``(n,)`` ids.
        groups: ``(n,)`` whole groups (artists) are resampled.
        artists: ``(n,)`` folded names, "" unknown.
        albums: ``(n,)`` folded names, "" unknown.
        folds: ``(n,)`` the fold whose network predicted the row; 0 without folds.
        targets: ``(T,)`` names.
        logits: ``(n, T)`` of the mood head.
        labels: ``(n, T)`` in {0, 1, NaN}.
        truth: ``(n, T)`` the targets as they are, soft ones in [0, 1]; NaN unknown.
        embeddings: ``(n, d)``, not normalised.
    """

    track_ids: TextArray
    groups: TextArray
    artists: TextArray
    albums: TextArray
    folds: NDArray[np.int64]
    targets: TextArray
    logits: NDArray[np.float64]
    labels: NDArray[np.float64]
    truth: NDArray[np.float64]
    embeddings: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.track_ids)

    def in_order(self) -> StoredPredictions:
        """Sort the rows by their ids, so that predictions of the same tracks can be paired."""
        order = np.argsort(self.track_ids)
        return replace(self, **{name: getattr(self, name)[order] for name in _PER_TRACK})

    def require_finite(self) -> None:
        """Check that the network's numbers are finite.

        Raises:
            DataError: they are not, as after a training that diverged.
        """
        greatest = float(np.finfo(np.float16).max)
        if not all((np.abs(getattr(self, name)) <= greatest).all() for name in _HALF):
            raise DataError("the training diverged: predictions are not finite; lower training.learning_rate")

    def with_fold(self, fold: int) -> StoredPredictions:
        """Mark all rows as predicted by the network of a fold."""
        return replace(self, folds=np.full(len(self), fold, np.int64))

    def as_stored(self) -> StoredPredictions:
        """Round the numbers to what the file holds, so that figures before and after storing are the same."""
        return _from_bytes(_to_bytes(self))


_PER_TRACK = [field.name for field in fields(StoredPredictions) if field.name != "targets"]
_HALF = ("logits", "embeddings")
_SINGLE = ("labels", "truth")


def save_predictions(path: Path, stored: StoredPredictions) -> str:
    """Write the arrays and return their SHA-256.

    Args:
        path: the ``.npz`` file to write.
        stored: the predictions.
    """
    data = _to_bytes(stored)
    write_atomically(path, data)
    return hashlib.sha256(data).hexdigest()


def load_predictions(path: Path, sha256: str | None = None) -> StoredPredictions:
    """Read the file that ``save_predictions`` wrote.

    Args:
        path: the ``.npz`` file.
        sha256: the checksum that the file must have; None for any.

    Raises:
        CorruptStoreError: the file is missing, damaged, or has another checksum.
    """
    try:
        data = path.read_bytes()
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise CorruptStoreError(f"{path}: is not what its JSON describes; remove both and run again")
        return _from_bytes(data)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CorruptStoreError(f"{path}: cannot be read ({error}); remove it and run again") from error


def pooled(parts: Sequence[StoredPredictions]) -> StoredPredictions:
    """Join the predictions of several folds.

    Embeddings of fewer dimensions than others get zeros behind them; those of different folds are never compared.

    Raises:
        DataError: the folds have different targets, or share tracks.
    """
    first = parts[0]
    if any(list(part.targets) != list(first.targets) for part in parts):
        raise DataError("folds with different targets cannot be pooled")
    dim = max(part.embeddings.shape[1] for part in parts)
    parts = [replace(part, embeddings=_padded(part.embeddings, dim)) for part in parts]
    rows = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _PER_TRACK}
    # A track in two folds would be scored twice, once by a network that was trained on it.
    if len(np.unique(rows["track_ids"])) < len(rows["track_ids"]):
        raise DataError("folds that share tracks cannot be pooled")
    return replace(first, **rows)


def _padded(embeddings: NDArray[np.float64], dim: int) -> NDArray[np.float64]:
    return np.pad(embeddings, ((0, 0), (0, dim - embeddings.shape[1])))


def write_result(path: Path, result: dict[str, Any]) -> None:
    """Write the JSON of a finished run, last of all: one line per key; NaN becomes null.

    Args:
        path: the file to write.
        result: its content.
    """
    lines = [
        f"{json.dumps(key)}: {json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)}"
        for key, value in result.items()
    ]
    write_atomically(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def read_result(path: Path) -> dict[str, Any]:
    """Read the JSON of a finished run.

    Raises:
        CorruptStoreError: it is not such a file.
    """
    try:
        result = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CorruptStoreError(f"{path}: cannot be read ({error}); remove it and run again") from error
    if not isinstance(result, dict) or "digest" not in result:
        raise CorruptStoreError(f"{path}: is not the result of a run; remove it and run again")
    return result


def _to_bytes(stored: StoredPredictions) -> bytes:
    arrays = {field.name: getattr(stored, field.name) for field in fields(stored)}
    arrays |= {name: arrays[name].astype(np.float16) for name in _HALF}
    arrays |= {name: arrays[name].astype(np.float32) for name in _SINGLE}
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _from_bytes(data: bytes) -> StoredPredictions:
    with np.load(BytesIO(data), allow_pickle=False) as arrays:
        found = {field.name: arrays[field.name] for field in fields(StoredPredictions)}
    wide = {name: found[name].astype(np.float64) for name in (*_HALF, *_SINGLE)}
    return StoredPredictions(**found | wide)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
