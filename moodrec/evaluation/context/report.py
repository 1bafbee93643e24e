"""What an evaluation in context finds."""

from __future__ import annotations

from dataclasses import dataclass

from moodrec.evaluation.reports import Estimate


@dataclass(frozen=True)
class SystemFigures:
    """Figures of one set of scores; means over the tags that have both classes."""

    macro_ap: Estimate
    macro_roc_auc: Estimate


@dataclass(frozen=True)
class PairedDifference:
    """Context minus audio on the same tracks, both on the same resamples."""

    macro_ap: Estimate
    macro_roc_auc: Estimate
    p_value: float
    """Two-sided, of the difference in macro_ap."""
    tags_better: int
    """Tags whose interval of the difference lies above zero."""
    tags_worse: int
    """Tags whose interval lies below zero."""


@dataclass(frozen=True)
class TagFigures:
    """Figures of one tag, by the audio alone and in context."""

    tag: str
    positives: int
    prevalence: float
    audio_ap: float
    context_ap: float
    difference: Estimate
    kinds: tuple[str, ...]
    """Kinds of metadata whose gates are open in the weights fitted to all tracks, or in the given ones."""


@dataclass(frozen=True)
class ContextReport:
    """An evaluation with and without the library's context."""

    dataset: str
    weights: str
    """Where they come from."""
    known_labels: str
    """Whose labels a track learns from, beside the weights: "none", "other-albums" or "others"."""
    n_tracks: int
    n_artists: int
    n_with_genres: int
    n_with_album: int
    n_with_year: int
    audio: SystemFigures
    context: SystemFigures
    difference: PairedDifference
    tags: tuple[TagFigures, ...]
    skipped: tuple[str, ...]
    """Tags without both a positive and a negative track."""
    notes: tuple[str, ...]
    intervals: str
