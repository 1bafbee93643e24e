"""``moodrec columns`` lists what conditions, ``--sort`` and ``--columns`` may name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import (
    ColumnsOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    QuietOption,
    chosen_library,
)
from moodrec.cli.tables import Column

if TYPE_CHECKING:
    from moodrec.recommend.columns import ColumnSummary


def columns(
    values: Annotated[
        int, typer.Option("--values", min=0, help="At most so many common values of a column.")
    ] = 5,
    library: LibraryOption = None,
    chosen: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the columns of the tracks: their types, and the commonest values.

    Example: moodrec columns --values 10
    """
    from moodrec.recommend.columns import column_summaries
    from moodrec.recommend.recommender import Recommender

    screen = Screen(as_json, quiet, form, chosen)
    recommender = Recommender.open(chosen_library(library))
    found = column_summaries(recommender.index, values)
    for note in recommender.notes:
        screen.warn(note)
    screen.document({"tracks": len(recommender.index), "columns": found})
    screen.table(
        [
            Column("column", "fixed"),
            Column("type", "fixed"),
            Column("known", "fixed"),
            Column("values", "prose"),
        ],
        [
            {
                "column": summary.name,
                "type": "mood" if summary.mood else summary.kind,
                "known": summary.known,
                "values": _values(summary),
            }
            for summary in found
        ],
    )


def _values(summary: ColumnSummary) -> str:
    """Write the commonest values with their numbers of tracks, or the range."""
    if summary.least is not None and summary.greatest is not None:
        return f"{_number(summary.least)} to {_number(summary.greatest)}"
    return ", ".join(f"{value} ({count:,})" if count > 1 else value for value, count in summary.values)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) > 1 else words.score(value)
