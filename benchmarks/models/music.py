"""The labelled music that candidates learn from: datasets joined, words pooled, folds, and features of the trunks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.models.features import TRUNKS, load, read
from moodrec.data.labels import LabelTable
from moodrec.data.pooling import pool_targets
from moodrec.data.splits import existing_folds, grouped_folds
from moodrec.training.labels import origin_of

FOLDS = 5
FIRST = ("emotify", "mood4q")
"""What the default model learns from; the folds of these stay what they are in its recipe."""
WORD = "allmusic:word:"
POOL = {"mood4q:word:": WORD, "mirex_mood:word:": WORD}

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Music:
    """Labels and folds; one entry a track."""

    table: LabelTable
    folds: NDArray[np.int64]
    origins: NDArray[np.str_]
    """The dataset of each track."""

    @staticmethod
    def of(datasets: Sequence[str]) -> Music:
        """Join ``datasets``; those of ``FIRST`` must be among them."""
        tables = [load(name) for name in (*FIRST, *(name for name in datasets if name not in FIRST))]
        whole = LabelTable.concat(tables)
        pooled = {
            old: new for old, new in POOL.items() if any(c.startswith(old) for c in whole.targets.columns)
        }
        table = pool_targets(whole, pooled)
        return Music(table, _folds(tables, table), np.array(origin_of(table)))

    @property
    def digest(self) -> str:
        """Changes with the tracks, their labels and their folds."""
        known = hashlib.sha256("\n".join(self.table.tracks["track_id"]).encode())
        known.update("\n".join(map(str, self.table.targets.columns)).encode())
        known.update(self.table.targets.to_numpy(np.float32).tobytes())
        known.update(self.folds.tobytes())
        return known.hexdigest()[:16]

    def rows_of(self, datasets: Sequence[str]) -> NDArray[np.bool_]:
        """Which tracks are of some datasets."""
        return np.isin(self.origins, list(datasets))

    def features(self, cache: Path, trunk: str, level: str, rows: NDArray[np.int64]) -> list[Floats]:
        """(windows, features) of some tracks."""
        ids = self.table.tracks["track_id"].to_numpy()[rows]
        pairs = (track_id.split("/", 1) for track_id in ids)
        return [read(cache, trunk, level, dataset, [own])[0] for dataset, own in pairs]


def joined(parts: Sequence[Sequence[Floats]]) -> list[Floats]:
    """Features of several trunks side by side, window by window.

    Trunks that cut a track into fewer windows give the one at about the same place again.
    """
    return [_side_by_side(own) for own in zip(*parts, strict=True)]


def _side_by_side(parts: tuple[Floats, ...]) -> Floats:
    count = max(len(part) for part in parts)
    places = [np.arange(count) * len(part) // count for part in parts]
    return np.concatenate([part[place] for part, place in zip(parts, places, strict=True)], axis=1)


def necks_of(trunk: str, pooled: Sequence[Floats]) -> list[Floats]:
    """(windows, features) of each track: what the network's own dense layer makes of the pooled maps."""
    return [TRUNKS[trunk].neck(own) for own in pooled]


def unit_variance(features: Sequence[Floats]) -> list[Floats]:
    """The same features, each with mean 0 and variance 1 over all windows. It needs no labels."""
    flat = np.concatenate(features)
    mean, spread = flat.mean(0), flat.std(0)
    return [(own - mean) / np.where(spread > 0, spread, 1.0) for own in features]


def _folds(tables: Sequence[LabelTable], whole: LabelTable) -> NDArray[np.int64]:
    """As the default model's recipe deals them, then whatever other datasets bring, then the rest."""
    first = LabelTable.concat(tables[: len(FIRST)])
    groups = list(first.tracks["group"])
    dealt = grouped_folds(groups, FOLDS, 0, existing_folds(groups, first.tracks["fold"]))
    known = dict(zip(first.tracks["track_id"], dealt.tolist(), strict=True))
    settled = [
        known.get(track_id, fold)
        for track_id, fold in zip(whole.tracks["track_id"], whole.tracks["fold"], strict=True)
    ]
    groups = list(whole.tracks["group"])
    return grouped_folds(groups, FOLDS, 0, existing_folds(groups, settled))
