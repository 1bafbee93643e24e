"""The files of a saved version: a snapshot is written to a folder, and read back from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import ValidationError

from moodrec.config import IndexConfig, explain
from moodrec.errors import CorruptStoreError, UsageError
from moodrec.index.backends.factory import open_backend
from moodrec.index.rows import column_orders
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.rows.segment import LARGE
from moodrec.index.snapshot import Origin, Snapshot
from moodrec.index.storage.late_check import LateCheck
from moodrec.index.storage.manifest import Manifest
from moodrec.index.storage.store import Version

_VECTORS: Final = "vectors.npy"
_TRACKS: Final = "tracks.arrow"
_ALIVE: Final = "alive.npy"
_ORDER: Final = "order.npy"
_BY_ID: Final = "by-id.npy"
_LARGE_FILE: Final = 1 << 26
"""From this many bytes (some 130,000 tracks), vectors are verified while the index is in use."""


def saver(snapshot: Snapshot) -> Callable[[Path], Manifest]:
    """Return a function that writes a snapshot without a tail into a folder and returns its manifest.

    :func:`moodrec.index.storage.store.publish` takes it.
    """
    base, origin = snapshot.catalogue.base, snapshot.origin

    def write(folder: Path) -> Manifest:
        segment = base.segment
        np.save(folder / _VECTORS, segment.vectors, allow_pickle=False)
        _write_table(segment.table, folder / _TRACKS)
        if base.n_alive < len(segment):
            np.save(folder / _ALIVE, base.alive, allow_pickle=False)
        if segment.order is not None:
            np.save(folder / _ORDER, segment.order, allow_pickle=False)
        if len(segment) >= LARGE:
            np.save(folder / _BY_ID, segment.track_ids.in_order, allow_pickle=False)
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
    late = frozenset(name for name in (_VECTORS,) if name in files and files[name].size > _LARGE_FILE)
    version.verify_sizes(late)
    version.verify(files.keys() - late)
    manifest, folder = version.manifest, version.folder
    config = manifest.config if device is None else _on(device, manifest.config)
    catalogue = _read_catalogue(version)
    backend = open_backend(folder, catalogue.base.segment, config, manifest.facts, files.keys())
    origin = Origin(manifest.preset, manifest.model_fingerprint, manifest.library_revision)
    check = LateCheck(version, late) if late else None
    return Snapshot(catalogue, backend, config, origin, check, version)


def _on(device: str, config: IndexConfig) -> IndexConfig:
    try:
        return IndexConfig.model_validate({**config.model_dump(), "device": device})
    except ValidationError as error:
        raise UsageError(explain(error)) from None


def _read_catalogue(version: Version) -> Catalogue:
    manifest, folder = version.manifest, version.folder
    vectors = _read_array(folder / _VECTORS, mapped=True)
    table = _read_table(folder / _TRACKS)
    alive = _read_array(folder / _ALIVE) if _ALIVE in manifest.files else None
    order, by_id = (
        np.asarray(_read_array(folder / name, mapped=True)) if name in manifest.files else None
        for name in (_ORDER, _BY_ID)
    )
    parts = (table, vectors, alive, order, by_id)
    shapes = {len(part) for part in parts if part is not None} | {manifest.rows}
    if vectors.shape[1:] != (manifest.dim,) or vectors.dtype != np.float32 or len(shapes) != 1:
        raise CorruptStoreError(f"{folder}: the files of the index do not fit together; build it anew")
    orders = column_orders.read(folder, manifest.rows, manifest.files.keys())
    return Catalogue.of(vectors, table, manifest.moods, alive, order, by_id, orders)


def _read_array(path: Path, mapped: bool = False) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except ValueError as error:
        raise CorruptStoreError(f"{path}: {error}") from None
    return array


def _write_table(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _read_table(path: Path) -> pa.Table:
    """Map the track table into memory, so that a column is read from disk when it is first used."""
    try:
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except pa.ArrowInvalid as error:
        raise CorruptStoreError(f"{path}: {error}") from None
