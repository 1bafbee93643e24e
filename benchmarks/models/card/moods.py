"""The model card's account of the moods: how well each target is predicted out of fold, and what neighbours share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.models.card.parts import Part, figure, table
from moodrec.evaluation.evaluate import evaluate
from moodrec.evaluation.reports import EvaluationReport, RetrievalReport
from moodrec.evaluation.retrieval import QUADRANTS, evaluate_retrieval
from moodrec.evaluation.scored import scored_table
from moodrec.metrics.classification import macro_f1
from moodrec.model.spec import ModelSpec
from moodrec.plots.curves import pr_curves


def raw_report(part: Part, prefix: str) -> EvaluationReport:
    """Figures of the training targets whose name starts with ``prefix``."""
    names = [name for name in part.table.targets.columns if name.startswith(prefix)]
    predictions = part.predictions({name: part.scores[name].to_numpy() for name in names})
    return evaluate(scored_table(part.table, predictions))


def published_table(spec: ModelSpec, parts: dict[str, Part], images: Path) -> str:
    """The moods that users see: a track has one of several words if it has any of them."""
    reports = {name: published_report(spec, part, images) for name, part in parts.items()}
    tags = {tag.tag.partition(":")[2]: tag for report in reports.values() for tag in report.tags}
    rows = []
    for mood, published in spec.moods.items():
        tag = tags[mood]
        counts = [f"{tag.positives} of {tag.n}", f"{tag.prevalence:.3f}"]
        rows.append([f"`{mood}`", published.description, *counts, figure(tag.ap), figure(tag.roc_auc)])
    return table(["mood", "meaning", "tracks", "share", "AP", "ROC-AUC"], rows)


def published_report(spec: ModelSpec, part: Part, images: Path) -> EvaluationReport:
    """Figures of the published moods that are made of this dataset's targets; draws their curves."""
    own = {
        mood: p.targets for mood, p in spec.moods.items() if set(p.targets) <= set(part.table.targets.columns)
    }
    names = {mood: f"{part.table.name}:{mood}" for mood in own}
    labels = {names[m]: part.table.targets[list(t)].max(axis=1).to_numpy(np.float32) for m, t in own.items()}
    scores = {names[m]: part.logits(t).mean(1) for m, t in own.items()}
    relabelled = replace(part.table, targets=pd.DataFrame(labels))
    scored = scored_table(relabelled, part.predictions(scores))
    report = evaluate(scored)
    pr_curves(scored, report, images / f"pr-{part.table.name}.png")
    return report


def word_table(part: Part, prefix: str = "mood4q:word:") -> str:
    """Macro figures over the AllMusic words, beside the best of them."""
    report = raw_report(part, prefix)
    best = sorted(report.tags, key=lambda tag: -tag.ap.value / tag.chance_ap)[:12]
    names = ", ".join(f"{tag.tag.split(':')[-1]} ({tag.ap.value:.2f})" for tag in best)
    return (
        f"Macro AP over {len(report.tags)} words is {figure(report.macro_ap)} where a random order has "
        f"{report.macro_chance_ap:.3f}; macro ROC-AUC {figure(report.macro_roc_auc)}. Furthest above chance: {names}."
    )


def rows_of(report: EvaluationReport) -> str:
    """A Markdown table of tags."""
    rows = [
        [
            f"`{tag.tag}`",
            f"{tag.prevalence:.3f}",
            figure(tag.ap),
            figure(tag.roc_auc),
            figure(tag.pearson) if tag.pearson else "",
        ]
        for tag in report.tags
    ]
    return table(["target", "share", "AP", "ROC-AUC", "Pearson r"], rows)


def emotion_mean(report: EvaluationReport) -> str:
    """Mean correlation over the emotions."""
    return figure(report.mean_pearson) if report.mean_pearson else ""


def mirex_lines(part: Part) -> str:
    """Words and clusters of the MIREX-like set."""
    clusters = _class_line(part, [f"mirex_mood:cluster{number}" for number in range(1, 6)])
    return f"{word_table(part, 'mirex_mood:word:')}\n\nLikeliest of the five clusters: {clusters}."


def quadrant_line(part: Part) -> str:
    """Macro-F1 of the likeliest quadrant, mean over the folds."""
    return _class_line(part, [f"mood4q:{quadrant}" for quadrant in QUADRANTS])


def _class_line(part: Part, columns: list[str]) -> str:
    truth = part.table.targets[columns].to_numpy().argmax(1)
    guess = part.scores[columns].to_numpy().argmax(1)
    folds = part.folds
    found = [macro_f1(truth[folds == fold], guess[folds == fold]) for fold in np.unique(folds)]
    each = ", ".join(f"{value:.3f}" for value in found)
    return f"macro-F1 {np.mean(found):.3f}, the mean of five folds ({each})"


def retrieval(part: Part) -> RetrievalReport:
    """Precision at 10; a fold's embeddings are compared with each other alone: each fold has its own network."""
    embeddings = np.stack(part.scores["embedding"].to_list())
    return evaluate_retrieval(embeddings, part.table, spaces=part.folds)


def retrieval_line(report: RetrievalReport) -> str:
    """One sentence."""
    each = ", ".join(f"{label.upper()} {value:.3f}" for label, value in report.per_label)
    return (
        f"P@10 is {figure(report.precision)} over {report.n_queries} queries, random neighbours have "
        f"{report.random:.3f} (p = {report.p_value:.3f} by permutation); by quadrant: {each}"
    )


def heads_table(report: dict[str, dict[str, float]]) -> str:
    """The metadata heads on held-out tracks of known artists."""
    rows = []
    for task, found in report.items():
        kind = "accuracy" if "accuracy" in found else "roc_auc"
        score = f"{found[kind]:.3f} {kind.replace('_', '-')}"
        chance = [f"{found['chance']:.3f}", f"{found['p_value']:.4f}"]
        rows.append([task, str(found["classes"]), str(found["tracks"]), score, *chance])
    return table(["head", "classes", "held-out tracks", "score", "chance", "p"], rows)
