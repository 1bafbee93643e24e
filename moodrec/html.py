"""Tables for notebooks are plain HTML with inline styles; every name in them is escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from moodrec.printable import shown_only

_CELL = "padding:2px 8px;text-align:left;white-space:nowrap"
_BAR = "display:inline-block;height:8px;border-radius:2px;background:#9dbfdc;margin-right:4px"
_WIDTH = 36
"""Width of a full bar, in pixels."""


def score_table(
    columns: Sequence[str], rows: Sequence[Mapping[Any, Any]], bars: Collection[str], caption: str = ""
) -> str:
    """Render rows as an HTML table.

    Args:
        columns: names of the columns to show, in order.
        rows: one mapping per row, from column to value.
        bars: columns of numbers in [0, 1] that are drawn as bars.
        caption: text above the table; empty for none.
    """
    head = "".join(f"<th style='{_CELL}'>{_text(name)}</th>" for name in columns)
    body = "".join(
        f"<tr>{''.join(_cell(row.get(name), name in bars) for name in columns)}</tr>" for row in rows
    )
    above = f"<caption style='text-align:left'>{_text(caption)}</caption>" if caption else ""
    inside = f"{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f"<table style='border-collapse:collapse'>{inside}</table>"


def _cell(value: Any, bar: bool) -> str:
    if isinstance(value, float):
        text = "" if math.isnan(value) else f"{value:.2f}" if bar else f"{value:.3f}"
        drawn = f"<span style='{_BAR};width:{_WIDTH * value:.0f}px'></span>" if bar and text else ""
        return f"<td style='{_CELL}'>{drawn}{text}</td>"
    return f"<td style='{_CELL}'>{_text('' if value is None else str(value))}</td>"


def _text(text: str) -> str:
    """Write a text between elements: no element, and nothing that turns what follows around."""
    return html.escape(shown_only(text, "\n"))
