"""Files are written so that a reader sees the old content or the new one, never a part of either."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``, and rename it to ``path`` when the block ends without an error.

    The temporary file is synced to disk before it is renamed. If the block raises, it is removed and ``path``
    stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, because only a rename within one file system is atomic.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)  # mkstemp makes files that only their owner may read
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the content of a file in one step.

    Args:
        path: the file; its folder is made if it does not exist.
        data: the new content.

    Raises:
        OSError: the file cannot be written; it stays as it was.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)
