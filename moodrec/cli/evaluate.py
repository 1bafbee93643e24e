"""``moodrec evaluate`` prints average precision and ROC-AUC with intervals, tag by tag."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.datasets import default_root, parse_options
from moodrec.cli.estimates import estimate_cells, estimate_columns
from moodrec.cli.evaluate_context import FIT, ContextOptions, context_out, evaluate_context, inputs_of
from moodrec.cli.options import (
    ColumnsOption,
    DeviceOption,
    FormatOption,
    JsonOption,
    QuietOption,
    drawable,
)
from moodrec.cli.tables import Column
from moodrec.errors import UsageError

if TYPE_CHECKING:
    from moodrec.config import Device
    from moodrec.evaluation.context.inputs import ContextInputs
    from moodrec.evaluation.predictions import Predictions
    from moodrec.evaluation.reports import EvaluationReport
    from moodrec.evaluation.scored import LabelledScores


def evaluate(
    model: Annotated[
        Path | None, typer.Argument(metavar="MODEL", help="A trained model; else the packaged one.")
    ] = None,
    data: Annotated[str | None, typer.Option("--data", "-d", metavar="NAME", help="The dataset.")] = None,
    root: Annotated[
        Path | None,
        typer.Option("--root", metavar="PATH", help="Its folder or file; else $MOODREC_DATA/NAME."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="KEY=VALUE", help="An option of the dataset.")
    ] = None,
    split: Annotated[
        Literal["train", "val", "test"] | None, typer.Option("--split", help="The part to score; else all.")
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions",
            metavar="FILE",
            help="Stored predictions (.parquet, .csv, .tsv, .npy, .npz), no model.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="FILE", help="Stored 0/1 labels of the predictions, in the same formats."
        ),
    ] = None,
    metadata: Annotated[
        Path | None,
        typer.Option(
            "--metadata",
            metavar="FILE",
            help="Artist, album, genres and year of the tracks (.parquet, .csv, .tsv): score in their context, too.",
        ),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            metavar="fit|FILE|MODEL",
            help="Fit its weights by folds of artists, or take stored ones or a model's.",
        ),
    ] = None,
    save_context: Annotated[
        Path | None,
        typer.Option(
            "--save-context",
            metavar="FILE",
            callback=context_out,
            help="Keep the weights of all tracks (.json).",
        ),
    ] = None,
    known_labels: Annotated[
        Literal["none", "other-albums", "others"],
        typer.Option("--known-labels", help="Whose labels a track may learn from in context."),
    ] = "none",
    per_tag: Annotated[bool, typer.Option("--per-tag", help="Each tag's figures in context, too.")] = False,
    resamples: Annotated[int, typer.Option("--resamples", min=10, help="Resamples of the bootstrap.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the bootstrap.")] = 0,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", callback=drawable, help="Draw the precision-recall curves."),
    ] = None,
    device: DeviceOption = "auto",
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Score a model, or stored predictions.

    Datasets: table, emotify, mood4q, mirex_mood, emopia, jamendo, open_game_music.

    Examples:

        moodrec evaluate --data emotify --root ~/data/emotify --split test

        moodrec evaluate --predictions predictions.npy --labels groundtruth.npy --json

        moodrec evaluate --predictions predictions.npy --labels groundtruth.npy --metadata tracks.parquet --per-tag
    """
    from moodrec.evaluation.evaluate import BootstrapOptions
    from moodrec.evaluation.evaluate import evaluate as score

    in_context = metadata is not None or context is not None
    _require_use(
        {"MODEL": model, "--split": split, "--root": root, "--option": option},
        "goes with --data",
        data is None,
    )
    _require_use({"--data": data}, "has labels of its own: leave out --labels", labels is not None)
    _require_use({"MODEL": model}, "is not asked where there are --predictions", predictions is not None)
    _require_use(
        {"--plot": plot}, "draws no scores in context: leave out --metadata and --context", in_context
    )
    screen = Screen(as_json, quiet, form, columns)
    bootstrap = BootstrapOptions(n_resamples=resamples, seed=seed)
    if in_context:
        wanted = ContextOptions(context or FIT, known_labels, per_tag, save_context)
        inputs = _context_inputs(metadata, predictions, labels, data, root, option or [], split)
        evaluate_context(screen, inputs, wanted, bootstrap)
        return
    if save_context is not None or per_tag or known_labels != "none":
        raise UsageError("--save-context, --per-tag and --known-labels go with --metadata or --context")
    if labels is not None:
        scored = _from_files(predictions, labels)
    elif data is not None:
        scored = _from_table(screen, data, root, option or [], split, predictions, model, device)
    else:
        raise UsageError("name a dataset with --data, or give --predictions and --labels")
    report = score(scored, bootstrap)
    if plot is not None:
        from moodrec.plots.curves import pr_curves

        pr_curves(scored, report, plot)
        screen.note(f"curves drawn to {plot}")
    _print(screen, report)


def _require_use(given: dict[str, object], why: str, unused: bool) -> None:
    """Refuse options that would be passed over, lest figures be taken for those of something else.

    Raises:
        UsageError: one was given.
    """
    names = [name for name, value in given.items() if value]
    if unused and names:
        raise UsageError(f"{names[0]} {why}")


def _from_files(predictions: Path | None, labels: Path) -> LabelledScores:
    from moodrec.evaluation.scored import scored_files

    if predictions is None:
        raise UsageError("--labels needs --predictions")
    return scored_files(predictions, labels)


def _context_inputs(
    metadata: Path | None,
    predictions: Path | None,
    labels: Path | None,
    data: str | None,
    root: Path | None,
    options: list[str],
    split: str | None,
) -> ContextInputs:
    """From three files, or from a dataset, whose labels and metadata are known, and predictions."""
    if metadata is not None:
        if data is not None:
            raise UsageError("a dataset has its own metadata: give --data, or --labels and --metadata")
        return inputs_of(predictions, labels, metadata)
    if data is None or predictions is None:
        raise UsageError("--context needs --metadata, or --data and --predictions")
    from moodrec.data.sources import load_source
    from moodrec.evaluation.context.inputs import inputs_of_table
    from moodrec.evaluation.predictions import load_predictions

    table = load_source(data, root or default_root(data), parse_options(options))
    return inputs_of_table(table, load_predictions(predictions), split)


def _from_table(
    screen: Screen,
    data: str,
    root: Path | None,
    options: list[str],
    split: str | None,
    predictions: Path | None,
    model: Path | None,
    device: Device,
) -> LabelledScores:
    from moodrec.data.sources import load_source
    from moodrec.evaluation.predictions import load_predictions
    from moodrec.evaluation.scored import scored_table

    table = load_source(data, root or default_root(data), parse_options(options))
    if predictions is not None:
        return scored_table(table, load_predictions(predictions), split)
    _warn_of_training_data(screen, data, model)
    tracks = table if split is None else table.select((table.tracks["split"] == split).to_numpy())
    predicted = _predict(screen, tracks, model, device)
    for track_id, why in predicted.failures.items():
        screen.warn(f"{track_id}: {why}")
    return scored_table(table, predicted, split)


def _warn_of_training_data(screen: Screen, data: str, model: Path | None) -> None:
    from moodrec.model.describe import describe_model

    if data != "table" and data in describe_model(model).data:
        screen.warn(
            f"the model was trained on {data}: unless these tracks were held out, the figures flatter it; "
            "score out-of-fold predictions instead (--predictions)"
        )


def _predict(screen: Screen, table: Any, model: Path | None, device: Device) -> Predictions:
    from moodrec.embedding.mood_model import MoodModel
    from moodrec.evaluation.predict import predict, renamed_targets

    loaded = MoodModel.load(model, device)
    if names := renamed_targets(loaded, table):
        screen.note(f"names of moods are snake_case: {words.renamed(names, 'is compared with')}")
    with screen.progress("predicting") as advance:
        return predict(loaded, table, advance)


def _print(screen: Screen, report: EvaluationReport) -> None:
    screen.document(report)
    rows = [
        [
            tag.tag,
            tag.positives,
            tag.prevalence,
            *estimate_cells(tag.ap),
            *estimate_cells(tag.roc_auc),
            None if tag.pearson is None else tag.pearson.value,
        ]
        for tag in report.tags
    ]
    macro = [
        "macro",
        None,
        report.macro_prevalence,
        *estimate_cells(report.macro_ap),
        *estimate_cells(report.macro_roc_auc),
    ]
    rows.append([*macro, None if report.mean_pearson is None else report.mean_pearson.value])
    screen.table(
        [
            Column("tag", "name"),
            Column("positives", "fixed", optional=True),
            Column("prevalence", "fixed", show=words.thousandths),
            *estimate_columns("AP"),
            *estimate_columns("ROC-AUC"),
            Column("Pearson r", "fixed", show=words.thousandths),
        ],
        rows,
    )
    screen.text(
        f"{report.dataset}, {report.split}: {words.plural(report.n_tracks, 'track')}; {report.labels}"
    )
    screen.text(f"intervals: {report.intervals}")
    if report.n_without_prediction:
        screen.warn(f"{words.plural(report.n_without_prediction, 'track')} without a prediction left out")
    if report.skipped:
        screen.warn(f"without both classes, left out: {', '.join(report.skipped)}")
