"""Damage to the files of a saved index, whatever they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np


def stored_files(root: Path) -> list[Path]:
    """Every file of a saved index but the lock, which holds nothing."""
    return sorted(path for path in root.rglob("*") if path.is_file() and path.name != "lock")


def _flip(content: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    damaged[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def _overwrite(content: bytes, rng: np.random.Generator) -> bytes:
    damaged, place = bytearray(content), int(rng.integers(len(content)))
    part = damaged[place : place + 16]
    damaged[place : place + 16] = bytes(byte ^ 0xA5 for byte in part)
    return bytes(damaged)


FAULTS: dict[str, Callable[[bytes, np.random.Generator], bytes | None]] = {
    "one bit flipped": _flip,
    "some bytes overwritten": _overwrite,
    "cut": lambda content, rng: content[: int(rng.integers(len(content)))],
    "a byte cut out": lambda content, rng: (
        content[: (at := int(rng.integers(len(content))))] + content[at + 1 :]
    ),
    "lengthened": lambda content, rng: content + rng.bytes(int(rng.integers(1, 100))),
    "emptied": lambda content, rng: b"",
    "lost": lambda content, rng: None,
}
"""A file's content with a fault in it; None: the file is gone."""


@contextmanager
def put_in(path: Path, kind: str, rng: np.random.Generator) -> Iterator[None]:
    """Keep a fault in a file while the block runs."""
    intact = path.read_bytes()
    damaged = FAULTS[kind](intact, rng)
    try:
        if damaged is None:
            path.unlink()
        else:
            path.write_bytes(damaged)
        yield
    finally:
        path.write_bytes(intact)
