"""Predictions, labels and metadata of the same tracks, brought side by side from files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable
from moodrec.errors import DataError, NotFoundError
from moodrec.evaluation.context.metadata import Metadata, load_metadata, metadata_of, read_table
from moodrec.evaluation.predictions import TRACK_ID, Predictions, load_array
from moodrec.evaluation.scored import scored_table
from moodrec.metrics.checks import label_matrix

Floats = NDArray[np.float64]

ARRAY_NAMES: Final = ("predictions", "scores", "labels", "groundtruth", "arr_0")
"""Arrays that an ``.npz`` file is searched for, where it holds more than one of two dimensions."""
SMALLEST: Final = 1e-9
"""Probabilities are kept this far from 0 and 1 before their logit is taken."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """Numbers of ``n`` tracks and ``T`` tags.

    Attributes:
        values: ``(n, T)``.
        track_ids: ``n`` ids, None where the file has none.
        tags: ``T`` names, None where the file has none.
    """

    values: Floats
    track_ids: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class ContextInputs:
    """Tracks with predictions, labels and metadata.

    Attributes:
        dataset: a name for reports.
        tags: ``T`` names.
        scores: ``(n, T)`` predictions as they came.
        labels: ``(n, T)`` in {0, 1, NaN}.
        metadata: of these tracks.
        notes: what was assumed, a sentence each.
    """

    dataset: str
    tags: tuple[str, ...]
    scores: Floats
    labels: Floats
    metadata: Metadata
    notes: tuple[str, ...] = ()

    def logits(self) -> Floats:
        """Predictions as logits: those in [0, 1] are taken for probabilities, all others for logits already."""
        if not is_probability(self.scores):
            return self.scores
        p = np.clip(self.scores, SMALLEST, 1 - SMALLEST)
        return np.asarray(np.log(p) - np.log1p(-p))


def is_probability(scores: Floats) -> bool:
    """Whether all scores lie in [0, 1]."""
    return bool(((scores >= 0) & (scores <= 1)).all())


def load_inputs(predictions: Path, labels: Path, metadata: Path) -> ContextInputs:
    """Read and match three files.

    Rows are matched by track id where both sides have ids, else by their order, where there are equally many. The
    rows of an MTG-Jamendo table are also found by their mood tags, if these are the labels of one of its splits.

    Args:
        predictions: ``(n, T)`` probabilities or logits, in a format that :func:`load_matrix` reads.
        labels: ``(n, T)`` labels of 0 and 1, in a format that :func:`load_matrix` reads.
        metadata: table of artists, albums, genres and years.

    Raises:
        NotFoundError: a file is not there.
        DataError: a file is malformed, or rows or columns cannot be matched; the message says what would help.
    """
    scored, labelled, told = load_matrix(predictions), load_matrix(labels), load_metadata(metadata)
    scored, labelled = _same_rows(scored, labelled)
    scored, labelled = _same_columns(scored, labelled)
    truth, scores = label_matrix(labelled.values, scored.values)
    ids = scored.track_ids or labelled.track_ids
    rows, note = _rows_of(told, ids, truth, metadata)
    tags = scored.tags or labelled.tags or _mtg_names(told, truth) or _numbered(truth.shape[1])
    found = ContextInputs(labels.stem, tags, scores, truth, told.select(rows), (note,))
    return replace(found, notes=(*found.notes, _scale_note(scores)))


def inputs_of_table(table: LabelTable, predictions: Predictions, split: str | None = None) -> ContextInputs:
    """Predictions of a label table's tracks, soft labels made 0 or 1.

    Args:
        table: labels and metadata of the tracks.
        predictions: scores by track id, plain or as ``dataset/track_id``; other tracks of theirs do not count.
        split: the one whose tracks count; all tracks where None.

    Raises:
        DataError: they have nothing in common, or the split is empty.
        UsageError: there is no such split.
    """
    scored = scored_table(table, predictions, split)
    place = {track_id: row for row, track_id in enumerate(predictions.track_ids)}
    known = [i in place or f"{table.name}/{i}" in place for i in table.tracks["track_id"]]
    wanted = np.array(known) & np.array([split is None or mine == split for mine in table.tracks["split"]])
    told = metadata_of(table).select(np.flatnonzero(wanted))
    return ContextInputs(
        table.name, scored.tags, scored.scores, scored.labels, told, (scored.note, _scale_note(scored.scores))
    )


def load_matrix(path: Path) -> Matrix:
    """Read ``.npy``, ``.npz`` (with ``track_id`` and ``tags``, if it likes), ``.parquet``, ``.tsv`` or ``.csv``.

    Raises:
        NotFoundError: there is no such file.
        DataError: it holds no matrix of numbers.
    """
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file")
    if path.suffix.lower() == ".npy":
        return Matrix(load_array(path))
    if path.suffix.lower() == ".npz":
        return _load_archive(path)
    frame = read_table(path)
    ids = tuple(map(str, frame[TRACK_ID])) if TRACK_ID in frame.columns else None
    rest = frame.drop(columns=TRACK_ID, errors="ignore")
    if path.suffix.lower() == ".parquet":
        numbers = rest.select_dtypes(["number", "bool"]).astype(np.float64)
    else:
        numbers = rest.apply(pd.to_numeric, errors="coerce").dropna(axis="columns", how="all")
    if numbers.empty:
        raise DataError(f"{path}: needs rows, and a column of numbers for each tag")
    return Matrix(numbers.to_numpy(np.float64), _unique(ids, path), tuple(map(str, numbers.columns)))


def _load_archive(path: Path) -> Matrix:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read as arrays ({error})") from error
    wide = [name for name, array in arrays.items() if array.ndim == 2 and array.dtype.kind in "biuf"]
    named = [name for name in ARRAY_NAMES if name in wide] or wide
    if not named or (len(wide) > 1 and named is wide):
        raise DataError(
            f"{path}: needs one (n, tags) array of numbers, or one called predictions; it has {list(arrays)}"
        )
    ids = next((arrays[name] for name in ("track_id", "track_ids") if name in arrays), None)
    tags = arrays.get("tags")
    return Matrix(
        arrays[named[0]].astype(np.float64),
        None if ids is None else _unique(tuple(map(str, ids)), path),
        None if tags is None else tuple(map(str, tags)),
    )


def _unique(ids: tuple[str, ...] | None, path: Path) -> tuple[str, ...] | None:
    if ids is not None and len(set(ids)) < len(ids):
        twice = pd.Index(ids)[pd.Index(ids).duplicated()].tolist()
        raise DataError(f"{path}: {len(twice)} track ids occur twice: {', '.join(twice[:3])}")
    return ids


def _same_rows(scored: Matrix, labelled: Matrix) -> tuple[Matrix, Matrix]:
    if scored.track_ids is not None and labelled.track_ids is not None:
        place = {track_id: row for row, track_id in enumerate(scored.track_ids)}
        both = [row for row, track_id in enumerate(labelled.track_ids) if track_id in place]
        if not both:
            raise DataError(
                f"predictions and labels share no track ids: {_some(scored.track_ids)}; {_some(labelled.track_ids)}"
            )
        ids = tuple(labelled.track_ids[row] for row in both)
        rows = [place[track_id] for track_id in ids]
        return (
            replace(scored, values=scored.values[rows], track_ids=ids),
            replace(labelled, values=labelled.values[both], track_ids=ids),
        )
    if len(scored.values) != len(labelled.values):
        raise DataError(
            f"predictions have {len(scored.values)} rows and labels {len(labelled.values)}; "
            "give both a track_id to match them by"
        )
    return scored, labelled


def _same_columns(scored: Matrix, labelled: Matrix) -> tuple[Matrix, Matrix]:
    if scored.tags is not None and labelled.tags is not None:
        names = tuple(tag for tag in labelled.tags if tag in set(scored.tags))
        if not names:
            raise DataError(
                f"predictions and labels share no tags: {_some(scored.tags)} and {_some(labelled.tags)}"
            )
        mine, theirs = ([tags.index(name) for name in names] for tags in (scored.tags, labelled.tags))
        return (
            replace(scored, values=scored.values[:, mine], tags=names),
            replace(labelled, values=labelled.values[:, theirs], tags=names),
        )
    if scored.values.shape[1] != labelled.values.shape[1]:
        raise DataError(
            f"predictions have {scored.values.shape[1]} tags and labels {labelled.values.shape[1]}"
        )
    return scored, labelled


def _rows_of(
    told: Metadata, ids: tuple[str, ...] | None, truth: Floats, path: Path
) -> tuple[NDArray[np.int64], str]:
    """Rows of the metadata that belong to the scored tracks, and how they were found."""
    n = len(truth)
    if ids is not None and told.track_ids is not None:
        place = {track_id: row for row, track_id in enumerate(told.track_ids)}
        missing = [track_id for track_id in ids if track_id not in place]
        if missing:
            raise DataError(
                f"{path}: lacks {len(missing)} of {n} track ids, such as {_some(tuple(missing))}; "
                f"it has {_some(told.track_ids)}"
            )
        return np.array([place[track_id] for track_id in ids], dtype=np.int64), "metadata matched by track id"
    if len(told) == n:
        names = _mtg_names(told, truth)
        if names is not None and not _are_labels(told, names, truth):
            raise DataError(
                f"{path}: its mood tags are not the labels, so its rows are in another order; "
                "give a track_id on both sides"
            )
        return np.arange(n), "metadata taken in the order of the predictions"
    found = _by_moods(told, truth)
    if found is None:
        raise DataError(
            f"{path}: has {len(told)} rows for {n} predictions; give the same rows in the same order, "
            "or a track_id to match them by on both sides"
        )
    return found, "metadata matched by the mood tags of the table"


def _by_moods(told: Metadata, truth: Floats) -> NDArray[np.int64] | None:
    """Rows with a mood tag, of the whole table or of one split, if their tags are the labels in this order."""
    names = _mtg_names(told, truth)
    if told.tags is None or names is None:
        return None
    tagged = np.array([bool(tags) for tags in told.tags])
    splits = np.array([split or "" for split in told.splits], dtype=object)
    for part in [tagged, *(tagged & (splits == split) for split in sorted(set(splits)))]:
        rows = np.flatnonzero(part)
        if len(rows) == len(truth) and _are_labels(told.select(rows), names, truth):
            return rows
    return None


def _are_labels(told: Metadata, names: tuple[str, ...], truth: Floats) -> bool:
    tags = told.tags or ()
    return bool((np.array([[name in mine for name in names] for mine in tags]) == (truth == 1)).all())


def _mtg_names(told: Metadata, truth: Floats) -> tuple[str, ...] | None:
    names = sorted(set().union(*told.tags)) if told.tags else []
    return tuple(names) if len(names) == truth.shape[1] else None


def _numbered(n: int) -> tuple[str, ...]:
    return tuple(f"tag_{i}" for i in range(n))


def _scale_note(scores: Floats) -> str:
    kind = "probabilities, whose logits are corrected" if is_probability(scores) else "logits"
    return f"predictions were taken for {kind}"


def _some(names: tuple[str, ...], limit: int = 3) -> str:
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")
