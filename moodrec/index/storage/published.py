"""An index is published to an address that many machines can read, and pulled from there to a folder of each.

An address is a folder that all can reach, or whatever fsspec opens (``s3://bucket/index``, ``gs://``, ``memory://``).
What lies there has the form of a saved index (:mod:`moodrec.index.storage.store`)::

    <address>/CURRENT                   version name and checksum of its manifest
    <address>/v000002-5f0c1a2b/         vectors.npy, tracks.arrow, ..., manifest.json

In a folder, publishing is saving. Elsewhere no rename can be relied on, so the order of writing makes up for it: the
files of a version under its own name, then its manifest, and ``CURRENT``, a single line, at the very end. A reader
that finds a version has all of it, and one whose publication was interrupted is never named. A version stays until
two later ones are there, for those who are pulling it. Whoever pulls compares every file with the checksum in the
manifest before the version appears in the folder, whose readers then go over to it by ``refresh``.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

from moodrec.addresses import filesystem_of, is_local, local_path
from moodrec.errors import CorruptStoreError, MoodrecError, NotFoundError, StoreLockedError
from moodrec.index.runtime import max_threads
from moodrec.index.storage.checksums import damage_message
from moodrec.index.storage.manifest import MANIFEST, Manifest, read_manifest
from moodrec.index.storage.pointer import (
    CURRENT,
    MOST_OF_POINTER,
    VERSION,
    is_index,
    name_in_pointer,
    pointer_to,
)
from moodrec.index.storage.store import publish, read_current
from moodrec.index.storage.version import MOST_OF_MANIFEST, Version

_RETRY_S: Final = 30.0
"""Seconds for which a pull tries again when versions are replaced while it reads them."""
_PAUSE_S: Final = 0.2
_SETTLED_S: Final = 1.0
"""Seconds after which a damaged ``CURRENT`` that has not changed is not one that is being written."""


@dataclass(frozen=True)
class Moved:
    """What publishing or pulling did."""

    version: str
    """The name of the version that is there now."""
    tracks: int
    """The number of its rows, removed ones that are kept included."""
    changed: bool
    """Whether it was not there before."""
    bytes: int
    """The bytes that were written; 0 where nothing changed."""


def publish_index(root: Path | str, address: str) -> Moved:
    """Publish the newest version of a saved index to an address, where readers see it whole or not at all.

    One process at a time may publish to an address.

    Args:
        root: the folder of the index.
        address: a folder, or an address that fsspec opens.

    Returns:
        What is there now; where this version was there already, nothing was written.

    Raises:
        NotFoundError: there is no index at ``root``.
        CorruptStoreError: a file of the index is damaged; nothing was published.
        MissingExtraError, UsageError: nothing opens such an address.
        StoreLockedError, DiskFullError: as for :func:`moodrec.index.storage.store.publish`.
        OSError: the address cannot be written to; what was published before stays.
    """
    if is_local(address):
        folder = local_path(address)
        return read_current(Path(root), lambda version: _into_folder(_FromDisk(version), folder))
    remote = _Remote(address)
    return read_current(Path(root), remote.take)


def pull_index(address: str, root: Path | str) -> Moved:
    """Pull the index at an address into a folder, as its newest version; readers of the folder ``refresh`` to it.

    Args:
        address: where it was published.
        root: the folder of the index on this machine, which is made if it does not exist.

    Returns:
        What is in the folder now; where it was there already, nothing was read but its manifest.

    Raises:
        NotFoundError: nothing is published there.
        CorruptStoreError: what was read differs from its checksum; the folder stays as it was.
        MissingExtraError, UsageError: nothing opens such an address.
        StoreLockedError, DiskFullError: as for :func:`moodrec.index.storage.store.publish`.
        OSError: the address cannot be read.
    """
    if is_local(address):
        return read_current(local_path(address), lambda version: _into_folder(_FromDisk(version), Path(root)))
    return _Remote(address).current(lambda source: _into_folder(source, Path(root)))


class _Source(Protocol):
    """A version whose files can be copied to this machine."""

    @property
    def manifest(self) -> Manifest: ...

    def copy(self, name: str, target: Path) -> None: ...


@dataclass(frozen=True)
class _FromDisk:
    """A version in a folder."""

    version: Version

    @property
    def manifest(self) -> Manifest:
        return self.version.manifest

    def copy(self, name: str, target: Path) -> None:
        self.version.verify_sizes((name,))  # a device has no end, and nobody may be writing to a pipe
        shutil.copyfile(self.version.folder / name, target)


def _into_folder(source: _Source, root: Path) -> Moved:
    """Make a version the newest one of a folder, unless that is what the folder has already."""
    manifest = source.manifest
    if is_index(root):
        with suppress(CorruptStoreError):  # a damaged index is replaced
            there = read_current(root, lambda version: version)
            if there.manifest == manifest:
                return Moved(there.folder.name, manifest.rows, False, 0)

    def write(folder: Path) -> Manifest:
        for name, record in manifest.files.items():
            source.copy(name, folder / name)
            if not record.fits(folder / name, max_threads()):
                raise CorruptStoreError(damage_message(folder / name))
        return manifest

    size = sum(record.size for record in manifest.files.values())
    made = publish(root, write, size)
    return Moved(made.folder.name, manifest.rows, True, size)


class _Remote:
    """An address that no path of this machine leads to."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._files, root = filesystem_of(address)
        self._root = root.rstrip("/")

    def take(self, version: Version) -> Moved:
        """Publish a version here."""
        version.verify()
        text = (version.folder / MANIFEST).read_bytes()
        pointer, name = pointer_to(version.folder.name, text), version.folder.name
        try:
            before = self._pointer()
            if before == pointer:
                return Moved(name, version.manifest.rows, False, 0)
            self._write(version, text, pointer)
        except FileNotFoundError as error:  # such as a bucket that does not exist
            raise MoodrecError(f"{self._address}: cannot be written to ({error})") from error
        self._remove_others({name, None if before is None else name_in_pointer(before)})
        size = sum(record.size for record in version.manifest.files.values())
        return Moved(name, version.manifest.rows, True, size)

    def _write(self, version: Version, text: bytes, pointer: bytes) -> None:
        name = version.folder.name
        self._files.makedirs(self._path(name), exist_ok=True)
        for file in version.manifest.files:
            self._files.put_file(str(version.folder / file), self._path(name, file))
        self._files.pipe_file(self._path(name, MANIFEST), text)
        self._files.pipe_file(self._path(CURRENT), pointer)

    def current(self, read: Callable[[_Source], Moved]) -> Moved:
        """Read the version that is published here; try again where it is replaced meanwhile."""
        give_up = time.monotonic() + _RETRY_S
        damaged, since = b"", 0.0
        while time.monotonic() < give_up:
            pointer = self._pointer()
            if pointer is None:
                raise NotFoundError(
                    f"{self._address}: no index is published here; do so with: moodrec index publish INDEX ADDRESS"
                )
            name = name_in_pointer(pointer)
            if name is not None:
                try:
                    return read(self._version(name, pointer))
                except FileNotFoundError:
                    if pointer == self._pointer():
                        raise CorruptStoreError(
                            f"{self._address}: a file of version {name} is missing; publish the index again"
                        ) from None
            elif not since or pointer != damaged:
                damaged, since = pointer, time.monotonic()
            elif time.monotonic() - since >= _SETTLED_S:
                raise CorruptStoreError(
                    f"{self._path(CURRENT)}: the file is damaged; publish the index again"
                )
            time.sleep(_PAUSE_S)
        raise StoreLockedError(f"{self._address}: the index is being replaced all the time; try again later")

    def _version(self, name: str, pointer: bytes) -> _FromAddress:
        path = self._path(name, MANIFEST)
        text = self._begin(path, MOST_OF_MANIFEST)
        if pointer_to(name, text) != pointer:
            raise CorruptStoreError(
                f"{path}: the file is damaged (its checksum differs); publish the index again"
            )
        return _FromAddress(self._files, self._path(name), read_manifest(Path(path), text))

    def _pointer(self) -> bytes | None:
        self._files.invalidate_cache()
        try:
            return self._begin(self._path(CURRENT), MOST_OF_POINTER)
        except FileNotFoundError:
            return None

    def _begin(self, path: str, most: int) -> bytes:
        """Read the first ``most`` bytes of a file."""
        if self._files.info(path).get("type") != "file":  # reading a pipe would wait for its other end
            raise CorruptStoreError(f"{path}: is no regular file; publish the index again")
        found: bytes = self._files.cat_file(path, start=0, end=most)
        return found

    def _remove_others(self, kept: set[str | None]) -> None:
        """Remove versions of which nobody should be reading any more, and what interrupted publications left."""
        self._files.invalidate_cache()
        for path in self._files.ls(self._root, detail=False):
            name = PurePosixPath(path).name
            if name not in kept and VERSION.fullmatch(name):
                with suppress(OSError):  # the next publication tries again
                    self._files.rm(path, recursive=True)

    def _path(self, *names: str) -> str:
        return "/".join((self._root, *names))


@dataclass(frozen=True)
class _FromAddress:
    """A version at an address that fsspec opens."""

    files: Any
    """The file system of fsspec."""
    folder: str
    """The path of the version in it."""
    manifest: Manifest

    def copy(self, name: str, target: Path) -> None:
        from fsspec.callbacks import Callback

        path, size = f"{self.folder}/{name}", self.manifest.files[name].size
        longer = CorruptStoreError(damage_message(Path(path)))

        class Bounded(Callback):  # type: ignore[misc]
            """Ends a copy that becomes longer than the manifest says."""

            def call(self, hook_name: str | None = None, **more: Any) -> None:
                if self.value > size:
                    raise longer

        said = self.files.info(path)
        if said.get("type") != "file" or said.get("size") not in (None, size):
            raise longer
        self.files.get_file(path, str(target), callback=Bounded())
