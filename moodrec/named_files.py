"""Files that users name: their paths made absolute, and the passwords and tokens that they keep in one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from moodrec.errors import NotFoundError, UsageError

_MOST_OF_SECRET: Final = 4096


def real_path(path: Path | str) -> Path:
    """Make a path absolute, with ``~`` and links replaced; an unknown user or a loop of links stays as it is.

    Raises:
        UsageError: no file can have that name.
    """
    try:
        # Path's own expanduser and resolve raise RuntimeError on unknown users and on loops.
        return Path(os.path.realpath(os.path.expanduser(path)))  # noqa: PTH111
    except ValueError:
        raise UsageError(
            f"{str(path)[:80]!r}: no file can have this name; it holds a zero character"
        ) from None


def read_secret(path: Path) -> str:
    """Read the password or the token that a user keeps in a file; a pipe will do, as ``<(command)`` makes one.

    Args:
        path: the file; blanks and line breaks at its ends do not count.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it is longer than 4 KiB, or no text in UTF-8.
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_OF_SECRET + 1)
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file") from None
    if len(content) > _MOST_OF_SECRET:
        raise UsageError(
            f"{path}: is too long for a password or a token; name a file that holds nothing else"
        )
    try:
        return content.decode().strip()
    except UnicodeDecodeError:
        raise UsageError(
            f"{path}: is no text in UTF-8; name a file that holds a password or a token"
        ) from None
