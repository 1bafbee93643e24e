"""The streams of the process: a closed one leads nowhere, and one that takes nothing is left alone at the end."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from moodrec.errors import DiskFullError, MoodrecError
from moodrec.files.disk import explained, is_disk_full


def open_closed_streams() -> None:
    """Lead those of stdin, stdout and stderr nowhere that are closed, as by ``>&-``.

    Their numbers would be given to the next files that are opened, which are then printed into.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(
                os.open(os.devnull, os.O_RDWR), True
            )  # it takes the lowest number that is free
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


def told(error: OSError) -> MoodrecError:
    """Make one of moodrec's errors of an error of the system; one without a file is of what is printed."""
    if error.filename is None and is_disk_full(error):
        return DiskFullError("standard output: there is no room for what is printed; send it elsewhere")
    return explained(error)


def give_up_stdout() -> None:
    """Lead stdout nowhere where it takes nothing: Python would try again at the end, and exit with another code."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, sys.stdout.fileno())
            os.close(null)
