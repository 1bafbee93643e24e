"""Which tracks are the same recording: copies in other encodings, at other levels, on other albums.

Sound comes first. Tracks whose vectors are nearly one and whose durations agree are copies, unless their ids say
otherwise; tracks of one artist and title need to be less near. A title alone says nothing: an orchestra has a hundred
recordings called "I. Allegro". Where tracks share an id of the recording (MusicBrainz, ISRC, AcoustID) or a
Chromaprint fingerprint, and their durations agree, that decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.audio.chromaprint import Frames, difference, frames_of
from moodrec.filters.column_types import NumberColumn
from moodrec.filters.columns import ColumnTable
from moodrec.index.rows.keys import text_keys
from moodrec.names import fold
from moodrec.schema import RECORDING_ID, TITLE
from moodrec.typing import BoolArray, Codes, Float32Array, FloatArray, RowNumbers

SAME_SOUND: Final = 0.99
"""The cosine from which two tracks count as copies: other encodings of one file are nearly always closer than this,
and other tracks very seldom."""
SAME_NAME: Final = 0.95
"""The cosine from which two tracks of one artist and title count as copies: a remaster, or a copy of few kilobits."""
_SECONDS: Final = 2.0
_SHARE: Final = 0.01
"""Durations of copies differ by at most so many seconds, or by this share of the longer one."""
_SAME_BITS: Final = 0.25
_OTHER_BITS: Final = 0.4
"""Fingerprints that differ in less of their bits than the first share are of one recording, in more than the second
of two."""
_COMPARED: Final = 0.7
"""Fingerprints are compared from this cosine on."""
_DECIDING: Final = (RECORDING_ID, "isrc")
"""Ids that tell recordings apart where they differ."""
_JOINING: Final = (*_DECIDING, "acoustid_id", "duplicate_of")
"""Ids that make tracks one recording where they agree."""
_FINGERPRINT: Final = "acoustid_fingerprint"
_REMASTER: Final = re.compile(
    r"\s*(?:[(\[][^()\[\]]*\bremaster(?:ed|ing)?\b[^()\[\]]*[)\]]|[-\u2013:]\s*(?:\d{4}\s+)?(?:digital(?:ly)?\s+)?"
    r"remaster(?:ed)?\b.*)"
)
_GUESTS: Final = re.compile(r"\s*[(\[](?:feat|ft|featuring)\b[^)\]]*[)\]]")


class Recordings:
    """What the columns of an index say of its tracks' recordings."""

    def __init__(self, parts: Sequence[ColumnTable], artists: Codes) -> None:
        """Read the columns that tell recordings apart.

        Args:
            parts: the columns of the base and, where there is one, of the tail.
            artists: (n,) the key of each row's artist, -1 where it is unknown.
        """
        self._durations = _durations(parts)
        self._titles = np.where(artists < 0, -1, _title_keys(parts))
        self._artists = artists
        known = {name: text_keys(parts, name) for name in _JOINING}
        self._ids = {name: keys for name, keys in known.items() if (keys >= 0).any()}
        self._prints = _Fingerprints(parts)

    def copies(self, row: int, rows: RowNumbers, cosine: FloatArray) -> BoolArray:
        """Say which tracks are the same recording as one track.

        Args:
            row: the row of that track.
            rows: (m,) the rows of the others.
            cosine: (m,) how near each sounds to it, from -1 to 1.

        Returns:
            (m,) True for copies.
        """
        likely = cosine >= (_COMPARED if self._prints.known else SAME_NAME)
        for keys in self._ids.values():
            if keys[row] >= 0:
                likely |= keys[rows] == keys[row]
        found: BoolArray = np.zeros(len(rows), bool)
        likely &= rows != row
        if not likely.any():
            return found
        chosen = np.flatnonzero(likely)
        found[chosen] = self._are_copies(row, rows[chosen], cosine[chosen])
        return found

    def _are_copies(self, row: int, rows: RowNumbers, cosine: FloatArray) -> BoolArray:
        title = self._titles[row]
        named = (self._titles[rows] == title) & (self._artists[rows] == self._artists[row])
        found = (cosine >= SAME_SOUND) | ((title >= 0) & named & (cosine >= SAME_NAME))
        as_long = self._of_one_length(row, rows)
        joined, apart = self._by_ids(row, rows, as_long & (cosine >= _COMPARED))
        return np.asarray(((found & ~apart) | joined) & as_long)

    def _by_ids(self, row: int, rows: RowNumbers, likely: BoolArray) -> tuple[BoolArray, BoolArray]:
        """Return (m,) whether ids make tracks one recording, and whether they make them two."""
        joined, apart = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
        for name, keys in self._ids.items():
            both = (keys[rows] >= 0) & (keys[row] >= 0)
            joined |= both & (keys[rows] == keys[row])
            if name in _DECIDING:
                apart |= both & (keys[rows] != keys[row])
        unlike = np.full(len(rows), np.nan)
        unlike[likely] = self._prints.differences(row, rows[likely])
        joined |= unlike < _SAME_BITS
        return joined, (apart | (unlike > _OTHER_BITS)) & ~joined

    def _of_one_length(self, row: int, rows: RowNumbers) -> BoolArray:
        own, others = self._durations[row], self._durations[rows]
        allowed = np.maximum(_SECONDS, _SHARE * np.maximum(own, others))
        unlike: BoolArray = np.abs(others - own) > allowed  # False where one is unknown
        return ~unlike


class _Fingerprints:
    """The fingerprints of the tracks that have one, each decoded when it is first compared."""

    def __init__(self, parts: Sequence[ColumnTable]) -> None:
        self._columns = [part.text(_FINGERPRINT) for part in parts]
        self._starts = np.cumsum([0, *map(len, parts)])
        self._known: dict[int, Frames | None] = {}
        self.known = any(column is not None and len(column.categories) for column in self._columns)
        """Whether there is any."""

    def differences(self, row: int, rows: RowNumbers) -> NDArray[np.float64]:
        """Return (m,) the share of bits in which each of some rows differs from one; NaN where that is unknown."""
        unlike = np.full(len(rows), np.nan)
        own = self._frames(row)
        if own is not None:
            for place, other in enumerate(rows.tolist()):
                frames = self._frames(other)
                if frames is not None:
                    unlike[place] = difference(own, frames)
        return unlike

    def _frames(self, row: int) -> Frames | None:
        if not self.known:
            return None
        if row not in self._known:
            self._known[row] = self._decoded(row)
        return self._known[row]

    def _decoded(self, row: int) -> Frames | None:
        part = int(np.searchsorted(self._starts, row, "right")) - 1
        column = self._columns[part]
        code = -1 if column is None else int(column.codes[row - self._starts[part]])
        return None if column is None or code < 0 else frames_of(column.texts[code])


def _durations(parts: Sequence[ColumnTable]) -> Float32Array:
    """Return (n,) durations in seconds, NaN where unknown."""
    found = []
    for part in parts:
        known = "duration" in part.names and isinstance(part.column("duration"), NumberColumn)
        seconds = part.numbers("duration") if known else np.full(len(part), np.nan, np.float32)
        found.append(np.where((seconds > 0) & np.isfinite(seconds), seconds, np.float32(np.nan)))
    return np.concatenate(found)


def _title_keys(parts: Sequence[ColumnTable]) -> Codes:
    """Return (n,) one number for each title without what names its remaster or its guests; -1 where unknown."""
    numbers: dict[str, int] = {"": -1}
    found = []
    for part in parts:
        column = part.text(TITLE)
        if column is None:
            found.append(np.full(len(part), -1, np.int64))
            continue
        keys = np.full(len(column.categories) + 1, -1, np.int64)
        keys[1:] = [numbers.setdefault(_plain(text), len(numbers)) for text in column.texts]
        found.append(keys[column.codes + 1])
    return np.concatenate(found)


def _plain(title: str) -> str:
    folded = fold(title)
    if "remaster" in folded:
        folded = _REMASTER.sub("", folded) or folded
    if "(f" in folded or "[f" in folded:
        folded = _GUESTS.sub("", folded) or folded
    return folded
