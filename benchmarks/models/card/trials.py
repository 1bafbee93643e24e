"""The model card's account of what else was tried: each trial's differences to the recipe as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.models.card.parts import table

COLUMNS = {
    "quadrant_f1": "quadrant F1",
    "word_ap": "word AP",
    "quadrant_p10_others": "P@10",
    "valence_auc": "valence AUC",
    "pearson": "Emotify r",
}
CLEARLY = 0.02
"""Gain in quadrant F1 for which libraries would have to listen again."""


@dataclass(frozen=True)
class Difference:
    """Mean over the folds, and its standard error."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:+.3f} ± {self.error:.3f}"


@dataclass(frozen=True)
class Trials:
    """What was found: trial to its rows, one a left-out pair and fold of it."""

    found: Mapping[str, Mapping[str, Any]]

    @staticmethod
    def read(path: Path) -> Trials:
        """What benchmarks/models/trials/default.py wrote."""
        return Trials(json.loads(path.read_text())["trials"])

    def differences(self, name: str) -> dict[str, Difference]:
        """Figure to how a trial differs from the one that it is compared with, paired by networks' left-out folds."""
        rows = self.found[name]["rows"]
        others = self.found[self.found[name]["against"]]["rows"]
        return {figure: _paired(rows, others, figure) for figure in COLUMNS}

    def compared(self) -> list[str]:
        """Trials that are compared with another."""
        return [name for name, trial in self.found.items() if trial["against"] != name]

    def as_table(self) -> str:
        """In Markdown: levels of what others are compared with, differences of the others."""
        bases = list(dict.fromkeys(trial["against"] for trial in self.found.values()))
        rows = []
        for base in bases:
            rows.append([f"**{base}**", *(f"{self._level(base, figure):.3f}" for figure in COLUMNS)])
            own = [
                name for name in self.compared() if self.found[name]["against"] == base and name not in bases
            ]
            rows += [[name, *map(str, self.differences(name).values())] for name in own]
        return table(["trial", *COLUMNS.values()], rows)

    def verdict(self) -> str:
        """Which trials, if any, are clearly better."""
        better = [name for name in self.compared() if _is_clearly_better(self.differences(name))]
        most = max(self.compared(), key=lambda name: self.differences(name)["quadrant_f1"].mean)
        gain = self.differences(most)["quadrant_f1"]
        said = "; ".join(better) or "none"
        return (
            f"Of {len(self.compared())} trials, clearly better by this rule: {said}. "
            f"The largest gain in quadrant F1 is {gain} ({most})."
        )

    def _level(self, name: str, figure: str) -> float:
        return float(np.nanmean([row[figure] for row in self.found[name]["rows"]]))


def _paired(
    rows: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]], figure: str
) -> Difference:
    at = {(*row["left_out"], row["fold"]): row[figure] for row in others}
    by_fold: dict[int, list[float]] = {}
    for row in rows:
        by_fold.setdefault(row["fold"], []).append(row[figure] - at[(*row["left_out"], row["fold"])])
    means = np.array([np.mean(values) for values in by_fold.values()])
    return Difference(float(means.mean()), float(means.std(ddof=1) / np.sqrt(len(means))))


def _is_clearly_better(differences: Mapping[str, Difference]) -> bool:
    """More F1 than noise and a fair amount of it, and no other figure lower by more than its standard error."""
    f1 = differences["quadrant_f1"]
    kept = all(other.mean >= -other.error for other in differences.values())
    return f1.mean >= max(CLEARLY, 2 * f1.error) and kept
