"""The files of a saved version: a snapshot is written to a folder, and read back from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import ValidationError

from moodrec.config import IndexConfig, explain
from moodrec.errors import CorruptStoreError, UsageError
from moodrec.files.npy import write_array
from moodrec.index.backends.base import Facts
from moodrec.index.backends.factory import open_backend
from moodrec.index.rows import column_orders
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.segment import LARGE, Segment
from moodrec.index.rows.stored_arrays import all_finite, damaged, read_array, require
from moodrec.index.rows.stored_table import mapped_table, read_table, write_joined
from moodrec.index.runtime import threads_for
from moodrec.index.snapshot import Origin, Snapshot
from moodrec.index.storage.holding import held
from moodrec.index.storage.late_check import LateCheck
from moodrec.index.storage.manifest import Manifest
from moodrec.index.storage.version import Version
from moodrec.schema import TRACK_ID

VECTORS: Final = "vectors.npy"
"""The file of the vectors in the folder of a version."""
_TRACKS: Final = "tracks.arrow"
_ALIVE: Final = "alive.npy"
_ORDER: Final = "order.npy"
_BY_ID: Final = "by-id.npy"
_LARGE_FILE: Final = 1 << 26
"""From this many bytes (some 130,000 tracks), vectors are verified while the index is in use."""


def saver(snapshot: Snapshot) -> Callable[[Path], Manifest]:
    """Return a function that writes a snapshot into a folder and returns its manifest.

    :func:`moodrec.index.storage.store.publish` takes it. A tail is merged into the base on the way: the files are
    those of :meth:`moodrec.index.snapshot.Snapshot.merged`, but what is merged goes to the disk piece by piece, and
    is not in memory as a whole. Vectors that lie in the folder already, as a streamed build leaves them there, stay
    as they are.
    """
    catalogue, origin = snapshot.catalogue, snapshot.origin
    base, n = catalogue.base.segment, len(catalogue)
    segments = [part.segment for part in catalogue.parts]

    def write(folder: Path) -> Manifest:
        # The table comes first: while it is written there is a copy beside it, and no other file yet.
        write_joined([segment.table for segment in segments], folder / _TRACKS)
        if not (folder / VECTORS).exists():
            write_array(folder / VECTORS, *[segment.vectors for segment in segments])
        if catalogue.n_alive < n:
            write_array(folder / _ALIVE, *[part.alive for part in catalogue.parts])
        if base.order is not None:
            write_array(folder / _ORDER, base.order, np.arange(len(base), n))
        if n >= LARGE:
            write_array(folder / _BY_ID, _by_id(segments))
        column_orders.save(base.columns.orders, folder)
        return Manifest(
            rows=n,
            dim=base.dim,
            preset=origin.preset,
            config=snapshot.config,
            moods=base.moods,
            model_fingerprint=origin.model_fingerprint,
            library_revision=origin.library_revision,
            facts=_save_backend(snapshot, folder),
            files={},
        )

    return write


def _by_id(segments: Sequence[Segment]) -> NDArray[np.int32]:
    base, *later = [segment.track_ids for segment in segments]
    return base.in_order_with(*later) if later else base.in_order


def _save_backend(snapshot: Snapshot, folder: Path) -> Facts:
    """Write the backend, over the rows that have been written."""
    tail = snapshot.catalogue.tail
    if tail is None:
        return snapshot.backend.save(folder)
    vectors, table = read_array(folder / VECTORS, mapped=True), mapped_table(folder / _TRACKS)
    with threads_for(len(tail)):
        whole = Segment.of(vectors, table, snapshot.catalogue.moods)
        facts = snapshot.backend.save_extended(folder, whole, len(tail))
    pa.default_memory_pool().release_unused()  # what reading texts took
    return facts


def size_of(snapshot: Snapshot) -> int:
    """Estimate the bytes that a snapshot takes on the disk, a little too low: what is not known counts as nothing."""
    segment = snapshot.catalogue.base.segment
    n, dim = len(snapshot.catalogue), segment.dim
    table = sum(part.segment.table.nbytes for part in snapshot.catalogue.parts)
    orders = sum(order.rows.nbytes for order in segment.columns.orders.values())
    code = {"ivf": 4 * dim, "ivf-sq8": dim, "hnsw": 4 * dim + 8 * snapshot.config.links}
    ids = 8 if snapshot.config.kind.startswith("ivf") else 0
    of_backend = n * (code.get(snapshot.config.kind, 0) + ids)
    return int(4 * n * dim + table + orders + of_backend)


def load(version: Version, device: str | None = None) -> Snapshot:
    """Read a version from disk. Its files are verified first, but for large vectors, which are verified meanwhile.

    Args:
        version: the version to read.
        device: "cpu" or "cuda" in place of the preset's device.

    Raises:
        CorruptStoreError: a file is damaged, or does not fit the manifest.
        UsageError: the preset does not exist for that device.
    """
    files = version.manifest.files
    late = frozenset(name for name in (VECTORS,) if name in files and files[name].size > _LARGE_FILE)
    version.verify_sizes(late)
    version.verify(files.keys() - late)
    snapshot = _read(version, device, VECTORS in late)
    check = LateCheck(version, late, snapshot.catalogue.base.segment.vectors) if late else None
    return replace(snapshot, check=check)


def load_saved(version: Version) -> Snapshot | None:
    """Read a version that this process has just written, whose checksums and structure need no check therefore.

    Returns:
        The snapshot, or None where another process has replaced the version already.
    """
    try:
        with held(version.folder):
            return _read(version, written=True)
    except FileNotFoundError:
        return None


def _read(version: Version, device: str | None = None, late: bool = False, written: bool = False) -> Snapshot:
    """Read a version: where ``late``, the vectors are checked later; where ``written``, nothing large is checked."""
    manifest = version.manifest
    config = manifest.config if device is None else _on(device, manifest.config)
    catalogue = _read_catalogue(version, late or written, written)
    segment, files = catalogue.base.segment, manifest.files.keys()
    backend = open_backend(version.folder, segment, config, manifest.facts, files, written)
    origin = Origin(manifest.preset, manifest.model_fingerprint, manifest.library_revision)
    return Snapshot(catalogue, backend, config, origin, version=version)


def _on(device: str, config: IndexConfig) -> IndexConfig:
    try:
        return IndexConfig.model_validate({**config.model_dump(), "device": device})
    except ValidationError as error:
        raise UsageError(explain(error)) from None


def _read_catalogue(version: Version, late: bool, written: bool) -> Catalogue:
    """Read the rows; where ``late``, the vectors are checked later, and where ``written``, the table is as it was."""
    manifest, folder = version.manifest, version.folder
    n, last = manifest.rows, max(manifest.rows - 1, 0)
    if missing := {VECTORS, _TRACKS} - manifest.files.keys():
        raise CorruptStoreError(f"{folder}: the index has no {', '.join(sorted(missing))}; build it anew")
    vectors = read_array(folder / VECTORS, mapped=True)
    if vectors.shape != (n, manifest.dim) or vectors.dtype != np.float32:
        raise damaged(folder / VECTORS, f"the vectors are {vectors.dtype} {vectors.shape}")
    if not late and not all_finite(vectors):
        raise damaged(folder / VECTORS, "the vectors hold numbers that are not finite")
    table = mapped_table(folder / _TRACKS) if written else read_table(folder / _TRACKS)
    _require_fits(folder / _TRACKS, table, manifest)
    alive = order = by_id = None
    if _ALIVE in manifest.files:
        alive = read_array(folder / _ALIVE)
        require(folder / _ALIVE, "alive", alive, np.bool_, (n,))
    if _ORDER in manifest.files:
        order = np.asarray(read_array(folder / _ORDER, mapped=True))
        require(folder / _ORDER, "order", order, np.int64, (n,), (0, last))
    if _BY_ID in manifest.files:
        by_id = np.asarray(read_array(folder / _BY_ID, mapped=True))
        require(folder / _BY_ID, "rows", by_id, np.int32, (n,), (0, last))
    orders = column_orders.read(folder, manifest.rows, manifest.files.keys())
    return Catalogue.of(vectors, table, manifest.moods, alive, order, by_id, orders)


def _require_fits(path: Path, table: pa.Table, manifest: Manifest) -> None:
    """Check that a track table has the rows, ids and moods that the manifest names."""
    names = table.column_names
    if table.num_rows != manifest.rows or len(set(names)) != len(names):
        raise damaged(path, "the table does not fit the manifest")
    if TRACK_ID not in names or not _is_text(table.schema.field(TRACK_ID).type) or table[TRACK_ID].null_count:
        raise damaged(path, "the tracks have no ids")
    if any(mood not in names or table[mood].type != pa.float32() for mood in manifest.moods):
        raise damaged(path, "moods that the manifest names are missing")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
