"""``moodrec export`` writes a library as one Parquet or CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import JsonOption, LibraryOption, QuietOption, chosen_library, to_disk
from moodrec.errors import UsageError


def export(
    places: Annotated[
        list[Path],
        typer.Argument(
            metavar="[LIBRARY] OUT",
            callback=to_disk,
            help="The file to write, .parquet or .csv; before it the library's folder, unless it is your own.",
        ),
    ],
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
    # As with cp and mv, the last argument is the target.
    *sources, target = places
    if len(sources) > 1:
        raise UsageError(f"give a library and a file to write, not {len(places)} paths")
    source = sources[0] if sources else chosen_library(library)
    if target.is_file() and not force:
        raise UsageError(f"{target}: exists already; --force replaces it")
    with Library.open(source) as store:
        rows = export_library(store, target)
    screen.document({"out": target, "rows": rows})
    screen.text(f"{words.plural(rows, 'track')} written to {target}")
