"""Mood labels come from a table of the user's, and from the tags of the files."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moodrec.arguments import brief
from moodrec.audio.mood_tags import MOOD, OURS, MoodTags, read_mood_tags
from moodrec.catalog.seeds import resolve_seed
from moodrec.catalog.tag_moods import Untaggable
from moodrec.errors import AudioError, DataError, MoodrecError, NotFoundError, UsageError
from moodrec.files.texts import read_text_file
from moodrec.library.labelling import NewLabels
from moodrec.names import fold
from moodrec.schema import ALBUM, ALBUM_ARTIST, ARTIST, LABEL_PREFIX, PATH, TRACK_FIELDS, TRACK_ID

if TYPE_CHECKING:
    import pandas as pd

    from moodrec.library.library import Library

Labels = dict[str, float | None]

_TRACK_COLUMNS: Final = (TRACK_ID, PATH, "track")
"""Columns that name a track, the surest first."""
_MOOD: Final = "mood"
_VALUE: Final = "value"
_NAMES: Final = (*TRACK_FIELDS.names, "track")
"""Columns that say what a track is."""
_DECIMAL_COMMA: Final = re.compile(r"\A(\s*[01]),([0-9]+\s*)\Z")
"""A label as it stands where semicolons part the cells."""
_BETWEEN: Final = re.compile(r"[;,/|\0]")


def read_label_table(path: Path, library: Library, moods: Sequence[str]) -> list[NewLabels]:
    """Read labels from a CSV or TSV file in UTF-8.

    A column ``track_id``, ``path`` or ``track`` (whatever names a track on the command line) names the track of a
    row; without one, ``artist`` or ``album`` (with ``artist``, where several albums have that title) names what is
    labelled. Labels stand in columns named after moods, or in columns ``mood`` and ``value``; where there are
    ``label_`` columns,
    as in an export, these alone count. An empty cell is no label.

    Args:
        path: the file.
        library: the library whose tracks are labelled.
        moods: the moods that may be labelled.

    Raises:
        NotFoundError: there is no such file, or no track of that name.
        AmbiguousSeedError: several tracks have that name; the message names the row.
        DataError: a row cannot be read; the message names it.
    """
    header, rows = _rows(path, moods)
    frame = library.frame() if any(name in header for name in _TRACK_COLUMNS) else None
    columns = _label_columns(path, header, moods)
    found = []
    for number, cells in enumerate(rows, 2):
        try:
            labels = _labels(cells, columns)
            if labels:
                found.append(_of_row(cells, labels, frame))
        except MoodrecError as error:
            # As it is, with what it carries besides, such as the tracks that match.
            error.args = (f"{path}, row {number}: {error}", *error.args[1:])
            raise
    if not found:
        raise DataError(f"{path}: holds no labels")
    return found


@dataclass(frozen=True)
class TagLabels:
    """What the files' own mood tags say."""

    labels: tuple[NewLabels, ...]
    unknown: Counter[str] = field(default_factory=Counter)
    """Words of the tags that are no mood of the model, with the number of files that have them."""
    unread: tuple[Untaggable, ...] = ()
    """Files whose tags cannot be read, and why."""


def labels_of_tags(
    library: Library, moods: Sequence[str], on_progress: Callable[[int, int], None] | None = None
) -> TagLabels:
    """Read labels from the ``MOOD`` tags of a library's files: 1 for each mood that a tag names.

    What moodrec wrote itself does not count: of files that it has written to, the tags that they had before do.

    Args:
        library: the library.
        moods: the moods that may be labelled.
        on_progress: called after each file with the number done and the number of all.
    """
    files = [record for record in library.files().values() if record.track_id and not record.missing]
    backups, found, unread = library.tag_backups(), [], []
    unknown: Counter[str] = Counter()
    for done, record in enumerate(files, 1):
        track_id = str(record.track_id)
        try:
            tags = backups.get(track_id) or _own(read_mood_tags(record.state.path))
        except AudioError as error:
            unread.append(Untaggable(record.state.path, error.reason, str(error)))
            continue
        named = [_word(part) for text in tags.get(MOOD, []) for part in _BETWEEN.split(text)]
        unknown.update({word for word in named if word and word not in moods})
        if labels := {word: 1.0 for word in named if word in moods}:
            found.append(NewLabels(labels, track=track_id))
        if on_progress is not None:
            on_progress(done, len(files))
    return TagLabels(tuple(found), unknown, tuple(unread))


def parse_label(text: str) -> float | None:
    """Read a label: a number from 0 to 1; "none" takes a label back.

    Raises:
        UsageError: it is neither.
    """
    if text.strip().lower() == "none":
        return None
    try:
        value = float(text)
    except ValueError:
        raise UsageError(
            f"a label is a number from 0 to 1, or none to take it back, not {brief(text)}"
        ) from None
    if not 0 <= value <= 1:
        raise UsageError(f"a label lies in [0, 1]: {brief(text)} does not")
    return value


def _rows(path: Path, moods: Sequence[str]) -> tuple[list[str], list[dict[str, str]]]:
    try:
        text = read_text_file(path)
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not in UTF-8; save it as CSV in UTF-8") from None
    separator = max(",;\t", key=text.partition("\n")[0].count)
    try:
        table = list(csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}: cannot be read as a table ({error})") from None
    known = {
        name.lower(): name
        for name in (*_NAMES, _MOOD, _VALUE, *moods, *(LABEL_PREFIX + mood for mood in moods))
    }
    stripped = [name.strip() for name in table[0]] if table else []
    header = [known.get(name.lower().replace(" ", "_"), name) for name in stripped]
    if len(set(header)) < len(header):
        raise DataError(f"{path}: two columns have the same name")
    for number, cells in enumerate(table[1:], 2):
        if cells and len(cells) != len(header):
            raise DataError(f"{path}, row {number}: has {len(cells)} cells, the first row {len(header)}")
    rows = [dict(zip(header, cells, strict=True)) for cells in table[1:] if cells]
    if separator == ";":
        values = [name for name in header if name not in _NAMES]
        for row in rows:
            row.update({name: _DECIMAL_COMMA.sub(r"\1.\2", row[name]) for name in values})
    return header, rows


def _label_columns(path: Path, header: Sequence[str], moods: Sequence[str]) -> dict[str, str]:
    """Column to mood; empty where the table has a row for each label."""
    if not any(name in header for name in (*_TRACK_COLUMNS, ARTIST, ALBUM)):
        raise DataError(f"{path}: no column says what is labelled: track_id, path, track, artist or album")
    marked = {name: name.removeprefix(LABEL_PREFIX) for name in header if name.startswith(LABEL_PREFIX)}
    if marked or {_MOOD, _VALUE} <= set(header):
        return marked
    found = {name: name for name in header if name in moods}
    if not found:
        raise DataError(
            f"{path}: no column holds labels: name columns after moods ({', '.join(moods[:8])}), "
            "or give a column mood and a column value"
        )
    known = {*_NAMES, *found}
    if odd := [name for name in header if name not in known]:
        raise DataError(f"{path}: there is no mood {brief(odd[0])}; moods: {', '.join(moods)}")
    return found


def _labels(cells: dict[str, str], columns: dict[str, str]) -> Labels:
    if columns:
        return {mood: parse_label(cells[name]) for name, mood in columns.items() if cells[name].strip()}
    return {cells[_MOOD].strip(): parse_label(cells[_VALUE])} if cells[_VALUE].strip() else {}


def _of_row(cells: dict[str, str], labels: Labels, frame: pd.DataFrame | None) -> NewLabels:
    names = [name for column in _TRACK_COLUMNS if (name := cells.get(column, "").strip())]
    if names and frame is not None:
        return NewLabels(labels, track=_track(frame, names))
    artist, album = cells.get(ARTIST, "").strip(), cells.get(ALBUM, "").strip()
    by = cells.get(ALBUM_ARTIST, "").strip() or artist
    if not artist and not album:
        raise DataError("names neither a track nor an artist nor an album")
    return NewLabels(labels, artist=(by if album else artist) or None, album=album or None)


def _track(frame: pd.DataFrame, names: Sequence[str]) -> str:
    """The track that the first name tells, or else the next: ids of another library are not known here."""
    for name in names[:-1]:
        with suppress(NotFoundError):
            return resolve_seed(frame, name)
    return resolve_seed(frame, names[-1])


def _own(tags: MoodTags) -> MoodTags:
    """The tags, unless moodrec wrote them, in another library perhaps."""
    return {} if any(name.startswith(OURS) for name in tags) else tags


def _word(text: str) -> str:
    return "_".join(re.findall(r"[^\W_]+", fold(text)))
