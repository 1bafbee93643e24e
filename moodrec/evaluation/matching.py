"""Scores and labels of the same tracks and tags, whatever order, ids and gaps their files have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import DataError
from moodrec.evaluation.matrices import Floats, Matrix, scored_part, without_infinities
from moodrec.metrics.checks import label_matrix

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Matched:
    """Predictions and labels with the same rows and columns.

    Attributes:
        scores: ``(n, T)``, NaN where there is none.
        labels: ``(n, T)`` in {0, 1, NaN}.
        track_ids: ``n`` ids, None where neither file has any.
        tags: ``T`` names, None where neither file has any.
        rows: ``(n,)`` rows of the file of labels.
        one_order: whether both files have these rows, in this order, and no others.
        notes: what was left out, a sentence each.
    """

    scores: Floats
    labels: Floats
    track_ids: tuple[str, ...] | None
    tags: tuple[str, ...] | None
    rows: NDArray[np.int64]
    one_order: bool
    notes: tuple[str, ...]

    def finite(self, tags: tuple[str, ...]) -> Finite:
        """Leave out the tags without a score of any track, and the tracks without a score of each other tag.

        Args:
            tags: ``T`` names.

        Raises:
            DataError: nothing is left.
        """
        columns, rows = scored_part(self.scores)
        if not rows.size:
            raise DataError("no track has a prediction of each tag")
        notes = []
        if columns.size < len(tags):
            gone = [tag for column, tag in enumerate(tags) if column not in set(columns.tolist())]
            notes.append(f"left out, without a prediction of any track: {some(gone)}")
        n = len(self.scores)
        if rows.size < n:
            notes.append(f"left out: {n - rows.size} of {n} tracks, without a prediction of each tag")
        return Finite(
            without_infinities(self.scores[rows][:, columns]),
            self.labels[rows][:, columns],
            tuple(tags[int(column)] for column in columns),
            rows,
            (*self.notes, *notes),
        )


@dataclass(frozen=True, eq=False)
class Finite:
    """Predictions and labels of the tracks that have both.

    Attributes:
        scores: ``(m, T)`` finite; infinite ones have become the first and the last of their tag.
        labels: ``(m, T)`` in {0, 1, NaN}.
        tags: ``T`` names.
        rows: ``(m,)`` rows of what was matched.
        notes: what was left out, a sentence each.
    """

    scores: Floats
    labels: Floats
    tags: tuple[str, ...]
    rows: NDArray[np.int64]
    notes: tuple[str, ...]


def match_files(scored: Matrix, labelled: Matrix) -> Matched:
    """Match predictions to labels: rows by track id where both have ids, else by their order, where there are
    equally many; columns by their names likewise.

    Args:
        scored: predictions, NaN where there is none.
        labelled: labels of 0 and 1, NaN where they are not known.

    Raises:
        DataError: they cannot be matched, or a label is something else.
    """
    theirs, rows, notes = _same_rows(scored, labelled)
    mine, truth, more = _same_columns(scored.rows(theirs), labelled.rows(rows))
    labels, _ = label_matrix(truth.values, np.zeros_like(truth.values))
    in_order = len(rows) == len(labelled.values) == len(scored.values) and bool((theirs == rows).all())
    return Matched(
        mine.values,
        labels,
        mine.track_ids or truth.track_ids,
        mine.tags or truth.tags,
        rows,
        in_order,
        (*notes, *more),
    )


def numbered(n: int) -> tuple[str, ...]:
    """Names of tags that have none: ``tag_0`` and so on."""
    return tuple(f"tag_{i}" for i in range(n))


def some(names: Sequence[str], limit: int = 3) -> str:
    """List the first of some names.

    Args:
        names: all of them.
        limit: greatest number that is listed.
    """
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")


def _same_rows(scored: Matrix, labelled: Matrix) -> tuple[Rows, Rows, list[str]]:
    """Rows of the predictions, and those of the labels that are the same tracks, in the order of the labels."""
    if scored.track_ids is None or labelled.track_ids is None:
        if len(scored.values) != len(labelled.values):
            raise DataError(
                f"predictions have {len(scored.values)} rows and labels {len(labelled.values)}; "
                "give both a track_id to match them by"
            )
        every = np.arange(len(labelled.values), dtype=np.int64)
        return every, every, []
    place = {track_id: row for row, track_id in enumerate(scored.track_ids)}
    both = [row for row, track_id in enumerate(labelled.track_ids) if track_id in place]
    if not both:
        raise DataError(
            f"predictions and labels share no track ids: {some(scored.track_ids)}; {some(labelled.track_ids)}"
        )
    notes = [
        f"left out: {count} of {len(side.values)} tracks that have {what}"
        for side, what in ((labelled, "labels and no predictions"), (scored, "predictions and no labels"))
        if (count := len(side.values) - len(both))
    ]
    theirs = np.array([place[labelled.track_ids[row]] for row in both], dtype=np.int64)
    return theirs, np.array(both, dtype=np.int64), notes


def _same_columns(scored: Matrix, labelled: Matrix) -> tuple[Matrix, Matrix, list[str]]:
    if scored.tags is None or labelled.tags is None:
        if scored.values.shape[1] != labelled.values.shape[1]:
            raise DataError(
                f"predictions have {scored.values.shape[1]} tags and labels {labelled.values.shape[1]}"
            )
        return scored, labelled, []
    predicted = {tag: column for column, tag in enumerate(scored.tags)}
    both = [column for column, tag in enumerate(labelled.tags) if tag in predicted]
    if not both:
        raise DataError(
            f"predictions and labels share no tags: {some(scored.tags)} and {some(labelled.tags)}"
        )
    names = [labelled.tags[column] for column in both]
    notes = [
        f"left out, {what}: {some(left)}"
        for side, what in (
            (labelled.tags, "labels without predictions"),
            (scored.tags, "predictions without labels"),
        )
        if (left := [tag for tag in side if tag not in set(names)])
    ]
    mine = np.array([predicted[tag] for tag in names])
    return scored.columns(mine), labelled.columns(np.array(both)), notes
