"""The datasets of a recipe become training rows: tables are joined, spectrograms cached, unreadable tracks left
out.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable
from moodrec.data.pooling import pool_targets
from moodrec.data.sources import load_source
from moodrec.data.splits import existing_folds, grouped_folds, within_group_holdout
from moodrec.errors import DataError
from moodrec.training.cache import LoadLogMel, LogMelCache, StoredLogMel
from moodrec.training.events import FeaturesReady, OnEvent, SpectrogramReady, TrainingWarning
from moodrec.training.frozen import check_trunk, frozen_features, trunk_is_frozen
from moodrec.training.inputs import FrozenFeatures, LoadFeatures, NetworkInputs, Spectrograms
from moodrec.training.labels import artist_keys
from moodrec.training.named_targets import check_named_targets
from moodrec.training.recipe import Recipe
from moodrec.training.steady import CopiedTracks

FEW_TRACKS = 200
"""With fewer mood-labelled tracks than this, the levels of scores are not reliable."""
_NAMED = 5
"""Most names in a warning."""


@dataclass(frozen=True)
class Prepared:
    """The rows of all datasets with everything known of them; all fields have one entry per row."""

    table: LabelTable
    log_mels: Sequence[LoadLogMel]
    features: Sequence[LoadFeatures] | None
    """Features of the frozen trunk; None where the trunk is trained."""
    seen: NDArray[np.bool_]
    """Rows that the final model may train on."""
    held_out: NDArray[np.bool_]
    """Rows held out to score the metadata heads (``split.within_artist``)."""
    folds: NDArray[np.int64]
    """Fold of each row, -1 without folds."""

    def inputs(self, recipe: Recipe) -> NetworkInputs:
        """Make the inputs of the networks of a recipe."""
        if self.features is None:
            return Spectrograms(self.log_mels, recipe)
        return FrozenFeatures(self.features, recipe)

    @cached_property
    def digest(self) -> str:
        """Compute a digest that changes with the rows, their labels and their part in training, not with the
        audio's location.
        """
        tracks = self.table.tracks.drop(columns="audio").assign(seen=self.seen, fold=self.folds)
        known = hashlib.sha256(tracks.to_json(orient="split").encode())
        known.update("\n".join(map(str, self.table.targets.columns)).encode())
        known.update(self.table.targets.to_numpy(np.float32).tobytes())
        return known.hexdigest()[:16]


def load_tables(recipe: Recipe) -> LabelTable:
    """Load and join the datasets of a recipe; no audio is read.

    Raises:
        NotFoundError: a dataset is not there.
        DataError: a dataset is malformed.
    """
    tables = [load_source(entry.source, Path(entry.root), entry.options) for entry in recipe.data]
    return pool_targets(LabelTable.concat(tables), recipe.pool_targets)


def prepare(recipe: Recipe, cache_folder: Path, on_event: OnEvent) -> Prepared:
    """Load, join, cache and split the datasets of a recipe.

    Args:
        recipe: the training run.
        cache_folder: folder of the spectrograms.
        on_event: receives progress and warnings.

    Raises:
        ConfigError: the recipe names a mood target that none of its datasets has, or its frozen trunk is to come from
            a model with another backbone.
        NotFoundError, CorruptStoreError: the model to start from is missing or damaged.
        DataError: a dataset is malformed, or none of its audio can be read.
    """
    table = load_tables(recipe)
    check_named_targets(recipe, table)
    check_trunk(recipe)
    log_mels = _spectrograms(recipe, table, cache_folder, on_event)
    readable = np.array([mel is not None for mel in log_mels])
    if not readable.any():
        raise DataError("none of the tracks' audio can be read; check the roots in the recipe")
    table, known = table.select(readable), [mel for mel in log_mels if mel is not None]
    # Held-out tracks are chosen among the readable ones, so that every metadata score has its track.
    held_out = _held_out(recipe, table)
    seen = _takes_part(recipe, table) & ~held_out & ~_in_splits(table, recipe.split.held_out)
    _warn_of_few(int((_with_mood(table) & seen).sum()), on_event)
    _warn_of_constant(table, seen, on_event)
    return Prepared(
        table=table,
        log_mels=known,
        features=_features(recipe, known, on_event),
        seen=seen,
        held_out=held_out,
        folds=_folds(recipe, table),
    )


def prepare_copies(
    recipe: Recipe, data: Prepared, cache_folder: Path, on_event: OnEvent
) -> CopiedTracks | None:
    """Make the copies of a recipe's tracks and cache their spectrograms, and their features if the trunk is frozen.

    Args:
        recipe: the training run.
        data: its tracks.
        cache_folder: folder of the spectrograms.
        on_event: receives progress.

    Returns:
        The copies of tracks that training uses; None where the recipe has none.

    Raises:
        ConfigError: the tracks are stored spectrograms, of which no copies can be made.
    """
    if recipe.copies is None:
        return None
    seen = np.flatnonzero(data.seen)
    count = min(recipe.copies.tracks, len(seen))
    rows = np.sort(np.random.default_rng(recipe.seed).choice(seen, count, replace=False))
    files, total = (
        [str(data.table.tracks["audio"].iloc[row]) for row in rows],
        count * len(recipe.copies.kinds),
    )
    spectrogram, features = (_counter(kind, total, on_event) for kind in (SpectrogramReady, FeaturesReady))
    copies: dict[str, NetworkInputs] = {}
    for kind in recipe.copies.kinds:
        found = LogMelCache(cache_folder, recipe.audio, kind).fill(files, os.cpu_count() or 1, spectrogram)
        log_mels = [mel for mel in found if mel is not None]
        if len(log_mels) < count:
            raise DataError(f"copies: some tracks could not be copied as {kind}")
        copies[kind] = (
            FrozenFeatures(frozen_features(recipe, log_mels, features), recipe)
            if trunk_is_frozen(recipe)
            else Spectrograms(log_mels, recipe)
        )
    return CopiedTracks(rows, copies)


def _spectrograms(
    recipe: Recipe, table: LabelTable, folder: Path, on_event: OnEvent
) -> list[StoredLogMel | None]:
    count = _counter(SpectrogramReady, len(table), on_event)
    return LogMelCache(folder, recipe.audio).fill(list(table.tracks["audio"]), os.cpu_count() or 1, count)


def _features(recipe: Recipe, log_mels: list[StoredLogMel], on_event: OnEvent) -> list[LoadFeatures] | None:
    if not trunk_is_frozen(recipe):
        return None
    return frozen_features(recipe, log_mels, _counter(FeaturesReady, len(log_mels), on_event))


def _counter(
    kind: type[SpectrogramReady] | type[FeaturesReady], total: int, on_event: OnEvent
) -> Callable[[], None]:
    numbers = itertools.count(1)
    return lambda: on_event(kind(next(numbers), total))


def _takes_part(recipe: Recipe, table: LabelTable) -> NDArray[np.bool_]:
    """Choose the rows that train: those without a mood only if the recipe adds such tracks to each step."""
    with_mood = _with_mood(table)
    moods_count = recipe.tasks.mood.weight > 0 and with_mood.any()
    if recipe.training.metadata_batch_size or not moods_count:
        return np.ones(len(table), np.bool_)
    return with_mood


def _with_mood(table: LabelTable) -> NDArray[np.bool_]:
    return table.targets.notna().any(axis=1).to_numpy(np.bool_)


def _warn_of_few(with_mood: int, on_event: OnEvent) -> None:
    """Warn of few tracks: scales are fitted on predictions of other models than the final one, and levels then
    differ.
    """
    if 0 < with_mood < FEW_TRACKS:
        message = (
            f"scores of a model learnt from {with_mood} tracks may be off scale: its order of tracks means more than "
            "its levels; compare tracks within a library by pct(mood)"
        )
        on_event(TrainingWarning(message))


def _warn_of_constant(table: LabelTable, seen: NDArray[np.bool_], on_event: OnEvent) -> None:
    """Warn of moods that all labelled training tracks have alike: what they sound like cannot be learnt."""
    known = table.targets[seen]
    alike = [str(name) for name in known.columns if known[name].nunique() == 1]
    if alike:
        more = f" and {len(alike) - _NAMED} more" if len(alike) > _NAMED else ""
        on_event(
            TrainingWarning(
                f"all labelled training tracks have the same {', '.join(alike[:_NAMED])}{more}: it takes tracks with "
                "and without a mood to learn it"
            )
        )


def _in_splits(table: LabelTable, splits: Sequence[str]) -> NDArray[np.bool_]:
    """Choose the rows of some splits, and every other row of the groups found there."""
    named = table.tracks["split"].isin(splits)
    groups = set(table.tracks["group"][named])
    return np.asarray(named | table.tracks["group"].isin(groups), np.bool_)


def _held_out(recipe: Recipe, table: LabelTable) -> NDArray[np.bool_]:
    if recipe.split.within_artist < 2:
        return np.zeros(len(table), np.bool_)
    return within_group_holdout(artist_keys(table), recipe.split.within_artist, recipe.seed)


def _folds(recipe: Recipe, table: LabelTable) -> NDArray[np.int64]:
    if recipe.split.folds < 2:
        return np.full(len(table), -1, np.int64)
    groups = list(table.tracks["group"])
    fixed = existing_folds(groups, table.tracks["fold"])
    return grouped_folds(groups, recipe.split.folds, recipe.seed, fixed)
