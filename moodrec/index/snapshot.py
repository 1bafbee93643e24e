"""A snapshot: one version of an index, which never changes, and the changes that make the next one from it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

import pyarrow as pa

from moodrec.config import IndexConfig
from moodrec.index.backends.base import Backend
from moodrec.index.backends.factory import build_backend, extend_backend
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.segment import Part
from moodrec.typing import Vectors

if TYPE_CHECKING:
    from moodrec.index.storage.late_check import LateCheck
    from moodrec.index.storage.store import Version

_LEAST_TAIL: Final = 500
_MOST_TAIL: Final = 5_000
_TAIL_SHARE: Final = 0.01
"""The tail may hold this share of the base's rows, within those two limits, before it is merged into the base."""


@dataclass(frozen=True)
class Origin:
    """Where an index comes from."""

    preset: str
    """The preset's name as the user gave it."""
    model_fingerprint: str | None = None
    """Of the model that made the embeddings, if known."""
    library_revision: int | None = None
    """Of the library that the index was built from, if any."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One version of an index. A search works on the snapshot it started with; a change makes another one."""

    catalogue: Catalogue
    """The rows."""
    backend: Backend
    """What finds candidates among the rows of the catalogue's base."""
    config: IndexConfig
    """The settled preset."""
    origin: Origin
    check: LateCheck | None = None
    """The check of files that were not verified before they were opened."""
    version: Version | None = None
    """The saved version that this snapshot is, None where it is not saved."""

    @classmethod
    def build(cls, catalogue: Catalogue, config: IndexConfig, origin: Origin) -> Self:
        """Build the backend that a settled preset asks for over the rows of a catalogue that count.

        Raises:
            DataError: the preset learns from rows, and there are none.
            MissingExtraError, UsageError: ``device = "cuda"`` where there is no GPU.
        """
        segment, backend = build_backend(catalogue.compacted().base.segment, config)
        return cls(Catalogue(Part.whole(segment)), backend, config, origin)

    def with_rows(self, vectors: Vectors, table: pa.Table) -> Self:
        """Return the snapshot with new rows: in the tail where they are few and have its columns, else in the base.

        Args:
            vectors: (m, d) of unit length.
            table: m rows, checked; ids that are in the catalogue must have been removed from it.

        Raises:
            DataError: the new columns do not fit those of the index.
        """
        if not len(vectors):
            return self
        grown = self.catalogue.added(vectors, table) if len(vectors) <= self.most_in_tail else None
        if grown is not None:
            return replace(self, catalogue=grown, version=None)
        return self._over(self.catalogue.merged(vectors, table))

    def without(self, track_ids: Collection[str]) -> Self:
        """Return the snapshot without some tracks; those that are not here are left out."""
        return replace(self, catalogue=self.catalogue.removed(track_ids), version=None)

    @property
    def most_in_tail(self) -> int:
        """How many rows the tail may hold before it is merged into the base."""
        return int(min(max(_LEAST_TAIL, _TAIL_SHARE * len(self.catalogue.base)), _MOST_TAIL))

    @property
    def tail_is_long(self) -> bool:
        """Whether the tail has outgrown its share."""
        return self.catalogue.tail is not None and len(self.catalogue.tail) > self.most_in_tail

    @property
    def is_worn(self) -> bool:
        """Whether it should be built anew: too many rows are tombstones, or the backend was made for far fewer."""
        n, n_alive = len(self.catalogue), self.catalogue.n_alive
        too_many = n - n_alive > self.config.max_removed * n and n_alive > 0
        return too_many or self.backend.outgrown(n, self.config.max_growth)

    def merged(self) -> Self:
        """Return the snapshot with its tail merged into the base, and built anew where that is due."""
        if self.is_worn:
            return self.rebuilt()
        if self.catalogue.tail is None:
            return self
        merged = self._over(self.catalogue.merged())
        return merged.rebuilt() if merged.is_worn else merged

    def rebuilt(self) -> Self:
        """Return the snapshot built anew from the rows that count."""
        anew = self.build(self.catalogue, self.config, self.origin)
        return replace(anew, check=self.check)

    def _over(self, catalogue: Catalogue) -> Self:
        """Return the snapshot over a catalogue whose base holds this one's base and then other rows."""
        segment = catalogue.base.segment
        backend = extend_backend(self.backend, segment, len(segment) - len(self.catalogue.base))
        return replace(self, catalogue=catalogue, backend=backend, version=None)

    def carried_over(self, before: Snapshot, prepared: Snapshot) -> Self:
        """Return this version over a base that was prepared aside from an earlier version of the same index.

        Args:
            before: the earlier version, with the same base as this one.
            prepared: ``before``, merged or built anew.
        """
        catalogue = self.catalogue.carried_over(before.catalogue, prepared.catalogue)
        return replace(self, catalogue=catalogue, backend=prepared.backend, version=None)
