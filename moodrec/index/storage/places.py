"""The folders that an index was opened from or saved to, so that no save replaces what the index does not know."""

from __future__ import annotations

import os
from pathlib import Path

from moodrec.index.storage.version import Version


class KnownPlaces:
    """The latest version that an index knows of each folder, by the folder's path and by what links lead to."""

    def __init__(self, version: Version | None) -> None:
        """Begin with the folder that an index was opened from.

        Args:
            version: what was opened; None for an index that was built.
        """
        self._versions: dict[Path, Version] = {}
        if version is not None:
            self.note(version)

    def note(self, version: Version) -> None:
        """Remember a version that was opened or saved."""
        for path in _paths(version.folder.parent):
            self._versions[path] = version

    def known(self, root: Path) -> Version | None:
        """Return the version that was opened from a folder, or saved to it last; None where neither was done."""
        return next((self._versions[path] for path in _paths(root) if path in self._versions), None)


def _paths(root: Path) -> tuple[Path, Path]:
    # The path as it is comes first: what a link leads to may be replaced.
    return Path(os.path.abspath(root)), Path(os.path.realpath(root))  # noqa: PTH100
