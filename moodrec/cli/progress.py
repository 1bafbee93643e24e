"""How a long run tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Advance(Protocol):
    """Moves a progress bar to ``done`` of ``total``; ``what`` renames what is being done."""

    def __call__(self, done: int, total: int, what: str | None = None) -> None: ...


def unseen(done: int, total: int, what: str | None = None) -> None:
    """The bar that is not drawn."""
