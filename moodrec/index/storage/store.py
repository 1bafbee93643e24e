"""Saved indexes: a folder of versions, of which the file ``CURRENT`` names one.

::

    <index>/CURRENT                     version name and checksum of its manifest
    <index>/v000002-5f0c1a2b/           manifest.json, vectors.npy, tracks.arrow, and what the preset needs

A version is written under another name, synced to disk, renamed, and then named in ``CURRENT``, which is replaced in
one step: whoever opens the folder sees the old version or the new one, whole, and a crash leaves the old one. Every
file's checksum stands in the manifest, and is verified before the file is read; that of large vectors, which are
mapped into memory, while they are (:mod:`moodrec.index.storage.late_check`).
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import Field, ValidationError, field_validator

from moodrec.config import Config, IndexConfig, explain, unused_fields
from moodrec.errors import CorruptStoreError, NotFoundError, StoreLockedError, UsageError
from moodrec.files import write_atomically
from moodrec.index.runtime import max_threads
from moodrec.index.storage.checksums import FileRecord, said_of_damage
from moodrec.lock import WriterLock

FORMAT: Final = 2
"""1: the stop rule of lists knew no depths."""
CURRENT: Final = "CURRENT"
MANIFEST: Final = "manifest.json"
_LOCK: Final = "lock"
_POINTER = re.compile(rb"(v(\d{6,})-[0-9a-f]{8}) ([0-9a-f]{64})\n")
_UNFINISHED: Final = ".writing-"
# There until the first version is the current one: what a crash leaves before that is no damaged index.
_FIRST: Final = ".first-save"
_ATTEMPTS: Final = 5
_RETIRED: Final = {"sq8_from"}

Result = TypeVar("Result")


class Manifest(Config):
    """What a version holds."""

    format: int = FORMAT
    rows: int = Field(ge=0)
    """Rows, tombstones included."""
    dim: int = Field(gt=0)
    preset: str
    """The preset's name as the user gave it."""
    config: IndexConfig
    """The settled preset."""
    moods: tuple[str, ...]
    model_fingerprint: str | None
    """Of the model that made the embeddings, if known."""
    library_revision: int | None
    """Of the library that the index was built from, if any."""
    facts: dict[str, float]
    """Numbers that the preset's structure needs."""
    files: dict[str, FileRecord]

    @field_validator("config", mode="before")
    @classmethod
    def _without_idle_fields(cls, config: Any) -> Any:
        """Indexes of earlier versions open: fields that mean nothing, or nothing for the kind, are passed over."""
        if isinstance(config, IndexConfig):
            config = config.model_dump()
        if not isinstance(config, dict):
            return config
        idle = _RETIRED | unused_fields(config.get("kind", "auto"), config.get("device", "cpu"))
        return {name: value for name, value in config.items() if name not in idle}


@dataclass(frozen=True)
class Version:
    """An open version: its folder and its manifest."""

    folder: Path
    manifest: Manifest

    def verify(self, names: Collection[str] | None = None) -> None:
        """Compare files with their sizes and checksums: all, unless some are named.

        Raises:
            CorruptStoreError: one differs.
        """
        for name, record in self.manifest.files.items():
            if names is None or name in names:
                path = self.folder / name
                self._require(record.fits(path, max_threads()), path)

    def verify_sizes(self, names: Collection[str]) -> None:
        """Compare files with their sizes alone.

        Raises:
            CorruptStoreError: one differs.
        """
        for name in names:
            self._require(self.manifest.files[name].has_size_of(self.folder / name), self.folder / name)

    def _require(self, intact: bool, path: Path) -> None:
        if not intact:
            raise CorruptStoreError(said_of_damage(path))


def publish(root: Path, describe: Callable[[Path], Manifest]) -> Version:
    """Write a new version and make it the current one; older versions are removed.

    Args:
        root: the index's folder; made if there is none.
        describe: writes the version's files into the folder it is given, and describes them (without ``files``).

    Raises:
        UsageError: ``root`` is a file, or a folder of other things.
        StoreLockedError: another process is writing there.
    """
    _require_ours(root)
    root.mkdir(parents=True, exist_ok=True)
    with _writing(root):
        _remove_unfinished(root)
        if not is_index(root):
            (root / _FIRST).touch()
        folder = root / f"{_UNFINISHED}{secrets.token_hex(4)}"
        folder.mkdir()
        manifest = describe(folder)
        files = {path.name: FileRecord.of(path, max_threads()) for path in folder.iterdir()}
        manifest = manifest.model_copy(update={"files": files})
        text = (manifest.model_dump_json(indent=2) + "\n").encode()
        (folder / MANIFEST).write_bytes(text)
        final = root / f"v{_newest(root) + 1:06d}-{secrets.token_hex(4)}"
        _sync(folder)
        folder.rename(final)
        _sync_folder(root)
        write_atomically(root / CURRENT, f"{final.name} {hashlib.sha256(text).hexdigest()}\n".encode())
        _sync_folder(root)
        (root / _FIRST).unlink(missing_ok=True)
        _remove_others(root, final)
    return Version(final, manifest)


def read_current(root: Path, read: Callable[[Version], Result]) -> Result:
    """What ``read`` makes of the current version; begun again when a writer replaces the version meanwhile.

    Raises:
        NotFoundError: there is no index at ``root``.
        CorruptStoreError: it is damaged.
    """
    for _ in range(_ATTEMPTS):
        pointer = _pointer(root)
        try:
            return read(_open(root, pointer))
        except FileNotFoundError as error:
            if pointer == _pointer(root):
                raise CorruptStoreError(f"{error.filename}: a file of the index is missing") from None
    raise StoreLockedError(f"{root}: the index is being replaced all the time; try again later")


def is_index(root: Path) -> bool:
    """Whether ``root`` is, or was meant to be, an index folder."""
    return (root / CURRENT).exists() or bool(_versions(root))


def _pointer(root: Path) -> bytes:
    try:
        return (root / CURRENT).read_bytes()
    except FileNotFoundError:
        if _versions(root) and not (root / _FIRST).exists():
            raise CorruptStoreError(f"{root}: the file {CURRENT} is missing") from None
        raise NotFoundError(
            f"{root}: there is no index here; make one with: moodrec analyze FOLDER, or moodrec index build"
        ) from None
    except NotADirectoryError:
        raise NotFoundError(f"{root}: is a file; an index is a folder") from None


def _open(root: Path, pointer: bytes) -> Version:
    match = _POINTER.fullmatch(pointer)
    if match is None:
        raise CorruptStoreError(f"{root / CURRENT}: the file is damaged")
    folder = root / match[1].decode()
    text = (folder / MANIFEST).read_bytes()
    if hashlib.sha256(text).hexdigest() != match[3].decode():
        raise CorruptStoreError(f"{folder / MANIFEST}: the file is damaged (its checksum differs)")
    return Version(folder, _manifest(folder / MANIFEST, text))


def _manifest(path: Path, text: bytes) -> Manifest:
    found = re.search(rb'"format": (\d+)', text)
    if found and int(found[1]) > FORMAT:
        raise CorruptStoreError(
            f"{path}: written by a newer moodrec (format {int(found[1])}): upgrade moodrec"
        )
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise CorruptStoreError(f"{path}: {explain(error)}") from None


def _require_ours(root: Path) -> None:
    if root.is_file():
        raise UsageError(f"{root}: is a file; an index is a folder")
    if root.is_dir() and not is_index(root) and any(not _is_leftover(path) for path in root.iterdir()):
        raise UsageError(f"{root}: is a folder of other things; give the index one of its own")


def _is_leftover(path: Path) -> bool:
    return path.name in (_LOCK, _FIRST) or path.name.startswith((_UNFINISHED, f".{CURRENT}."))


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    """Keep other writers out; the lock frees itself when the process dies."""
    lock = WriterLock(root / _LOCK)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _versions(root: Path) -> list[Path]:
    return sorted(root.glob("v[0-9]*-*")) if root.is_dir() else []


def _newest(root: Path) -> int:
    return max((int(path.name[1:].split("-")[0]) for path in _versions(root)), default=0)


def _remove_unfinished(root: Path) -> None:
    for path in root.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def _remove_others(root: Path, kept: Path) -> None:
    """Remove older versions; readers that have their files open keep them."""
    for path in _versions(root):
        if path != kept:
            shutil.rmtree(path, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    with suppress(PermissionError):  # Windows opens no folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
