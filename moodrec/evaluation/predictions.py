"""Predicted probabilities of tracks are read from files, and matched to a label table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable
from moodrec.data.sources.reading import require_file
from moodrec.errors import DataError

TRACK_ID: Final = "track_id"


@dataclass(frozen=True, eq=False)
class Predictions:
    """Scores of ``n`` tracks for ``T`` targets.

    Attributes:
        track_ids: ``n`` ids, unique.
        targets: ``T`` names, as in the label table.
        scores: ``(n, T)`` finite, higher means more likely.
        failures: track id -> why it has no prediction.
    """

    track_ids: tuple[str, ...]
    targets: tuple[str, ...]
    scores: NDArray[np.float32]
    failures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.scores.shape != (len(self.track_ids), len(self.targets)):
            sizes = f"{len(self.track_ids)} tracks and {len(self.targets)} targets"
            raise DataError(f"scores of shape {self.scores.shape} for {sizes}")
        twice = pd.Index(self.track_ids)[pd.Index(self.track_ids).duplicated()].tolist()
        if twice:
            raise DataError(f"predictions hold {len(twice)} track ids twice: {twice[:5]}")
        bad = np.flatnonzero(~np.isfinite(self.scores).all(axis=1))
        if bad.size:
            names = [self.track_ids[row] for row in bad[:5]]
            raise DataError(f"predictions are not finite for {bad.size} tracks: {names}")


@dataclass(frozen=True, eq=False)
class Matched:
    """The rows of a label table that have a prediction, and the scores in their order."""

    rows: NDArray[np.int64]
    """``(n,)`` rows of the table."""
    targets: tuple[str, ...]
    """``T`` targets that both have, in the table's order."""
    scores: NDArray[np.float64]
    """``(n, T)`` scores, higher means more likely."""


def load_predictions(path: Path) -> Predictions:
    """Read a Parquet or CSV table: ``track_id`` and one column per target; columns without numbers are ignored.

    Raises:
        DataError: it cannot be read, has no ``track_id``, no numbers, or a number that is not finite.
    """
    frame = _read(path)
    if TRACK_ID not in frame.columns:
        raise DataError(f"{path}: no column {TRACK_ID}; it has {', '.join(map(str, frame.columns))}")
    numeric = frame.drop(columns=TRACK_ID).select_dtypes(["number", "bool"])
    if numeric.empty:
        raise DataError(f"{path}: needs a column of numbers for each target, beside {TRACK_ID}")
    ids = tuple(str(track_id) for track_id in frame[TRACK_ID])
    return Predictions(ids, tuple(map(str, numeric.columns)), numeric.to_numpy(dtype=np.float32))


def load_array(path: Path) -> NDArray[np.float64]:
    """Read an ``(n, tags)`` array from a ``.npy`` file, never a pickled one.

    Raises:
        DataError: it cannot be read, or is not a two-dimensional array of numbers.
    """
    require_file(path)
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read as an array ({error})") from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "biuf":
        raise DataError(f"{path}: must hold an (n, tags) array of numbers")
    return array.astype(np.float64)


def match(predictions: Predictions, table: LabelTable) -> Matched:
    """Find each track of a table in the predictions, by its id or by ``<table name>/<id>``.

    Args:
        predictions: scores of tracks.
        table: the label table.

    Raises:
        DataError: they share no targets or no tracks.
    """
    targets = tuple(str(name) for name in table.targets.columns if name in predictions.targets)
    if not targets:
        raise DataError(
            f"predictions and {table.name} share no targets; predicted are {_some(predictions.targets)}, "
            f"labelled are {_some(list(map(str, table.targets.columns)))}"
        )
    place = {track_id: row for row, track_id in enumerate(predictions.track_ids)}
    found = [place.get(i, place.get(f"{table.name}/{i}", -1)) for i in table.tracks["track_id"]]
    rows = np.flatnonzero(np.array(found, dtype=np.int64) >= 0)
    if not rows.size:
        examples = f"{_some(predictions.track_ids)}; {table.name} has {_some(list(table.tracks['track_id']))}"
        raise DataError(f"predictions and {table.name} share no track ids; predicted are {examples}")
    columns = [predictions.targets.index(target) for target in targets]
    scores = predictions.scores[np.array(found)[rows]][:, columns].astype(np.float64)
    return Matched(rows, targets, scores)


def _read(path: Path) -> pd.DataFrame:
    require_file(path)
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype={TRACK_ID: str}, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a table ({error})") from error


def _some(names: Sequence[str], limit: int = 3) -> str:
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")
