"""A path is opened for reading only if it is a plain file that is not empty."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from moodrec.errors import AudioError
from moodrec.printable import is_shown

# Without O_NONBLOCK, opening a named pipe would wait for a writer that may never come.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def printable(path: Path | str) -> str:
    """Write a path on one line: bytes that cannot be decoded and control characters become ``?``."""
    text = os.fsencode(path).decode("utf-8", "replace").replace("\ufffd", "?")
    return "".join(char if is_shown(char) else "?" for char in text)


@contextmanager
def open_audio_file(path: Path | str) -> Iterator[BinaryIO]:
    """Open a non-empty regular file, unbuffered.

    Raises:
        AudioError: reason ``missing``, ``forbidden``, ``unreadable``, ``not_a_file`` or ``empty``.
    """
    with os.fdopen(_open(path), "rb", buffering=0) as file:
        yield file


def _open(path: Path | str) -> int:
    try:
        descriptor = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError(f"{printable(path)}: {_missing(path)}", reason="missing") from None
    except PermissionError:
        raise AudioError(f"{printable(path)}: may not be read", reason="forbidden") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise AudioError(f"{printable(path)}: cannot be opened ({reason})", reason="unreadable") from None
    try:
        _check_regular(path, os.fstat(descriptor))
    except AudioError:
        os.close(descriptor)
        raise
    return descriptor


def _missing(path: Path | str) -> str:
    try:
        return f"leads to {printable(os.readlink(path))}, and there is no such file"  # noqa: PTH115  (odd names)
    except OSError:  # it is no link
        return "no such file"


def _check_regular(path: Path | str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"{printable(path)}: is not a plain file", reason="not_a_file")
    if status.st_size == 0:
        raise AudioError(f"{printable(path)}: the file is empty", reason="empty")
