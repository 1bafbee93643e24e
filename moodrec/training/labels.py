"""A label table becomes the arrays of targets that the heads learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from moodrec.config import explain
from moodrec.data.labels import LabelTable
from moodrec.errors import ConfigError
from moodrec.model.heads import HeadKind, HeadSpec
from moodrec.model.losses import UNKNOWN_CLASS
from moodrec.model.spec import MOOD_TASK
from moodrec.names import fold
from moodrec.training.tasks import MoodTask, TasksConfig

Targets = dict[str, NDArray[np.float32] | NDArray[np.int64]]
"""Task to its targets."""

_HEADS: Final[dict[str, HeadKind | None]] = {"softmax": "classes", "cosine": "cosine", "contrastive": None}


@dataclass(frozen=True)
class TaskLabels:
    """The targets of every task, rows as in the table, and its head; contrastive tasks have no head.

    ``targets[task]`` is (n, labels) float32 with NaN for unknown (multi-label: 0, 1 or a soft rate between;
    ordinal: 0 or 1 for each edge), or (n,) int64 with -1 for unknown (classes).
    """

    heads: dict[str, HeadSpec]
    targets: Targets

    def rows(self, index: NDArray[np.int64]) -> Targets:
        """Take the targets of some rows."""
        return {task: values[index] for task, values in self.targets.items()}

    @property
    def paired(self) -> list[str]:
        """List the tasks learnt from pairs of tracks of one class (contrastive): they have targets and no head."""
        return [task for task in self.targets if task not in self.heads]

    def with_mood(self, index: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Compute the mask (n,) of those of some rows that have a known mood target."""
        if MOOD_TASK not in self.targets:
            return np.zeros(len(index), np.bool_)
        return np.asarray(~np.isnan(self.targets[MOOD_TASK][index]).all(axis=1), np.bool_)


def encode_labels(table: LabelTable, tasks: TasksConfig, seen: NDArray[np.bool_]) -> TaskLabels:
    """Make the vocabulary of each active task from the training rows alone, and the targets of every row.

    A task of weight 0, or one without two labels to tell apart, gets no head.

    Args:
        table: the joined label table of n rows.
        tasks: settings of the tasks.
        seen: (n,) mask of the rows that training uses.
    """
    labels = TaskLabels({}, {})
    head = mood_head(table, tasks.mood)
    if head is not None:
        labels.heads[MOOD_TASK] = head
        labels.targets[MOOD_TASK] = table.targets.to_numpy(np.float32)
    for task, keys in (("artist", artist_keys(table)), ("album", album_keys(table))):
        settings = tasks.class_task(task)
        if settings.weight > 0:
            kind = _HEADS[settings.kind]
            _add_classes(labels, task, keys, seen, settings.min_count, kind)
    if tasks.year.weight > 0 and tasks.year.kind == "classes":
        _add_classes(labels, "year", year_ranges(table, seen, tasks.year.bins), seen, 1, "classes")
    if tasks.year.weight > 0 and tasks.year.kind == "ordinal":
        _add_ordinal_years(labels, table, year_edges(table, seen, tasks.year.bins))
    if tasks.genre.weight > 0:
        _add_genres(labels, table, seen, tasks.genre.min_count)
    return labels


def mood_head(table: LabelTable, task: MoodTask) -> HeadSpec | None:
    """Describe the head of the mood targets; None where there are none, or their weight is 0.

    Args:
        table: the joined label table.
        task: settings of the mood head.

    Raises:
        ConfigError: ``odds`` names a target that the table has not.
    """
    names = tuple(map(str, table.targets.columns))
    if not names or task.weight == 0:
        return None
    try:
        return HeadSpec(kind="multi_label", labels=names, odds=task.odds)
    except ValidationError as error:
        raise ConfigError(f"tasks.mood.odds: {explain(error)}") from None


def exclusive_columns(task: MoodTask, targets: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """Find the columns of each group of exclusive targets.

    Args:
        task: settings of the mood head.
        targets: names of the mood targets, in the order of their columns.

    Raises:
        ConfigError: a group names a target that there is not.
    """
    groups = task.exclusive
    unknown = sorted({name for group in groups for name in group} - {*targets})
    if unknown:
        raise ConfigError(f"tasks.mood.exclusive: no dataset of the recipe has {', '.join(unknown)}")
    return tuple(tuple(map(targets.index, group)) for group in groups)


def artist_keys(table: LabelTable) -> list[str | None]:
    """Fold the artist of each row, see :func:`moodrec.names.fold`; None where it is unknown."""
    return [_fold(artist) for artist in table.tracks["artist"]]


def album_keys(table: LabelTable) -> list[str | None]:
    """Join artist and album of each row, because many albums have the same title; None where the album is unknown."""
    pairs = zip(artist_keys(table), (_fold(album) for album in table.tracks["album"]), strict=True)
    return [None if album is None else f"{artist or ''} / {album}" for artist, album in pairs]


def year_edges(table: LabelTable, seen: NDArray[np.bool_], bins: int) -> NDArray[np.float64]:
    """Compute the years after which a new range begins.

    Args:
        table: the joined label table of n rows.
        seen: (n,) mask of the rows that training uses.
        bins: greatest number of ranges, which hold about equally many seen tracks.

    Returns:
        (edges,) rising years, fewer than ``bins``.
    """
    years = table.tracks["year"].to_numpy(np.float64)
    known = years[seen & ~np.isnan(years)]
    if not known.size:
        return np.empty(0)
    inner = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1], method="nearest"))
    return np.asarray(inner[inner < known.max()], np.float64)


def year_ranges(table: LabelTable, seen: NDArray[np.bool_], bins: int) -> list[str | None]:
    """Name the range of years between ``year_edges`` that each track falls in.

    Args:
        table: the joined label table of n rows.
        seen: (n,) mask of the rows that training uses.
        bins: greatest number of ranges.

    Returns:
        (n,) names of ranges; None where the year is unknown.
    """
    years, edges = table.tracks["year"].to_numpy(np.float64), year_edges(table, seen, bins)
    if not edges.size:
        return [None] * len(years)
    names = [f"<= {edge:.0f}" for edge in edges] + [f"> {edges[-1]:.0f}"]
    return [None if np.isnan(year) else names[int(np.searchsorted(edges, year))] for year in years]


def _add_ordinal_years(labels: TaskLabels, table: LabelTable, edges: NDArray[np.float64]) -> None:
    if not edges.size:
        return
    years = table.tracks["year"].to_numpy(np.float64)[:, None]
    labels.heads["year"] = HeadSpec(kind="ordinal", labels=tuple(f"> {edge:.0f}" for edge in edges))
    labels.targets["year"] = np.where(np.isnan(years), np.nan, years > edges).astype(np.float32)


def _add_classes(
    labels: TaskLabels,
    task: str,
    keys: list[str | None],
    seen: NDArray[np.bool_],
    min_count: int,
    kind: HeadKind | None,
) -> None:
    counts = pd.Series([key for key, use in zip(keys, seen, strict=True) if use and key]).value_counts()
    vocabulary = sorted(map(str, counts.index[counts >= min_count]))
    if len(vocabulary) < 2:
        return
    number = {key: i for i, key in enumerate(vocabulary)}
    if kind is not None:
        labels.heads[task] = HeadSpec(kind=kind, labels=tuple(vocabulary))
    labels.targets[task] = np.array([number.get(key or "", UNKNOWN_CLASS) for key in keys], np.int64)


def _add_genres(labels: TaskLabels, table: LabelTable, seen: NDArray[np.bool_], min_count: int) -> None:
    """Add the genre task: genres are namespaced by their dataset, and known only for its rows that have any genre."""
    origins = origin_of(table)
    rows = [
        {f"{origin}:{genre}" for genre in genres}
        for origin, genres in zip(origins, table.tracks["genre"], strict=True)
    ]
    counts = pd.Series(
        [genre for row, use in zip(rows, seen, strict=True) if use for genre in row]
    ).value_counts()
    vocabulary = sorted(map(str, counts.index[counts >= min_count]))
    if not vocabulary:
        return
    targets = np.full((len(rows), len(vocabulary)), np.nan, np.float32)
    for i, (origin, row) in enumerate(zip(origins, rows, strict=True)):
        for j, genre in enumerate(vocabulary):
            if row and genre.startswith(f"{origin}:"):
                targets[i, j] = genre in row
    labels.heads["genre"] = HeadSpec(kind="multi_label", labels=tuple(vocabulary))
    labels.targets["genre"] = targets


def origin_of(table: LabelTable) -> list[str]:
    """Name the dataset that each row of a joined table came from: the part of its id before the slash."""
    return [track_id.partition("/")[0] for track_id in table.tracks["track_id"]]


def _fold(name: str | None) -> str | None:
    return fold(name) or None if isinstance(name, str) else None
