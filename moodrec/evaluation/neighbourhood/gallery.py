"""A gallery holds what people say of the tracks of a dataset; a system output holds what a system computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from moodrec.data.cells import numbers_of_column, text_of
from moodrec.data.labels import LabelTable
from moodrec.data.sources.reading import require_file
from moodrec.errors import DataError
from moodrec.evaluation.neighbourhood.moods import SHARED
from moodrec.evaluation.retrieval import QUADRANTS
from moodrec.index.rows.given_vectors import vectors_of
from moodrec.names import fold
from moodrec.schema import EMBEDDING, TRACK_ID
from moodrec.typing import BoolArray, Codes, Float64Array

FOLD: Final = "fold"
"""Column of a system's table that holds the fold of each row."""
WORD: Final = "word:"
"""Prefix of the targets that are mood words."""
_TOP: Final = 2 / 3
"""Quantile above which a soft target counts as present: the top third, as everywhere in this project."""
_EDGE: Final = 1e-6
"""Probabilities are clipped to this distance from 0 and 1, so that their logits stay finite."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """``n`` tracks as people describe them.

    Attributes:
        dataset: its name.
        track_ids: ``(n,)`` ids.
        groups: ``(n,)`` artists (of EMOPIA, songs and artists): whole groups are resampled, and tracks of a query's
            own group are not among its neighbours.
        quadrants: ``(n,)`` "q1" to "q4", None where a track has none; None where no track has one.
        words: ``(n, W)`` which mood words, or moods of the dataset's own, a track has; None where there are fewer
            than two. What is unknown counts as absent.
        human: mood to the degree ``(n,)`` to which people find it: 0 or 1 for labels, for shares of listeners the
            percentile within the dataset; NaN unknown.
        present: mood to ``(n,)`` whether people find it: the label, or the share in the top third.
    """

    dataset: str
    track_ids: tuple[str, ...]
    groups: tuple[str, ...]
    quadrants: tuple[str | None, ...] | None
    words: BoolArray | None
    human: Mapping[str, Float64Array]
    present: Mapping[str, Float64Array]

    def __len__(self) -> int:
        return len(self.track_ids)

    @property
    def has_groups(self) -> bool:
        """Say whether any two tracks are known to be of one group."""
        return len(set(self.groups)) < len(self.groups)

    @cached_property
    def group_codes(self) -> Codes:
        """Number the groups, ``(n,)``."""
        return np.unique(np.array(self.groups), return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, eq=False)
class SystemOutput:
    """What one set of networks computes of the tracks of a gallery, in its order.

    Attributes:
        embeddings: ``(n, d)`` unit vectors.
        moods: mood to its scores ``(n,)`` in [0, 1]; may be empty.
        spaces: ``(n,)`` tracks of different spaces are never compared.
    """

    embeddings: Float64Array
    moods: Mapping[str, Float64Array]
    spaces: Codes


@dataclass(frozen=True, eq=False)
class System:
    """A system to compare: one output, or several for several seeds, over which figures are averaged."""

    name: str
    runs: tuple[SystemOutput, ...]


def gallery_of(table: LabelTable, moods: Mapping[str, Sequence[str]]) -> Gallery:
    """Read the labels of a dataset.

    Args:
        table: the label table.
        moods: the targets behind each mood, namespaced by any dataset: ``mood4q:q1`` reads ``q1`` of this one.
            Moods without a target here are left out. A track has a mood to the degree that it has any of its
            targets.
    """
    names = {str(column).partition(":")[2]: str(column) for column in table.targets.columns}
    human, present = {}, {}
    for mood, targets in moods.items():
        columns = [names[t.partition(":")[2]] for t in targets if t.partition(":")[2] in names]
        if columns and _same_source(table, targets, columns):
            truth = table.targets[columns].max(axis=1).to_numpy(np.float64)
            human[mood], present[mood] = _human(truth), _present(truth)
    return Gallery(
        table.name,
        tuple(table.tracks[TRACK_ID]),
        tuple(table.tracks["group"]),
        _quadrants(table, names),
        _words(table, names),
        human,
        present,
    )


def _same_source(table: LabelTable, targets: Sequence[str], columns: Sequence[str]) -> bool:
    """Say whether targets mean the same: words only within one dataset; quadrants, valence and arousal in all."""
    return all(c in targets or c.partition(":")[2] in SHARED for c in columns)


def _human(truth: Float64Array) -> Float64Array:
    return truth if np.isin(truth[~np.isnan(truth)], (0, 1)).all() else percentiles(truth)


def _present(truth: Float64Array) -> Float64Array:
    if np.isin(truth[~np.isnan(truth)], (0, 1)).all():
        return truth
    above = (truth > np.nanquantile(truth, _TOP)).astype(np.float64)
    return np.where(np.isnan(truth), np.nan, above)


def percentiles(values: Float64Array) -> Float64Array:
    """Compute the share of the known values that lie below each, ties halved: ``(n,)`` in [0, 1], NaN stays."""
    known = ~np.isnan(values)
    ordered = np.sort(values[known])
    places = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2
    return np.where(known, places / max(1, len(ordered)), np.nan)


def _quadrants(table: LabelTable, names: Mapping[str, str]) -> tuple[str | None, ...] | None:
    if not set(QUADRANTS) <= set(names):
        return None
    member = table.targets[[names[q] for q in QUADRANTS]].to_numpy(np.float64) == 1
    known = member.sum(axis=1) == 1
    if not known.any():
        return None
    return tuple(
        QUADRANTS[place] if one else None for place, one in zip(member.argmax(1), known, strict=True)
    )


def _words(table: LabelTable, names: Mapping[str, str]) -> BoolArray | None:
    """Read the mood words; where there are none, the other moods, soft ones from the top third on."""
    words = [column for name, column in names.items() if name.startswith(WORD)]
    if words:
        return np.asarray(table.targets[words].to_numpy(np.float64) == 1)
    own = [
        column for name, column in names.items() if name not in SHARED and table.targets[column].notna().any()
    ]
    if len(own) < 2:
        return None
    return np.stack([_present(table.targets[c].to_numpy(np.float64)) == 1 for c in own], axis=1)


def read_run(path: Path, gallery: Gallery, moods: Mapping[str, Sequence[str]]) -> SystemOutput:
    """Read a system's table: ``track_id``, ``embedding``, and optionally ``fold`` and predictions.

    Embeddings of different folds are never compared. A prediction is a column of a mood's name with a score in [0,
    1], or else columns of its targets with probabilities: their mean logit is ranked among all rows of the file.

    Args:
        path: the Parquet file.
        gallery: the tracks, in the order of the result.
        moods: the targets behind each mood.

    Raises:
        DataError: it cannot be read, lacks a column or a track of the gallery, has a track twice, or lacks a number
            of a track of the gallery.
    """
    require_file(path)
    try:
        table = pq.read_table(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error})") from error
    missing = {TRACK_ID, EMBEDDING} - set(table.column_names)
    if missing:
        raise DataError(f"{path}: no column {', '.join(sorted(missing))}")
    rows = _rows([text_of(track_id) for track_id in table[TRACK_ID].to_pylist()], gallery, path)
    embeddings = vectors_of(table[EMBEDDING].take(pa.array(rows)), EMBEDDING).astype(np.float64)
    wrong = [gallery.track_ids[row] for row in np.flatnonzero(~np.isfinite(embeddings).all(axis=1))]
    if wrong:
        raise DataError(
            f"{path}: the vectors of {len(wrong)} tracks hold NaN or infinite numbers: {wrong[:5]}"
        )
    frame = table.drop_columns([EMBEDDING]).to_pandas(ignore_metadata=True)
    scores: dict[str, Float64Array] = {}
    for mood, targets in moods.items():
        score = _score(frame, mood, targets, path) if mood in gallery.human else None
        if score is not None:
            scores[mood] = _known(score[rows], mood, gallery, path)
    spaces = np.zeros(len(rows), np.int64)
    if FOLD in frame:
        spaces = _known(_numbers(frame, FOLD, path)[rows], FOLD, gallery, path).astype(np.int64)
    return SystemOutput(unit(embeddings), scores, spaces)


def _numbers(frame: pd.DataFrame, column: str, path: Path) -> Float64Array:
    numbers = numbers_of_column(frame[column])
    if numbers is None:
        raise DataError(f"{path}: column {column} must hold numbers")
    return numbers


def _known(values: Float64Array, column: str, gallery: Gallery, path: Path) -> Float64Array:
    missing = [gallery.track_ids[row] for row in np.flatnonzero(~np.isfinite(values))]
    if missing:
        raise DataError(f"{path}: column {column} is empty for {len(missing)} tracks: {missing[:5]}")
    return values


def _rows(ids: Sequence[str | None], gallery: Gallery, path: Path) -> Codes:
    place = {track_id: row for row, track_id in enumerate(ids)}
    if len(place) < len(ids) - ids.count(None) + (None in place):
        twice = [track_id for track_id, count in Counter(ids).items() if track_id and count > 1]
        raise DataError(f"{path}: {len(twice)} track ids occur twice: {twice[:5]}")
    rows = [place.get(i, place.get(f"{gallery.dataset}/{i}", -1)) for i in gallery.track_ids]
    missing = [i for i, row in zip(gallery.track_ids, rows, strict=True) if row < 0]
    if missing:
        raise DataError(f"{path}: lacks {len(missing)} tracks of {gallery.dataset}: {missing[:5]}")
    return np.array(rows, np.int64)


def _score(frame: pd.DataFrame, mood: str, targets: Sequence[str], path: Path) -> Float64Array | None:
    if mood in frame:
        return _numbers(frame, mood, path)
    if not set(targets) <= set(frame.columns):
        return None
    columns = np.stack([_numbers(frame, target, path) for target in targets], axis=1)
    probabilities = np.clip(columns, _EDGE, 1 - _EDGE)
    return percentiles(np.log(probabilities / (1 - probabilities)).mean(axis=1))


def unit(vectors: Float64Array) -> Float64Array:
    """Scale rows to unit length; rows of zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float64).tiny))


def random_run(gallery: Gallery, spaces: Codes, seed: int) -> SystemOutput:
    """Make random directions and random mood scores.

    Args:
        gallery: the tracks.
        spaces: ``(n,)`` space of each track.
        seed: the same seed gives the same output.
    """
    rng = np.random.default_rng(seed)
    moods = {mood: rng.random(len(gallery)) for mood in gallery.human}
    return SystemOutput(unit(rng.standard_normal((len(gallery), 64))), moods, spaces)


def metadata_run(table: LabelTable, gallery: Gallery, spaces: Codes, seed: int) -> SystemOutput:
    """Make vectors of genres and artist: the cosine is 1 for the same genres and artist, and ties are broken at
    random.

    There are no moods, because no label of the dataset is used.

    Args:
        table: the label table.
        gallery: its tracks.
        spaces: ``(n,)`` space of each track.
        seed: the same seed breaks ties in the same way.
    """
    genres = sorted({genre for mine in table.tracks["genre"] for genre in mine})
    artists = [fold(artist) if artist else f"?{row}" for row, artist in enumerate(table.tracks["artist"])]
    genre_rows = np.array([[genre in mine for genre in genres] for mine in table.tracks["genre"]], np.float64)
    artist_rows = np.eye(len(set(artists)))[np.unique(artists, return_inverse=True)[1]]
    # Too small to reorder tracks that differ in a genre, and enough to break ties at random.
    noise = 1e-3 * unit(np.random.default_rng(seed).standard_normal((len(gallery), 64)))
    return SystemOutput(
        unit(np.hstack([unit(genre_rows.reshape(len(gallery), -1)), artist_rows, noise])), {}, spaces
    )
