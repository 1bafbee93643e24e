"""A track table may be corrected by a context before it becomes the rows of an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from moodrec.arguments import brief
from moodrec.errors import UsageError
from moodrec.index.rows.track_table import track_table


class TableContext(Protocol):
    """What corrects the moods of a track table by what it knows of its tracks beside their audio."""

    def in_context(self, table: pa.Table, moods: Sequence[str]) -> pa.Table:
        """Return the table with corrected mood columns, and with columns of what they were.

        Args:
            table: checked rows of a track table.
            moods: its mood columns.
        """


def tracks_in_context(table: pa.Table, moods: Sequence[str], context: TableContext | None) -> pa.Table:
    """Return a checked track table with its moods in context.

    Args:
        table: the checked table.
        moods: its mood columns.
        context: what corrects them; None leaves the table as it is.

    Raises:
        DataError: the table is in context already, or what comes out is no track table.
        UsageError: ``context`` is something else.
    """
    if context is not None and not hasattr(context, "in_context"):
        raise UsageError(f"context is a ContextModel, which corrects moods, not {brief(context)}")
    return table if context is None else track_table(context.in_context(table, moods), moods)
