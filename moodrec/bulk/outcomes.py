"""Every row of a manifest has one outcome; outcomes and what was computed become columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import pyarrow as pa

from moodrec.audio.probe import Tags
from moodrec.catalog.decode_pool import DecodeFailure
from moodrec.catalog.decoding import DecodedFile
from moodrec.catalog.model import AnalysisModel, Moods
from moodrec.errors import AudioError, CorruptStoreError, SilentAudioError, UsageError
from moodrec.library.records import Outcome
from moodrec.schema import EMBEDDING, PATH, TAG_FIELDS, TRACK_ID, probability_column

ROW: Final = "row"
"""The number of a row in the manifest, which results are told apart by on their way."""
OUTCOME_FIELDS: Final = pa.schema(
    [
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("message", pa.string()),
        pa.field("duration", pa.float32()),
        pa.field("audio_fingerprint", pa.string()),
    ]
)
"""``outcome`` is a value of :class:`moodrec.library.records.Outcome`; reason (one word) and message say why it is not
``ok``; ``duration`` is in seconds."""


@dataclass(frozen=True, eq=False)
class RowResult:
    """What came of one row."""

    row: int
    outcome: Outcome
    reason: str | None = None
    message: str | None = None
    decoded: DecodedFile | None = None
    moods: Moods | None = None


def analysed(row: int, decoded: DecodedFile | DecodeFailure, model: AnalysisModel) -> RowResult:
    """Let the model analyse a decoded file.

    Args:
        row: the number of its row.
        decoded: the file's windows, or why there are none.
        model: the model.
    """
    if isinstance(decoded, DecodeFailure):
        return RowResult(row, Outcome.FAILED, decoded.reason, decoded.message)
    try:
        moods = model.analyze_windows(decoded.windows)
    except SilentAudioError as error:
        return RowResult(row, Outcome.SILENT, error.reason, str(error), decoded)
    except AudioError as error:
        return RowResult(row, Outcome.FAILED, error.reason, str(error), decoded)
    except CorruptStoreError as error:
        return RowResult(row, Outcome.FAILED, "bad_embedding", str(error), decoded)
    if decoded.cause is None:
        return RowResult(row, Outcome.OK, None, None, decoded, moods)
    message = f"the first {decoded.read_s:,.1f} s of {decoded.duration_s:,.1f} s were analysed"
    return RowResult(row, Outcome.PARTIAL, str(decoded.cause), message, decoded, moods)


def result_schema(model: AnalysisModel) -> pa.Schema:
    """Give the columns of a table of results: the row's number, its outcome, tags, embedding and moods."""
    moods = [name for mood in model.moods for name in (mood, probability_column(mood))]
    return pa.schema(
        [
            pa.field(ROW, pa.int64(), nullable=False),
            *OUTCOME_FIELDS,
            *TAG_FIELDS,
            pa.field(EMBEDDING, pa.list_(pa.float32(), model.embedding_dim)),
            *(pa.field(name, pa.float32()) for name in moods),
        ]
    )


def result_table(results: Sequence[RowResult], model: AnalysisModel) -> pa.Table:
    """Make a table of results, in their order.

    Args:
        results: what came of some rows.
        model: the model that analysed them.
    """
    schema = result_schema(model)
    tags = [Tags() if one.decoded is None else one.decoded.tags for one in results]
    columns: dict[str, Any] = {
        ROW: [one.row for one in results],
        "outcome": [one.outcome.value for one in results],
        "reason": [one.reason for one in results],
        "message": [one.message for one in results],
        "duration": [None if one.decoded is None else one.decoded.duration_s for one in results],
        "audio_fingerprint": [
            None if one.decoded is None else one.decoded.audio_fingerprint for one in results
        ],
        EMBEDDING: [None if one.moods is None else one.moods.embedding for one in results],
    }
    known = {field.name for field in fields(Tags)}
    columns |= {
        name: [_plain(getattr(tag, name)) for tag in tags] for name in TAG_FIELDS.names if name in known
    }
    for i, mood in enumerate(model.moods):
        columns[mood] = [None if one.moods is None else one.moods.mood_scores[i] for one in results]
        columns[probability_column(mood)] = [
            None if one.moods is None else one.moods.probabilities[i] for one in results
        ]
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in schema}, schema)


def _plain(value: object) -> object:
    return list(value) or None if isinstance(value, tuple) else value


def part_table(manifest: pa.Table, results: pa.Table, about: dict[str, str]) -> pa.Table:
    """Join the rows of a manifest with their results.

    Columns of the manifest stand as they are; tags of the files fill in those that it lacks. Without a column
    ``track_id``, the path is the id.

    Args:
        manifest: some rows of it.
        results: their results, one for each row, in the same order.
        about: what the file's metadata say of model and moods.
    """
    columns = {name: manifest[name] for name in manifest.column_names}
    if TRACK_ID not in columns:
        columns = {TRACK_ID: manifest[PATH], **columns}
    for name in results.column_names:
        if name != ROW and name not in columns:
            columns[name] = results[name]
    return pa.table(columns).replace_schema_metadata(about)


def check_columns(names: Sequence[str], model: AnalysisModel) -> None:
    """Refuse a manifest that has columns which the results bring.

    Args:
        names: the columns of the manifest.
        model: the model that will analyse it.

    Raises:
        UsageError: some are taken.
    """
    ours = set(result_schema(model).names) - set(TAG_FIELDS.names) - {"duration"}
    if taken := sorted(ours & set(names)):
        raise UsageError(f"the manifest has columns that embedding writes: {', '.join(taken)}; rename them")


def about_model(model: AnalysisModel) -> dict[str, str]:
    """Say in a Parquet file's metadata which model and moods it holds; ``moodrec index build --table`` reads it."""
    return {
        "moodrec.model_fingerprint": model.fingerprint,
        "moodrec.model_name": model.name,
        "moodrec.moods": json.dumps(list(model.moods)),
    }


def windows_bytes(decoded: DecodedFile) -> bytes:
    """Give the windows of a decoded file as bytes, to travel between processes."""
    return np.ascontiguousarray(decoded.windows, "<f4").tobytes()
