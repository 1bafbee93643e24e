"""A snapshot: one version of an index, which never changes, and the steps from it to the next version."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import pyarrow as pa

from moodrec.config import IndexConfig
from moodrec.errors import CorruptStoreError
from moodrec.index.backends.base import Backend
from moodrec.index.backends.factory import build_backend, extend_backend
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.segment import Part
from moodrec.typing import Vectors

if TYPE_CHECKING:
    from moodrec.index.storage.late_check import LateCheck
    from moodrec.index.storage.version import Version

_LEAST_TAIL: Final = 500
_MOST_TAIL: Final = 5_000
_TAIL_SHARE: Final = 0.01
"""The tail may grow to this share of the base, within those two numbers of rows, before it is merged into the
base.
"""


@dataclass(frozen=True)
class Origin:
    """Where the rows of an index come from."""

    preset: str
    """The preset's name as the user gave it."""
    model_fingerprint: str | None = None
    """The fingerprint of the model that made the embeddings; None if unknown."""
    library_revision: int | None = None
    """The revision of the library that the index was built from; None without a library."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One version of an index. A search works on the snapshot that it started with, and a change makes
    another one.
    """

    catalogue: Catalogue
    """The rows of this version: base, tail and tombstones."""
    backend: Backend
    """The structure that finds candidates among the rows of the catalogue's base."""
    config: IndexConfig
    """The settled preset."""
    origin: Origin
    """Where the rows come from."""
    check: LateCheck | None = None
    """The check of those files whose checksums are verified while the index is in use; None if all are verified."""
    version: Version | None = None
    """The saved version that holds this snapshot; None where it is not saved."""

    @classmethod
    def build(cls, catalogue: Catalogue, config: IndexConfig, origin: Origin) -> Self:
        """Build a backend over the rows of a catalogue, without its tombstones.

        Args:
            catalogue: the rows.
            config: the settled preset, which says what to build.
            origin: where the rows come from.

        Raises:
            DataError: the preset learns from rows and there are none.
            MissingExtraError, UsageError: ``device = "cuda"`` where there is no GPU.
        """
        segment, backend = build_backend(catalogue.compacted().base.segment, config)
        return cls(Catalogue(Part.whole(segment)), backend, config, origin)

    def with_rows(self, vectors: Vectors, table: pa.Table) -> Self:
        """Return the snapshot with new rows: in its tail where they are few and fit its columns, else in its base.

        Args:
            vectors: (m, d) float32 vectors of unit length.
            table: the m checked rows of the track table; ids of the catalogue must have been removed from it.

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
        """Return the snapshot with the rows of some tracks marked as tombstones; ids that no track has do nothing.

        Where no track has any of the ids, it is the same snapshot, so that an index saved before counts as saved.
        """
        if not len(self.catalogue.rows_of(track_ids)):
            return self
        return replace(self, catalogue=self.catalogue.removed(track_ids), version=None)

    def of_revision(self, library_revision: int | None) -> Self:
        """Return the snapshot as that of another revision of its library; None keeps the one it has."""
        if library_revision is None:
            return self
        return replace(self, origin=replace(self.origin, library_revision=library_revision), version=None)

    @property
    def most_in_tail(self) -> int:
        """The number of rows that the tail may hold before it is merged into the base."""
        return int(min(max(_LEAST_TAIL, _TAIL_SHARE * len(self.catalogue.base)), _MOST_TAIL))

    @property
    def tail_is_long(self) -> bool:
        """Whether the tail holds more rows than it may."""
        return self.catalogue.tail is not None and len(self.catalogue.tail) > self.most_in_tail

    @property
    def is_worn(self) -> bool:
        """Whether the index should be built anew: too many rows are tombstones, or the backend was built for
        far fewer.
        """
        n, n_alive = len(self.catalogue), self.catalogue.n_alive
        too_many = n - n_alive > self.config.max_removed * n and n_alive > 0
        return too_many or self.backend.outgrown(n, self.config.max_growth)

    def merged(self) -> Self:
        """Return the snapshot with its tail merged into its base, or built anew where it is worn."""
        if self.is_worn:
            return self.rebuilt()
        if self.catalogue.tail is None:
            return self
        merged = self._over(self.catalogue.merged())
        return merged.rebuilt() if merged.is_worn else merged

    def rebuilt(self) -> Self:
        """Return the snapshot built anew from its rows without the tombstones."""
        anew = self.build(self.catalogue, self.config, self.origin)
        return replace(anew, check=self.check)

    def _over(self, catalogue: Catalogue) -> Self:
        """Return the snapshot over a catalogue whose base holds the rows of this base, followed by new rows."""
        segment = catalogue.base.segment
        backend = extend_backend(self.backend, segment, len(segment) - len(self.catalogue.base))
        return replace(self, catalogue=catalogue, backend=backend, version=None)

    def verify_vectors(self) -> None:
        """Check that all vectors in memory are of unit length.

        Raises:
            CorruptStoreError: some are not.
        """
        vectors = [part.segment.vectors for part in self.catalogue.parts]
        if not all(np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-4) for one in vectors):
            raise CorruptStoreError("the index holds vectors that are not of unit length; build it anew")

    def carried_over(self, before: Snapshot, prepared: Snapshot) -> Self:
        """Repeat on a snapshot that was prepared aside what this version changed since the preparation began.

        Args:
            before: the version that the preparation began from; it has the same base as this one.
            prepared: that version, merged or built anew.

        Returns:
            The rows of this version over the base and the backend of ``prepared``.
        """
        catalogue = self.catalogue.carried_over(before.catalogue, prepared.catalogue)
        return replace(self, catalogue=catalogue, backend=prepared.backend, version=None)
