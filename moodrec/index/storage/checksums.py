"""Checksums of the files of an index. Large files are hashed in blocks, so that several cores verify one file."""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import Final, Self

from pydantic import Field, model_validator

from moodrec.config import Config

_BLOCK: Final = 1 << 23
"""Bytes of a block; files no larger than this are hashed in one piece."""
_MOST_BLOCKS: Final = 1 << 20
"""Blocks of a file (eight terabytes) at most: a manifest that names more would keep a reader busy for long."""


def damage_message(path: Path) -> str:
    """Return the error message for a file whose size or checksum differs from its record."""
    return f"{path}: the file is damaged (its checksum differs); build the index anew"


class StoredFile(Config):
    """The size and the checksum of a file, as the manifest records them."""

    size: int = Field(ge=0)
    """The size in bytes."""
    sha256: str
    """The SHA-256 of the file; for a file in blocks, that of its blocks' digests one after the other."""
    block: int = Field(0, ge=0)
    """Bytes a block; 0: the file was hashed in one piece."""

    @model_validator(mode="after")
    def _few_blocks(self) -> Self:
        if self.block and self.size // self.block > _MOST_BLOCKS:
            raise ValueError("the blocks of the checksum are too many")
        return self

    @classmethod
    def of(cls, path: Path, threads: int) -> Self:
        """Record a file as it is now.

        Args:
            path: the path of the file.
            threads: how many threads hash its blocks.
        """
        size = path.stat().st_size
        block = _BLOCK if size > _BLOCK else 0
        return cls(size=size, sha256=_sha256(path, block, threads), block=block)

    def has_size_of(self, path: Path) -> bool:
        """Whether a path is a regular file of the recorded size."""
        status = path.lstat()
        return stat.S_ISREG(status.st_mode) and status.st_size == self.size

    def fits(self, path: Path, threads: int) -> bool:
        """Check whether a file has the recorded size and checksum.

        Args:
            path: the path of the file.
            threads: how many threads hash its blocks.
        """
        return self.has_size_of(path) and _sha256(path, self.block, threads) == self.sha256

    def fits_open(self, file: FileIO) -> bool:
        """Check in one thread whether an open file has the recorded size and checksum; its position stays as
        it is.
        """
        if os.fstat(file.fileno()).st_size != self.size:
            return False
        if not self.block:
            return _digest_of(file, 0, self.size).hex() == self.sha256
        starts = range(0, self.size, self.block)
        parts = (_digest_of(file, start, self.block) for start in starts)
        return _joined(list(parts)) == self.sha256


def _sha256(path: Path, block: int, threads: int) -> str:
    if not block:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    starts = range(0, path.stat().st_size, block)
    with ThreadPoolExecutor(threads) as pool:
        return _joined(list(pool.map(lambda start: _digest(path, start, block), starts)))


def _joined(digests: list[bytes]) -> str:
    return hashlib.sha256(b"".join(digests)).hexdigest()


def _digest(path: Path, start: int, size: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        return _digest_of(file, start, size)


def _digest_of(file: FileIO, start: int, size: int) -> bytes:
    """Hash ``size`` bytes of a file, fewer at its end, a piece at a time: a manifest may name any size."""
    found, end = hashlib.sha256(), start + size
    while start < end and (part := _read(file, start, min(end - start, _BLOCK))):
        found.update(part)
        start += len(part)
    return found.digest()


def _read(file: FileIO, start: int, size: int) -> bytes:
    if hasattr(os, "pread"):  # forked processes share the position of an open file
        return os.pread(file.fileno(), size, start)
    file.seek(start)
    return file.read(size) or b""
