"""Which files an index consists of: a catalogue and its backend to a folder, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import ValidationError

from moodrec.config import IndexConfig, explain
from moodrec.errors import CorruptStoreError, UsageError
from moodrec.index.backends.base import Backend
from moodrec.index.backends.factory import open_backend
from moodrec.index.rows import column_orders
from moodrec.index.rows.catalogue import LARGE, Catalogue
from moodrec.index.storage.late_check import LateCheck
from moodrec.index.storage.store import Manifest, Version

_VECTORS: Final = "vectors.npy"
_TRACKS: Final = "tracks.arrow"
_ALIVE: Final = "alive.npy"
_ORDER: Final = "order.npy"
_BY_ID: Final = "by-id.npy"
_LARGE_FILE: Final = 1 << 26
"""Bytes of vectors (some 130,000 tracks) from which nobody waits for their checksum."""


@dataclass(frozen=True)
class Origin:
    """Where an index comes from."""

    preset: str
    model_fingerprint: str | None = None
    library_revision: int | None = None


@dataclass(frozen=True, eq=False)
class Opened:
    """An index as it was saved."""

    catalogue: Catalogue
    backend: Backend | None
    config: IndexConfig
    origin: Origin
    check: LateCheck | None = None
    """Of files that were not verified before they were opened."""


def saver(
    catalogue: Catalogue, backend: Backend | None, config: IndexConfig, origin: Origin
) -> Callable[[Path], Manifest]:
    """A function that writes an index into a folder, for :func:`moodrec.index.storage.store.publish`."""

    def write(folder: Path) -> Manifest:
        np.save(folder / _VECTORS, catalogue.vectors, allow_pickle=False)
        _write_table(catalogue.table, folder / _TRACKS)
        if catalogue.n_alive < len(catalogue):
            np.save(folder / _ALIVE, catalogue.alive, allow_pickle=False)
        if catalogue.order is not None:
            np.save(folder / _ORDER, catalogue.order, allow_pickle=False)
        if len(catalogue) >= LARGE:
            np.save(folder / _BY_ID, catalogue.track_ids.in_order, allow_pickle=False)
        column_orders.save(catalogue.columns.orders, folder)
        return Manifest(
            rows=len(catalogue),
            dim=catalogue.dim,
            preset=origin.preset,
            config=config,
            moods=catalogue.moods,
            model_fingerprint=origin.model_fingerprint,
            library_revision=origin.library_revision,
            facts=backend.save(folder) if backend else {},
            files={},
        )

    return write


def load(version: Version, device: str | None = None) -> Opened:
    """Read a version; its checksums come first, but for that of large vectors, which is taken meanwhile.

    Args:
        version: what to read.
        device: "cpu" or "cuda" in place of the preset's.

    Raises:
        CorruptStoreError: a file is damaged, or does not fit the manifest.
        UsageError: the preset cannot be had on that device.
    """
    files = version.manifest.files
    late = frozenset(name for name in (_VECTORS,) if name in files and files[name].size > _LARGE_FILE)
    version.verify_sizes(late)
    version.verify(files.keys() - late)
    manifest, folder = version.manifest, version.folder
    config = manifest.config if device is None else _on(device, manifest.config)
    catalogue = _read_catalogue(version)
    backend = open_backend(folder, catalogue, config, manifest.facts)
    origin = Origin(manifest.preset, manifest.model_fingerprint, manifest.library_revision)
    return Opened(catalogue, backend, config, origin, LateCheck(version, late) if late else None)


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
    orders = column_orders.read(folder, manifest.rows)
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
    """The table, memory-mapped: a column is read when it is used."""
    try:
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except pa.ArrowInvalid as error:
        raise CorruptStoreError(f"{path}: {error}") from None
