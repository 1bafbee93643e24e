"""The file ``CURRENT`` of an index: one line, with the name of a version and the checksum of its manifest."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.files.kinds import is_there, read_regular

CURRENT: Final = "CURRENT"
_POINTER: Final = re.compile(rb"(v(\d{6,})-[0-9a-f]{8}) ([0-9a-f]{64})\n")
MOST_OF_POINTER: Final = 1000
"""Greatest size of ``CURRENT``, in bytes."""
VERSION: Final = re.compile(r"v\d{6,}-[0-9a-f]{8}")
"""The name of a version's folder."""
FIRST: Final = ".first-save"
"""A file that exists until the first version is the current one: what a crash leaves before is no damaged index."""


def read_pointer(root: Path) -> bytes:
    """Read the file ``CURRENT``, whatever it holds.

    Raises:
        NotFoundError: there is no index at ``root``.
        CorruptStoreError: there are versions, and the file is missing.
    """
    try:
        return read_regular(root / CURRENT, MOST_OF_POINTER)
    except FileNotFoundError:
        if versions_in(root) and not (root / FIRST).exists():
            raise CorruptStoreError(f"{root}: the file {CURRENT} is missing") from None
        raise NotFoundError(
            f"{root}: there is no index here; make one with: moodrec analyze FOLDER, or moodrec index build"
        ) from None
    except NotADirectoryError:
        raise NotFoundError(f"{root}: is a file; an index is a folder") from None


def required_name(root: Path, pointer: bytes) -> str:
    """Return the name of the version that the content of a folder's ``CURRENT`` names.

    Args:
        root: the folder of the index, for the message.
        pointer: what its ``CURRENT`` holds.

    Raises:
        CorruptStoreError: it is damaged.
    """
    name = name_in_pointer(pointer)
    if name is None:
        raise CorruptStoreError(f"{root / CURRENT}: the file is damaged")
    return name


def current_name(root: Path) -> str:
    """Return the name of the current version's folder.

    Raises:
        NotFoundError: there is no index at ``root``.
        CorruptStoreError: the file that names the version is missing or damaged.
    """
    return required_name(root, read_pointer(root))


def pointer_to(name: str, manifest: bytes) -> bytes:
    """Return what ``CURRENT`` holds where a version is the current one.

    Args:
        name: the name of the version's folder.
        manifest: the text of its manifest.
    """
    return f"{name} {hashlib.sha256(manifest).hexdigest()}\n".encode()


def name_in_pointer(pointer: bytes) -> str | None:
    """Return the name of the version that the content of a ``CURRENT`` names; None where it is damaged."""
    match = _POINTER.fullmatch(pointer)
    return None if match is None else match[1].decode()


def is_index(root: Path) -> bool:
    """Whether a folder holds an index, even one whose first save was interrupted."""
    return is_there(root / CURRENT) or bool(versions_in(root))


def versions_in(root: Path) -> list[Path]:
    """List the folders of versions, oldest first; links are none."""
    try:
        found = [root / name for name in os.listdir(root) if VERSION.fullmatch(name)]  # noqa: PTH208
    except OSError:  # there is none, or it has gone this moment
        return []
    return sorted(path for path in found if not path.is_symlink())
