"""What can be read of an index without searching it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from moodrec.config import IndexConfig
from moodrec.errors import CorruptStoreError, ModelMismatchError, NotFoundError
from moodrec.filters.arrow_numpy import array_of
from moodrec.filters.columns import as_condition, select
from moodrec.filters.conditions import Condition
from moodrec.index.backends.base import Backend
from moodrec.index.rows.catalogue import Catalogue, Rows
from moodrec.index.rows.frames import to_pandas
from moodrec.index.rows.validation import Vectors, listed
from moodrec.index.search.passing import evaluated
from moodrec.index.storage.format import Opened, Origin
from moodrec.index.storage.store import Version

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class IndexInfo:
    """What an index is."""

    tracks: int
    removed: int
    """Tombstones: removed tracks whose rows are still there."""
    dim: int
    preset: str
    kind: str
    """What the preset came to: ``flat``, ``ivf``, ``ivf-sq8``, ``ivf-pq``, ``hnsw`` or ``gpu``."""
    moods: tuple[str, ...]
    columns: tuple[str, ...]
    model_fingerprint: str | None
    library_revision: int | None
    path: str | None
    """Where it was opened from or saved to last."""


class IndexView:
    """The rows of an index, and what it is."""

    def __init__(self, opened: Opened, version: Version | None = None) -> None:
        """Take over an index; use ``MoodIndex.build`` or ``MoodIndex.open``."""
        self._catalogue: Catalogue = opened.catalogue
        self._backend: Backend | None = opened.backend
        self._config: IndexConfig = opened.config
        self._origin: Origin = opened.origin
        self._check = opened.check
        self._version = version

    def __len__(self) -> int:
        return self._catalogue.n_alive

    def __contains__(self, track_id: object) -> bool:
        return track_id in self._catalogue

    @property
    def track_ids(self) -> list[str]:
        """The ids of all tracks, in the order in which they came in."""
        ids: list[str] = self._catalogue.ids[self._catalogue.living_rows].tolist()
        return ids

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the track table's columns."""
        return tuple(self._catalogue.columns.names)

    @property
    def table(self) -> pa.Table:
        """The track table, Arrow; a row a track."""
        return self._catalogue.living_table

    @property
    def frame(self) -> pd.DataFrame:
        """The track table, pandas: NULL integers are ``<NA>``, lists are lists."""
        return to_pandas(self.table)

    def matching(self, where: str | Condition) -> pa.Table:
        """The tracks for which a condition is TRUE, in the order in which they came in.

        Raises:
            FilterError: it cannot be read, or names an unknown column.
        """
        mask, _ = evaluated(select(as_condition(where), self._catalogue.columns), len(self._catalogue))
        rows = self._catalogue.living_rows
        return self._catalogue.table.take(array_of(rows[mask[rows]]))

    def tracks(self, track_ids: Sequence[str]) -> pd.DataFrame:
        """The rows of the track table for these ids, in their order.

        Raises:
            NotFoundError: a track is not here.
        """
        return to_pandas(self.rows(track_ids))

    def rows(self, track_ids: Sequence[str]) -> pa.Table:
        """The same as an Arrow table.

        Raises:
            NotFoundError: a track is not here.
        """
        return self._catalogue.table.take(array_of(self._rows(track_ids)))

    def vectors(self, track_ids: Sequence[str]) -> Vectors:
        """(len(track_ids), d) unit vectors, in the order asked for.

        Raises:
            NotFoundError: a track is not here.
        """
        return np.array(self._catalogue.vectors[self._rows(track_ids)])

    @property
    def moods(self) -> tuple[str, ...]:
        """Names of the mood columns."""
        return self._catalogue.moods

    @property
    def dim(self) -> int:
        """Numbers a vector."""
        return self._catalogue.dim

    @property
    def preset(self) -> str:
        """The preset, as it was asked for."""
        return self._origin.preset

    @property
    def model_fingerprint(self) -> str | None:
        """Of the model that made the embeddings, if known."""
        return self._origin.model_fingerprint

    @property
    def library_revision(self) -> int | None:
        """Of the library that the index was built from, if any."""
        return self._origin.library_revision

    def require_model(self, fingerprint: str | None) -> None:
        """Check that embeddings of a model may be compared with those here; None is not checked.

        Raises:
            ModelMismatchError: they are of another model.
        """
        ours = self.model_fingerprint
        if ours is not None and fingerprint is not None and ours != fingerprint:
            raise ModelMismatchError(
                f"the index holds embeddings of model {ours}, these are of model {fingerprint}; "
                "name the model that made the index (--model FOLDER), or analyse the music with the other one"
            )

    def info(self) -> IndexInfo:
        """What this index is."""
        return IndexInfo(
            tracks=len(self),
            removed=len(self._catalogue) - len(self),
            dim=self.dim,
            preset=self.preset,
            kind=self._backend.name if self._backend else "flat",
            moods=self.moods,
            columns=self.column_names,
            model_fingerprint=self.model_fingerprint,
            library_revision=self.library_revision,
            path=None if self._version is None else str(self._version.folder.parent),
        )

    def verify(self) -> None:
        """Check the files that the index was opened from or saved to, and the vectors in memory.

        Raises:
            CorruptStoreError: something is damaged.
        """
        if self._version is not None:
            self._version.verify()
        lengths = np.linalg.norm(self._catalogue.vectors, axis=1)
        if not np.allclose(lengths, 1, atol=1e-4):
            raise CorruptStoreError("the index holds vectors that are not of unit length; build it anew")

    def _rows(self, track_ids: Sequence[str]) -> Rows:
        rows = self._catalogue.rows_of(track_ids)
        if len(rows) < len(track_ids) and (missing := self._catalogue.unknown(track_ids)):
            raise NotFoundError(f"these tracks are not in the index: {listed(missing)}")
        return rows
