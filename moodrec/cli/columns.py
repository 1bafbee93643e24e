"""``moodrec columns`` lists what conditions, ``--sort`` and ``--columns`` may name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

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
    from moodrec.recommend.column_summary import ColumnSummary


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
    from moodrec.recommend.column_summary import summarise_columns
    from moodrec.recommend.recommender import Recommender

    screen = Screen(as_json, quiet, form, chosen)
    recommender = Recommender.open(chosen_library(library))
    found = summarise_columns(recommender.index, values)
    for note in recommender.notes:
        screen.warn(note)
    screen.document({"tracks": len(recommender.index), "columns": found})
    screen.table(
        [
            Column("column", "fixed"),
            Column("type", "fixed"),
            Column("known", "fixed"),
            Column("distinct", "fixed", shown=False),
            Column("values", "prose"),
        ],
        [
            {
                "column": summary.name,
                "type": summary.kind,
                "known": summary.known,
                "distinct": summary.distinct,
                "values": _values(summary),
            }
            for summary in found
        ],
    )


def _values(summary: ColumnSummary) -> str:
    """Write the commonest values, or the range, or how many there are."""
    if summary.common:
        listed = ", ".join(f"{value} ({count:,})" for value, count in summary.common)
        more = summary.distinct - len(summary.common)
        return f"{listed}, {more:,} more" if more > 0 else listed
    if summary.low is not None and summary.high is not None:
        return f"{_shown(summary.low)} to {_shown(summary.high)}"
    return f"{summary.distinct:,} different" if summary.distinct else ""


def _shown(value: Any) -> str:
    return words.score(value) if isinstance(value, float) else str(value)
