"""Text files that users name are read whole, and none that has no end."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError, DataError, NotFoundError
from moodrec.files.kinds import read_regular

_MOST: Final = 1 << 30
"""Greatest size of a file, in bytes: what is larger is not read."""


def read_text_file(path: Path) -> str:
    """Read a text in UTF-8, with or without a mark at its beginning; its line breaks stay as they are.

    Raises:
        NotFoundError: there is no such file.
        DataError: it is a folder, a pipe or a device, or larger than 1 GiB.
        UnicodeDecodeError: it is not in UTF-8.
        OSError: it cannot be read.
    """
    try:
        return read_regular(path, _MOST).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"{path}: no such file") from None
    except CorruptStoreError as error:
        raise DataError(str(error)) from None
