"""Computes the cells of docs/results/metadata.md: datasets x protocols, each with and without context.

    MOODREC_DATA=... python -m benchmarks.multitask.metadata_cells [PATTERN]

Finished cells are kept under benchmarks/results/metadata and not computed again; remove a file to have it anew.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from fnmatch import fnmatchcase
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.multitask.metadata_data import JAMENDO, RESULTS, felt, jamendo, mirex, published, words
from moodrec.evaluation.context.evaluate import Labels, artist_folds, compare, fit_in_context
from moodrec.evaluation.context.inputs import ContextInputs
from moodrec.evaluation.context.report import ContextReport
from moodrec.model.context.fit import FitData
from moodrec.model.context.folds import NestedFits, cross_scores, cross_weights
from moodrec.model.context.model import ContextModel
from moodrec.model.context.weights import KnownLabels, Weights

OUT = RESULTS / "metadata"
LABELLED = 0.1
"""Share of MTG-Jamendo's test tracks whose labels are known, in the protocols that know some."""
RANDOM_FOLDS = 5
SEED = 0


@cache
def validated(system: str) -> ContextModel:
    """Weights from MTG-Jamendo's validation tracks, by the scores of ``system`` there."""
    inputs = jamendo(system, "validation")
    data = FitData(inputs.logits(), inputs.labels, inputs.metadata.tracks(), other_albums=True)
    return ContextModel.fit(
        inputs.tags, NestedFits(data, artist_folds(inputs.metadata)), f"{system}, validation tracks"
    )


def jamendo_cell(system: str, weights_of: str, protocol: str) -> ContextReport:
    """Test tracks by weights from validation. With labels, a random tenth has them and the rest is scored."""
    inputs = jamendo(system, "test")
    logits, model = inputs.logits(), validated(weights_of)
    model = model.restandardised(logits)
    labelled = np.random.default_rng(SEED).random(len(logits)) < (0 if protocol == "cold" else LABELLED)
    known = KnownLabels(np.where(labelled[:, None], inputs.labels, np.nan), protocol == "other-albums")
    scores = model.score(logits, inputs.metadata.tracks(), None if protocol == "cold" else known).logits
    told: Labels = {"cold": "none", "other-albums": "other-albums", "random": "others"}[protocol]  # type: ignore[assignment]
    return _compared(inputs, scores, model, model.fitted_on, told, ~labelled)


def fitted_cell(inputs: ContextInputs) -> ContextReport:
    """Weights by folds of artists of the table itself, no label of an artist known."""
    found = fit_in_context(inputs)
    return compare(inputs, found)


@cache
def crossed(name: str) -> tuple[ContextInputs, NestedFits, dict[int, Weights], ContextModel]:
    """Fits of a small dataset, shared by its protocols."""
    inputs = DATASETS[name]()
    fits = NestedFits(
        FitData(inputs.logits(), inputs.labels, inputs.metadata.tracks()), artist_folds(inputs.metadata)
    )
    return inputs, fits, cross_weights(fits), ContextModel.fit(inputs.tags, fits, name)


def small_cell(name: str, protocol: str) -> ContextReport:
    """Nested folds by artist; with labels, those of an artist's other tracks, or of those in other random folds."""
    inputs, fits, weights, model = crossed(name)
    if protocol == "cold":
        scores = cross_scores(fits, weights)
    elif protocol == "known-artist":
        scores = cross_scores(fits, weights, KnownLabels(inputs.labels))
    else:
        parts = np.random.default_rng(SEED).permutation(len(inputs.labels)) % RANDOM_FOLDS
        scores = np.zeros_like(inputs.labels)
        for part in range(RANDOM_FOLDS):
            known = KnownLabels(np.where((parts == part)[:, None], np.nan, inputs.labels))
            scores[parts == part] = cross_scores(fits, weights, known)[parts == part]
    told: Labels = "none" if protocol == "cold" else "others"
    source = f"fitted by {len(fits.numbers)} folds of artists, nested"
    return _compared(inputs, scores, model, source, told, np.ones(len(scores), np.bool_))


def _compared(
    inputs: ContextInputs,
    scores: NDArray[np.float64],
    model: ContextModel,
    source: str,
    known: Labels,
    rows: NDArray[np.bool_],
) -> ContextReport:
    from moodrec.evaluation.context.evaluate import InContext, kinds_of

    told = inputs.metadata.select(np.flatnonzero(rows))
    mine = replace(inputs, scores=inputs.scores[rows], labels=inputs.labels[rows], metadata=told)
    return compare(
        mine, InContext(scores[rows], model, source, tuple(map(kinds_of, model.moods.values()))), known
    )


DATASETS: dict[str, Callable[[], ContextInputs]] = {
    "mood4q-words": words,
    "mood4q-published": lambda: published("mood4q"),
    "emotify-published": lambda: published("emotify"),
    "emotify-felt": felt,
    "mirex": mirex,
}


def fitted_on_test(system: str) -> ContextReport:
    """A system of MTG-Jamendo whose weights are fitted on the test tracks themselves, by folds of artists."""
    return fitted_cell(jamendo(system, "test"))


def cells() -> dict[str, Callable[[], ContextReport]]:
    """Name of each cell to what computes it, the cheap ones first."""
    found: dict[str, Callable[[], ContextReport]] = {}
    for name in DATASETS:
        for protocol in ("cold", "known-artist", "random"):
            found[f"{name}/{protocol}"] = partial(small_cell, name, protocol)
    for protocol in ("cold", "other-albums", "random"):
        for system, weights in (
            ("vggish", "convs"),
            ("convs", "convs"),
            ("filters", "filters"),
            ("vggish", "filters"),
        ):
            found[f"jamendo/{system}-by-{weights}/{protocol}"] = partial(
                jamendo_cell, system, weights, protocol
            )
    for system in JAMENDO:
        found[f"jamendo/{system}-by-itself/cold"] = partial(fitted_on_test, system)
    return found


def main() -> None:
    """Compute what is missing."""
    pattern = sys.argv[1] if len(sys.argv) > 1 else "*"
    for name, compute in cells().items():
        place = OUT / f"{name}.json"
        if place.exists() or not fnmatchcase(name, pattern):
            continue
        began = time.monotonic()
        report = compute()
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(asdict(report), indent=1) + "\n")
        gain = report.difference.macro_ap
        print(
            f"{name}: {gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}], {time.monotonic() - began:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
