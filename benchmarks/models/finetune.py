"""Candidate (a): the small network alone, trained end to end on moods and metadata, by the ring of compare.py.

    MOODREC_DATA=... nice -n 19 python -m benchmarks.models.finetune --state FOLDER [--epochs 12]

It starts from ``weights/mn04-audioset`` (tools/convert_mn.py) and trains every layer on excerpts of 6 s, each track
at one level, with SpecAugment. Five networks, one a left-out pair of folds, take hours of one core each; a checkpoint
is written under ``--state`` after each epoch, and the same command goes on from there. When all five are done, their
figures are put into benchmarks/results/ear/ring.json, beside those of the frozen trunks.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from benchmarks.models.candidates import ALL, METADATA, exclusive_of
from benchmarks.models.compare import PAIRS, RESULTS, means, started, write
from benchmarks.models.features import LOUDNESS_LUFS, QUIET_LU, TRUNKS, WEIGHTS, default_cache
from benchmarks.models.figures import Said, fold_figures
from benchmarks.models.music import Music
from moodrec.config import ModelConfig
from moodrec.model.spec import MOOD_TASK
from moodrec.training.cache import LogMelCache, StoredLogMel
from moodrec.training.events import TrainingEvent, event_document
from moodrec.training.inputs import Spectrograms
from moodrec.training.labels import encode_labels
from moodrec.training.loop import Trainer, TrainingSet
from moodrec.training.out_of_fold import load_predictions, save_predictions
from moodrec.training.predict import RowPredictions, predict
from moodrec.training.recipe import DataEntry, OptimizerConfig, Recipe, WarmStartConfig
from moodrec.training.tasks import ClassTask, GenreTask, MoodTask, TasksConfig, YearTask

NAME = "mn end to end, MIREX too, softmax"
TRUNK = TRUNKS["mn"]


def main() -> None:
    """Train what is not trained yet; score when all is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--state", type=Path, required=True, help="checkpoints and predictions of the networks"
    )
    parser.add_argument(
        "--cache", type=Path, default=default_cache().with_name("log-mel"), help="spectrograms"
    )
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe, music = recipe_of(options.epochs), Music.of(ALL)
    log_mels = LogMelCache(options.cache, recipe.audio).fill(
        list(music.table.tracks["audio"]), 1, lambda: None
    )
    inputs = Spectrograms([own for own in log_mels if isinstance(own, StoredLogMel)], recipe)
    if len(inputs) != len(music.table):
        raise SystemExit("some audio cannot be read")
    rows = []
    for pair in PAIRS:
        found = predictions(recipe, music, inputs, pair, options.state / "-".join(map(str, pair)))
        said = Said(
            found.rows, found.logits[MOOD_TASK].astype(np.float64), found.embeddings.astype(np.float64)
        )
        rows += [{"left_out": list(pair), "fold": fold, **fold_figures(music, said, fold)} for fold in pair]
        print(pair, means(rows[-2:]), flush=True)
    out = RESULTS / "ring.json"
    document = started(out, music.digest)
    settings = {"kind": "end to end", "recipe": recipe.digest, "epochs": options.epochs, "data": list(ALL)}
    document["systems"][NAME] = {"about": settings, "cpu_seconds": cpu_seconds(options.state), "rows": rows}
    write(out, document)
    print(NAME, means(rows), flush=True)


def predictions(
    recipe: Recipe, music: Music, inputs: Spectrograms, pair: tuple[int, int], folder: Path
) -> RowPredictions:
    """What a network that was not given two folds makes of them; read back where it was computed before."""
    place = folder / "predictions.safetensors"
    if place.exists():
        return load_predictions(place)
    folder.mkdir(parents=True, exist_ok=True)
    asked = np.isin(music.folds, pair)
    labels = encode_labels(music.table, recipe.tasks, ~asked)
    training_set = TrainingSet(inputs, labels, np.flatnonzero(~asked), music.digest)
    trainer = Trainer(recipe, training_set, folder, tell)
    found = predict(trainer.run(), inputs, np.flatnonzero(asked))
    save_predictions(place, found)
    return found


def recipe_of(epochs: int) -> Recipe:
    """How it learns."""
    levelled = {"loudness_lufs": LOUDNESS_LUFS, "quiet_lu": QUIET_LU}
    return Recipe(
        name="mn",
        audio=TRUNK.model.spec.audio.model_copy(update=levelled),
        windows=TRUNK.windows,
        network=ModelConfig(backbone="mn", channels=64, embedding_dim=128),
        tasks=TasksConfig(
            mood=MoodTask(target_weights={"allmusic:word:": 0.3}, exclusive=exclusive_of(ALL)),
            artist=ClassTask(weight=METADATA),
            album=ClassTask(weight=METADATA),
            year=YearTask(weight=METADATA),
            genre=GenreTask(weight=METADATA),
        ),
        training=OptimizerConfig(
            epochs=epochs,
            batch_size=32,
            learning_rate=3e-3,
            precision="float32",
            threads=1,
            checkpoint_every=1,
        ),
        warm_start=WarmStartConfig(model=str(WEIGHTS / "mn04-audioset"), learning_rate_scale=0.1),
        data=tuple(DataEntry(source=name, root=".") for name in ALL),
    )


def cpu_seconds(state: Path) -> int:
    """Seconds that the logs of all epochs tell."""
    lines = [line for log in state.glob("*/log.jsonl") for line in log.read_text().splitlines()]
    return round(sum(float(json.loads(line)["seconds"]) for line in lines))


def tell(event: TrainingEvent) -> None:
    """Print a line an epoch."""
    print(json.dumps(event_document(event)), flush=True)


if __name__ == "__main__":
    main()
