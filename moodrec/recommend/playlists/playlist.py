"""A playlist: tracks in the order in which they are played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from moodrec.html import score_table
from moodrec.schema import ARTIST, TITLE, TRACK_ID

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Playlist:
    """Tracks in the order in which they are to be played."""

    title: str
    """The title of the playlist, in a few words."""
    tracks: pd.DataFrame
    """``rank`` (the place, from 1), ``track_id``, ``score`` (how well the track fits its place; 1 for a seed), and
    the other columns of the track table."""
    moods: tuple[str, ...] = ()
    """The names of the columns of ``tracks`` that are moods."""
    notes: tuple[str, ...] = ()
    """Rules that could not be kept, in sentences for people."""
    report: str = ""
    """How well the list does what it is for, in a sentence: how near an arc comes to its ends, and to its line."""

    @property
    def track_ids(self) -> list[str]:
        """The track ids in order."""
        ids: list[str] = self.tracks[TRACK_ID].tolist()
        return ids

    @property
    def seconds(self) -> float | None:
        """The playing time in seconds; None where a track's duration is unknown."""
        if "duration" not in self.tracks or not len(self.tracks):
            return None
        total = float(self.tracks["duration"].to_numpy(np.float64, na_value=np.nan).sum())
        return None if np.isnan(total) else total

    def to_arrow(self) -> pa.Table:
        """Return ``tracks`` as an Arrow table."""
        return pa.Table.from_pandas(self.tracks, preserve_index=False).replace_schema_metadata(None)

    def __len__(self) -> int:
        return len(self.tracks)

    def _repr_html_(self) -> str:
        """Return a table for notebooks: the names, and the moods as bars."""
        names = [name for name in ("rank", TITLE, ARTIST, *self.moods) if name in self.tracks]
        if TITLE not in names:
            names.insert(1, TRACK_ID)
        return score_table(names, self.tracks[names].to_dict("records"), self.moods, caption=self.title)
