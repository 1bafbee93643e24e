"""Which moods a dataset is measured on: those of the packaged model, or its own."""

from __future__ import annotations

import json
from typing import Final

import numpy as np

from moodrec.data.labels import LabelTable
from moodrec.evaluation.retrieval import QUADRANTS
from moodrec.model.describe import SPEC, model_folder
from moodrec.names import mood_name

SHARED: Final = frozenset({*QUADRANTS, "valence", "arousal"})
"""Names of targets that mean the same in every dataset."""


def packaged_moods(model: str | None = None) -> dict[str, tuple[str, ...]]:
    """Read the targets behind each mood of a packaged model; without a name, of the default one."""
    document = json.loads((model_folder(model) / SPEC).read_bytes())
    return {name: tuple(mood["targets"]) for name, mood in document["moods"].items()}


def moods_of(table: LabelTable) -> dict[str, tuple[str, ...]]:
    """Choose the moods of a dataset: the packaged model's, and those of its targets that this model does not know.

    The targets of a dataset that the packaged model learnt from are published by it, so that they are no moods of
    their own. A target of any other dataset is a mood of its own name, unless its name means the same everywhere.

    Args:
        table: the label table.

    Returns:
        Mood to the targets behind it; targets that are the same for every track, or unknown, are left out.
    """
    packaged = packaged_moods()
    learnt = {target.partition(":")[0] for targets in packaged.values() for target in targets}
    own: dict[str, tuple[str, ...]] = {}
    for target in map(str, table.targets.columns):
        dataset, _, name = target.partition(":")
        if dataset not in learnt and name not in SHARED and _varies(table, target):
            own.setdefault(mood_name(name.rpartition(":")[2]) or name, (target,))
    return packaged | own


def constant_targets(table: LabelTable) -> list[str]:
    """List the targets of which all known labels are the same, or none is known."""
    return [target for target in map(str, table.targets.columns) if not _varies(table, target)]


def _varies(table: LabelTable, target: str) -> bool:
    known = table.targets[target].dropna().to_numpy(np.float64)
    return bool(known.size) and bool(known.min() < known.max())
