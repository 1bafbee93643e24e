"""The retrieval benchmark of one dataset turns tables of systems into a report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from moodrec.data.labels import LabelTable
from moodrec.errors import UsageError
from moodrec.evaluation.evaluate import BootstrapOptions
from moodrec.evaluation.neighbourhood.gallery import (
    Gallery,
    System,
    gallery_of,
    metadata_run,
    random_run,
    read_run,
)
from moodrec.evaluation.neighbourhood.report import BenchmarkReport, benchmark
from moodrec.model.describe import SPEC, model_folder

BUILT_IN: Final = ("random", "metadata")
"""Names of the systems that need no file."""
CEILING: Final = "moods as people say"
"""Name of the system that has the first one's embeddings, and people's labels as moods."""


def packaged_moods(model: str | None = None) -> dict[str, tuple[str, ...]]:
    """Read the targets behind each mood of a packaged model; without a name, of the default one."""
    document = json.loads((model_folder(model) / SPEC).read_bytes())
    return {name: tuple(mood["targets"]) for name, mood in document["moods"].items()}


def run_benchmark(
    table: LabelTable,
    systems: Mapping[str, Sequence[Path]],
    built_in: Sequence[str] = BUILT_IN,
    more: Sequence[System] = (),
    options: BootstrapOptions | None = None,
    moods: Mapping[str, tuple[str, ...]] | None = None,
) -> BenchmarkReport:
    """Compare systems on the tracks of a dataset; every track is a query.

    A last system has the first one's embeddings, and people's labels as moods: the error that is left there is not
    due to the predictions.

    Args:
        table: the dataset.
        systems: files of each system, several for several seeds; see
            :func:`moodrec.evaluation.neighbourhood.gallery.read_run`. Differences are those of the first system
            from the others.
        built_in: some of "random" and "metadata".
        more: systems that are not files.
        options: how intervals are made; by default 1000 resamples with seed 0.
        moods: mood to the targets that it is the mean of; by default those of the packaged model.

    Raises:
        UsageError: there is no system, or no such built-in one.
        DataError: a file cannot be read, or lacks a track.
    """
    if not systems:
        raise UsageError("name at least one system to compare, as NAME=FILE.parquet")
    unknown = sorted(set(built_in) - set(BUILT_IN))
    if unknown:
        raise UsageError(f"no such built-in system: {', '.join(unknown)}; there are {', '.join(BUILT_IN)}")
    options = options or BootstrapOptions()
    moods = packaged_moods() if moods is None else moods
    gallery = gallery_of(table, moods)
    found = [
        System(name, tuple(read_run(path, gallery, moods) for path in paths))
        for name, paths in systems.items()
    ]
    first = found[0]
    own = [_built_in(name, table, gallery, first, options.seed) for name in built_in]
    every = [*found, *more, *own, _ceiling(gallery, first)]
    return benchmark(gallery, every, first.name, options)


def _built_in(name: str, table: LabelTable, gallery: Gallery, first: System, seed: int) -> System:
    spaces = first.runs[0].spaces
    make = (
        random_run(gallery, spaces, seed) if name == "random" else metadata_run(table, gallery, spaces, seed)
    )
    return System(name, (make,))


def _ceiling(gallery: Gallery, first: System) -> System:
    known = {mood: np.nan_to_num(human, nan=0.5) for mood, human in gallery.human.items()}
    return System(CEILING, tuple(replace(run, moods=known) for run in first.runs))
