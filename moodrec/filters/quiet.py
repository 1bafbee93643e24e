"""sqlglot logs what it finds odd about a text; a filter's text is the user's, and its faults are errors here."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_PARSING: Final[ContextVar[bool]] = ContextVar("parsing", default=False)


@contextmanager
def quiet_parser() -> Iterator[None]:
    """Drop what sqlglot logs inside a ``with`` block; what it logs for the host program elsewhere stays."""
    token = _PARSING.set(True)
    try:
        yield
    finally:
        _PARSING.reset(token)


def _is_of_others(record: logging.LogRecord) -> bool:
    return not _PARSING.get()


logging.getLogger("sqlglot").addFilter(_is_of_others)
