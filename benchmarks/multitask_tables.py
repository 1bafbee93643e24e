"""The tables of docs/results/multitask.md, each with a sentence that says what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean, stdev
from typing import Any

from multitask_cells import Place, Sampler

from moodrec.evaluation.experiment.compare import Contrast
from moodrec.evaluation.experiment.results import Results

MOOD_FIGURES = {
    "ap": "AP",
    "word_ap": "word AP",
    "roc_auc": "ROC-AUC",
    "pearson": "Pearson r",
    "quadrant_f1": "quadrant F1",
    "valence_auc": "valence AUC",
    "arousal_auc": "arousal AUC",
}
EMBEDDING_FIGURES = {
    "quadrant_p10": "P@10 quadrant",
    "quadrant_p10_others": "P@10 quadrant, other artists",
    "word_jaccard10": "Jaccard@10 words",
    "word_jaccard10_others": "Jaccard@10 words, other artists",
    "share_r10": "r@10 shares",
    "share_r10_others": "r@10 shares, other artists",
    "artist_mrr": "artist MRR",
    "artist_p1": "artist P@1",
    "album_mrr": "album MRR",
    "hubness": "hubness",
}
RANDOM = {
    "quadrant_p10_others": "quadrant_p10_random",
    "word_jaccard10_others": "word_jaccard10_random",
    "share_r10_others": "share_r10_random",
}


def main_section(sampler: Sampler) -> str:
    """Average precision of both arms wherever they were trained."""
    if not sampler.places:
        return ""
    rows = [contrast_row([*_names(place)], sampler.contrast(place, "ap")) for place in sampler.places]
    for dataset, places in _by_dataset(sampler.places).items():
        if len(places) > 1:
            rows.append(contrast_row([dataset, "mean"], sampler.mean("ap", places)))
    if len(_by_dataset(sampler.places)) > 1:
        rows.append(contrast_row(["all", "mean"], sampler.mean("ap", sampler.places)))
    head = ["dataset", "backbone", sampler.baseline, sampler.candidate, "difference [95 %]", "by seed"]
    found = [sampler.contrast(place, "ap") for place in sampler.places]
    total = sampler.mean("ap", sampler.places)
    said = f"{verdict(found)} Over all of them the mean difference is {figure(total)}: {zero(total)}."
    return _section("Average precision", table(head, rows), said)


def other_figures_section(sampler: Sampler) -> str:
    """Differences in every other figure, a table a dataset."""
    parts = []
    for dataset, places in _by_dataset(sampler.places).items():
        known = MOOD_FIGURES | EMBEDDING_FIGURES
        names = [name for name in sampler.figures(places[0]) if name in known and name != "ap"]
        rows, said = [], []
        for name in sorted(names, key=list(known).index):
            found = [sampler.contrast(place, name) for place in places]
            total = sampler.mean(name, places)
            rows.append([known[name], *map(figure, found), f"{total.baseline:.3f}", figure(total)])
            if total.excludes_zero:
                said.append(f"{known[name]} ({total.difference.estimate:+.3f})")
        head = [
            "figure",
            *(place.backbone for place in places),
            f"mean {sampler.baseline}",
            "mean difference",
        ]
        sentence = (
            f"Intervals of the mean that exclude zero: {', '.join(said) or 'none'}; "
            f"those of the other {len(rows) - len(said)} figures include it."
        )
        parts.append(f"### {dataset}\n\n{table(head, rows)}\n\n{sentence}")
    if not parts:
        return ""
    text = (
        f"Differences, {sampler.candidate} minus {sampler.baseline}. Neighbours are test tracks by cosine of their "
        "embeddings; hubness is in the table of embeddings below."
    )
    return _section("Other figures", text, *parts)


def folds_section(sampler: Sampler) -> str:
    """All folds together, where both arms were trained on all."""
    rows, found = [], []
    for place in sampler.places:
        for name in ("ap", "word_ap", "quadrant_f1", "valence_auc", "arousal_auc", "quadrant_p10_others"):
            one = sampler.contrast_all_folds(place, name) if name in sampler.figures(place) else None
            if one is not None:
                found.append(one)
                label = (MOOD_FIGURES | EMBEDDING_FIGURES)[name]
                rows.append(contrast_row([*_names(place), label], one))
    if not rows:
        return ""
    head = [
        "dataset",
        "backbone",
        "figure",
        sampler.baseline,
        sampler.candidate,
        "difference [95 %]",
        "by seed",
    ]
    text = (
        "Out-of-fold predictions of all folds below each other, a network a fold: every track is tested once."
    )
    return _section("All folds", text, table(head, rows), verdict(found))


def ablation_section(sampler: Sampler) -> str:
    """What each kind of metadata, or each way of using it, does alone."""
    rows, found = [], []
    arms = sampler.ablations
    for place in _places(sampler, arms):
        for arm in (sampler.candidate, *arms):
            if arm != sampler.baseline and place in sampler.with_arm(arm):
                one = sampler.contrast(place, "ap", arm)
                found += [one] if arm in arms else []
                rows.append(contrast_row([*_names(place), arm], one))
    if not rows:
        return ""
    head = ["dataset", "backbone", "arm", sampler.baseline, "AP", "difference [95 %]", "by seed"]
    return _section("Which metadata helps", table(head, rows), verdict(found))


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
    return _section("Embeddings", text, *parts)


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
        "tracks with moods + without",
    ]
    head += ["tested", "steps", "seconds", "ms a step", "seeds"]
    text = (
        "Parameters are those of backbone and embedding, without heads. Seconds are those of training alone."
    )
    return _section("Networks and cost", text, table(head, rows))


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
    return _section(f"Choosing hyperparameters ({results.plan.name})", text, table(head, rows))


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
    return _section("Set-up", "\n".join(lines))


def contrast_row(names: Sequence[str], one: Contrast) -> list[str]:
    """Names, both figures, their difference, and the difference of each seed."""
    seeds = ", ".join(f"{value:+.3f}" for value in one.per_seed)
    return [*names, f"{one.baseline:.3f}", f"{one.candidate:.3f}", figure(one), seeds]


def figure(one: Contrast) -> str:
    """``+0.012 [-0.003, +0.028]``, bold where the interval excludes zero."""
    interval = one.difference.interval
    text = f"{one.difference.estimate:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
    return f"**{text}**" if one.excludes_zero else text


def zero(one: Contrast) -> str:
    """What the interval says."""
    return "the interval excludes zero" if one.excludes_zero else "the interval includes zero"


def verdict(found: Sequence[Contrast]) -> str:
    """One sentence on a column of differences."""
    above = sum(one.difference.interval.low > 0 for one in found)
    below = sum(one.difference.interval.high < 0 for one in found)
    higher = sum(one.difference.estimate > 0 for one in found)
    return (
        f"Of {len(found)} differences {higher} {'is' if higher == 1 else 'are'} positive; the interval lies above "
        f"zero in {above}, below zero in {below}, and includes zero in {len(found) - above - below}."
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _section(title: str, *parts: str) -> str:
    return "\n\n".join([f"## {title}", *(part for part in parts if part)])


def _names(place: Place) -> tuple[str, str]:
    return place.dataset, place.backbone


def _by_dataset(places: Sequence[Place]) -> dict[str, list[Place]]:
    return {
        name: [p for p in places if p.dataset == name] for name in dict.fromkeys(p.dataset for p in places)
    }


def _places(sampler: Sampler, arms: Sequence[str]) -> list[Place]:
    return list(dict.fromkeys(place for arm in arms for place in sampler.with_arm(arm)))


def _seed_mean(runs: Sequence[dict[str, Any]], kind: str, name: str) -> str:
    values = [run[kind][name] for run in runs if run[kind].get(name) is not None]
    return f"{mean(values):.3f}" if values else ""


def _spread(runs: Sequence[dict[str, Any]], name: str) -> str:
    values = [run["moods"][name] for run in runs if run["moods"][name] is not None]
    if not values:
        return ""
    return f"{mean(values):.3f} ± {stdev(values):.3f}" if len(values) > 1 else f"{values[0]:.3f}"


def _chance(embedding: dict[str, Any], name: str) -> str:
    value = embedding.get(RANDOM.get(name, ""))
    return "" if value is None else f"{value:.3f}"


def _different(texts: Iterable[str]) -> list[str]:
    return sorted(set(texts))
