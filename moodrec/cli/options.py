"""Options that several commands share are defined here, so that each is spelt, explained and read in one way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from moodrec.cli.completion import complete_columns, complete_condition
from moodrec.errors import UsageError
from moodrec.extras import require_matplotlib
from moodrec.library.place import default_library


def to_disk(given: Any) -> Any:
    """Refuse ``-`` in the place of a file or a folder to write, before any work is done for it.

    Args:
        given: what an option or an argument was given: a path, several, or None.

    Raises:
        UsageError: a path is ``-``, by which other programs mean standard output.
    """
    if any(str(one) == "-" for one in (given if isinstance(given, list | tuple) else [given])):
        raise UsageError(
            "-: nothing is written to stdout but what is printed there anyway; name a file or a folder"
        )
    return given


def drawable(path: Path | None) -> Path | None:
    """Check the argument of ``--plot`` before any work is done for it.

    Raises:
        UsageError: as :func:`to_disk`.
        MissingExtraError: pictures are wanted, and matplotlib is not installed.
    """
    if to_disk(path) is not None:
        require_matplotlib("drawing a picture")
    return path


LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library",
        "-l",
        envvar="MOODREC_LIBRARY",
        metavar="DIR",
        help="The library, or an index folder. Without it: the library in your user data folder.",
    ),
]


def _named_model(model: Path | None) -> Path | None:
    """Let the names of models that come with moodrec stand for them, unless there are folders of that name."""
    from moodrec.model.describe import model_folder

    return None if model is None else model_folder(model)


ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model",
        callback=_named_model,
        envvar="MOODREC_MODEL",
        metavar="DIR",
        help="A trained model: a folder, default or moodrec-1. Without it: the library's.",
    ),
]
DeviceOption = Annotated[
    Literal["auto", "cpu", "cuda"],
    typer.Option("--device", envvar="MOODREC_DEVICE", help="Where the model runs."),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        envvar="MOODREC_JOBS",
        min=1,
        help="Decoding processes. Without it: as many as cores here, at most 8.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of tables.")]
FormatOption = Annotated[
    Literal["table", "csv", "tsv", "json"] | None,
    typer.Option("--format", help="How results are printed; else a table, or lines with tabs in a pipe."),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="A,B,...",
        autocompletion=complete_columns,
        help="The columns to show, in this order; +NAME adds to those that are shown anyway.",
    ),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", envvar="MOODREC_QUIET", help="No progress and no notes on stderr.")
]
ConflictOption = Annotated[
    Literal["error", "ignore"],
    typer.Option(
        "--on-conflict", help="What to do about tracks that are not there: refuse, or go on without."
    ),
]
WhereOption = Annotated[
    str | None,
    typer.Option(
        "--where",
        "-w",
        metavar="CONDITION",
        autocompletion=complete_condition,
        help="Keep tracks that fit, e.g. \"calm >= 0.8 AND artist <> 'X'\".",
    ),
]
AudioOnlyOption = Annotated[
    bool, typer.Option("--audio-only", help="Moods by the audio alone, without metadata and labels.")
]


def chosen_library(library: Path | None) -> Path:
    """Give the library that an option names, or the user's own."""
    return library if library is not None else default_library()
