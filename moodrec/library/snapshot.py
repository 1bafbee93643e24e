"""The analysed tracks of a library are read in one piece, all of one revision."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from moodrec.arguments import ids_of
from moodrec.errors import CorruptStoreError
from moodrec.library.checksum import checksum
from moodrec.library.labelling import entries
from moodrec.library.records import ModelRecord
from moodrec.library.scores import LibraryScores, scores_of
from moodrec.library.stored_json import stored_texts
from moodrec.schema import (
    LISTS,
    PATH,
    START,
    TRACK_FIELDS,
    TRACK_ID,
    audio_column,
    label_column,
    probability_column,
)
from moodrec.typing import Float32Array

if TYPE_CHECKING:
    import pandas as pd

DUPLICATE_OF: Final = "duplicate_of"
_DESCRIBED: Final = TRACK_FIELDS.append(pa.field(DUPLICATE_OF, pa.string()))
_COLUMNS: Final = tuple(_DESCRIBED.names)
_KEYS: Final = ("audio_fingerprint", "artist_key", "album_key")
_BLOBS: Final = ("embedding", "mood_scores", "probabilities", "checksum")

# A track whose original's file is gone counts as an original itself.
_OF_FILES: Final = {PATH: "coalesce(f.audio, f.path)", START: "f.start"}
_QUERY: Final = f"""
    SELECT {", ".join(_OF_FILES.get(name, f"t.{name}") for name in TRACK_FIELDS.names)},
        CASE WHEN EXISTS (
            SELECT 1 FROM files o WHERE o.track_id = t.duplicate_of AND o.missing = 0
        ) THEN t.duplicate_of END,
        {", ".join(f"t.{name}" for name in _KEYS)},
        {", ".join(f"a.{name}" for name in _BLOBS)}
    FROM tracks t
    JOIN files f ON f.track_id = t.track_id AND f.missing = 0
    JOIN analyses a ON a.track_id = t.track_id AND a.model_fingerprint = ?
    {{which}}
    ORDER BY t.row
"""
_ONLY: Final = "WHERE t.track_id IN (SELECT value FROM json_each(?))"
# Tracks by the artists, or of the albums, of some tracks: offsets are taken among them.
_NEIGHBOURS: Final = " UNION ".join(
    f"""SELECT o.track_id FROM tracks t JOIN tracks o ON o.{key} = t.{key} {_ONLY}"""
    for key in ("artist_key", "album_key")
)


@dataclass(frozen=True, eq=False)
class LibrarySnapshot:
    """The tracks that one model analysed and whose files exist, in the order in which they were first analysed."""

    model: ModelRecord
    revision: int
    """The library's revision at the time of reading."""
    table: pa.Table
    """TRACK_FIELDS, ``duplicate_of``, and for each mood a float32 column of scores and a ``prob_`` column. Where
    metadata or labels correct the scores, also ``audio_`` columns of what the audio alone says, and ``label_``
    columns of the moods that people have labelled."""
    embeddings: Float32Array
    """(n, embedding_dim), in the order of ``table``."""
    scores: LibraryScores
    """The scores, and how metadata corrected them, in the order of ``table``."""

    @property
    def frame(self) -> pd.DataFrame:
        """Convert ``table`` to pandas; an unknown year is ``<NA>``, and lists are lists, None where unknown."""
        import pandas as pd

        frame: pd.DataFrame = self.table.to_pandas(types_mapper={pa.int32(): pd.Int32Dtype()}.get)
        for name in LISTS:
            frame[name] = pd.Series(self.table.column(name).to_pylist(), index=frame.index, dtype=object)
        return frame

    def of(self, track_ids: Sequence[str]) -> LibrarySnapshot:
        """The tracks of some ids, as far as they are there, in the order of the library."""
        wanted = set(track_ids)
        rows = np.flatnonzero([one in wanted for one in self.table[TRACK_ID].to_pylist()])
        return replace(
            self, table=self.table.take(rows), embeddings=self.embeddings[rows], scores=self.scores.at(rows)
        )


def read_snapshot(
    connection: sqlite3.Connection,
    model: ModelRecord,
    revision: int,
    only: Sequence[str] | None = None,
) -> LibrarySnapshot:
    """Read the tracks of a model; the caller holds a transaction open.

    Args:
        connection: an open library.
        model: the model.
        revision: the library's revision.
        only: ids of the tracks to read; None reads all. Scores are the same either way.

    Raises:
        UsageError: ``only`` holds something else than ids.
        CorruptStoreError: vectors differ from what was written, or have a wrong length.
    """
    only = None if only is None else ids_of(only, "only")
    labels = entries(connection)
    wanted = None if only is None else _with_neighbours(connection, only, 2 if labels else 1)
    which = () if wanted is None else (json.dumps(wanted),)
    query = _QUERY.format(which=_ONLY if which else "")
    rows = connection.execute(query, (model.fingerprint, *which)).fetchall()
    _check(rows, model)
    width = len(_COLUMNS) + len(_KEYS)
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * (width + len(_BLOBS))
    described = dict(zip((*_COLUMNS, *_KEYS), columns[:width], strict=True))
    widths = (model.embedding_dim, len(model.moods), len(model.moods))
    embeddings, scores, probabilities = (
        _matrix(blob, n) for blob, n in zip(columns[width:-1], widths, strict=True)
    )
    found = scores_of(model, scores, probabilities, described, labels)
    snapshot = LibrarySnapshot(
        model, revision, _table(described, model, (scores, probabilities), found), embeddings, found
    )
    return snapshot if only is None else snapshot.of(only)


def _with_neighbours(connection: sqlite3.Connection, track_ids: Sequence[str], steps: int) -> list[str]:
    """The tracks and those that their scores depend on; a label counts beside what is expected of its track, which
    depends on the neighbours of that track.
    """
    found = set(track_ids)
    for _ in range(steps):
        given = json.dumps(sorted(found))
        found |= {track_id for (track_id,) in connection.execute(_NEIGHBOURS, (given, given))}
    return sorted(found)


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
    described: Mapping[str, Sequence[Any]],
    model: ModelRecord,
    audio: Sequence[Float32Array],
    found: LibraryScores,
) -> pa.Table:
    values = {name: described[name] for name in _COLUMNS}
    values[PATH] = [shown_path(path) for path in values[PATH]]
    values |= {
        name: [None if text is None else stored_texts(text) for text in values[name]] for name in LISTS
    }
    columns = {field.name: pa.array(values[field.name], field.type) for field in _DESCRIBED}
    names = [*model.moods, *map(probability_column, model.moods)]
    columns |= _named(names, found.scores, found.probabilities)
    if found.corrected:
        columns |= _named(map(audio_column, names), *audio)
    columns |= {
        label_column(mood): pa.array(found.labels[:, i], pa.float32(), from_pandas=True)
        for i, mood in enumerate(model.moods)
        if mood in found.labelled
    }
    return pa.table(columns)


def _named(names: Iterable[str], *matrices: Float32Array) -> dict[str, pa.Array]:
    columns = [column for matrix in matrices for column in matrix.T]
    return {name: _floats(column) for name, column in zip(names, columns, strict=True)}


def _floats(column: Float32Array) -> pa.Array:
    return pa.array(np.ascontiguousarray(column), pa.float32())


def _matrix(blobs: Sequence[bytes], width: int) -> Float32Array:
    if any(len(blob) != 4 * width for blob in blobs):
        raise CorruptStoreError("the library holds vectors of a wrong length: it is damaged")
    flat = np.frombuffer(b"".join(blobs), "<f4")
    return flat.reshape(len(blobs), width).astype(np.float32)
