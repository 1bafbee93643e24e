"""A catalogue keeps its connection to a server, unless opening the catalogue fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol, TypeVar


class Connection(Protocol):
    """A connection to a server, which can be closed."""

    def close(self) -> None:
        """Close the connection."""


Opened = TypeVar("Opened", bound=Connection)


@contextmanager
def closed_on_failure(connection: Opened) -> Iterator[Opened]:
    """Give a connection to a block, which leaves it open, and close it if the block raises."""
    with ExitStack() as on_failure:
        on_failure.callback(connection.close)
        yield connection
        on_failure.pop_all()
