"""``moodrec embed`` turns a table of audio files into Parquet files with embeddings and moods."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.group import EXIT_SOME_FAILED
from moodrec.cli.options import DeviceOption, JobsOption, JsonOption, ModelOption, QuietOption, to_disk

if TYPE_CHECKING:
    from moodrec.bulk.run import BulkReport


def embed(
    manifest: Annotated[
        str,
        typer.Argument(
            metavar="MANIFEST",
            help="A Parquet file, or a folder of them, with a column path; s3://... as well.",
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", metavar="DIR", callback=to_disk, help="The folder to write; s3://... as well."
        ),
    ],
    model: ModelOption = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option("--engine", help="This machine, or Ray Data. pip install 'moodrec[ray]'."),
    ] = "local",
    device: DeviceOption = "auto",
    jobs: JobsOption = None,
    models: Annotated[
        int | None, typer.Option("--models", min=1, metavar="N", help="On Ray: actors that hold the model.")
    ] = None,
    rows_per_part: Annotated[
        int | None,
        typer.Option("--rows-per-part", min=1, metavar="N", help="Rows of one file; 2,000 by default."),
    ] = None,
    rows_per_block: Annotated[
        int | None,
        typer.Option(
            "--rows-per-block", min=1, metavar="N", help="On Ray: rows that an actor takes at a time."
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, metavar="S", help="Seconds that decoding one file may take.")
    ] = 300.0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Embed every file that a table names, on this machine or many.

    Each row of MANIFEST becomes a row of part-000000.parquet, ... with its outcome, embedding and moods. Stop it
    and start it again as you like: parts that are there are kept. Exit code 6 says that some files failed.

    Example: moodrec embed catalogue.parquet --out embedded
    """
    from moodrec.bulk.run import BulkOptions, embed_manifest

    screen = Screen(as_json, quiet)
    options = BulkOptions(engine, device, jobs, models, rows_per_part, rows_per_block, timeout)
    with screen.progress("embedding") as advance:
        report = embed_manifest(
            manifest,
            out,
            None if model is None else str(model),
            options,
            lambda state: advance(state.done, state.total),
        )
    _finish(screen, out, report)


def _finish(screen: Screen, out: str, report: BulkReport) -> None:
    from moodrec.library.records import Outcome

    counts = {outcome.value: count for outcome, count in report.counts.items()}
    screen.document({"out": out, **asdict(report), "counts": counts})
    found = (
        ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "nothing was left to do"
    )
    before = f" ({words.plural(report.parts_before, 'part')} of earlier runs)" if report.parts_before else ""
    screen.text(
        f"{out}: {words.plural(report.rows, 'row')}, {words.plural(report.parts_written, 'part')} written{before}"
    )
    screen.text(found)
    if counts[Outcome.FAILED.value]:
        raise typer.Exit(EXIT_SOME_FAILED)
