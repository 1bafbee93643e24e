"""What each refinement of the default recipe brings, on tracks whose artists were not learnt from.

    MOODREC_DATA=... python -m benchmarks.models.refinements [--only NAME ...]

Folds are left out two at a time, in a ring, as in compare.py: networks learn from the other three folds, and each of
the two is scored, so that nothing is chosen by the figures that are reported of five folds. What a recipe computes
after training (``moodrec/training/refine.py``) differs between the variants; the networks are the same, but for those
without the features of the notes.

Writes benchmarks/results/ear/refinements.json after each variant, and goes on where it was stopped. It needs the
weights that recipes/default.toml starts from, and the features that ``moodrec train`` keeps.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics.pairwise import cosine_similarity

from benchmarks.machine import machine_report
from benchmarks.models.candidates import ALL
from benchmarks.models.compare import PAIRS, RESULTS, means, write
from benchmarks.models.figures import fold_figures
from benchmarks.models.music import Music
from benchmarks.models.shipped import in_folds_of, said_in
from benchmarks.places import RECIPES
from moodrec.config import Config
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK
from moodrec.model.tonal import FEATURES as NOTES
from moodrec.training.inputs import FrozenFeatures, LoadFeatures, NetworkInputs
from moodrec.training.labels import TaskLabels, encode_labels
from moodrec.training.loop import Trainer, TrainingSet
from moodrec.training.predict import RowPredictions, predict
from moodrec.training.prepare import Prepared, prepare, prepare_copies
from moodrec.training.recipe import Recipe, read_recipe
from moodrec.training.refine import refine
from moodrec.training.run import default_cache
from moodrec.training.steady import CopiedTracks
from moodrec.training.tasks import NeighboursConfig, RegressionConfig
from moodrec.training.threads import torch_threads

OUT = RESULTS / "refinements.json"
AS_BEFORE = RegressionConfig(penalties={"mood4q:": 100.0, "mirex_mood:": 100.0, "emotify:": 300.0})
"""Each target by itself, with half of the logits."""
OTHER_SPEEDS = ("speed+4", "speed-4", "speed+6", "speed-6")
"""The last two are about a semitone."""
WITHOUT_NOTES = "musicnn_mn"
"""The default model's backbone but for the features of the notes, which are its last."""
K = 10

C = TypeVar("C", bound=Config)
Floats = NDArray[np.float64]


def main() -> None:
    """Train, refine, score, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    recipe = read_recipe(RECIPES / "default.toml")
    variants = variants_of(recipe)
    parser.add_argument("--only", nargs="+", choices=variants, default=list(variants))
    options = parser.parse_args()
    with torch_threads(recipe.training.threads), tempfile.TemporaryDirectory() as folder:
        ring = Ring.of(recipe, Path(folder))
        document = started(ring)
        for name in options.only:
            if name in document["variants"]:
                continue
            own = ring.without_notes() if variants[name].network.backbone == WITHOUT_NOTES else ring
            rows = list(own.rows(variants[name]))
            known = document["variants"] | {name: rows}
            document["variants"] = {one: known[one] for one in variants if one in known}
            document["machine"] = machine_report("torch", "scikit-learn")
            write(OUT, document)
            print(name, means(rows), flush=True)


def started(ring: Ring) -> dict[str, Any]:
    """The results so far, if they are of the same recipe and about the same tracks; else none."""
    mine = {"data": ring.music.digest, "recipe": ring.recipe.digest}
    if OUT.exists():
        document: dict[str, Any] = json.loads(OUT.read_text())
        if all(document.get(name) == value for name, value in mine.items()):
            return document
    return mine | {"variants": {}}


def variants_of(recipe: Recipe) -> dict[str, Recipe]:
    """The recipe itself, and with one refinement changed at a time."""
    moods = recipe.tasks.mood

    def with_moods(**changes: Any) -> Recipe:
        return changed(recipe, tasks=changed(recipe.tasks, mood=changed(moods, **changes)))

    def near(share: float) -> NeighboursConfig:
        return changed(moods.neighbours or NeighboursConfig(targets=("",)), share=share)

    steady = recipe.copies
    return {
        "as the recipe has it": recipe,
        "regressions of each target by itself": with_moods(regression=AS_BEFORE),
        "no regressions": with_moods(regression=None),
        "without features of the notes": changed(
            recipe, network=changed(recipe.network, backbone=WITHOUT_NOTES)
        ),
        "valence and arousal by logits of their own": with_moods(odds={}),
        "neighbours without moods": with_moods(neighbours=None),
        "neighbours with .2 of moods": with_moods(neighbours=near(0.2)),
        "neighbours with .5 of moods": with_moods(neighbours=near(0.5)),
        "copies not counted": changed(recipe, copies=None),
        "copies at other speeds too": with_all_copies(recipe),
        "copies counted twice as much": changed(
            recipe, copies=changed(steady, strength=2 * steady.strength) if steady else None
        ),
    }


def with_all_copies(recipe: Recipe) -> Recipe:
    """The recipe with copies at other speeds beside its own."""
    steady = recipe.copies
    kinds = (*steady.kinds, *OTHER_SPEEDS) if steady else ()
    return changed(recipe, copies=changed(steady, kinds=kinds) if steady else None)


def changed(config: C, **changes: Any) -> C:
    """The settings with some of them replaced."""
    return config.model_copy(update=changes)


@dataclass(frozen=True)
class Ring:
    """The music of the recipe, and its networks for each pair of folds that is left out."""

    recipe: Recipe
    data: Prepared
    copies: CopiedTracks
    music: Music
    """The same tracks, as the figures take them."""
    folder: Path

    @staticmethod
    def of(recipe: Recipe, folder: Path) -> Ring:
        """Analyse what is not in the cache; networks leave their checkpoints in ``folder``."""
        data = prepare(recipe, default_cache(), lambda event: None)
        copies = prepare_copies(with_all_copies(recipe), data, default_cache(), lambda event: None)
        if copies is None:
            raise SystemExit("the recipe has no copies")
        folds = pd.DataFrame({"track_id": data.table.tracks["track_id"], "fold": data.folds})
        return Ring(recipe, data, copies, in_folds_of(folds, Music.of(ALL)), folder)

    def without_notes(self) -> Ring:
        """The same with networks that learn without the features of the notes."""
        recipe = changed(self.recipe, network=changed(self.recipe.network, backbone=WITHOUT_NOTES))
        features = None if self.data.features is None else [_cut(load) for load in self.data.features]
        copies = {
            kind: FrozenFeatures([_cut(load) for load in inputs.features], recipe)
            for kind, inputs in self.copies.copies.items()
            if isinstance(inputs, FrozenFeatures)
        }
        folder = self.folder / WITHOUT_NOTES
        folder.mkdir()
        return replace(
            self,
            recipe=recipe,
            data=replace(self.data, features=features),
            copies=CopiedTracks(self.copies.rows, copies),
            folder=folder,
        )

    def copies_for(self, recipe: Recipe) -> CopiedTracks | None:
        """The copies that a recipe names."""
        if recipe.copies is None:
            return None
        return CopiedTracks(
            self.copies.rows, {kind: self.copies.copies[kind] for kind in recipe.copies.kinds}
        )

    def rows(self, recipe: Recipe) -> Iterator[dict[str, Any]]:
        """Figures of each fold by networks that learnt from three others, refined as a recipe says."""
        inputs = self.data.inputs(recipe)
        for pair in PAIRS:
            seen = self.data.seen & ~np.isin(self.data.folds, pair)
            labels = encode_labels(self.data.table, recipe.tasks, seen)
            network = self.trained(pair, labels, seen)
            refine(network, recipe, inputs, labels, seen, self.copies_for(recipe))
            said = predict(network, inputs, np.flatnonzero(~seen), heads=labels.heads)
            steady = steadiness(network, inputs, self.copies, ~seen, said.embeddings)
            for fold in pair:
                known = said_in(self.frame(said, labels), self.music)
                figures = fold_figures(self.music, known, fold)
                yield {
                    "left_out": list(pair),
                    "fold": fold,
                    **figures,
                    "genre": self.genre(said, fold),
                    **steady,
                }

    def trained(self, pair: tuple[int, int], labels: TaskLabels, seen: NDArray[np.bool_]) -> MoodNetwork:
        """The network of a pair, from its checkpoint where there is one."""
        rows, folder = np.flatnonzero(seen), self.folder / "-".join(map(str, pair))
        folder.mkdir(exist_ok=True)
        training_set = TrainingSet(self.data.inputs(self.recipe), labels, rows)
        return Trainer(self.recipe, training_set, folder, lambda event: None).run()

    def frame(self, said: RowPredictions, labels: TaskLabels) -> pd.DataFrame:
        """Predictions as an out-of-fold table has them."""
        probabilities = expit(said.logits[MOOD_TASK].astype(np.float64))
        frame = pd.DataFrame(probabilities, columns=list(labels.heads[MOOD_TASK].labels))
        ids = self.data.table.tracks["track_id"].to_numpy()[said.rows]
        return frame.assign(track_id=ids, fold=self.data.folds[said.rows], embedding=list(said.embeddings))

    def genre(self, said: RowPredictions, fold: int) -> float:
        """Share of the ten nearest tracks by other artists that have a genre of the track, in 4Q."""
        tracks = self.data.table.tracks.iloc[said.rows]
        own = (tracks["track_id"].str.startswith("mood4q/") & (self.data.folds[said.rows] == fold)).to_numpy()
        genres, artists = [set(g) for g in tracks["genre"][own]], tracks["group"].to_numpy()[own]
        nearness = cosine_similarity(said.embeddings[own])
        nearness[artists[:, None] == artists] = -np.inf
        nearest = np.argsort(-nearness, axis=1)[:, :K]
        found = [
            np.mean([bool(mine & genres[other]) for other in others])
            for mine, others in zip(genres, nearest, strict=True)
            if mine
        ]
        return round(float(np.mean(found)), 6)


def _cut(load: LoadFeatures) -> LoadFeatures:
    """Leave out the last features, those of the notes."""
    return lambda: load()[:, :-NOTES]


def steadiness(
    network: MoodNetwork,
    inputs: NetworkInputs,
    copies: CopiedTracks,
    asked: NDArray[np.bool_],
    embeddings: NDArray[np.float32],
) -> dict[str, float]:
    """The median cosine between a track and its copy, of each kind, standardised on ``embeddings``."""
    places = np.flatnonzero(asked[copies.rows])
    mean, spread = embeddings.mean(0), embeddings.std(0)
    own = (predict(network, inputs, copies.rows[places]).embeddings - mean) / spread
    found = {}
    for kind, copied in copies.copies.items():
        theirs = (predict(network, copied, places).embeddings - mean) / spread
        cosines = (own * theirs).sum(1) / np.linalg.norm(own, axis=1) / np.linalg.norm(theirs, axis=1)
        found[kind] = round(float(np.median(cosines)), 6)
    return found


if __name__ == "__main__":
    main()
