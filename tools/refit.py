"""Fit what a model says of its moods anew: odds, moods, scales, quality and context; weights stay as they are.

    python tools/refit.py MODEL --recipe recipes/default.toml --predictions out-of-fold.parquet

``moodrec train`` fits all of it itself. This is for a model whose moods are described in another way than when it was
trained, and for one of an earlier version, in seconds and without audio. The recipe names the datasets (with
MOODREC_DATA set to the folder above them); the predictions are the probabilities of all targets, each of a network
that was not trained on the track. The model's fingerprint changes: an index of its embeddings has to be built anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from moodrec.model.context.applied import logits_of
from moodrec.model.context.model import ContextModel
from moodrec.model.folder import read_model_files, write_model_files
from moodrec.model.odds import with_odds
from moodrec.model.spec import MOOD_TASK, ModelSpec
from moodrec.training.prepare import load_tables
from moodrec.training.publish import fitted, published_moods
from moodrec.training.quality import measure_moods
from moodrec.training.recipe import Recipe, read_recipe


def main() -> None:
    """Fit, write, and say what the context uses."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--predictions", type=Path, required=True)
    parser.add_argument(
        "--context-out", type=Path, help="write the context there, and leave the model as it is"
    )
    given = parser.parse_args()
    files = read_model_files(given.model)
    spec, context = refitted(files.spec, read_recipe(given.recipe), pd.read_parquet(given.predictions))
    if given.context_out is None:
        print("fingerprint:", write_model_files(given.model, spec, files.weights, files.graph, context))
    elif context is not None:
        context.save(given.context_out)
    if context is None:
        print("metadata adds nothing to any mood on held-out tracks: there is no context")
    for name, mood in context.moods.items() if context is not None else ():
        kinds = [
            kind
            for kind in ("artist", "album", "artist_labels", "album_labels")
            if getattr(mood, kind).weight
        ]
        print(f"{name}: {', '.join([*(['genres'] if mood.genres else []), *kinds]) or 'audio alone'}")


def refitted(
    spec: ModelSpec, recipe: Recipe, predictions: pd.DataFrame
) -> tuple[ModelSpec, ContextModel | None]:
    """Fit a model's description and context.

    Args:
        spec: the description at hand.
        recipe: names the datasets, the odds and the published moods.
        predictions: ``track_id`` and the probability of each target.
    """
    head = spec.heads[MOOD_TASK].model_copy(update={"odds": recipe.tasks.mood.odds})
    heads = spec.heads | {MOOD_TASK: type(head).model_validate(head.model_dump())}
    known = predictions.set_index("track_id")
    table = load_tables(recipe)
    rows = table.tracks["track_id"].isin(known.index).to_numpy()
    tracks = table.tracks[rows]
    labels = table.targets[rows].reindex(columns=list(spec.targets)).to_numpy(np.float32)
    probabilities = known.loc[tracks["track_id"], list(spec.targets)].to_numpy(np.float64)
    logits = with_odds(heads[MOOD_TASK], logits_of(probabilities).astype(np.float32))
    moods, groups = published_moods(recipe, heads), tracks["group"].tolist()
    measured = measure_moods(moods, spec.targets, logits, labels, groups)
    quality = {one.mood: one.quality for one in measured if one.quality is not None}
    found, context = fitted(recipe, heads, logits, labels, spec.calibrated_on, tracks, quality)
    # The network was trained by another form of the recipe; what differs is nothing that training reads.
    made = spec.provenance | {"recipe": recipe.digest}
    return found.model_copy(update={"network": spec.network, "provenance": made}), context


if __name__ == "__main__":
    main()
