"""Warnings that C decoders print, mpg123 above all, are kept off the user's terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_c_libraries() -> Iterator[None]:
    """Discard what is written to file descriptor 2 while the block runs.

    This holds for the whole process, Python's own ``sys.stderr`` included, so the block should be short.
    """
    sys.stderr.flush()
    terminal, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(null)
