"""Keys: one number a row for its artist and its album, by which hits are capped.

Names are equal up to case and spelling (:func:`moodrec.names.fold`); MusicBrainz ids join the names of one artist,
and tell albums of one title apart.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from moodrec.artists import NOT_ARTIST_IDS
from moodrec.filters.artist_column import holding
from moodrec.filters.column_types import TextColumn
from moodrec.filters.columns import ColumnTable
from moodrec.names import fold
from moodrec.schema import ALBUM, ALBUM_ARTIST, ALBUM_ID, ARTIST_ID, PATH
from moodrec.typing import Codes

_DISC: Final = re.compile(
    r"[\s._-]*(?:cd|disc|disk|disque|vol|side)[\s._#-]*(?:\d+|[a-d])[\s._-]*", re.IGNORECASE
)
"""The name of the folder of one disc of an album."""


def text_keys(parts: Sequence[ColumnTable], name: str) -> Codes:
    """Number rows by the folded text of a column.

    Args:
        parts: the columns of the base and, where there is one, of the tail.
        name: the name of the column.

    Returns:
        (n,) one number for each folded text; -1 where it is NULL, or where the column holds no text.
    """
    return _of_columns([part.text(name) for part in parts], sum(map(len, parts)))


def artist_keys(parts: Sequence[ColumnTable]) -> Codes:
    """Number rows by their first main artist.

    Args:
        parts: the columns of the base and, where there is one, of the tail.

    Returns:
        (n,) one number for each artist: of one name, or of one MusicBrainz id; -1 where the artist is unknown, or no
        artist, such as "Various Artists".
    """
    n = sum(map(len, parts))
    names = _of_columns([part.artists for part in parts], n)
    if all(part.text(ARTIST_ID) is None for part in parts):
        return names
    keys = _joined(names, text_keys(parts, ARTIST_ID))
    start = 0
    for part in parts:
        ids = part.text(ARTIST_ID)
        if ids is not None:
            keys[start : start + len(part)][holding(ids, NOT_ARTIST_IDS)] = -1
        start += len(part)
    return keys


def album_keys(parts: Sequence[ColumnTable], artists: Codes) -> Codes:
    """Number rows by their album.

    An album is known by its MusicBrainz id, else by its title and its album artist, else by its title and the folder
    that its files are in, and where paths are unknown too by its title and the track's artist: many albums share a
    title, such as "Greatest Hits".

    Args:
        parts: the columns of the base and, where there is one, of the tail.
        artists: (n,) the key of each row's artist.

    Returns:
        (n,) one number for each album, -1 where neither title nor id is known.
    """
    title, by, ids = (text_keys(parts, name) for name in (ALBUM, ALBUM_ARTIST, ALBUM_ID))
    without = np.flatnonzero((title >= 0) & (by < 0) & (ids < 0))
    # Whose album it is: that of an album artist, a folder or a track's artist. Each kind has its own numbers.
    owner = 3 * by
    owner[by < 0] = 3 * (artists[by < 0] + 1) + 1
    folders = _folders(parts, without)
    owner[without] = np.where(folders < 0, owner[without], 3 * folders + 2)
    keys = np.full(len(title), -1, np.int64)
    named = np.flatnonzero((title >= 0) & (ids < 0))
    keys[named] = np.unique(np.stack([title[named], owner[named]]), axis=1, return_inverse=True)[1].ravel()
    keys[ids >= 0] = len(keys) + ids[ids >= 0]
    return keys


def _of_columns(columns: Sequence[TextColumn | None], n: int) -> Codes:
    first = columns[0]
    if first is None:
        return np.full(n, -1, np.int64)
    later = columns[1] if len(columns) > 1 else None
    keys = [first.folded_keys] if later is None else [first.folded_keys, later.keys_beside(first)]
    return np.concatenate(keys).astype(np.int64)


def _joined(names: Codes, ids: Codes) -> Codes:
    """Return (n,) keys of names, in which names that share an id have one key; an id without a name has its own."""
    both = (names >= 0) & (ids >= 0)
    pairs = np.unique(np.stack([ids[both], names[both]]), axis=1)
    parent: dict[int, int] = {}

    def root(name: int) -> int:
        while (above := parent.get(name, name)) != name:
            name = above
        return name

    shared = np.flatnonzero(np.diff(pairs[0]) == 0)
    for place in shared.tolist():
        parent[root(int(pairs[1, place + 1]))] = root(int(pairs[1, place]))
    most = int(names.max(initial=-1)) + 1
    representative = np.arange(most)
    for name in parent:
        representative[name] = root(name)
    keys = np.where(names >= 0, representative[np.maximum(names, 0)] if most else names, -1)
    by_id = np.full(int(ids.max(initial=-1)) + 1, -1, np.int64)
    if pairs.shape[1]:
        by_id[pairs[0]] = representative[pairs[1]]
    nameless = (names < 0) & (ids >= 0)
    known = by_id[ids[nameless]]
    keys[nameless] = np.where(known >= 0, known, most + ids[nameless])
    return keys


def _folders(parts: Sequence[ColumnTable], rows: Codes) -> Codes:
    """Return (m,) one number for each folder that the files of some rows are in, -1 where the path is unknown."""
    found, numbers = np.full(len(rows), -1, np.int64), {"": -1}
    start = 0
    for part in parts:
        column = part.text(PATH)
        if column is not None:
            here = np.flatnonzero((rows >= start) & (rows < start + len(part)))
            codes = column.codes[rows[here] - start]
            known = pa.array(codes.astype(np.int64), mask=codes < 0)
            paths = column.categories.take(known).to_pylist()
            found[here] = [numbers.setdefault(_folder(path), len(numbers)) for path in paths]
        start += len(part)
    return found


def _folder(path: str | None) -> str:
    """Return the folder of an album from the path of a track: the one above, where that is one of several discs."""
    parent = posixpath.dirname((path or "").replace("\\", "/"))
    if _DISC.fullmatch(posixpath.basename(parent)):
        parent = posixpath.dirname(parent)
    return fold(parent)
