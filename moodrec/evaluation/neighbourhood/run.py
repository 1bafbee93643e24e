"""The retrieval benchmark of one dataset turns tables of systems into a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from moodrec.data.labels import LabelTable
from moodrec.errors import DataError, UsageError
from moodrec.evaluation.evaluate import BootstrapOptions
from moodrec.evaluation.neighbourhood.gallery import (
    Gallery,
    System,
    gallery_of,
    metadata_run,
    random_run,
    read_run,
)
from moodrec.evaluation.neighbourhood.moods import constant_targets, moods_of, packaged_moods
from moodrec.evaluation.neighbourhood.report import BenchmarkReport, benchmark

__all__ = ["BUILT_IN", "CEILING", "packaged_moods", "run_benchmark"]

BUILT_IN: Final = ("random", "metadata")
"""Names of the systems that need no file."""
CEILING: Final = "moods as people say"
"""Name of the system that has the first one's embeddings, and people's labels as moods."""


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

    What the labels or the systems do not allow to be measured is left out, and the report says why.

    Args:
        table: the dataset.
        systems: files of each system, several for several seeds; see
            :func:`moodrec.evaluation.neighbourhood.gallery.read_run`. Differences are those of the first system
            from the others.
        built_in: some of "random" and "metadata".
        more: systems that are not files.
        options: how intervals are made; by default 1000 resamples with seed 0.
        moods: mood to the targets that it is the mean of; by default those of the packaged model, and the targets of
            a dataset that it does not know.

    Raises:
        UsageError: there is no system, or no such built-in one.
        DataError: a file cannot be read, or lacks a track; or nothing at all can be measured.
    """
    if not systems:
        raise UsageError("name at least one system to compare, as NAME=FILE.parquet")
    unknown = sorted(set(built_in) - set(BUILT_IN))
    if unknown:
        raise UsageError(f"no such built-in system: {', '.join(unknown)}; there are {', '.join(BUILT_IN)}")
    options = options or BootstrapOptions()
    moods = moods_of(table) if moods is None else moods
    gallery = gallery_of(table, moods)
    found = [
        System(name, tuple(read_run(path, gallery, moods) for path in paths))
        for name, paths in systems.items()
    ]
    first = found[0]
    if gallery.quadrants is None and gallery.words is None and not gallery.human:
        raise DataError(
            f"{table.name}: has no labels to compare neighbours by. A table needs columns of moods (mood:calm, or "
            "others that the option moods names), or a column quadrant with Q1 to Q4"
        )
    has_metadata = bool(table.tracks["artist"].notna().any()) or any(map(len, table.tracks["genre"]))
    own = [
        _built_in(name, table, gallery, first, options.seed)
        for name in built_in
        if name != "metadata" or has_metadata
    ]
    every = [*found, *more, *own]
    if gallery.human:
        every.append(_ceiling(gallery, first))
    left_out = [*_unlabelled(table, gallery), *_without_moods(gallery, [*found, *more])]
    if "metadata" in built_in and not has_metadata:
        left_out.append("the system metadata, for neither artists nor genres are known")
    return benchmark(gallery, every, first.name, options, left_out)


def _unlabelled(table: LabelTable, gallery: Gallery) -> list[str]:
    """Say what the labels of a dataset do not allow to be measured."""
    found = []
    if gallery.quadrants is None:
        found.append("figures of quadrants, for no track has one (a column quadrant with Q1 to Q4)")
    elif None in gallery.quadrants:
        found.append(
            f"{gallery.quadrants.count(None)} tracks without a quadrant, in the figures of quadrants"
        )
    if gallery.words is None:
        found.append("figures of mood words, for fewer than two moods are labelled")
    if not gallery.human:
        found.append("mood filters and targets, for no mood is labelled")
    elif constant := constant_targets(table):
        found.append(f"moods that are the same for all tracks ({', '.join(constant)})")
    if not gallery.has_groups:
        found.append("figures of artists, for no two tracks are known to be by the same one")
    return found


def _without_moods(gallery: Gallery, systems: Sequence[System]) -> list[str]:
    example = next(iter(gallery.human), None)
    if example is None:
        return []
    bare = [system.name for system in systems if not all(run.moods for run in system.runs)]
    why = f"for its file has no column of a mood, such as {example}"
    return [f"mood filters and targets of {name}, {why}" for name in bare]


def _built_in(name: str, table: LabelTable, gallery: Gallery, first: System, seed: int) -> System:
    spaces = first.runs[0].spaces
    make = (
        random_run(gallery, spaces, seed) if name == "random" else metadata_run(table, gallery, spaces, seed)
    )
    return System(name, (make,))


def _ceiling(gallery: Gallery, first: System) -> System:
    known = {mood: np.nan_to_num(human, nan=0.5) for mood, human in gallery.human.items()}
    return System(CEILING, tuple(replace(run, moods=known) for run in first.runs))
