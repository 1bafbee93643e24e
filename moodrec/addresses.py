"""Files have addresses: a path, or whatever fsspec opens (``s3://bucket/a.mp3``, ``memory://a``)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from moodrec.errors import MissingExtraError, UsageError
from moodrec.extras import has_modules
from moodrec.files.replacing import replacing

_EXTRA = "lake"


def is_local(address: str) -> bool:
    """Say whether an address is a path of this machine."""
    return "://" not in address or address.startswith("file://")


def local_path(address: str) -> Path:
    """Give the path of a local address."""
    return Path(address.removeprefix("file://"))


def filesystem_of(address: str) -> tuple[Any, str]:
    """Open the file system of an address.

    Returns:
        An fsspec file system, and the path in it.

    Raises:
        MissingExtraError: fsspec, or what the protocol needs beside it, is not installed.
        UsageError: nothing knows the protocol, or what the address lies in is not there.
    """
    if not has_modules("fsspec"):
        raise MissingExtraError(f"{address}: an address that is no path of this machine", _EXTRA)
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(address)
    except ImportError as error:  # fsspec names the package that the protocol needs
        raise UsageError(f"{address}: {error}") from error
    except OSError as error:  # such as an archive inside of which the address lies, and which is not there
        raise UsageError(f"{address}: cannot be opened ({error})") from error
    except ValueError as error:
        raise UsageError(f"{address}: {error}; give a path or an address such as s3://bucket/file") from error
    return filesystem, path


@contextmanager
def fetched(address: str) -> Iterator[Path]:
    """Copy what is at an address to a file of this machine, and give its path until the block ends.

    Raises:
        Exception: what the file system raises where it cannot be read.
    """
    filesystem, path = filesystem_of(address)
    handle, name = tempfile.mkstemp(suffix=PurePosixPath(path).suffix[:16])
    os.close(handle)
    try:
        filesystem.get_file(path, name)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


class Folder:
    """A folder at an address, whose files appear whole."""

    def __init__(self, address: str) -> None:
        """Make the folder if it is not there; see :func:`filesystem_of` for what is raised."""
        self.address = address
        self._local = local_path(address) if is_local(address) else None
        if self._local is not None:
            self._local.mkdir(parents=True, exist_ok=True)
        else:
            self._remote, self._root = filesystem_of(address)
            self._remote.makedirs(self._root, exist_ok=True)

    def names(self) -> set[str]:
        """Give the names of the files in it."""
        if self._local is not None:
            return {entry.name for entry in os.scandir(self._local) if entry.is_file()}
        self._remote.invalidate_cache()
        return {PurePosixPath(path).name for path in self._remote.ls(self._root, detail=False)}

    def read(self, name: str) -> bytes:
        """Read a file.

        Raises:
            FileNotFoundError: there is none.
        """
        if self._local is not None:
            return (self._local / name).read_bytes()
        content: bytes = self._remote.cat_file(f"{self._root}/{name}")
        return content

    def write(self, name: str, content: bytes) -> None:
        """Write a file, which appears whole under its name or not at all.

        Args:
            name: its name.
            content: its content.

        Raises:
            DiskFullError: the disk is full.
            OSError: it cannot be written.
        """
        if self._local is not None:
            with replacing(self._local / name) as temporary:
                temporary.write_bytes(content)
            return
        # Readers of Parquet folders pass over names that begin with an underscore.
        waiting = f"{self._root}/_{name}"
        self._remote.pipe_file(waiting, content)
        self._remote.mv(waiting, f"{self._root}/{name}")
