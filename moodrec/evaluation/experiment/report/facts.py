"""The tables that are read off the runs: figures, embeddings, cost, set-up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean, stdev
from typing import Any, Final

from moodrec.evaluation.experiment.report.markdown import section, table
from moodrec.evaluation.experiment.report.tables import EMBEDDING_FIGURES, MOOD_FIGURES
from moodrec.evaluation.experiment.results import Results
from moodrec.model.spec import MOOD_TASK

RANDOM: Final = {
    "quadrant_p10_others": "quadrant_p10_random",
    "word_jaccard10_others": "word_jaccard10_random",
    "share_r10_others": "share_r10_random",
}


def embedding_section(results: Results) -> str:
    """Embedding quality of every trained model: means over the seeds on the first fold."""
    parts = []
    for dataset in dict.fromkeys(cell.dataset for cell in results.cells):
        cells = [cell for cell in results.cells if cell.dataset == dataset]
        facts = [[run.facts for run in results.first_fold(cell).values()] for cell in cells]
        names = [name for name in EMBEDDING_FIGURES if name in facts[0][0]["embedding"]]
        rows = [
            [cell.backbone, cell.arm, *(_seed_mean(runs, "embedding", name) for name in names)]
            for cell, runs in zip(cells, facts, strict=True)
        ]
        chance = facts[0][0]["embedding"]
        rows.append(["random neighbours", "", *(_chance(chance, name) for name in names)])
        head = ["backbone", "arm", *(EMBEDDING_FIGURES[name] for name in names)]
        queries = chance.get("artist_mrr_queries", 0)
        said = f"Artist figures are over the {queries} test tracks that share their artist with another one."
        parts.append(f"### {dataset}\n\n{table(head, rows)}\n\n{said if queries else ''}".rstrip())
    text = (
        "Neighbours among the test tracks, by cosine; mean over the seeds. *Other artists*: tracks by the query's "
        "own artist left out. *Hubness*: skewness of how often a track is among the ten neighbours of others, 0 "
        "without hubs. *MRR*: reciprocal rank of the first track by the same artist (of the same album)."
    )
    return section("Embeddings", text, *parts)


def cost_section(results: Results) -> str:
    """Sizes, data and time of every trained model."""
    rows = []
    for cell in results.cells:
        runs = [run.facts for run in results.first_fold(cell).values()]
        one, network = runs[0], runs[0]["recipe"]["network"]
        tracks = one["tracks"]
        rows.append(
            [
                cell.dataset,
                cell.backbone,
                cell.arm,
                str(network["channels"]),
                str(network["embedding_dim"]),
                f"{one['parameters']['trunk'] / 1e6:.3f} M",
                ", ".join(f"{task} {classes}" for task, classes in one["heads"].items() if task != MOOD_TASK),
                f"{tracks['with_moods']} + {tracks['metadata_only']}",
                str(tracks["scored"]),
                str(one["steps"]),
                f"{mean(run['seconds'] for run in runs):.0f}",
                f"{1000 * mean(run['seconds_per_step'] for run in runs):.0f}",
                ", ".join(map(str, results.first_fold(cell))),
            ]
        )
    head = [
        "dataset",
        "backbone",
        "arm",
        "channels",
        "embedding",
        "parameters",
        "metadata classes",
        "tracks with moods + without",
    ]
    head += ["tested", "steps", "seconds", "ms a step", "seeds"]
    text = (
        "Parameters are those of backbone and embedding, without heads; artists and albums are classes from two "
        "training tracks on. Seconds are those of training alone, on a "
        "machine that did other work beside it: they say what a run takes, not which network or arm is faster."
    )
    return section("Networks and cost", text, table(head, rows))


def selection_section(results: Results) -> str:
    """Validation figures that hyperparameters were chosen by."""
    rows = []
    for cell in results.cells:
        runs = [run.facts for run in results.first_fold(cell).values()]
        names = [name for name in ("ap", "quadrant_f1", "pearson") if name in runs[0]["moods"]]
        each = ", ".join(f"{MOOD_FIGURES[name]} {_spread(runs, name)}" for name in names)
        rows.append(
            [cell.dataset, cell.backbone, cell.arm, str(runs[0]["tracks"]["scored"]), each, str(len(runs))]
        )
    text = (
        "Scored on validation tracks, with the test tracks left out altogether: these figures chose "
        "the hyperparameters. Mean and standard deviation over the seeds."
    )
    head = ["dataset", "backbone", "arm", "tracks", "validation", "seeds"]
    return section(f"Choosing hyperparameters ({results.plan.name})", text, table(head, rows))


def figures_section(results: Results) -> str:
    """Levels of every arm: mean and standard deviation over the seeds on the first fold."""
    rows = []
    for cell in results.cells:
        runs = [run.facts for run in results.first_fold(cell).values()]
        figures = [
            "" if runs[0]["moods"].get(name) is None else _spread(runs, name)
            for name in ("ap", "roc_auc", "pearson")
        ]
        rows.append(
            [
                cell.dataset,
                cell.backbone,
                cell.arm,
                str(runs[0]["tracks"]["scored"]),
                *figures,
                str(len(runs)),
            ]
        )
    head = ["dataset", "backbone", "arm", "tracks", "AP", "ROC-AUC", "Pearson r", "seeds"]
    part = "validation" if results.plan.phase == "select" else "test"
    text = (
        f"Macro means over the targets that have both classes among the {part} tracks of the first fold; mean and "
        "standard deviation over the seeds. Average precision of a random order is about the prevalence."
    )
    return section("Figures of every arm", text, table(head, rows))


def setup_section(experiments: Sequence[Results]) -> str:
    """Machine and versions, as the runs noted them."""
    facts = [run.facts for results in experiments for run in results.runs]
    machines = _different(
        f"{one['machine']['processor']}, {one['machine']['cores']} cores, {one['recipe']['training']['threads']} "
        "thread(s) a run"
        for one in facts
    )
    versions = _different(", ".join(f"{k} {v}" for k, v in one["versions"].items()) for one in facts)
    seeds = ", ".join(map(str, sorted({one["seed"] for one in facts})))
    hours = sum(one["seconds"] for one in facts) / 3600
    lines = [
        f"- {len(facts)} runs, {hours:.1f} hours of training; seeds {seeds}; bootstrap seed 0.",
        f"- Machine: {'; '.join(machines)}.",
        f"- Versions: {'; '.join(versions)}.",
        "- Each run's recipe, data sizes and figures are in its JSON, its predictions in the file beside it.",
    ]
    return section("Set-up", "\n".join(lines))


def _seed_mean(runs: Sequence[dict[str, Any]], kind: str, name: str) -> str:
    values = [run[kind][name] for run in runs if run[kind].get(name) is not None]
    return f"{mean(values):.3f}" if values else ""


def _spread(runs: Sequence[dict[str, Any]], name: str) -> str:
    values = [run["moods"][name] for run in runs if run["moods"].get(name) is not None]
    if not values:
        return ""
    return f"{mean(values):.3f} ± {stdev(values):.3f}" if len(values) > 1 else f"{values[0]:.3f}"


def _chance(embedding: dict[str, Any], name: str) -> str:
    value = embedding.get(RANDOM.get(name, ""))
    return "" if value is None else f"{value:.3f}"


def _different(texts: Iterable[str]) -> list[str]:
    return sorted(set(texts))
