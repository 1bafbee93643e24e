"""Mood errors of searches by audio scores and by scores in context, on 4Q and the MIREX-like set.

    MOODREC_DATA=... python -m benchmarks.multitask.metadata_retrieval

Predictions are the default model's, out of fold; weights of the context are fitted by nested folds of artists, as for
the cold cells of docs/results/metadata.md. Writes benchmarks/results/metadata-retrieval.json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.machine import machine_report
from benchmarks.multitask.metadata_data import OUT_OF_FOLD, RESULTS, mirex, published
from moodrec.evaluation.context.evaluate import artist_folds
from moodrec.evaluation.context.inputs import ContextInputs
from moodrec.evaluation.neighbourhood.gallery import Gallery, System, SystemOutput, percentiles, unit
from moodrec.evaluation.neighbourhood.report import benchmark
from moodrec.files.replacing import write_atomically
from moodrec.model.context.fit import FitData
from moodrec.model.context.folds import NestedFits, cross_scores, cross_weights
from moodrec.model.context.weights import KnownLabels

OUT: Final = RESULTS / "metadata-retrieval.json"
AUDIO: Final = "audio"

Floats = NDArray[np.float64]


def main() -> None:
    """Fit, search, write."""
    inputs = {"mood4q": published("mood4q"), "mirex_mood": mirex()}
    document = {
        "machine": machine_report("moodrec", "numpy"),
        "datasets": {name: measured(name, own) for name, own in inputs.items()},
    }
    write_atomically(OUT, (json.dumps(document, indent=1) + "\n").encode())


def measured(dataset: str, inputs: ContextInputs) -> dict[str, Any]:
    """The mood error of each kind of scores, and how it differs from that of the audio's."""
    fits = NestedFits(
        FitData(inputs.logits(), inputs.labels, inputs.metadata.tracks()), artist_folds(inputs.metadata)
    )
    weights = cross_weights(fits)
    scores = {
        AUDIO: inputs.logits(),
        "in context": cross_scores(fits, weights),
        "in context, with labels": cross_scores(fits, weights, KnownLabels(inputs.labels)),
    }
    frame = pd.read_parquet(OUT_OF_FOLD).set_index("track_id")
    own = frame.loc[[f"{dataset}/{track_id}" for track_id in inputs.metadata.track_ids or ()]]
    embeddings, folds = (
        np.stack(own["embedding"].to_list()).astype(np.float64),
        own["fold"].to_numpy(np.int64),
    )
    gallery = gallery_of_labels(dataset, list(own.index), inputs)
    systems = [
        System(name, (SystemOutput(unit(embeddings), moods_of(found, inputs), folds),))
        for name, found in scores.items()
    ]
    systems_of = benchmark(gallery, systems, AUDIO).document()["systems"]
    for name, found in systems_of.items():
        print(dataset, name, found["figures"]["target_error"], found["differences"].get("target_error"))
    return {"tracks": len(gallery), "moods": len(inputs.tags), "systems": systems_of}


def gallery_of_labels(dataset: str, track_ids: list[str], inputs: ContextInputs) -> Gallery:
    """The tracks with their labels, by mood."""
    labels: Mapping[str, Floats] = {tag: inputs.labels[:, i] for i, tag in enumerate(inputs.tags)}
    groups = tuple(
        artist or track_id for artist, track_id in zip(inputs.metadata.artists, track_ids, strict=True)
    )
    return Gallery(dataset, tuple(track_ids), groups, None, None, labels, labels)


def moods_of(scores: Floats, inputs: ContextInputs) -> dict[str, Floats]:
    """Mood to the percentiles of its scores."""
    return {tag: percentiles(scores[:, i]) for i, tag in enumerate(inputs.tags)}


if __name__ == "__main__":
    main()
