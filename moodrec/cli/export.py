"""``moodrec export`` writes a library as one Parquet or CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import JsonOption, LibraryOption, QuietOption, chosen_library
from moodrec.errors import UsageError


def export(
    library_or_out: Annotated[
        Path, typer.Argument(metavar="LIBRARY", help="Its folder; may be left out for your own.")
    ],
    out: Annotated[
        Path | None, typer.Argument(metavar="OUT.parquet", help="What to write, or OUT.csv.")
    ] = None,
    library: LibraryOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a library to a Parquet or a CSV file.

    There is one row per track: id, path, tags, embedding, and each mood's score and probability.

    Examples:

        moodrec export tracks.parquet

        moodrec export demo-output/library tracks.parquet
    """
    from moodrec.catalog.export import export_library
    from moodrec.library.library import Library

    screen = Screen(as_json, quiet)
    # A single argument is the file to write; as with cp and mv, the last argument is the target.
    source, target = (library_or_out, out) if out is not None else (chosen_library(library), library_or_out)
    if target.is_file() and not force:
        raise UsageError(f"{target}: exists already; --force replaces it")
    with Library.open(source) as store:
        rows = export_library(store, target)
    screen.document({"out": target, "rows": rows})
    screen.text(f"{words.plural(rows, 'track')} written to {target}")
