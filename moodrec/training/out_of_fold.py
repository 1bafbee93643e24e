"""Predictions of the fold models are stored per fold, and joined into one table for evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy
from numpy.typing import NDArray

from moodrec.files.replacing import replacing, write_atomically
from moodrec.model.spec import MOOD_TASK
from moodrec.training.predict import RowPredictions
from moodrec.training.prepare import Prepared

OUT_OF_FOLD = "out-of-fold.parquet"
"""Name of the joined table in the folder of a run."""
RECIPE_MARK = b"moodrec.recipe"
"""Key of the table's metadata that holds the digest of the recipe."""
_LOGITS = "logits/"


def save_predictions(path: Path, predictions: RowPredictions) -> None:
    """Write one network's predictions.

    Args:
        path: the safetensors file to write.
        predictions: what the network predicts for some rows.
    """
    tensors: dict[str, NDArray[Any]] = {"rows": predictions.rows, "embeddings": predictions.embeddings}
    tensors |= {_LOGITS + task: logits for task, logits in predictions.logits.items()}
    write_atomically(path, safetensors.numpy.save(tensors))


def load_predictions(path: Path) -> RowPredictions:
    """Read the file that ``save_predictions`` wrote."""
    tensors = safetensors.numpy.load(path.read_bytes())
    logits = {name.removeprefix(_LOGITS): t for name, t in tensors.items() if name.startswith(_LOGITS)}
    return RowPredictions(tensors["rows"], tensors["embeddings"], logits)


def write_out_of_fold(path: Path, data: Prepared, parts: list[RowPredictions], recipe: str) -> None:
    """Write one row per track: track_id, fold, a probability for each mood target, and the embedding by the fold's
    own model.

    Embeddings of different folds come from different networks and must not be compared with each other.

    Args:
        path: the Parquet file to write.
        data: the datasets of the run.
        parts: the predictions of each fold.
        recipe: digest of the recipe, which is stored in the file's metadata.
    """
    rows = np.concatenate([part.rows for part in parts])
    frame = pd.DataFrame(
        {"track_id": data.table.tracks["track_id"].to_numpy()[rows], "fold": data.folds[rows]}
    )
    if all(MOOD_TASK in part.logits for part in parts):
        logits = np.concatenate([part.logits[MOOD_TASK] for part in parts]).astype(np.float64)
        scores = pd.DataFrame(
            (1 / (1 + np.exp(-logits))).astype(np.float32), columns=data.table.targets.columns
        )
        frame = pd.concat([frame, scores], axis=1)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    embeddings = np.concatenate([part.embeddings for part in parts])
    values = pa.FixedSizeListArray.from_arrays(pa.array(embeddings.reshape(-1)), embeddings.shape[1])
    with replacing(path) as temporary:
        pq.write_table(_marked(table.append_column("embedding", values), recipe), temporary)


def _marked(table: pa.Table, recipe: str) -> pa.Table:
    return table.replace_schema_metadata({**(table.schema.metadata or {}), RECIPE_MARK: recipe.encode()})
