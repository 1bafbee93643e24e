"""The analysed tracks of a library are read in one piece, all of one revision."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from moodrec.errors import CorruptStoreError
from moodrec.library.checksum import checksum
from moodrec.library.records import ModelRecord
from moodrec.library.stored_json import stored_texts
from moodrec.schema import LISTS, PATH, TRACK_FIELDS, probability_column
from moodrec.typing import Float32Array

if TYPE_CHECKING:
    import pandas as pd

DUPLICATE_OF: Final = "duplicate_of"
_DESCRIBED: Final = TRACK_FIELDS.append(pa.field(DUPLICATE_OF, pa.string()))
_COLUMNS: Final = tuple(_DESCRIBED.names)
_BLOBS: Final = ("embedding", "mood_scores", "probabilities", "checksum")

# A track whose original's file is gone counts as an original itself.
_QUERY: Final = f"""
    SELECT {", ".join(f"f.{name}" if name == PATH else f"t.{name}" for name in TRACK_FIELDS.names)},
        CASE WHEN EXISTS (
            SELECT 1 FROM files o WHERE o.track_id = t.duplicate_of AND o.missing = 0
        ) THEN t.duplicate_of END,
        {", ".join(f"a.{name}" for name in _BLOBS)}
    FROM tracks t
    JOIN files f ON f.track_id = t.track_id AND f.missing = 0
    JOIN analyses a ON a.track_id = t.track_id AND a.model_fingerprint = ?
    ORDER BY t.row
"""


@dataclass(frozen=True, eq=False)
class LibrarySnapshot:
    """The tracks that one model analysed and whose files exist, in the order in which they were first analysed."""

    model: ModelRecord
    revision: int
    """The library's revision at the time of reading."""
    table: pa.Table
    """TRACK_FIELDS, ``duplicate_of``, and for each mood a float32 column of scores and a ``prob_`` column."""
    embeddings: Float32Array
    """(n, embedding_dim), in the order of ``table``."""

    @property
    def frame(self) -> pd.DataFrame:
        """Convert ``table`` to pandas; an unknown year is ``<NA>``, and lists are lists, None where unknown."""
        import pandas as pd

        frame: pd.DataFrame = self.table.to_pandas(types_mapper={pa.int32(): pd.Int32Dtype()}.get)
        for name in LISTS:
            frame[name] = pd.Series(self.table.column(name).to_pylist(), index=frame.index, dtype=object)
        return frame


def read_snapshot(connection: sqlite3.Connection, model: ModelRecord, revision: int) -> LibrarySnapshot:
    """Read all tracks of a model; the caller holds a transaction open.

    Args:
        connection: an open library.
        model: the model.
        revision: the library's revision.

    Raises:
        CorruptStoreError: vectors differ from what was written, or have a wrong length.
    """
    rows = connection.execute(_QUERY, (model.fingerprint,)).fetchall()
    _check(rows, model)
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * (len(_COLUMNS) + len(_BLOBS))
    described, blobs = columns[: len(_COLUMNS)], columns[len(_COLUMNS) : -1]
    widths = (model.embedding_dim, len(model.moods), len(model.moods))
    embeddings, scores, probabilities = (
        _matrix(blob, width) for blob, width in zip(blobs, widths, strict=True)
    )
    table = _table(described, model.moods, scores, probabilities)
    return LibrarySnapshot(model, revision, table, embeddings)


def _check(rows: Sequence[Sequence[Any]], model: ModelRecord) -> None:
    damaged = [row[0] for row in rows if checksum(model.fingerprint, row[0], *row[-4:-1]) != row[-1]]
    if damaged:
        raise CorruptStoreError(
            f"the library's vectors of {len(damaged)} of {len(rows)} tracks are damaged (their checksums differ); "
            "to analyse those tracks again: moodrec library verify --repair, then moodrec analyze FOLDER"
        )


def shown_path(path: bytes) -> str:
    r"""Write a path as text; bytes that are not UTF-8 become escapes such as ``\\udce9``."""
    return os.fsdecode(path).encode("utf-8", "backslashreplace").decode()


def _table(
    described: Sequence[Sequence[Any]],
    moods: Sequence[str],
    scores: Float32Array,
    probabilities: Float32Array,
) -> pa.Table:
    values = dict(zip(_COLUMNS, described, strict=True))
    values[PATH] = [shown_path(path) for path in values[PATH]]
    values |= {
        name: [None if text is None else stored_texts(text) for text in values[name]] for name in LISTS
    }
    columns = {field.name: pa.array(values[field.name], field.type) for field in _DESCRIBED}
    columns |= {mood: _floats(column) for mood, column in zip(moods, scores.T, strict=True)}
    prefixed = map(probability_column, moods)
    columns |= {name: _floats(column) for name, column in zip(prefixed, probabilities.T, strict=True)}
    return pa.table(columns)


def _floats(column: Float32Array) -> pa.Array:
    return pa.array(np.ascontiguousarray(column), pa.float32())


def _matrix(blobs: Sequence[bytes], width: int) -> Float32Array:
    if any(len(blob) != 4 * width for blob in blobs):
        raise CorruptStoreError("the library holds vectors of a wrong length: it is damaged")
    flat = np.frombuffer(b"".join(blobs), "<f4")
    return flat.reshape(len(blobs), width).astype(np.float32)
