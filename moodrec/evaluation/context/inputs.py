"""Predictions, labels and metadata of the same tracks, brought side by side from files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable
from moodrec.errors import DataError
from moodrec.evaluation.context.logits import is_probability, logits_of_scores
from moodrec.evaluation.context.metadata import Metadata, load_metadata, metadata_of
from moodrec.evaluation.matching import Matched, match_files, numbered, some
from moodrec.evaluation.matrices import load_matrix
from moodrec.evaluation.predictions import Predictions, match
from moodrec.evaluation.scored import scored_table

Floats = NDArray[np.float64]


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
        """Predictions as logits; see :func:`moodrec.evaluation.context.logits.logits_of_scores`."""
        return logits_of_scores(self.scores)


def load_inputs(predictions: Path, labels: Path, metadata: Path) -> ContextInputs:
    """Read and match three files.

    Rows of predictions and labels are matched by :func:`moodrec.evaluation.matching.match_files`, those of the
    metadata by track id where both sides have ids, else by their order, where there are equally many. The rows of an
    MTG-Jamendo table are also found by their mood tags, if these are the labels of one of its splits. Tracks that the
    metadata does not have stay, and nothing is known of them.

    Args:
        predictions: ``(n, T)`` probabilities or logits, in a format that :func:`load_matrix` reads.
        labels: ``(n, T)`` labels of 0 and 1, in a format that :func:`load_matrix` reads.
        metadata: table of artists, albums, genres and years.

    Raises:
        NotFoundError: a file is not there.
        DataError: a file is malformed, or rows or columns cannot be matched; the message says what would help.
    """
    matched = match_files(load_matrix(predictions), load_matrix(labels, "labels"))
    told = load_metadata(metadata)
    theirs, note = _rows_of(told, matched, metadata)
    found = matched.finite(
        matched.tags or _mtg_names(told, matched.labels) or numbered(matched.labels.shape[1])
    )
    return ContextInputs(
        labels.stem,
        found.tags,
        found.scores,
        found.labels,
        theirs.select(found.rows),
        (note, *found.notes, _scale_note(found.scores)),
    )


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
    rows = match(predictions, table).rows
    splits = table.tracks["split"].iloc[rows]
    told = metadata_of(table).select(rows[[split is None or mine == split for mine in splits]])
    return ContextInputs(
        table.name, scored.tags, scored.scores, scored.labels, told, (scored.note, _scale_note(scored.scores))
    )


def _rows_of(told: Metadata, matched: Matched, path: Path) -> tuple[Metadata, str]:
    """The metadata of the matched tracks, and how they were found."""
    ids, truth = matched.track_ids, matched.labels
    if ids is not None and told.track_ids is not None:
        return _by_ids(told, ids, path)
    if matched.one_order and len(told) == len(truth):
        names = _mtg_names(told, truth)
        if names is not None and not _are_labels(told, names, truth):
            raise DataError(
                f"{path}: its mood tags are not the labels, so its rows are in another order; "
                "give a track_id on both sides"
            )
        return told, "metadata taken in the order of the predictions"
    found = _by_moods(told, truth)
    if found is None:
        order = "" if matched.one_order else ", which labels and predictions do not have in one order"
        raise DataError(
            f"{path}: has {len(told)} rows for {len(truth)} predictions{order}; give the same rows in the same "
            "order, or a track_id to match them by on both sides"
        )
    return told.select(found), "metadata matched by the mood tags of the table"


def _by_ids(told: Metadata, ids: tuple[str, ...], path: Path) -> tuple[Metadata, str]:
    whole = told.merged(path)
    place = {track_id: row for row, track_id in enumerate(whole.track_ids or ())}
    rows = np.array([place.get(track_id, -1) for track_id in ids], dtype=np.int64)
    missing = int((rows < 0).sum())
    if missing == len(ids):
        raise DataError(
            f"{path}: has none of the {missing} track ids {some(ids)}; it has {some(tuple(place))}"
        )
    lacks = (
        f"; it lacks {missing} of {len(ids)}, such as {ids[int(rows.argmin())]}, of which nothing is known"
    )
    return replace(
        whole.select(rows), track_ids=ids
    ), f"metadata matched by track id{lacks if missing else ''}"


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


def _scale_note(scores: Floats) -> str:
    kind = "probabilities, whose logits are corrected" if is_probability(scores) else "logits"
    return f"predictions were taken for {kind}"
