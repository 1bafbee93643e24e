"""Writes docs/results/ear.md from the results of compare.py, refinements.py and copies.py.

python -m benchmarks.models.page
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.models.compare import RESULTS
from benchmarks.models.figures import COLUMNS
from benchmarks.models.intervals import estimates
from moodrec.files.replacing import write_atomically

PAGE = Path(__file__).parents[2] / "docs" / "results" / "ear.md"
TEMPLATE = Path(__file__).with_name("ear.md.in")
TODAY = Path(__file__).parents[1] / "results" / "default-trials.json"
TODAY_NAME = "as it is"
FEWEST_FOLDS = 5
GOALS = {
    "quadrant_f1": (".704", ".76"),
    "word_ap": (".270", ".30"),
    "quadrant_p10_others": (".589", ".65"),
    "valence_auc": (".888", ".905"),
    "arousal_auc": (".960", ".96"),
    "pearson": (".605", ".625"),
    "mirex_word_ap": ("", ""),
}
"""Figure to what moodrec-1 has and what the model after it should reach."""

REFINED = {
    **{name: COLUMNS[name] for name in GOALS},
    "genre": "same genre",
    "mp3-32k": "MP3 32 kbit/s",
    "low-pass-4k": "low-pass 4 kHz",
    "speed+4": "4 % faster",
}
"""Figures of the refinements."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Difference:
    """Mean over the folds of a paired difference, and its standard error."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:+.3f} ± {self.error:.3f}"

    @property
    def is_clear(self) -> bool:
        """Whether it is more than two standard errors from zero."""
        return abs(self.mean) > 2 * self.error


def main() -> None:
    """Fill the template."""
    ring = json.loads((RESULTS / "ring.json").read_text())
    systems: dict[str, Rows] = {name: found["rows"] for name, found in ring["systems"].items()}
    today = json.loads(TODAY.read_text())["trials"][TODAY_NAME]["rows"]
    parts = {
        "levels": level_table({"moodrec-1": today, **systems}),
        "differences": difference_table(systems, today),
        "folds": folds_table(RESULTS / "folds"),
        "cost": cost_table(ring["systems"]),
        "machine": f"{ring['machine']['processor']}, {ring['machine']['cores']} cores",
        "versions": ", ".join(f"{name} {number}" for name, number in ring["machine"]["versions"].items()),
        "refinements": refinements_table(RESULTS / "refinements.json"),
        "copies": copies_table(RESULTS / "copies.json"),
    }
    text = TEMPLATE.read_text()
    for name, part in parts.items():
        text = text.replace("{" + name + "}", part)
    write_atomically(PAGE, text.encode())


def level_table(systems: Mapping[str, Rows]) -> str:
    """Means over pairs and folds."""
    rows = [[name, *(_level(own, figure) for figure in COLUMNS)] for name, own in systems.items()]
    return markdown(["system", *COLUMNS.values()], rows)


def difference_table(systems: Mapping[str, Rows], today: Rows) -> str:
    """Each system's figures minus those of moodrec-1 on the same folds, where that has them; bold where clear."""
    figures = [figure for figure in COLUMNS if figure in today[0]]
    rows = [
        [name, *(_said(paired(own, today, figure)) for figure in figures)] for name, own in systems.items()
    ]
    return markdown(["system", *(COLUMNS[figure] for figure in figures)], rows)


def folds_table(folder: Path) -> str:
    """Out-of-fold figures with intervals, a system a row."""
    rows = []
    for place in sorted(folder.glob("*.json")):
        document = json.loads(place.read_text())
        found: dict[str, tuple[float, float, float]] = {}
        for dataset, sha256 in document["predictions"].items():
            found |= estimates(place, dataset, sha256)
        cells = ["{:.3f} [{:.3f}, {:.3f}]".format(*found[name]) if name in found else "" for name in GOALS]
        rows.append([document["system"], *cells])
    goals = ["goal", *(goal for _, goal in GOALS.values())]
    return markdown(["system", *(COLUMNS[name] for name in GOALS)], [*rows, goals])


def refinements_table(path: Path) -> str:
    """Means over pairs and folds of each variant; below the first, differences to it where they are clear in bold."""
    variants: Mapping[str, Rows] = json.loads(path.read_text())["variants"]
    (name, first), *others = variants.items()
    rows = [
        [name, *(_level(first, figure) for figure in REFINED)],
        *([other, *(_said(paired(own, first, figure)) for figure in REFINED)] for other, own in others),
    ]
    return markdown(["variant", *REFINED.values()], rows)


def cost_table(systems: Mapping[str, Mapping[str, Any]]) -> str:
    """What each took."""
    return markdown(
        ["system", "CPU seconds, five networks"],
        [[name, str(found["cpu_seconds"])] for name, found in systems.items()],
    )


def copies_table(path: Path) -> str:
    """Median and least cosine with the original, and how many find themselves first, a kind of copy each."""
    if not path.exists():
        return "Not measured yet."
    found = json.loads(path.read_text())
    systems = list(found["systems"])
    kinds = list(found["systems"][systems[0]])
    rows = [
        [kind, *(_copy(found["systems"][system][kind], found["tracks"]) for system in systems)]
        for kind in kinds
    ]
    return markdown(["copy", *systems], rows)


def paired(rows: Rows, others: Rows, figure: str) -> Difference | None:
    """Difference of two systems' figures by fold: the mean over the pairs that left it out."""
    at = {(*row["left_out"], row["fold"]): row.get(figure) for row in others}
    by_fold: dict[int, list[float]] = {}
    for row in rows:
        other = at.get((*row["left_out"], row["fold"]))
        if row.get(figure) is not None and other is not None:
            by_fold.setdefault(row["fold"], []).append(row[figure] - other)
    if len(by_fold) < FEWEST_FOLDS:
        return None
    means = np.array([np.mean(values) for values in by_fold.values()])
    return Difference(float(means.mean()), float(means.std(ddof=1) / np.sqrt(len(means))))


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _level(rows: Rows, figure: str) -> str:
    known = [row[figure] for row in rows if row.get(figure) is not None]
    return f"{np.mean(known):.3f}" if known else ""


def _said(difference: Difference | None) -> str:
    if difference is None:
        return ""
    return f"**{difference}**" if difference.is_clear else str(difference)


def _copy(found: Mapping[str, float], tracks: int) -> str:
    return f"{found['median']:.4f} / {found['least']:.3f} / {found['first']} of {tracks}"


if __name__ == "__main__":
    main()
