"""``moodrec benchmark`` measures retrieval on a labelled dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.datasets import default_root, parse_options
from moodrec.cli.estimates import estimate_cells, estimate_columns
from moodrec.cli.options import ColumnsOption, FormatOption, JsonOption, QuietOption, drawable
from moodrec.cli.tables import Column
from moodrec.errors import UsageError

if TYPE_CHECKING:
    from moodrec.data.labels import LabelTable
    from moodrec.evaluation.neighbourhood.report import BenchmarkReport

COLUMNS: Final = {
    "quadrant_p": "P@10 quadrant",
    "quadrant_ndcg": "nDCG@10",
    "word_jaccard": "Jaccard@10 words",
    "filter_satisfaction": "filter satisfied",
    "target_error": "mood error at 0.5",
    "error_left": "of error at 0",
    "cosine_kept": "cosine kept",
    "artist_diversity": "artists",
}
"""Figures of the table to the headings of their columns."""


def retrieval(
    data: Annotated[
        str,
        typer.Option(
            "--data", "-d", metavar="NAME", help="The dataset: table, mood4q, emotify, ..., or a plug-in's."
        ),
    ],
    system: Annotated[
        list[str],
        typer.Option(
            "--system",
            "-s",
            metavar="NAME=FILE",
            help="Embeddings and predictions, as in out-of-fold.parquet; repeatable. The first is compared with all; "
            "a name given twice is several seeds.",
        ),
    ],
    root: Annotated[
        Path | None, typer.Option("--root", metavar="PATH", help="Where it is; else $MOODREC_DATA/NAME.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="KEY=VALUE", help="An option of the dataset.")
    ] = None,
    tracks: Annotated[
        int,
        typer.Option(
            "--tracks", min=10, help="At most so many tracks, drawn by --seed: every pair is compared."
        ),
    ] = 3000,
    baseline: Annotated[
        list[str] | None, typer.Option("--baseline", help="random, metadata; both by default.")
    ] = None,
    resamples: Annotated[int, typer.Option("--resamples", min=1, help="Resamples of the bootstrap.")] = 1000,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Seed of the bootstrap and of the random baseline.")
    ] = 0,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", callback=drawable, help="Draw the trade-off (.png, .svg)."),
    ] = None,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure whether neighbours share the mood, and whether a mood target is reached.

    Every track is a query; tracks of its own artist are left out. FILE holds track_id and embedding, and optionally
    fold (tracks of different folds are never compared) and predictions: one column per target, or per mood. What the
    labels or a file do not allow to be measured is left out, and named.

    Examples:

        moodrec benchmark retrieval --data mood4q -s own=runs/own/out-of-fold.parquet

        moodrec benchmark retrieval --data table --root my-tracks.csv -s own=runs/own/out-of-fold.parquet
    """
    from moodrec.data.sources import load_source
    from moodrec.evaluation.evaluate import BootstrapOptions
    from moodrec.evaluation.neighbourhood.run import BUILT_IN, run_benchmark

    screen = Screen(as_json, quiet, form, columns)
    table = _drawn(
        screen, load_source(data, root or default_root(data), parse_options(option or [])), tracks, seed
    )
    options = BootstrapOptions(n_resamples=resamples, seed=seed)
    report = run_benchmark(table, files_of(system), tuple(baseline or BUILT_IN), options=options)
    screen.document(report)
    _print(screen, report)
    if plot is not None:
        from moodrec.plots.trade_off import trade_off

        trade_off(report, plot)
        screen.note(f"picture drawn to {plot}")


def _drawn(screen: Screen, table: LabelTable, tracks: int, seed: int) -> LabelTable:
    """Take a random part of a large table."""
    import numpy as np

    if len(table) <= tracks:
        return table
    screen.note(f"{tracks:,} of the {len(table):,} tracks are drawn at random, seed {seed} (--tracks)")
    chosen = np.zeros(len(table), np.bool_)
    chosen[np.random.default_rng(seed).permutation(len(table))[:tracks]] = True
    return table.select(chosen)


def files_of(given: list[str]) -> dict[str, list[Path]]:
    """Read ``NAME=FILE`` options into the files of each name.

    Raises:
        UsageError: an option has another form.
    """
    found: dict[str, list[Path]] = {}
    for text in given:
        name, equals, path = text.partition("=")
        if not equals or not name or not path:
            raise UsageError(f"--system {text}: should be NAME=FILE")
        found.setdefault(name, []).append(Path(path))
    return found


def _print(screen: Screen, report: BenchmarkReport) -> None:
    systems = report.systems
    names = [name for name in COLUMNS if any(name in system.figures for system in systems.values())]
    rows = [
        [
            name,
            *(cell for figure in names for cell in estimate_cells(system.figures.get(figure))),
            system.coverage,
            system.hubness,
        ]
        for name, system in systems.items()
    ]
    figures = [column for name in names for column in estimate_columns(name, COLUMNS[name], decimals=3)]
    ends = [Column("coverage", "fixed", show=words.thousandths), Column("hubness", "fixed")]
    screen.table([Column("system", "name"), *figures, *ends], rows)
    what = f"95 % intervals over the queries' artists, {report.resamples} resamples"
    screen.text(f"{report.dataset}: {report.queries:,} queries; {what}")
    if report.left_out:
        screen.text(f"left out: {'; '.join(report.left_out)}")
