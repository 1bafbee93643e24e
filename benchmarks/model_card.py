"""Write docs/model-card.md, and its copy beside the weights, from out-of-fold predictions of the default model.

    MOODREC_DATA=... python benchmarks/model_card.py

Every figure comes from predictions by models that never heard the track or its artist; they are kept in
benchmarks/results, so that the card is rendered again without training.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable
from moodrec.data.sources import load_source
from moodrec.evaluation.evaluate import evaluate
from moodrec.evaluation.predictions import Predictions
from moodrec.evaluation.reports import Estimate, EvaluationReport, RetrievalReport
from moodrec.evaluation.retrieval import QUADRANTS, evaluate_retrieval
from moodrec.evaluation.scored import scored_table
from moodrec.metrics.classification import macro_f1
from moodrec.model.checkpoint import load_model
from moodrec.model.describe import PACKAGED_MODEL
from moodrec.model.spec import ModelSpec
from moodrec.plots.curves import pr_curves
from moodrec.training.out_of_fold import RECIPE_MARK

HERE = Path(__file__).parent
PREDICTIONS = HERE / "results" / "default-out-of-fold.parquet"
METADATA_HEADS = HERE / "results" / "metadata-heads.json"
TEMPLATE = HERE / "model_card.md.in"
CARD = HERE.parent / "docs" / "model-card.md"
IMAGES = HERE.parent / "docs" / "images"


@dataclass(frozen=True)
class Part:
    """One dataset's tracks with their out-of-fold predictions, in the same order."""

    table: LabelTable
    scores: pd.DataFrame

    def predictions(self, columns: dict[str, NDArray[np.float64]]) -> Predictions:
        """Predictions of made-up targets."""
        ids = tuple(self.table.tracks["track_id"])
        return Predictions(ids, tuple(columns), np.stack(list(columns.values()), 1).astype(np.float32))


def main() -> None:
    """Render the card."""
    if "MOODREC_DATA" not in os.environ:
        sys.exit("set MOODREC_DATA to the folder that holds mood4q and emotify")
    loaded = load_model(PACKAGED_MODEL)
    made_by = pq.read_schema(PREDICTIONS).metadata[RECIPE_MARK].decode()
    if made_by != loaded.spec.provenance["recipe"]:
        sys.exit(f"{PREDICTIONS} was made by recipe {made_by}, the model by another: train again")
    stored = pd.read_parquet(PREDICTIONS).set_index("track_id")
    parts = {name: read_part(name, stored) for name in ("mood4q", "emotify")}
    fields = {
        "name": loaded.spec.name,
        "fingerprint": loaded.fingerprint,
        "size": f"{sum(f.stat().st_size for f in PACKAGED_MODEL.glob('model.*')) / 1e6:.1f} MB",
        "parameters": f"{sum(p.numel() for p in loaded.network.parameters()) / 1e6:.2f} million",
        "dimensions": str(loaded.spec.network.embedding_dim),
        "window": f"{loaded.spec.windows.window_s:g}",
        "max_windows": str(loaded.spec.windows.max_windows),
        "moods": published_table(loaded.spec, parts),
        "words": word_table(parts["mood4q"]),
        "emotions": rows_of(raw_report(parts["emotify"], "emotify:")),
        "emotion_mean": emotion_mean(raw_report(parts["emotify"], "emotify:")),
        "quadrants": quadrant_line(parts["mood4q"]),
        "retrieval": retrieval_line(retrieval(parts["mood4q"])),
        "heads": heads_table(json.loads(METADATA_HEADS.read_text())),
        "versions": f"Python {platform.python_version()}, torch {version('torch')}, seed 0, 1,000 resamples",
    }
    card = TEMPLATE.read_text().format(**fields)
    for place in (CARD, PACKAGED_MODEL / "MODEL_CARD.md"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(card)


def read_part(name: str, stored: pd.DataFrame) -> Part:
    """Labels of a dataset beside its predictions."""
    table = load_source(name, Path(os.environ["MOODREC_DATA"]) / name)
    ids = [f"{name}/{track_id}" for track_id in table.tracks["track_id"]]
    return Part(table, stored.loc[ids].reset_index())


def raw_report(part: Part, prefix: str) -> EvaluationReport:
    """Figures of the training targets whose name starts with ``prefix``."""
    names = [name for name in part.table.targets.columns if name.startswith(prefix)]
    predictions = part.predictions({name: part.scores[name].to_numpy() for name in names})
    return evaluate(scored_table(part.table, predictions))


def published_table(spec: ModelSpec, parts: dict[str, Part]) -> str:
    """The moods that users see: a track has one of several words if it has any of them."""
    reports = {name: published_report(spec, part) for name, part in parts.items()}
    tags = {tag.tag.partition(":")[2]: tag for report in reports.values() for tag in report.tags}
    lines = ["| mood | meaning | tracks | share | AP | ROC-AUC |", "|---|---|---|---|---|---|"]
    for mood, published in spec.moods.items():
        tag = tags[mood]
        lines.append(
            f"| `{mood}` | {published.description} | {tag.positives} of {tag.n} | {tag.prevalence:.3f} "
            f"| {figure(tag.ap)} | {figure(tag.roc_auc)} |"
        )
    return "\n".join(lines)


def published_report(spec: ModelSpec, part: Part) -> EvaluationReport:
    """Figures of the published moods that are made of this dataset's targets; draws their curves."""
    own = {
        mood: p.targets for mood, p in spec.moods.items() if set(p.targets) <= set(part.table.targets.columns)
    }
    names = {mood: f"{part.table.name}:{mood}" for mood in own}
    labels = {names[m]: part.table.targets[list(t)].max(axis=1).to_numpy(np.float32) for m, t in own.items()}
    scores = {names[m]: logit(part.scores[list(t)].to_numpy()).mean(1) for m, t in own.items()}
    table = replace(part.table, targets=pd.DataFrame(labels))
    scored = scored_table(table, part.predictions(scores))
    report = evaluate(scored)
    pr_curves(scored, report, IMAGES / f"pr-{part.table.name}.png")
    return report


def word_table(part: Part) -> str:
    """Macro figures over the AllMusic words, beside the best of them."""
    report = raw_report(part, "mood4q:word:")
    best = sorted(report.tags, key=lambda tag: -tag.ap.value / tag.chance_ap)[:12]
    names = ", ".join(f"{tag.tag.split(':')[-1]} ({tag.ap.value:.2f})" for tag in best)
    return (
        f"Macro AP over {len(report.tags)} words is {figure(report.macro_ap)} where a random order has "
        f"{report.macro_chance_ap:.3f}; macro ROC-AUC {figure(report.macro_roc_auc)}. Furthest above chance: {names}."
    )


def rows_of(report: EvaluationReport) -> str:
    """A Markdown table of tags."""
    lines = ["| target | share | AP | ROC-AUC | Pearson r |", "|---|---|---|---|---|"]
    for tag in report.tags:
        pearson = figure(tag.pearson) if tag.pearson else ""
        lines.append(
            f"| `{tag.tag}` | {tag.prevalence:.3f} | {figure(tag.ap)} | {figure(tag.roc_auc)} | {pearson} |"
        )
    return "\n".join(lines)


def emotion_mean(report: EvaluationReport) -> str:
    """Mean correlation over the emotions."""
    return figure(report.mean_pearson) if report.mean_pearson else ""


def quadrant_line(part: Part) -> str:
    """Macro-F1 of the likeliest quadrant, mean over the folds."""
    columns = [f"mood4q:{quadrant}" for quadrant in QUADRANTS]
    truth = part.table.targets[columns].to_numpy().argmax(1)
    guess = part.scores[columns].to_numpy().argmax(1)
    folds = part.scores["fold"].to_numpy()
    found = [macro_f1(truth[folds == fold], guess[folds == fold]) for fold in np.unique(folds)]
    each = ", ".join(f"{value:.3f}" for value in found)
    return f"macro-F1 {np.mean(found):.3f}, the mean of five folds ({each})"


def retrieval(part: Part) -> RetrievalReport:
    """Precision at 10; a fold's embeddings are compared with each other alone: each fold has its own network."""
    embeddings = np.stack(part.scores["embedding"].to_list())
    return evaluate_retrieval(embeddings, part.table, spaces=part.scores["fold"].to_numpy())


def retrieval_line(report: RetrievalReport) -> str:
    """One sentence."""
    each = ", ".join(f"{label.upper()} {value:.3f}" for label, value in report.per_label)
    return (
        f"P@10 is {figure(report.precision)} over {report.n_queries} queries, random neighbours have "
        f"{report.random:.3f} (p = {report.p_value:.3f} by permutation); by quadrant: {each}"
    )


def heads_table(report: dict[str, dict[str, float]]) -> str:
    """The metadata heads on held-out tracks of known artists."""
    lines = ["| head | classes | held-out tracks | score | chance | p |", "|---|---|---|---|---|---|"]
    for task, found in report.items():
        kind = "accuracy" if "accuracy" in found else "roc_auc"
        lines.append(
            f"| {task} | {found['classes']} | {found['tracks']} | {found[kind]:.3f} {kind.replace('_', '-')} "
            f"| {found['chance']:.3f} | {found['p_value']:.4f} |"
        )
    return "\n".join(lines)


def figure(estimate: Estimate) -> str:
    """``0.42 [0.38, 0.46]``."""
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def logit(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """Back from the stored probabilities to logits."""
    p = np.clip(probability.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(p / (1 - p)))


if __name__ == "__main__":
    main()
