"""``moodrec evaluate --metadata``: predictions as they are, and in the context of their library."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.estimates import estimate_cells, estimate_columns
from moodrec.cli.options import to_disk
from moodrec.cli.tables import Column
from moodrec.errors import UsageError

if TYPE_CHECKING:
    from moodrec.evaluation.context.inputs import ContextInputs
    from moodrec.evaluation.context.report import ContextReport
    from moodrec.evaluation.evaluate import BootstrapOptions

FIT = "fit"


def context_out(path: Path | None) -> Path | None:
    """Refuse a file to keep weights in that is called otherwise than a context: it may be a table.

    Args:
        path: what ``--save-context`` was given.

    Raises:
        UsageError: it does not end in ``.json``, or is ``-``.
    """
    if to_disk(path) is not None and path is not None and path.suffix.lower() != ".json":
        raise UsageError(f"{path}: a context is written as .json")
    return path


@dataclass(frozen=True)
class ContextOptions:
    """What to do about the context."""

    context: str
    """``fit``, a file that ``save`` wrote, or a model."""
    known_labels: Literal["none", "other-albums", "others"]
    per_tag: bool
    save: Path | None


def inputs_of(predictions: Path | None, labels: Path | None, metadata: Path) -> ContextInputs:
    """Read predictions, labels and metadata from three files and match their rows.

    Args:
        predictions: matrix of scores, (n, T), as ``.npy``, ``.npz``, ``.parquet``, ``.tsv`` or ``.csv``.
        labels: matrix of labels, (n, T), in the same formats.
        metadata: table of artists, albums, genres and years.

    Raises:
        UsageError: predictions or labels are not named.
        NotFoundError: a file is not there.
        DataError: a file is malformed, or rows or columns cannot be matched.
    """
    from moodrec.evaluation.context.inputs import load_inputs

    if predictions is None or labels is None:
        raise UsageError("--metadata needs --predictions and --labels, or --data and --predictions")
    return load_inputs(predictions, labels, metadata)


def evaluate_context(
    screen: Screen, inputs: ContextInputs, options: ContextOptions, bootstrap: BootstrapOptions
) -> None:
    """Score the predictions as they are and in context, and print how the two compare.

    Args:
        screen: where the report, the progress and the notes are written.
        inputs: tracks with predictions, labels and metadata.
        options: where the weights of the context come from, whose labels count, and what to print and save.
        bootstrap: number, seed and level of the resamples for the intervals.

    Raises:
        NotFoundError: there is no such context file.
        CorruptStoreError: the context file is malformed, or of another version.
        DataError: there are fewer than three artists to fit on, the tags are not those of the context file, or no
            tag has both a positive and a negative track.
    """
    from moodrec.evaluation.context.evaluate import apply_context, compare, fit_in_context
    from moodrec.model.context.model import ContextModel
    from moodrec.model.describe import context_file

    if options.context == FIT:
        with screen.progress("fitting") as advance:
            found = fit_in_context(inputs, options.known_labels, advance)
    else:
        model = ContextModel.load(context_file(options.context))
        found = apply_context(inputs, model, options.known_labels)
    report = compare(inputs, found, options.known_labels, bootstrap)
    if options.save is not None:
        found.model.save(options.save)
        screen.note(f"weights written to {options.save}")
    _print(screen, report if options.per_tag else replace(report, tags=()), options.per_tag)


def _print(screen: Screen, report: ContextReport, per_tag: bool) -> None:
    screen.document(report)
    if per_tag:
        rows = [
            [
                tag.tag,
                tag.positives,
                tag.audio_ap,
                tag.context_ap,
                *estimate_cells(tag.difference),
                tag.kinds,
            ]
            for tag in report.tags
        ]
        screen.table(
            [
                Column("tag", "name"),
                Column("positives", "fixed", optional=True),
                Column("audio AP", "fixed", show=_four_decimals),
                Column("in context", "fixed", show=_four_decimals),
                *estimate_columns("difference", signed=True),
                Column("uses", "prose"),
            ],
            rows,
        )
    audio, context, difference = report.audio, report.context, report.difference
    figures = {
        "AP": (audio.macro_ap, context.macro_ap, difference.macro_ap),
        "ROC-AUC": (audio.macro_roc_auc, context.macro_roc_auc, difference.macro_roc_auc),
    }
    # A file holds one table: the tags if they are asked for.
    if screen.for_people or not per_tag:
        screen.table(
            [
                Column("macro", "fixed"),
                *estimate_columns("audio"),
                *estimate_columns("in context"),
                *estimate_columns("difference", signed=True),
            ],
            [[name, *(cell for one in row for cell in estimate_cells(one))] for name, row in figures.items()],
        )
    screen.text(
        f"{report.dataset}: {words.plural(report.n_tracks, 'track')} by {words.plural(report.n_artists, 'artist')}; "
        f"genres of {report.n_with_genres}, albums of {report.n_with_album}, years of {report.n_with_year}"
    )
    screen.text(
        f"average precision significantly better of {words.plural(difference.tags_better, 'tag')}, worse of "
        f"{difference.tags_worse}; p = {difference.p_value:.3g}"
    )
    screen.text(f"weights: {report.weights}; labels known of other tracks: {report.known_labels}")
    screen.text(f"intervals: {report.intervals}")
    for note in report.notes:
        screen.text(note)
    if report.skipped:
        screen.warn(f"without both classes, left out: {', '.join(report.skipped)}")


def _four_decimals(value: float) -> str:
    return f"{value:.4f}"
