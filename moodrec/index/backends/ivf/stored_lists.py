"""Inverted lists are written to a file as FAISS writes them, but from wherever they lie, and not from memory alone.

FAISS writes lists that are mapped from a file as the name of that file, which goes with the version that it belongs
to, and would have to hold them all in memory to write them out. Here FAISS writes an index without rows, and the
lists follow one by one. :mod:`moodrec.index.backends.faiss_file` checks the same form when it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.config import IndexConfig
from moodrec.index.backends.ivf.faiss_lists import emptied, sizes_of
from moodrec.index.runtime import faiss

_NO_LISTS: Final = b"sprs" + bytes(8)
"""How an index that has no rows ends: no list has any."""
_BUFFER: Final = 1 << 20
"""Bytes that are written at a time; longer lists go by themselves."""


def write_lists(path: Path, config: IndexConfig, index: Any, later: Any | None = None) -> None:
    """Write an index with inverted lists, byte for byte as FAISS does.

    Args:
        path: the file.
        config: the settled preset that the index was built by.
        index: the index, whose lists may be mapped from a file.
        later: the same index with nothing but more rows, which follow the rows of ``index`` in each list.

    Raises:
        OSError: the file cannot be written.
    """
    parts = [index] if later is None else [index, later]
    head = emptied(index, config)
    head.ntotal = parts[-1].ntotal
    sizes = np.sum([sizes_of(part) for part in parts], axis=0)
    beginning = faiss.serialize_index(head)[: -len(_NO_LISTS)]
    del head
    with path.open("wb", buffering=_BUFFER) as file:
        file.write(beginning.data)
        file.write(_form_of(sizes))
        for number in np.flatnonzero(sizes).tolist():
            for codes in _codes(parts, number):
                file.write(codes.data)
            for rows in _rows(parts, number):
                file.write(rows.data)


def _form_of(sizes: NDArray[np.int64]) -> bytes:
    """Return the sizes of all lists, or of those that have rows, where these are at most half of them."""
    filled = np.flatnonzero(sizes)
    full = len(filled) > len(sizes) // 2
    numbers = sizes if full else np.stack([filled, sizes[filled]], axis=1).reshape(-1)
    return (b"full" if full else b"sprs") + np.uint64(len(numbers)).tobytes() + numbers.tobytes()


def _codes(parts: list[Any], number: int) -> Iterator[NDArray[np.uint8]]:
    """The codes of one list, where they lie."""
    for part in parts:
        lists = part.invlists
        if size := lists.list_size(number):
            yield faiss.rev_swig_ptr(lists.get_codes(number), size * part.code_size)


def _rows(parts: list[Any], number: int) -> Iterator[NDArray[np.int64]]:
    """The row numbers of one list, where they lie."""
    for part in parts:
        lists = part.invlists
        if size := lists.list_size(number):
            yield faiss.rev_swig_ptr(lists.get_ids(number), size)
