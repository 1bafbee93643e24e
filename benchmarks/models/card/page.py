"""Write docs/model-card.md, and its copy beside the weights, from out-of-fold predictions of the default model.

    MOODREC_DATA=... python -m benchmarks.models.card.page

Every figure of quality comes from predictions by models that never heard the track or its artist; they are kept in
benchmarks/results, beside those of frozen MusiCNN, so that the card is rendered again without training. The spread of
scores is read from the sample index.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from benchmarks.models.card.calibration import calibration_report
from benchmarks.models.card.compare import compare
from benchmarks.models.card.moods import (
    emotion_mean,
    heads_table,
    mirex_lines,
    published_table,
    quadrant_line,
    raw_report,
    retrieval,
    retrieval_line,
    rows_of,
    word_table,
)
from benchmarks.models.card.parts import Part, read_part, read_tables
from benchmarks.models.card.spread import read_spread
from benchmarks.models.card.trials import CLEARLY, Trials
from benchmarks.places import DOCS, RESULTS
from moodrec.data.labels import LabelTable
from moodrec.data.sources import load_source
from moodrec.demo.sample import find_sample_index
from moodrec.errors import MoodrecError
from moodrec.files.replacing import write_atomically
from moodrec.metrics.bootstrap import DEFAULT_RESAMPLES
from moodrec.model.checkpoint import LoadedModel, load_model
from moodrec.model.describe import PACKAGED_MODEL
from moodrec.model.tonal import FEATURES as NOTES
from moodrec.training.out_of_fold import RECIPE_MARK

PREDICTIONS = RESULTS / "default-out-of-fold.parquet"
FROZEN = RESULTS / "frozen-musicnn-out-of-fold.parquet"
METADATA_HEADS = RESULTS / "metadata-heads.json"
TRIALS = RESULTS / "default-trials.json"
TEMPLATE = Path(__file__).with_name("page.md.in")
CARD = DOCS / "model-card.md"
IMAGES = DOCS / "images"


def main(arguments: Sequence[str] | None = None) -> None:
    """Render the card."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--resamples", type=int, default=DEFAULT_RESAMPLES)
    options = parser.parse_args(arguments)
    if "MOODREC_DATA" not in os.environ:
        sys.exit("set MOODREC_DATA to the folder that holds mood4q, emotify and mirex_mood")
    loaded = load_model(PACKAGED_MODEL)
    made_by = pq.read_schema(PREDICTIONS).metadata[RECIPE_MARK].decode()
    if made_by != loaded.spec.provenance["recipe"]:
        sys.exit(f"{PREDICTIONS} was made by recipe {made_by}, the model by another: train again")
    try:
        fields = fields_of(loaded, options.resamples)
    except MoodrecError as error:
        sys.exit(str(error))
    card = TEMPLATE.read_text().format(**fields).encode()
    for place in (CARD, PACKAGED_MODEL / "MODEL_CARD.md"):
        write_atomically(place, card)


def fields_of(loaded: LoadedModel, resamples: int) -> dict[str, str]:
    """What the template asks for."""
    tables = read_tables(Path(os.environ["MOODREC_DATA"]))
    stored, frozen = (pd.read_parquet(path).set_index("track_id") for path in (PREDICTIONS, FROZEN))
    parts = {name: read_part(table, stored) for name, table in tables.items()}
    baseline = {name: read_part(table, frozen) for name, table in tables.items()}
    trials = Trials.read(TRIALS)
    return (
        about_model(loaded)
        | about_moods(loaded, parts)
        | {"mirex": mirex_lines(read_part(mirex_table(), stored))}
        | about_comparison(baseline, parts, resamples)
        | about_scales(loaded, list(parts.values()), resamples)
        | {
            "reference": f"{len(stored):,}",
            "trials": trials.as_table(),
            "trials_verdict": trials.verdict(),
            "trials_clearly": f"{CLEARLY:.2f}",
            "versions": f"Python {platform.python_version()}, torch {version('torch')}, "
            f"scikit-learn {version('scikit-learn')}, seed 0, {resamples:,} resamples",
        }
    )


def mirex_table() -> LabelTable:
    """The MIREX-like mood set, whose moods are learnt and not published."""
    return load_source("mirex_mood", Path(os.environ["MOODREC_DATA"]) / "mirex_mood")


def about_model(loaded: LoadedModel) -> dict[str, str]:
    """Name, sizes, windows."""
    files = [file.stat().st_size for file in PACKAGED_MODEL.glob("model.*")]
    network, spec = loaded.network, loaded.spec
    backbone = sum(p.numel() for p in network.backbone.parameters())
    return {
        "name": spec.name,
        "fingerprint": loaded.fingerprint,
        "size": f"{sum(files) / 1e6:.1f} MB",
        "parameters": f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} million",
        "backbone_parameters": f"{backbone / 1e6:.2f} million",
        "notes": str(NOTES),
        "dimensions": str(spec.network.embedding_dim),
        "window": f"{spec.windows.window_s:g}",
        "max_windows": str(spec.windows.max_windows),
        "loudness": f"{spec.audio.loudness_lufs:g}",
        "quiet": f"{spec.audio.quiet_lu:g}",
        "data": spec.provenance["data"],
        "tasks": ", ".join(spec.heads),
    }


def about_moods(loaded: LoadedModel, parts: dict[str, Part]) -> dict[str, str]:
    """What is predicted how well."""
    emotions = raw_report(parts["emotify"], "emotify:")
    return {
        "moods": published_table(loaded.spec, parts, IMAGES),
        "words": word_table(parts["mood4q"]),
        "emotions": rows_of(emotions),
        "emotion_mean": emotion_mean(emotions),
        "quadrants": quadrant_line(parts["mood4q"]),
        "retrieval": retrieval_line(retrieval(parts["mood4q"])),
        "heads": heads_table(json.loads(METADATA_HEADS.read_text())),
    }


def about_comparison(baseline: dict[str, Part], parts: dict[str, Part], resamples: int) -> dict[str, str]:
    """The model beside frozen MusiCNN."""
    found = compare(baseline, parts, resamples)
    return {"comparison": found.as_table(), "comparison_verdict": found.verdict()}


def about_scales(loaded: LoadedModel, parts: list[Part], resamples: int) -> dict[str, str]:
    """What probabilities and scores mean."""
    calibration = calibration_report(loaded.spec.moods, parts, resamples)
    calibration.draw(IMAGES / "reliability.png")
    spread = read_spread(find_sample_index(), list(loaded.spec.moods), loaded.fingerprint)
    return {
        "calibration": calibration.as_table(),
        "calibration_differences": calibration.differences(),
        "calibration_verdict": calibration.verdict(),
        "spread": spread.as_table(),
        "spread_verdict": spread.verdict(),
        "spread_tracks": str(spread.tracks),
    }


if __name__ == "__main__":
    main()
