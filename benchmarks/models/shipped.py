"""The figures of the models inside the package among those of the candidates, from their out-of-fold predictions.

    MOODREC_DATA=... python -m benchmarks.models.shipped

``moodrec train`` writes the predictions of five further networks, each of which was not given a fifth of the artists;
benchmarks/results keeps them. Writes benchmarks/results/ear/folds/moodrec-*.json and .npz, as compare.py does of
candidates, for page.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.machine import machine_report
from benchmarks.models.candidates import ALL
from benchmarks.models.compare import RESULTS, means, write
from benchmarks.models.figures import Said, fold_figures, stored_of
from benchmarks.models.music import FOLDS, POOL, Music
from moodrec.evaluation.experiment.stored import save_predictions

PREDICTIONS = {
    "moodrec-1": RESULTS.parent / "moodrec-1-out-of-fold.parquet",
    "moodrec-2": RESULTS.parent / "default-out-of-fold.parquet",
}
_CLOSEST = 1e-7


def main() -> None:
    """Score and store."""
    whole = Music.of(ALL)
    frames = {name: pd.read_parquet(path) for name, path in PREDICTIONS.items()}
    for name, frame in frames.items():
        music = in_folds_of(frame, whole)
        said = said_in(frame, music)
        place = RESULTS / "folds" / name
        checksums = {
            dataset: save_predictions(
                place.with_name(f"{name}.{dataset}.npz"), stored_of(music, said, dataset).in_order()
            )
            for dataset in dict.fromkeys(music.origins[said.rows].tolist())
        }
        rows = [{"fold": fold, **fold_figures(music, said, fold)} for fold in range(FOLDS)]
        document = {
            "system": name,
            "about": {"kind": "shipped"},
            "data": music.digest,
            "machine": machine_report("torch", "scikit-learn"),
            "predictions": checksums,
            "rows": rows,
        }
        write(place.with_suffix(".json"), document)
        print(name, means(rows), flush=True)


def in_folds_of(frame: pd.DataFrame, music: Music) -> Music:
    """The same music, in the folds of a table of predictions for the tracks that it has."""
    known = {str(track): int(fold) for track, fold in zip(frame["track_id"], frame["fold"], strict=True)}
    folds = [
        known.get(track, fold)
        for track, fold in zip(music.table.tracks["track_id"], music.folds, strict=True)
    ]
    return replace(music, folds=np.array(folds, np.int64))


def said_in(frame: pd.DataFrame, music: Music) -> Said:
    """What a table of out-of-fold predictions says, in the order of ``music``.

    Words that a model was taught apart for each dataset are those of the dataset that a track is of.
    """
    place = {track_id: row for row, track_id in enumerate(music.table.tracks["track_id"])}
    rows = np.array([place[track_id] for track_id in frame["track_id"]])
    targets = [str(name) for name in music.table.targets.columns]
    logits = np.full((len(rows), len(targets)), np.nan)
    for column in frame.columns:
        prefix = next((old for old in POOL if column.startswith(old)), "")
        name = POOL[prefix] + column.removeprefix(prefix) if prefix else column
        if name in targets:
            p = np.clip(frame[column].to_numpy(np.float64), _CLOSEST, 1 - _CLOSEST)
            target = targets.index(name)
            own = np.isnan(logits[:, target]) | (music.origins[rows] == prefix.partition(":")[0])
            logits[own, target] = np.log(p / (1 - p))[own]
    return Said(rows, logits, np.stack(frame["embedding"].to_list()).astype(np.float64))


if __name__ == "__main__":
    main()
