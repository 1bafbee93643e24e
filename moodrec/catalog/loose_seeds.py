"""A seed that names no track exactly may be a part of names, or a misspelt title."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from moodrec.catalog.seeds import ambiguous, resolve_seed, texts_of, without_copies
from moodrec.errors import NotFoundError
from moodrec.library.snapshot import shown_path
from moodrec.names import fold
from moodrec.schema import ALBUM, ARTIST, PATH, TITLE, TRACK_ID
from moodrec.typing import RowNumbers

if TYPE_CHECKING:
    import pandas as pd

_ALIKE: Final = 0.8
"""Likeness in [0, 1], as difflib measures it, from which a title counts as a misspelling."""


def find_seed(frame: pd.DataFrame, seed: str, files: bool = True) -> str:
    """Find the id of the one track that a seed names, or that its words lead to.

    What :func:`moodrec.catalog.seeds.resolve_seed` finds goes first. Else a seed is a part of a title, whole words
    before parts of words; else its words occur in artist, title, album and file name; else it is a misspelt title.
    The first of these that fits any track decides. The path of a file that exists names that file alone.

    Args:
        frame: a track table with at least ``track_id``, as of a library or an index.
        seed: the text.
        files: as for :func:`moodrec.catalog.seeds.resolve_seed`; paths are not listed without it.

    Raises:
        AmbiguousSeedError: several tracks match; ``matches`` lists them.
        NotFoundError: none does; the message suggests similar titles.
    """
    try:
        return resolve_seed(frame, seed, files)
    except NotFoundError:
        if files and os.path.isfile(os.path.expanduser(seed)):  # noqa: PTH111, PTH113  (Path's raise on odd names)
            raise
        try:
            text = shown_path(os.fsencode(seed))
        except UnicodeEncodeError:
            text = ""
        if not text:
            raise
        for rows in _ways(frame, fold(text), files):
            found = without_copies(frame, rows)
            if len(found) == 1:
                return str(frame[TRACK_ID].iloc[found[0]])
            if len(found) > 1:
                raise ambiguous(frame, found, text, files) from None
        raise


def _ways(frame: pd.DataFrame, text: str, files: bool) -> Iterator[RowNumbers]:
    """Yield the rows that a folded text leads to, one way after the other."""
    words = text.split()
    if not any(char.isalnum() for char in text):
        return
    titles = [fold(title) for title in texts_of(frame, TITLE)]
    yield _rows(f" {text} " in f" {_spaced(title)} " for title in titles)
    if len(text) > 1 or not text.isascii():
        yield _rows(text in title for title in titles)
        yield _rows(all(word in name for word in words) for name in _names(frame, files))
    near = set(difflib.get_close_matches(text, {title for title in titles if title}, n=10, cutoff=_ALIKE))
    yield _rows(title in near for title in titles)


def _spaced(title: str) -> str:
    """Put blanks in the place of what is neither letter, digit nor apostrophe, so that words end there."""
    return "".join(char if char.isalnum() or char in "'’" else " " for char in title)


def _names(frame: pd.DataFrame, files: bool) -> Iterator[str]:
    columns = [texts_of(frame, name) for name in (ARTIST, TITLE, ALBUM)]
    columns.append(texts_of(frame, PATH) if files else [""] * len(frame))
    for artist, title, album, path in zip(*columns, strict=True):
        yield fold(" ".join((artist, title, album, path.rsplit("/", 1)[-1])))


def _rows(fits: Iterator[bool]) -> RowNumbers:
    return np.flatnonzero(np.fromiter(fits, bool))
