"""A figure with its interval is one cell for people, and three columns in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moodrec.cli.tables import Column

if TYPE_CHECKING:
    from moodrec.evaluation.reports import Estimate


def estimate_columns(
    name: str, heading: str | None = None, decimals: int = 4, signed: bool = False
) -> list[Column]:
    """Make the columns of a figure: the figure with its interval for people, its ends besides in files.

    Args:
        name: name of the figure in files.
        heading: what stands above it on the screen; its name by default.
        decimals: digits after the point.
        signed: whether positive figures have a sign.
    """
    sign = "+" if signed else ""

    def show(estimate: Estimate | None) -> str:
        if estimate is None:
            return ""
        value, low, high = (
            f"{number:{sign}.{decimals}f}" for number in (estimate.value, estimate.low, estimate.high)
        )
        return f"{value} [{low}, {high}]"

    return [
        Column(name, "fixed", heading, show, value=lambda estimate: estimate and estimate.value),
        Column(f"{name}_low", shown="files"),
        Column(f"{name}_high", shown="files"),
    ]


def estimate_cells(estimate: Estimate | None) -> list[object]:
    """Give the values of the columns that :func:`estimate_columns` makes."""
    return [None] * 3 if estimate is None else [estimate, estimate.low, estimate.high]
