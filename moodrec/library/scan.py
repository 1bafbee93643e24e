"""A scan finds the music files under some folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from moodrec.audio.formats import AUDIO_SUFFIXES
from moodrec.errors import NotFoundError
from moodrec.library.records import FileState


@dataclass(frozen=True)
class Scan:
    """The files that a scan found, in the order of their paths, and the ``unreadable`` folders that may not be
    opened.
    """

    files: tuple[FileState, ...]
    unreadable: tuple[Path, ...]


def scan(folders: Iterable[Path | str]) -> Scan:
    """Find the music files in folders, their subfolders, and behind links.

    Paths are canonical, so a file that is reached in several ways is found once, and a link that leads back up is
    followed once. Names that start with a dot are skipped. A folder named like a music file is searched like any
    other, and listed as a file only if it holds no music. A folder that is itself a file stands for that file,
    whatever its name.

    Raises:
        NotFoundError: a folder is not there.
    """
    walk = _Walk()
    for folder in folders:
        walk.start(Path(folder))
    return Scan(tuple(walk.sorted_files()), tuple(sorted(walk.unreadable)))


@dataclass
class _Walk:
    files: dict[str, FileState] = field(default_factory=dict)
    unreadable: list[Path] = field(default_factory=list)
    _seen: set[tuple[int, int]] = field(default_factory=set)
    _misnamed: list[str] = field(default_factory=list)

    def start(self, folder: Path) -> None:
        if not folder.exists():
            raise NotFoundError(f"{folder}: no such folder or file")
        if not folder.is_dir():
            self._take(os.path.realpath(folder))
            return
        waiting = [os.path.realpath(folder)]
        while waiting:
            waiting.extend(self._search(waiting.pop()))

    def sorted_files(self) -> list[FileState]:
        """List all files found, and the folders that are named like one and hold none."""
        paths = sorted(self.files)
        for folder in self._misnamed:
            if not any(path.startswith(folder + os.sep) for path in paths):
                self._take(folder)
        return [self.files[path] for path in sorted(self.files)]

    def _search(self, folder: str) -> list[str]:
        """Record the files of one folder and return its subfolders."""
        subfolders = []
        for entry in self._entries(folder):
            path = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
            if _is_folder(entry):
                subfolders.append(path)
            elif Path(entry.name).suffix.lower() in AUDIO_SUFFIXES:
                self._take(path)
        return subfolders

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            if self._is_new(folder):
                with os.scandir(folder) as entries:
                    yield from (entry for entry in entries if not entry.name.startswith("."))
        except OSError:
            self.unreadable.append(Path(folder))

    def _is_new(self, folder: str) -> bool:
        # Device and inode identify a folder however it is reached, which ends loops of links.
        status = Path(folder).stat()
        identity = (status.st_dev, status.st_ino)
        if identity in self._seen:
            return False
        self._seen.add(identity)
        if Path(folder).suffix.lower() in AUDIO_SUFFIXES:
            self._misnamed.append(folder)
        return True

    def _take(self, path: str) -> None:
        # A broken link is recorded too: its outcome will be that it is broken.
        try:
            status = os.lstat(path)
        except OSError:
            self.files[path] = FileState(Path(path), 0, 0)
            return
        size = status.st_size if stat.S_ISREG(status.st_mode) else 0
        self.files[path] = FileState(Path(path), size, status.st_mtime_ns)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
