"""An evaluation's results are frozen values, which can be written as JSON and as table rows."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A figure with its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class TagReport:
    """How well the scores of one tag rank the tracks."""

    tag: str
    n: int
    """Number of tracks whose label is known."""
    positives: int
    """Number of tracks that have the tag."""
    prevalence: float
    """Share of positives among the tracks with a known label."""
    chance_ap: float
    """Expected average precision of a random order."""
    ap: Estimate
    """Average precision with its interval."""
    roc_auc: Estimate
    pearson: Estimate | None
    """Correlation with the soft labels; None where the labels are 0/1."""


@dataclass(frozen=True)
class EvaluationReport:
    """The figures of all tags of a dataset; macro figures are means over ``tags``."""

    dataset: str
    split: str
    """The part that was scored, or "all"."""
    n_tracks: int
    n_without_prediction: int
    """Tracks of the dataset that the predictions lack; they are left out."""
    macro_ap: Estimate
    macro_roc_auc: Estimate
    macro_prevalence: float
    macro_chance_ap: float
    mean_pearson: Estimate | None
    tags: tuple[TagReport, ...]
    skipped: tuple[str, ...]
    """Tags without both a positive and a negative track."""
    labels: str
    """A phrase on how labels became 0 or 1."""
    intervals: str
    """A phrase on how intervals were made."""

    def to_json(self, indent: int | None = None) -> str:
        """Write the fields above as one JSON object; NaN becomes null."""
        return json.dumps(_plain(asdict(self)), indent=indent, ensure_ascii=False, allow_nan=False)

    def to_table(self) -> list[dict[str, Any]]:
        """Give one flat row per tag, and the macro means as a last row named "macro"."""
        rows = [_row(tag.tag, tag.positives, tag.prevalence, tag.chance_ap, tag) for tag in self.tags]
        macro = {"tag": "macro", "positives": None, "prevalence": self.macro_prevalence}
        macro |= {"chance_ap": self.macro_chance_ap, **_flat("ap", self.macro_ap)}
        macro |= {**_flat("roc_auc", self.macro_roc_auc), "pearson": _value(self.mean_pearson)}
        return [*rows, macro]


@dataclass(frozen=True)
class RetrievalReport:
    """How often the neighbours of a track share its label, its own group left out."""

    dataset: str
    label: str
    """Name of the label that neighbours should share."""
    k: int
    n_queries: int
    precision: Estimate
    """Precision at k, mean over queries."""
    random: float
    """Expected precision of random neighbours under the same exclusions."""
    permuted: float
    """Mean precision when labels are shuffled over the tracks."""
    p_value: float
    """Share of such shuffles that do as well."""
    per_label: tuple[tuple[str, float], ...]
    """Mean precision over the queries of each label."""
    intervals: str

    def to_json(self, indent: int | None = None) -> str:
        """Write the fields above as one JSON object; ``per_label`` is an object."""
        fields = asdict(self) | {"per_label": dict(self.per_label)}
        return json.dumps(_plain(fields), indent=indent, ensure_ascii=False, allow_nan=False)


def _row(name: str, positives: int, prevalence: float, chance: float, tag: TagReport) -> dict[str, Any]:
    row: dict[str, Any] = {"tag": name, "positives": positives, "prevalence": prevalence, "chance_ap": chance}
    return row | _flat("ap", tag.ap) | _flat("roc_auc", tag.roc_auc) | {"pearson": _value(tag.pearson)}


def _flat(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def _plain(value: Any) -> Any:
    """Replace NaN by None, which JSON can express."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
