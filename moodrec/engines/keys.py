"""The artists of tracks as an engine stores them, so that conditions find each artist that a credit names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from moodrec.artists import Credit, credit
from moodrec.names import compose, fold
from moodrec.schema import ARTIST, ARTISTS

Names = Sequence[list[str] | None]


def artist_names(table: pa.Table) -> tuple[Names, Names]:
    """Return the names by which conditions find the artists of tracks.

    Args:
        table: n rows of a track table.

    Returns:
        (n,) the texts that ``artist = 'A'`` is compared with: the artist as shown, and each main artist in it; and
        (n,) the folded names that ``exclude_artist`` is compared with, guests too. None where no artist is known.
    """
    texts: list[str | None] = _column(table, ARTIST)
    listed: list[str | list[str] | None] = _column(table, ARTISTS)
    main: list[list[str] | None] = []
    everyone: list[list[str] | None] = []
    for text, names in zip(texts, listed, strict=True):
        others = (names,) if isinstance(names, str) else tuple(name for name in names or () if name)
        made_by = credit(text, others) if text or others else Credit()
        shown = text if text is not None else "; ".join(others) or None
        main.append(None if shown is None else sorted({compose(one) for one in (shown, *made_by.main)}))
        everyone.append(
            None if shown is None else sorted({fold(one) for one in (shown, *others, *made_by.everyone)})
        )
    return main, everyone


def _column(table: pa.Table, name: str) -> list[Any]:
    return list(table[name].to_pylist()) if name in table.column_names else [None] * table.num_rows
