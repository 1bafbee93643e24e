"""Checksums of files: of large ones in blocks, so that many cores check one file."""

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
_MOST_BLOCKS: Final = 1 << 20
"""Eight terabytes; a manifest that asks for more would keep a reader busy for long."""


def said_of_damage(path: Path) -> str:
    """What to tell of a file that is not as it was recorded."""
    return f"{path}: the file is damaged (its checksum differs); build the index anew"


class FileRecord(Config):
    """Size in bytes and checksum of a file."""

    size: int = Field(ge=0)
    sha256: str
    """Of the file; of one in blocks, the SHA-256 of its blocks' digests one after the other."""
    block: int = Field(0, ge=0)
    """Bytes a block; 0: the file is in one."""

    @model_validator(mode="after")
    def _few_blocks(self) -> Self:
        if self.block and self.size // self.block > _MOST_BLOCKS:
            raise ValueError("the blocks of the checksum are too many")
        return self

    @classmethod
    def of(cls, path: Path, threads: int) -> Self:
        """The record of a file as it is."""
        size = path.stat().st_size
        block = _BLOCK if size > _BLOCK else 0
        return cls(size=size, sha256=_sha256(path, block, threads), block=block)

    def has_size_of(self, path: Path) -> bool:
        """Whether a file has the size recorded."""
        status = path.lstat()
        return stat.S_ISREG(status.st_mode) and status.st_size == self.size

    def fits(self, path: Path, threads: int) -> bool:
        """Whether a file has the size and the checksum recorded."""
        return self.has_size_of(path) and _sha256(path, self.block, threads) == self.sha256

    def fits_open(self, file: FileIO) -> bool:
        """The same of an open file, by one thread; where the file is read from stays as it is."""
        if os.fstat(file.fileno()).st_size != self.size:
            return False
        if not self.block:
            return hashlib.sha256(_part(file, 0, self.size)).hexdigest() == self.sha256
        starts = range(0, self.size, self.block)
        parts = (hashlib.sha256(_part(file, start, self.block)).digest() for start in starts)
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
        return hashlib.sha256(_part(file, start, size)).digest()


def _part(file: FileIO, start: int, size: int) -> bytes:
    """Some bytes of a file, fewer at its end; a single read may give fewer elsewhere, too."""
    parts, end = [], start + size
    while start < end and (part := _read(file, start, end - start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)


def _read(file: FileIO, start: int, size: int) -> bytes:
    if hasattr(os, "pread"):  # forked processes share the place where a file is read from
        return os.pread(file.fileno(), size, start)
    file.seek(start)
    return file.read(size) or b""
