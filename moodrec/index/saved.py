"""An index becomes a version on the disk, and goes over to a newer one that another process has saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Literal

from moodrec.errors import UsageError
from moodrec.index.storage.format import load, load_saved, saver, size_of
from moodrec.index.storage.places import KnownPlaces
from moodrec.index.storage.store import publish, read_current
from moodrec.index.storage.version import is_current
from moodrec.index.versions import Versions


class SavedVersions:
    """The versions on the disk that the snapshots of one index come from and go to."""

    def __init__(self, versions: Versions, device: Literal["cpu", "cuda"] | None) -> None:
        """Begin with the version that the current snapshot was opened from.

        Args:
            versions: the snapshots of the index.
            device: the device that later versions are opened on, in place of the preset's.
        """
        self._versions, self._device = versions, device
        self.latest = versions.current.version
        """The version that the index was opened from, saved as or went over to last; None: it was never saved."""
        self._places = KnownPlaces(self.latest)
        self._saving = Lock()

    def save(self, folder: Path) -> None:
        """Write the current snapshot to a folder as a new version.

        Args:
            folder: the folder of the index.

        Raises:
            UsageError, StoreLockedError, ConflictError, CorruptStoreError, DiskFullError: as
                :meth:`moodrec.index.mood_index.MoodIndex.save`.
        """
        with self._saving, self._versions.merging:
            snapshot = self._versions.to_save()
            saved = publish(folder, saver(snapshot), size_of(snapshot), self._places.known(folder))
            self.latest = saved
            self._places.note(saved)
            # A tail was merged on the way to the disk, so the merged rows are read from there.
            merged = None if snapshot.catalogue.tail is None else load_saved(saved)
            if merged is None:
                self._versions.move_to(snapshot, replace(snapshot, version=saved))
            else:
                self._versions.go_over(snapshot, merged)

    def refresh(self) -> bool:
        """Go over to the newest version in the folder of the latest one, and say whether there was a newer one.

        Raises:
            UsageError, NotFoundError, CorruptStoreError: as :meth:`moodrec.index.mood_index.MoodIndex.refresh`.
        """
        if self.latest is None:
            raise UsageError(
                "this index was built in memory and never saved, so there is nothing to refresh from"
            )
        before, root = self._versions.current, self.latest.folder.parent
        if is_current(self.latest):
            return False
        newest = read_current(root, lambda version: load(version, self._device))
        if before.version is None or not self._versions.move_to(before, newest):
            raise UsageError(
                f"the index has changes that are not saved, and another version is in its folder: open {root} anew, "
                "or save the changes to another folder"
            )
        self.latest = newest.version
        if newest.version is not None:
            self._places.note(newest.version)
        return True
