"""The changes of an index that users request, as functions from one snapshot to the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from moodrec.arguments import ERROR, OnConflict, listed
from moodrec.errors import DuplicateIdError, NotFoundError
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.snapshot import Snapshot
from moodrec.schema import TRACK_ID
from moodrec.typing import RowNumbers, Vectors


def rows_of(catalogue: Catalogue, track_ids: Sequence[str], on_conflict: OnConflict = ERROR) -> RowNumbers:
    """Return the rows of some tracks, in their order.

    Args:
        catalogue: the rows of the index.
        track_ids: the ids of the tracks.
        on_conflict: what to do about ids that belong to no track: "error", or "ignore", which gives them row -1.

    Raises:
        NotFoundError: ids belong to no track, with "error"; the message lists them.
    """
    rows = catalogue.lookup(track_ids)
    if on_conflict == ERROR and (missing := np.flatnonzero(rows < 0)).size:
        names = [track_ids[place] for place in missing.tolist()]
        raise NotFoundError(f"these tracks are not in the index: {listed(names)}")
    return rows


def added(now: Snapshot, vectors: Vectors, table: pa.Table, ids: Sequence[str], on_conflict: str) -> Snapshot:
    """Return a snapshot with new tracks.

    Args:
        now: the snapshot before the change.
        vectors: (m, d) float32 vectors of unit length.
        table: the m checked rows of the track table.
        ids: (m,) their track ids.
        on_conflict: what happens to tracks whose ids are in the index: "error", "ignore" or "replace".

    Raises:
        DuplicateIdError: ids are in the index and ``on_conflict`` is "error"; the message lists them.
        DataError: the columns do not fit those of the index.
    """
    missing = set(now.catalogue.unknown(ids))
    known = [track_id for track_id in ids if track_id not in missing]
    if known and on_conflict == "error":
        raise DuplicateIdError(
            f"these tracks are in the index already: {listed(known)}; on_conflict='replace' replaces them, "
            "'ignore' keeps them as they are"
        )
    if known and on_conflict == "ignore":
        new = np.array([track_id in missing for track_id in ids])
        vectors, table = vectors[new], table.filter(pa.array(new)).combine_chunks()
    return (now.without(known) if on_conflict == "replace" else now).with_rows(vectors, table)


def updated(now: Snapshot, table: pa.Table) -> Snapshot:
    """Return a snapshot in which some tracks have other values in some columns.

    The rows are not changed in place, because earlier snapshots share them: their tombstones are set, and rows with
    the new values are added.

    Args:
        now: the snapshot before the change.
        table: checked rows with ``track_id`` and the columns to change or to add.

    Raises:
        NotFoundError: ids belong to no track; the message lists them.
        DataError: the columns do not fit those of the index.
    """
    ids: list[str] = table[TRACK_ID].to_pylist()
    rows = rows_of(now.catalogue, ids)
    whole = now.catalogue.table_at(rows)
    for name in table.column_names:
        place = whole.column_names.index(name) if name in whole.column_names else None
        column = table[name]
        whole = whole.append_column(name, column) if place is None else whole.set_column(place, name, column)
    return now.without(ids).with_rows(np.array(now.catalogue.vectors_at(rows)), whole.combine_chunks())


def compacted(now: Snapshot) -> Snapshot:
    """Return a snapshot without tombstones and tail: built anew where it has any, else the same."""
    whole = now.catalogue.tail is None and now.catalogue.base.living is None
    return now if whole else now.rebuilt()
