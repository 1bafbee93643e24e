"""The progress bar shows done of total, rate and time left; it is imported only where there is a terminal to draw
on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from moodrec.cli import words
from moodrec.cli.progress import Advance
from moodrec.printable import shown_only


class RateColumn(ProgressColumn):
    """The column that shows how many items are done per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f}/s", style="progress.data.speed")


class TimeLeftColumn(TimeRemainingColumn):
    """The column that shows the time left: the caller's estimate where there is one, else that of the rate."""

    def render(self, task: Task) -> Text:
        left = task.fields.get("left")
        if left is None:
            return super().render(task)
        return Text(f"{words.seconds(left)} left", style="progress.remaining")


@contextmanager
def bar(console: Console, what: str) -> Iterator[Advance]:
    """Draw a progress bar while the block runs; the function given to the block moves it.

    Args:
        console: where to draw.
        what: name of what is being done.
    """
    columns = (
        TextColumn("{task.description}", markup=False),  # names may hold [brackets]
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeLeftColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(shown_only(what), total=None)

        def advance(done: int, total: int, what: str | None = None, left: float | None = None) -> None:
            named = None if what is None else shown_only(what)
            progress.update(task, completed=done, total=total, description=named, left=left)

        yield advance
