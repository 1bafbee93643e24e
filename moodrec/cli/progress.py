"""A long run reports its progress by calling a function."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from moodrec.cli import words

LOGGED_EVERY_S: Final = 60.0
"""Seconds between two lines in a log."""


class Advance(Protocol):
    """Moves a progress bar to ``done`` of ``total``; ``what`` renames what is being done, and ``left`` estimates the
    seconds to the end, where the caller knows better than the rate.
    """

    def __call__(self, done: int, total: int, what: str | None = None, left: float | None = None) -> None: ...


def unseen(done: int, total: int, what: str | None = None, left: float | None = None) -> None:
    """Ignore progress, where none is shown.

    Args:
        done: number of items done.
        total: number of all items.
        what: name of what is being done.
        left: estimated seconds to the end.
    """


def logged(note: Callable[[str], None], what: str, every_s: float = LOGGED_EVERY_S) -> Advance:
    """Make a function that writes a line about the progress now and then, where there is no terminal.

    Args:
        note: writes a line.
        what: name of what is being done.
        every_s: seconds between two lines; a run that is shorter writes none.
    """
    started = last = time.monotonic()
    name = what

    def advance(done: int, total: int, what: str | None = None, left: float | None = None) -> None:
        nonlocal last, name
        name = what or name
        now = time.monotonic()
        if now - last < every_s or not total:
            return
        last = now
        rate = done / (now - started)
        if left is None and done:
            left = (total - done) / rate
        ahead = "" if left is None else f", about {words.seconds(left)} left"
        note(f"{name}: {done:,} of {total:,} ({done / total:.0%}), {rate:.1f} a second{ahead}")

    return advance
