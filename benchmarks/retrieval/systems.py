"""The systems that the retrieval benchmark compares, each as a table of embeddings and predicted moods.

    MOODREC_DATA=... python -m benchmarks.retrieval.systems --single RUN [--emopia FOLDER]

On Emotify and 4Q every row is out of fold, in the folds of the default model, by networks or regressions that were
not trained on the artist:

- multi-task is benchmarks/results/default-out-of-fold.parquet, frozen MusiCNN
  benchmarks/results/frozen-musicnn-out-of-fold.parquet; both are there already;
- single-task is the out-of-fold table of a run (``--single``): ``moodrec train recipes/single-task.toml --out RUN``;
- MFCC statistics and metadata (genres) get their moods from the regressions of benchmarks/models/frozen_musicnn.py.

On EMOPIA, which none of them was trained on, the models trained on all tracks analyse its clips. FOLDER holds its
tracks.csv and the rendered audio (tools/render_emopia.py, FluidR3_GM.sf2).

Writes benchmarks/results/retrieval/{single-task,mfcc,metadata}.parquet and emopia-*.parquet; of the first, what is
there already stays.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from benchmarks.models.frozen_musicnn import PREDICTIONS, Task, choose, in_folds_of, out_of_fold, tasks_of
from benchmarks.places import RECIPES, RESULTS
from benchmarks.retrieval.mfcc import cached_mfcc
from moodrec.data.labels import LabelTable
from moodrec.data.sources import load_source
from moodrec.embedding.mood_model import MoodModel
from moodrec.evaluation.neighbourhood.gallery import gallery_of, metadata_run
from moodrec.evaluation.neighbourhood.run import packaged_moods
from moodrec.files.replacing import replacing
from moodrec.model.checkpoint import LoadedModel, load_model
from moodrec.model.describe import PACKAGED_MODEL
from moodrec.training.cache import LogMelCache
from moodrec.training.frozen import frozen_features
from moodrec.training.prepare import Prepared, prepare
from moodrec.training.recipe import Recipe, read_recipe
from moodrec.training.run import default_cache

RECIPE = RECIPES / "moodrec-1.toml"
"""Emotify and 4Q, on the trunk of frozen MusiCNN."""
OUT = RESULTS / "retrieval"
MOODS = ("valence", "arousal", "happy", "tense", "sad", "calm")
"""What EMOPIA has labels for."""

Floats = NDArray[np.float64]


def main() -> None:
    """Write every table that can be written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--single", type=Path, help="folder of the single-task run")
    parser.add_argument("--emopia", type=Path, help="EMOPIA with its rendered audio")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="spectrograms and features")
    options = parser.parse_args()
    recipe = read_recipe(RECIPE)
    data = in_folds_of(PREDICTIONS, prepare(recipe, options.cache, lambda event: None))
    mfcc = cached_mfcc(list(data.table.tracks["audio"]), options.cache)
    if not (OUT / "mfcc.parquet").exists():
        write_own(OUT / "mfcc.parquet", data, mfcc, standardised(mfcc, data))
    if not (OUT / "metadata.parquet").exists():
        write_own(OUT / "metadata.parquet", data, *metadata_of(data))
    if options.single is not None:
        copy_out_of_fold(options.single / "out-of-fold.parquet", OUT / "single-task.parquet")
    if options.emopia is not None:
        write_emopia(recipe, data, mfcc, options)


def write_own(out: Path, data: Prepared, features: Floats, embeddings: Floats) -> None:
    """Out-of-fold moods from features, beside embeddings."""
    found: dict[str, Floats] = {}
    for task in tasks_of(data):
        own = wanted(task)
        if own is not None:
            predictions, strengths = out_of_fold(own, features, data)
            found |= dict(zip(own.targets, predictions.T, strict=True))
            print(f"{out.stem}, {own.name}: C {strengths}", flush=True)
    frame = data.table.tracks[["track_id"]].assign(fold=data.folds, **found)
    write(out, frame, embeddings)


def wanted(task: Task) -> Task | None:
    """The task without targets that no published mood is made of."""
    behind = {target for targets in packaged_moods().values() for target in targets}
    kept = tuple(target for target in task.targets if target in behind)
    if task.name == "quadrants":
        return task
    return Task(task.name, kept, task.fit, task.score) if kept else None


def standardised(features: Floats, data: Prepared) -> Floats:
    """Features standardised on the other folds of the row's dataset."""
    dataset = data.table.tracks["track_id"].str.partition("/")[0].to_numpy()
    found = np.empty_like(features)
    for name in np.unique(dataset):
        for fold in np.unique(data.folds):
            own = (dataset == name) & (data.folds == fold)
            if own.any():
                others = (dataset == name) & (data.folds != fold)
                found[own] = StandardScaler().fit(features[others]).transform(features[own])
    return found


def metadata_of(data: Prepared) -> tuple[Floats, Floats]:
    """(rows, genres) flags to predict moods from, and (rows, d) vectors of genres and artist."""
    table = data.table
    genres = sorted({genre for mine in table.tracks["genre"] for genre in mine})
    flags = np.array([[genre in mine for genre in genres] for mine in table.tracks["genre"]], np.float64)
    gallery = gallery_of(table, {})
    return flags, metadata_run(table, gallery, np.zeros(len(table), np.int64), 0).embeddings


def copy_out_of_fold(source: Path, out: Path) -> None:
    """What the benchmark reads of an out-of-fold table."""
    behind = {target for targets in packaged_moods().values() for target in targets}
    table = pq.read_table(source)
    kept = [name for name in table.column_names if name in {"track_id", "fold", "embedding", *behind}]
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary:
        pq.write_table(table.select(kept), temporary, compression="zstd")


def write_emopia(recipe: Recipe, data: Prepared, mfcc: Floats, options: argparse.Namespace) -> None:
    """The systems that read audio, and the metadata, on the rendered clips."""
    table = load_source("emopia", options.emopia, {})
    paths = list(table.tracks["audio"])
    models = {"multi-task": PACKAGED_MODEL}
    if options.single is not None:
        models["single-task"] = options.single / "model"
    for name, folder in models.items():
        write_model(OUT / f"emopia-{name}.parquet", table, MoodModel.load(folder, "cpu"))
    if recipe.warm_start is not None and not (OUT / "emopia-frozen-musicnn.parquet").exists():
        log_mels = LogMelCache(options.cache, recipe.audio).fill(paths, 2, lambda: None)
        known = [mel for mel in log_mels if mel is not None]
        if len(known) < len(table):
            raise SystemExit("some clips of EMOPIA cannot be decoded")
        features = [load() for load in frozen_features(recipe, known, lambda: None)]
        trunk = load_model(Path(recipe.warm_start.model))
        theirs = penultimate(trunk, [load() for load in data.features or []]), penultimate(trunk, features)
        write_regressions(OUT / "emopia-frozen-musicnn.parquet", table, data, *theirs)
    if not (OUT / "emopia-mfcc.parquet").exists():
        write_regressions(OUT / "emopia-mfcc.parquet", table, data, mfcc, cached_mfcc(paths, options.cache))
    vectors = metadata_run(table, gallery_of(table, {}), np.zeros(len(table), np.int64), 0).embeddings
    write(OUT / "emopia-metadata.parquet", table.tracks[["track_id"]], vectors)


def write_model(out: Path, table: LabelTable, model: MoodModel) -> None:
    """Embeddings and mood scores as a model gives them for the files."""
    found = [model.analyze(path) for path in table.tracks["audio"]]
    columns = {mood: [one[mood] for one in found] for mood in model.moods if mood in MOODS}
    vectors = np.stack([one.embedding for one in found]).astype(np.float64)
    write(out, table.tracks[["track_id"]].assign(**columns), vectors)


@torch.inference_mode()
def penultimate(model: LoadedModel, features: list[NDArray[np.float32]]) -> Floats:
    """(tracks, 200): what MusiCNN's own dense layer makes of the pooled maps, the mean over a track's windows."""
    backbone = model.network.eval().backbone
    return np.stack([backbone.neck(torch.from_numpy(f)).mean(0).numpy() for f in features]).astype(np.float64)


def write_regressions(out: Path, table: LabelTable, data: Prepared, known: Floats, new: Floats) -> None:
    """Moods by regressions on all of 4Q; embeddings standardised over the clips, whose labels are not looked at."""
    scores: dict[str, Floats] = {}
    for task in tasks_of(data):
        if task.name in ("quadrants", "valence", "arousal"):
            scores |= dict(zip(task.targets, transferred(task, data, known, new), strict=True))
    moods = packaged_moods()
    columns = {mood: scores[moods[mood][0]].astype(np.float32) for mood in MOODS}
    frame = table.tracks[["track_id"]].assign(**columns)
    write(out, frame, StandardScaler().fit_transform(new))


def transferred(task: Task, data: Prepared, known: Floats, new: Floats) -> Floats:
    """(targets, clips) scores: where each probability stands among the out-of-fold ones, as in a model's scales."""
    truth = data.table.targets[list(task.targets)].to_numpy(np.float64)
    rows = data.seen & ~np.isnan(truth).any(1)
    strength = choose(task, known[rows], truth[rows], data.folds[rows])
    predictions = task.fit(known[rows], truth[rows], strength)(new)
    reference, _ = out_of_fold(task, known, data)
    return np.stack([place_in(p, r) for p, r in zip(predictions.T, reference.T, strict=True)])


def place_in(values: Floats, reference: Floats) -> Floats:
    """The share of the reference below each value, ties halved."""
    ordered = np.sort(reference)
    both = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return np.asarray(both / 2 / len(ordered))


def write(out: Path, columns: pd.DataFrame | Mapping[str, NDArray[Any]], embeddings: Floats) -> None:
    """One row a track."""
    table = pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False).replace_schema_metadata(None)
    for name in table.column_names:
        if pa.types.is_float64(table[name].type):
            table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.float32()))
    flat = pa.array(embeddings.astype(np.float32).ravel())
    values = pa.FixedSizeListArray.from_arrays(flat, embeddings.shape[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary:
        pq.write_table(table.append_column("embedding", values), temporary, compression="zstd")


if __name__ == "__main__":
    main()
