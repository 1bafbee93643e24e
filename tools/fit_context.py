"""Fit the context of a model from its out-of-fold predictions, and put it into its folder.

    python tools/fit_context.py MODEL --recipe recipes/default.toml --predictions out-of-fold.parquet

``moodrec train`` does so itself; this is for a model that was trained before, or whose predictions were made
elsewhere. The recipe names the datasets (with MOODREC_DATA set to the folder above them), of which no audio is read.
The model's fingerprint changes: an index of its embeddings has to be built anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from moodrec.model.context.applied import logits_of
from moodrec.model.folder import add_context, read_model_files
from moodrec.training.context import fit_context
from moodrec.training.prepare import load_tables
from moodrec.training.quality import mood_labels
from moodrec.training.recipe import read_recipe


def main() -> None:
    """Fit, write, and say what the context uses."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--predictions", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="write the context there, and leave the model as it is")
    given = parser.parse_args()
    table = load_tables(read_recipe(given.recipe))
    predictions = pd.read_parquet(given.predictions).set_index("track_id")
    spec = read_model_files(given.model, graph=False).spec
    rows = table.tracks["track_id"].isin(predictions.index).to_numpy()
    tracks, targets = table.tracks[rows], table.targets[rows].reindex(columns=list(spec.targets))
    probabilities = predictions.loc[tracks["track_id"], list(spec.targets)].to_numpy(np.float64)
    labels = targets.to_numpy(np.float32)
    known = np.stack([mood_labels(mood, spec.targets, labels) for mood in spec.moods.values()], axis=1)
    logits = logits_of(probabilities).astype(np.float32)
    data = ", ".join(dict.fromkeys(track.split(":")[0] for track in spec.targets))
    context = fit_context(spec, logits, known, tracks, data)
    if context is None:
        print("metadata adds nothing to any mood on held-out tracks: there is no context to write")
    elif given.out is not None:
        context.save(given.out)
    else:
        print("fingerprint:", add_context(given.model, context))
    for name, mood in context.moods.items() if context is not None else ():
        kinds = [
            kind
            for kind in ("artist", "album", "artist_labels", "album_labels")
            if getattr(mood, kind).weight
        ]
        print(f"{name}: {', '.join([*(['genres'] if mood.genres else []), *kinds]) or 'audio alone'}")


if __name__ == "__main__":
    main()
