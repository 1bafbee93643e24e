"""A long run reports its progress by calling a function."""

from __future__ import annotations

from typing import Protocol


class Advance(Protocol):
    """Moves a progress bar to ``done`` of ``total``; ``what`` renames what is being done."""

    def __call__(self, done: int, total: int, what: str | None = None) -> None: ...


def unseen(done: int, total: int, what: str | None = None) -> None:
    """Ignore progress, where no bar is drawn.

    Args:
        done: number of items done.
        total: number of all items.
        what: name of what is being done.
    """
