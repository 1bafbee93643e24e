"""The store: a folder of versions of an index, of which the file ``CURRENT`` names one.

::

    <index>/CURRENT                     version name and checksum of its manifest
    <index>/v000002-5f0c1a2b/           manifest.json, vectors.npy, tracks.arrow, and what the preset needs

A version is written under another name, synced to disk, renamed, and then named in ``CURRENT``, which is replaced in
one step. So whoever opens the folder finds the old version or the new one, whole, and a crash leaves the old one. A
reader holds the version that it opens (:mod:`moodrec.index.storage.holding`), and no writer removes it meanwhile. The
manifest holds the checksum of every file, which is verified before the file is read; large vectors, which are mapped
into memory, are verified while they are in use (:mod:`moodrec.index.storage.late_check`).
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from moodrec.errors import (
    ConflictError,
    CorruptStoreError,
    NotFoundError,
    StoreLockedError,
    UsageError,
)
from moodrec.files.disk import UNFINISHED, disk_errors, require_room
from moodrec.files.kinds import make_mark, refuse_irregular, refuse_link
from moodrec.files.replacing import write_atomically
from moodrec.index.runtime import max_threads
from moodrec.index.storage.checksums import StoredFile
from moodrec.index.storage.holding import held, remove_if_free
from moodrec.index.storage.manifest import MANIFEST, Manifest
from moodrec.index.storage.pointer import (
    CURRENT,
    FIRST,
    is_index,
    name_in_pointer,
    pointer_to,
    read_pointer,
    required_name,
    versions_in,
)
from moodrec.index.storage.version import Version, read_version
from moodrec.lock import WriterLock

_LOCK: Final = "lock"
_RETRY_S: Final = 30.0
"""Seconds for which a reader tries again when versions are replaced while it opens them."""

Result = TypeVar("Result")


def publish(
    root: Path, describe: Callable[[Path], Manifest], size: int = 0, before: Version | None = None
) -> Version:
    """Write a new version, make it the current one, and remove older versions that no reader is opening.

    Args:
        root: the folder of the index, which is made if it does not exist.
        describe: writes the version's files into the folder that it is given, and returns their manifest, in which
            ``files`` is still empty.
        size: about how many bytes it will write.
        before: the version that the new one was made from, if it is one of this folder: no other one is replaced.

    Raises:
        UsageError: ``root`` is a file, or a folder of other things.
        StoreLockedError: another process is writing there.
        ConflictError: there is another version than ``before``, or the folder was replaced while it was written to.
        DiskFullError: there is no room; nothing is left behind.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100  (links stay: what they lead to may be replaced)
    _require_ours(root)
    with disk_errors(root, size):
        root.mkdir(parents=True, exist_ok=True)
    with disk_errors(root, size), _writing(root) as lock, _in_place(root, lock), ExitStack() as on_failure:
        _require_unchanged(root, before)
        refuse_irregular(root / CURRENT)
        _remove_unfinished(root)
        require_room(root, size)
        if not is_index(root):
            make_mark(root / FIRST)
            on_failure.callback((root / FIRST).unlink, missing_ok=True)
        folder = root / f"{UNFINISHED}{secrets.token_hex(4)}"
        folder.mkdir()
        on_failure.callback(shutil.rmtree, folder, ignore_errors=True)
        manifest = describe(folder)
        files = {path.name: StoredFile.of(path, max_threads()) for path in folder.iterdir()}
        manifest = manifest.model_copy(update={"files": files})
        text = (manifest.model_dump_json(indent=2) + "\n").encode()
        (folder / MANIFEST).write_bytes(text)
        final = root / f"v{_newest(root) + 1:06d}-{secrets.token_hex(4)}"
        _sync(folder)
        folder.rename(final)
        on_failure.callback(shutil.rmtree, final, ignore_errors=True)
        # The rename must be on disk before CURRENT names it: after a power cut it would name nothing.
        _sync_folder(root)
        if not lock.in_place:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(root))
        pointer = pointer_to(final.name, text)
        write_atomically(root / CURRENT, pointer)
        on_failure.pop_all()
        _sync_folder(root)
        (root / FIRST).unlink(missing_ok=True)
        _remove_others(root, final)
    return Version(final, manifest, pointer)


def _require_unchanged(root: Path, before: Version | None) -> None:
    """Refuse to replace a version that the new one was not made from: what is in it would be lost."""
    if before is None or not before.pointer:
        return
    try:
        pointer = read_pointer(root)
    except (NotFoundError, CorruptStoreError):  # there is nothing that anybody could read
        return
    name = name_in_pointer(pointer)
    if name is not None and pointer != before.pointer:
        raise ConflictError(
            f"{root}: holds {name}, which was not saved by this index nor is what it was opened from "
            f"({before.folder.name}); open it anew and repeat the changes, or save to another folder"
        )


def read_current(root: Path, read: Callable[[Version], Result]) -> Result:
    """Return what ``read`` makes of the current version, which no writer removes before it returns.

    Args:
        root: the folder of the index.
        read: opens the files of the version that it is given.

    Raises:
        NotFoundError: there is no index at ``root``.
        CorruptStoreError: it is damaged, or a file that its manifest names is missing.
        StoreLockedError: every version was replaced before it could be opened, for half a minute.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100  (links stay: what they lead to may be replaced)
    give_up = time.monotonic() + _RETRY_S
    while time.monotonic() < give_up:
        pointer = read_pointer(root)
        folder = root / required_name(root, pointer)
        refuse_link(folder)
        try:
            with held(folder):
                return read(read_version(folder, pointer))
        except FileNotFoundError as error:
            # Where CURRENT has changed, a writer replaced the version meanwhile: try the new one.
            if pointer == read_pointer(root):
                raise CorruptStoreError(f"{error.filename}: a file of the index is missing") from None
    raise StoreLockedError(f"{root}: the index is being replaced all the time; try again later")


def _require_ours(root: Path) -> None:
    if root.is_file():
        raise UsageError(f"{root}: is a file; an index is a folder")
    if (root.exists() or root.is_symlink()) and not root.is_dir():
        raise UsageError(f"{root}: is no folder, and an index is one; name a folder or a new name")
    if root.is_dir() and not is_index(root) and any(not _is_leftover(path) for path in root.iterdir()):
        raise UsageError(f"{root}: is a folder of other things; give the index one of its own")


def _is_leftover(path: Path) -> bool:
    return path.name in (_LOCK, FIRST) or path.name.startswith((UNFINISHED, f".{CURRENT}."))


@contextmanager
def _writing(root: Path) -> Iterator[WriterLock]:
    """Keep other writers out inside a ``with`` block; the system releases the lock when the process ends."""
    lock = WriterLock(root / _LOCK)
    lock.acquire()
    try:
        yield lock
    finally:
        lock.release()


@contextmanager
def _in_place(root: Path, lock: WriterLock) -> Iterator[None]:
    """Say so where a file is missing inside the block because the folder was moved or replaced meanwhile."""
    try:
        yield
    except FileNotFoundError:
        if lock.in_place:
            raise
        raise ConflictError(
            f"{root}: the folder was moved away or replaced while it was written to; nothing was saved there"
        ) from None


def _newest(root: Path) -> int:
    return max((int(path.name[1:].split("-")[0]) for path in versions_in(root)), default=0)


def _remove_unfinished(root: Path) -> None:
    for path in root.glob(f"{UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def _remove_others(root: Path, kept: Path) -> None:
    """Remove older versions that no reader is opening. Readers that have opened the files keep them."""
    for path in versions_in(root):
        if path != kept:
            remove_if_free(path)


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    with suppress(PermissionError):  # Windows cannot open folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
