"""A seed is the text by which a user names a track; it is resolved to the track's id."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import numpy as np

from moodrec.arguments import brief, flag
from moodrec.artists import credit
from moodrec.errors import AmbiguousSeedError, NotFoundError, UsageError
from moodrec.library.snapshot import DUPLICATE_OF, shown_path
from moodrec.names import compose, fold
from moodrec.schema import ALBUM, ARTIST, ARTISTS, PATH, TITLE, TRACK_ID
from moodrec.typing import RowNumbers

if TYPE_CHECKING:
    import pandas as pd

SEED_COLUMNS: Final = (TRACK_ID, PATH, TITLE, ARTIST, ARTISTS, ALBUM, DUPLICATE_OF)
"""The columns by which a seed names a track."""
SHOWN: Final = 10
"""Number of tracks that an error lists."""
_COMPARED: Final = 5_000


def resolve_seed(frame: pd.DataFrame, seed: str, files: bool = True) -> str:
    """Find the id of the one track that a seed names.

    A seed is an id, else a path, else a title, else ``artist - title``, else the name of its file, else that
    without its suffix. The artist is the text that is shown, or one of the main artists in it.
    Titles, artists and file names are compared whole by :func:`moodrec.names.fold`, paths in their composed Unicode
    form. Where a track and its copies match, the track is meant. A path of a file that
    exists and is not in the table means that file, whatever other files are called.

    Args:
        frame: a track table with at least ``track_id``, as of a library or an index.
        seed: the text.
        files: whether a path or the name of a file may name a track; False where the text comes from a stranger,
            whose paths must not be tried out on this machine. Tracks without a title are named by their files all the
            same.

    Raises:
        AmbiguousSeedError: several tracks match; ``matches`` lists them.
        NotFoundError: none does; the message suggests similar titles.
    """
    if not isinstance(seed, str):
        raise UsageError(f"seed is {brief(seed)}; it must be text")
    try:
        text = shown_path(os.fsencode(seed))
    except UnicodeEncodeError:  # half a character, which names nothing
        raise NotFoundError(f"no track is called {brief(seed)}") from None
    for rows in _ways(frame, seed, text, flag(files, "files")):
        found = without_copies(frame, rows)
        if len(found) == 1:
            return str(frame[TRACK_ID].iloc[found[0]])
        if len(found) > 1:
            raise ambiguous(frame, found, text, files)
    raise NotFoundError(f"no track is called {brief(text)}{_hint(frame, text)}")


def _ways(frame: pd.DataFrame, seed: str, text: str, by_file: bool) -> Iterator[RowNumbers]:
    """Yield the rows that match in each way to name a track, one way after the other."""
    yield _by_id(frame, text)
    if by_file:
        yield _by_path(frame, seed)
    yield _by_title(frame, text)
    yield _by_both(frame, text)
    if not by_file or not os.path.isfile(os.path.expanduser(seed)):  # noqa: PTH111, PTH113  (Path's raise on odd names)
        named = zip(texts_of(frame, PATH), texts_of(frame, TITLE), strict=True)
        files = [PurePath(path if by_file or not title.strip() else "") for path, title in named]
        yield _rows_called(text, [file.name for file in files])
        yield _rows_called(text, [file.stem for file in files])


def _by_id(frame: pd.DataFrame, seed: str) -> RowNumbers:
    return np.flatnonzero(frame[TRACK_ID] == seed)


def _by_path(frame: pd.DataFrame, seed: str) -> RowNumbers:
    if PATH not in frame or not seed or "\0" in seed:
        return np.empty(0, np.int64)
    place = os.path.realpath(os.path.expanduser(seed))  # noqa: PTH111  (Path's raises on unknown users)
    paths = {shown_path(os.fsencode(name)) for name in (seed, place)}
    # An exact match wins: a file system may hold two names that differ in their Unicode form alone.
    exact = np.flatnonzero(frame[PATH].isin(paths))
    if exact.size:
        return exact
    composed = {compose(path) for path in paths}
    return np.array(
        [row for row, path in enumerate(texts_of(frame, PATH)) if compose(path) in composed], np.int64
    )


def _by_title(frame: pd.DataFrame, seed: str) -> RowNumbers:
    return _rows_called(seed, texts_of(frame, TITLE))


def _by_both(frame: pd.DataFrame, seed: str) -> RowNumbers:
    """Find the rows that "artist - title" names, by the artist as it is shown or by one of the main artists."""
    folded = fold(seed)
    texts = zip(*(texts_of(frame, name) for name in (ARTIST, TITLE)), _lists(frame, ARTISTS), strict=True)
    found = []
    for row, (artist, title, listed) in enumerate(texts):
        ending = f" - {fold(title)}"
        if not title or not folded.endswith(ending):
            continue
        names = {artist, *credit(artist, listed).main}
        if folded.removesuffix(ending) in {fold(name) for name in names if name}:
            found.append(row)
    return np.array(found, np.int64)


def _rows_called(seed: str, names: Sequence[str]) -> RowNumbers:
    folded = fold(seed)
    return np.array([row for row, name in enumerate(names) if folded and fold(name) == folded], np.int64)


def texts_of(frame: pd.DataFrame, column: str) -> list[str]:
    """Read a column's texts, "" where unknown; a table need not have the column.

    Args:
        frame: a track table.
        column: name of the column.
    """
    if column not in frame:
        return [""] * len(frame)
    return [text if isinstance(text, str) else "" for text in frame[column]]


def _lists(frame: pd.DataFrame, column: str) -> list[tuple[str, ...]]:
    """Read a column's lists of texts, () where unknown; one text is a list of it."""
    if column not in frame:
        return [()] * len(frame)
    return [(value,) if isinstance(value, str) else _names_in(value) for value in frame[column]]


def _names_in(value: object) -> tuple[str, ...]:
    if not isinstance(value, Sequence | np.ndarray):
        return ()
    return tuple(name for name in value if isinstance(name, str))


def without_copies(frame: pd.DataFrame, rows: RowNumbers) -> RowNumbers:
    """Leave out the copies of tracks that are there too.

    Args:
        frame: a track table.
        rows: numbers of rows in it.
    """
    if DUPLICATE_OF not in frame or len(rows) < 2:
        return rows
    matched = set(frame[TRACK_ID].iloc[rows])
    return rows[[original not in matched for original in frame[DUPLICATE_OF].iloc[rows]]]


def ambiguous(
    frame: pd.DataFrame, rows: RowNumbers, seed: str, with_paths: bool = True
) -> AmbiguousSeedError:
    """Make the error that several tracks match, which lists the first of them by number, album and path.

    Args:
        frame: a track table.
        rows: numbers of the rows that match.
        seed: the text that they match.
        with_paths: whether the paths are listed; a stranger is not told them.
    """
    found = frame.iloc[rows]
    paths = texts_of(found, PATH) if with_paths else [""] * len(found)
    matches = list(zip(map(str, found[TRACK_ID]), _descriptions(found, with_paths), strict=True))
    lines = []
    for number, ((track_id, description), path) in enumerate(zip(matches, paths, strict=True), start=1):
        if number > SHOWN:
            lines.append(f"  and {len(matches) - SHOWN} more")
            break
        where = f"  {path}" if path and path != description else ""
        lines += [f"{number:3}  {description}", f"     {track_id}{where}"]
    listing = "\n".join(lines)
    return AmbiguousSeedError(
        f"{len(matches)} tracks match {brief(seed)}; give the id of one:\n{listing}", matches
    )


def _descriptions(frame: pd.DataFrame, with_paths: bool) -> list[str]:
    columns = (texts_of(frame, name) for name in (ARTIST, TITLE, ALBUM, PATH))
    described = []
    for artist, title, album, path in zip(*columns, strict=True):
        text = " - ".join(part for part in (artist, title) if part) or (
            path if with_paths else PurePath(path).name
        )
        described.append(f"{text} ({album})" if album else text)
    return described


def _hint(frame: pd.DataFrame, seed: str) -> str:
    near = _near_titles(texts_of(frame, TITLE), seed)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def _near_titles(titles: Sequence[str], seed: str) -> list[str]:
    """Find the titles most similar to a seed, among those that share a word with it or begin with the same letter."""
    folded = fold(seed)
    words = {word for word in folded.split() if len(word) > 2}
    candidates: dict[str, str] = {}
    for title in titles:
        key = fold(title)
        if key and len(candidates) < _COMPARED and (key[:1] == folded[:1] or words & set(key.split())):
            candidates[key] = title
    return [candidates[key] for key in difflib.get_close_matches(folded, candidates, n=3, cutoff=0.6)]
