"""A version of an index on disk: its folder and its manifest, by which its files are verified."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.files.kinds import read_regular
from moodrec.index.runtime import max_threads
from moodrec.index.storage.checksums import damage_message
from moodrec.index.storage.manifest import MANIFEST, Manifest, read_manifest
from moodrec.index.storage.pointer import current_name, pointer_to, read_pointer, required_name

MOST_OF_MANIFEST: Final = 1 << 24
"""Greatest size of a manifest, in bytes."""


@dataclass(frozen=True)
class Version:
    """A version on disk whose manifest has been read."""

    folder: Path
    """The folder of the version."""
    manifest: Manifest
    """What the version holds."""
    pointer: bytes = b""
    """What ``CURRENT`` holds where this is the current version: the version's name and its manifest's checksum."""

    def verify(self, names: Collection[str] | None = None) -> None:
        """Compare files with their recorded sizes and checksums: those in ``names``, or all files if it is None.

        Raises:
            CorruptStoreError: a file differs.
        """
        for name, record in self.manifest.files.items():
            if names is None or name in names:
                path = self.folder / name
                self._require(record.fits(path, max_threads()), path)

    def verify_sizes(self, names: Collection[str]) -> None:
        """Compare the files in ``names`` with their recorded sizes alone, which takes no time.

        Raises:
            CorruptStoreError: a file differs.
        """
        for name in names:
            self._require(self.manifest.files[name].has_size_of(self.folder / name), self.folder / name)

    def _require(self, intact: bool, path: Path) -> None:
        if not intact:
            raise CorruptStoreError(damage_message(path))


def read_version(folder: Path, pointer: bytes) -> Version:
    """Read the manifest of a version.

    Args:
        folder: the folder of the version.
        pointer: what ``CURRENT`` holds where this is the current version.

    Raises:
        CorruptStoreError: the manifest is another one than ``CURRENT`` tells, or is damaged.
        FileNotFoundError: there is none.
    """
    text = read_regular(folder / MANIFEST, MOST_OF_MANIFEST)
    if pointer != pointer_to(folder.name, text):
        raise CorruptStoreError(f"{folder / MANIFEST}: the file is damaged (its checksum differs)")
    return Version(folder, read_manifest(folder / MANIFEST, text), pointer)


def verify_saved(version: Version) -> None:
    """Verify all files of a version that was opened or saved earlier, and that a writer may have removed since.

    Raises:
        CorruptStoreError: a file differs, or is missing though the version is the current one.
        NotFoundError: a newer version has taken its place, or the folder of the index is gone.
    """
    try:
        version.verify()
    except FileNotFoundError as error:
        if current_name(version.folder.parent) == version.folder.name:
            raise CorruptStoreError(
                f"{error.filename}: a file of the index is missing; build it anew"
            ) from None
        raise NotFoundError(
            f"{version.folder}: a newer version has taken the place of this one, whose files are gone; go over to "
            "the newer one with refresh(), or save this one to another folder"
        ) from None


def is_current(version: Version) -> bool:
    """Whether a version that was opened or saved earlier is the current one of its folder, which may be replaced.

    Raises:
        NotFoundError, CorruptStoreError: as :func:`current_name`.
    """
    pointer = read_pointer(version.folder.parent)
    required_name(version.folder.parent, pointer)
    return pointer == version.pointer
