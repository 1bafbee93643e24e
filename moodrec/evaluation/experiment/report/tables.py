"""The tables of paired differences, each with a sentence that counts its intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from moodrec.evaluation.experiment.report.cells import Place, Sampler
from moodrec.evaluation.experiment.report.markdown import contrast_row, counted, figure, section, table, zero

MOOD_FIGURES: Final = {
    "ap": "AP",
    "word_ap": "word AP",
    "roc_auc": "ROC-AUC",
    "pearson": "Pearson r",
    "quadrant_f1": "quadrant F1",
    "valence_auc": "valence AUC",
    "arousal_auc": "arousal AUC",
}
EMBEDDING_FIGURES: Final = {
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
KNOWN_FIGURES: Final = MOOD_FIGURES | EMBEDDING_FIGURES
ABLATION_FIGURES: Final = (
    "roc_auc",
    "pearson",
    "quadrant_f1",
    "valence_auc",
    "quadrant_p10_others",
    "share_r10_others",
    "artist_mrr",
    "album_mrr",
)


def main_section(sampler: Sampler) -> str:
    """Compare the average precision of both main arms wherever they were trained."""
    if not sampler.places:
        return ""
    rows = [contrast_row([*_names(place)], sampler.contrast(place, "ap")) for place in sampler.places]
    for dataset, places in by_dataset(sampler.places).items():
        if len(places) > 1:
            rows.append(contrast_row([dataset, "mean"], sampler.mean("ap", places)))
    if len(by_dataset(sampler.places)) > 1:
        rows.append(contrast_row(["all", "mean"], sampler.mean("ap", sampler.places)))
    head = ["dataset", "backbone", sampler.baseline, sampler.candidate, "difference [95 %]", "by seed"]
    found = [sampler.contrast(place, "ap") for place in sampler.places]
    total = sampler.mean("ap", sampler.places)
    said = f"{counted(found)} Over all of them the mean difference is {figure(total)}: {zero(total)}."
    return section("Average precision", table(head, rows), said)


def other_figures_section(sampler: Sampler) -> str:
    """Compare every other figure, in a table for each dataset."""
    parts = []
    for dataset, places in by_dataset(sampler.places).items():
        names = [name for name in KNOWN_FIGURES if name in sampler.figures(places[0]) and name != "ap"]
        rows, said = [], []
        for name in names:
            found = [sampler.contrast(place, name) for place in places]
            total = sampler.mean(name, places)
            rows.append([KNOWN_FIGURES[name], *map(figure, found), f"{total.baseline:.3f}", figure(total)])
            if total.excludes_zero:
                said.append(f"{KNOWN_FIGURES[name]} ({total.difference.estimate:+.3f})")
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
    return section("Other figures", text, *parts)


def folds_section(sampler: Sampler) -> str:
    """Compare both main arms on all folds together, where they were trained on all."""
    rows, found = [], []
    for place in sampler.places:
        for name in ("ap", "word_ap", "quadrant_f1", "valence_auc", "arousal_auc", "quadrant_p10_others"):
            one = sampler.contrast_all_folds(place, name) if name in sampler.figures(place) else None
            if one is not None:
                found.append(one)
                label = KNOWN_FIGURES[name]
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
        "Out-of-fold predictions of all folds below each other, a network a fold: every track is tested once. Levels "
        "do not compare with those of one fold: with few positives average precision is higher by chance, and here "
        "the logits of different networks are ranked together."
    )
    return section("All folds", text, table(head, rows), counted(found))


def arms_section(sampler: Sampler, title: str = "Every arm") -> str:
    """Compare every arm with the baseline.

    Args:
        sampler: the comparisons.
        title: the heading.
    """
    rows, found = [], []
    arms = sampler.ablations
    for place, arm in _ablated(sampler):
        one = sampler.contrast(place, "ap", arm)
        found += [one] if arm in arms else []
        rows.append(contrast_row([*_names(place), arm], one))
    if not rows:
        return ""
    head = ["dataset", "backbone", "arm", sampler.baseline, "AP", "difference [95 %]", "by seed"]
    others = [
        f"### {dataset}, other figures\n\nDifferences, each arm minus {sampler.baseline}.\n\n{text}"
        for dataset, text in _ablations_elsewhere(sampler).items()
    ]
    return section(title, table(head, rows), counted(found), *others)


def _ablated(sampler: Sampler) -> list[tuple[Place, str]]:
    """Where there are other arms: the candidate, then these."""
    arms = sampler.ablations
    every = [arm for arm in (sampler.candidate, *arms) if arm != sampler.baseline]
    return [
        (place, arm) for place in _places(sampler, arms) for arm in every if place in sampler.with_arm(arm)
    ]


def _ablations_elsewhere(sampler: Sampler) -> dict[str, str]:
    """Dataset to a table of other figures, a line an arm."""
    tables = {}
    ablated = _ablated(sampler)
    for dataset, places in by_dataset([place for place, _ in ablated]).items():
        names = [name for name in ABLATION_FIGURES if name in sampler.figures(places[0])]
        rows = [
            [place.backbone, arm, *(figure(sampler.contrast(place, name, arm)) for name in names)]
            for place, arm in ablated
            if place.dataset == dataset
        ]
        tables[dataset] = table(["backbone", "arm", *(KNOWN_FIGURES[name] for name in names)], rows)
    return tables


def _names(place: Place) -> tuple[str, str]:
    return place.dataset, place.backbone


def by_dataset(places: Sequence[Place]) -> dict[str, list[Place]]:
    """Sort places by their dataset."""
    return {
        name: [p for p in places if p.dataset == name] for name in dict.fromkeys(p.dataset for p in places)
    }


def _places(sampler: Sampler, arms: Sequence[str]) -> list[Place]:
    return list(dict.fromkeys(place for arm in arms for place in sampler.with_arm(arm)))
