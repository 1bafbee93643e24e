"""``moodrec export``: a library as one Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import JsonOption, QuietOption
from moodrec.errors import UsageError


def export(
    library: Annotated[Path, typer.Argument(metavar="LIBRARY", help="The library's folder.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.parquet", help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a library to a Parquet file.

    One row a track: id, path, tags, embedding, and each mood's score and probability.

    Example: moodrec export ~/.local/share/moodrec/library tracks.parquet
    """
    from moodrec.catalog.export import export_parquet
    from moodrec.library.library import Library

    screen = Screen(as_json, quiet)
    if out.exists() and not force:
        raise UsageError(f"{out}: is there already; --force replaces it")
    with Library.open(library) as store:
        rows = export_parquet(store, out)
    screen.document({"out": out, "rows": rows})
    screen.text(f"{words.plural(rows, 'track')} written to {out}")
