"""The files of a saved version: a snapshot is written to a folder, and read back from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from moodrec.config import IndexConfig, explain
from moodrec.errors import CorruptStoreError, UsageError
from moodrec.files.npy import write_array
from moodrec.index.backends.factory import open_backend
from moodrec.index.rows import column_orders
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.segment import LARGE
from moodrec.index.rows.stored_arrays import all_finite, damaged, read_array, require
from moodrec.index.rows.stored_table import read_table, write_table
from moodrec.index.snapshot import Origin, Snapshot
from moodrec.index.storage.late_check import LateCheck
from moodrec.index.storage.manifest import Manifest
from moodrec.index.storage.store import Version
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
    """Return a function that writes a snapshot without a tail into a folder and returns its manifest.

    :func:`moodrec.index.storage.store.publish` takes it. Vectors that lie in the folder already, as a streamed build
    leaves them there, stay as they are.
    """
    base, origin = snapshot.catalogue.base, snapshot.origin

    def write(folder: Path) -> Manifest:
        segment = base.segment
        if not (folder / VECTORS).exists():
            write_array(folder / VECTORS, segment.vectors)
        write_table(segment.table, folder / _TRACKS)
        if base.n_alive < len(segment):
            write_array(folder / _ALIVE, base.alive)
        if segment.order is not None:
            write_array(folder / _ORDER, segment.order)
        if len(segment) >= LARGE:
            write_array(folder / _BY_ID, segment.track_ids.in_order)
        column_orders.save(segment.columns.orders, folder)
        return Manifest(
            rows=len(segment),
            dim=segment.dim,
            preset=origin.preset,
            config=snapshot.config,
            moods=segment.moods,
            model_fingerprint=origin.model_fingerprint,
            library_revision=origin.library_revision,
            facts=snapshot.backend.save(folder),
            files={},
        )

    return write


def size_of(snapshot: Snapshot) -> int:
    """Estimate the bytes that a snapshot takes on the disk, a little too low: what is not known counts as nothing."""
    segment = snapshot.catalogue.base.segment
    n, dim = segment.vectors.shape
    orders = sum(order.rows.nbytes for order in segment.columns.orders.values())
    code = {"ivf": 4 * dim, "ivf-sq8": dim, "hnsw": 4 * dim + 8 * snapshot.config.links}
    ids = 8 if snapshot.config.kind.startswith("ivf") else 0
    of_backend = n * (code.get(snapshot.config.kind, 0) + ids)
    return int(segment.vectors.nbytes + segment.table.nbytes + orders + of_backend)


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
    manifest, folder = version.manifest, version.folder
    config = manifest.config if device is None else _on(device, manifest.config)
    catalogue = _read_catalogue(version, VECTORS in late)
    backend = open_backend(folder, catalogue.base.segment, config, manifest.facts, files.keys())
    origin = Origin(manifest.preset, manifest.model_fingerprint, manifest.library_revision)
    check = LateCheck(version, late, catalogue.base.segment.vectors) if late else None
    return Snapshot(catalogue, backend, config, origin, check, version)


def _on(device: str, config: IndexConfig) -> IndexConfig:
    try:
        return IndexConfig.model_validate({**config.model_dump(), "device": device})
    except ValidationError as error:
        raise UsageError(explain(error)) from None


def _read_catalogue(version: Version, late: bool) -> Catalogue:
    """Read the rows; where ``late``, the vectors are checked later."""
    manifest, folder = version.manifest, version.folder
    n, last = manifest.rows, max(manifest.rows - 1, 0)
    if missing := {VECTORS, _TRACKS} - manifest.files.keys():
        raise CorruptStoreError(f"{folder}: the index has no {', '.join(sorted(missing))}; build it anew")
    vectors = read_array(folder / VECTORS, mapped=True)
    if vectors.shape != (n, manifest.dim) or vectors.dtype != np.float32:
        raise damaged(folder / VECTORS, f"the vectors are {vectors.dtype} {vectors.shape}")
    if not late and not all_finite(vectors):
        raise damaged(folder / VECTORS, "the vectors hold numbers that are not finite")
    table = read_table(folder / _TRACKS)
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
