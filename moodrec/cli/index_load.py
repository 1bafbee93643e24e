"""``moodrec index load``: an index on disk becomes a catalogue in an engine, which servers answer from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import JsonOption, QuietOption
from moodrec.engines import PASSWORD_VARIABLE
from moodrec.errors import UsageError

CatalogueOption = Annotated[
    str,
    typer.Option(
        "--catalogue", envvar="MOODREC_SERVE_CATALOGUE", metavar="NAME", help="Its name in the engine."
    ),
]


def load(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The folder of the index.")],
    address: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS",
            help="postgresql://user@host/database or milvus://host:19530; the password goes into "
            f"{PASSWORD_VARIABLE}.",
        ),
    ],
    catalogue: CatalogueOption = "moodrec",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Copy an index into PostgreSQL or Milvus, in place of a catalogue of the same name.

    Servers go over to it when it is complete. It needs pip install 'moodrec[postgres]' or 'moodrec[milvus]'.

    Example: moodrec index load my-index postgresql://me@localhost/music
    """
    from moodrec.engines.address import EngineAddress
    from moodrec.engines.load import load as copy

    place = EngineAddress.of(address, catalogue, os.environ.get(PASSWORD_VARIABLE))
    if place.has_password:
        raise UsageError(
            f"other users see the command line, and with it the password: put it into {PASSWORD_VARIABLE}"
        )
    tracks = copy(index, place)
    screen = Screen(as_json, quiet)
    screen.note(f"{words.plural(tracks, 'track')} at {place.shown}")
    screen.document({"address": place.shown, "catalogue": catalogue, "tracks": tracks})
