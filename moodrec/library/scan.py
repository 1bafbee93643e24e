"""A scan finds the music files under some folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from moodrec.audio.cue import SUFFIX as CUE
from moodrec.audio.formats import AUDIO_SUFFIXES, UNSUPPORTED
from moodrec.errors import NotFoundError
from moodrec.library.left_out import LeftOut, Rules, Why
from moodrec.library.records import FileState

_KNOWN: Final = AUDIO_SUFFIXES | frozenset(UNSUPPORTED) | {CUE}


@dataclass(frozen=True)
class Scan:
    """The result of a scan."""

    files: tuple[FileState, ...]
    """The music files, in the order of their paths."""
    unreadable: tuple[Path, ...]
    """Folders that may not be opened."""
    sheets: tuple[Path, ...] = ()
    """CUE sheets, in the order of their paths."""
    left_out: tuple[LeftOut, ...] = ()
    """Music files and folders that were not taken, in the order of their paths."""


def scan(folders: Iterable[Path | str], exclude: Sequence[str] = ()) -> Scan:
    """Find the music files in folders, their subfolders, and behind links.

    Paths are canonical, so a file that is reached in several ways is found once, and a link that leads back up is
    followed once. A folder named like a music file is searched like any other, and listed as a file only if it holds
    no music. A folder that is itself a file stands for that file, whatever its name.

    Left out, and counted, are names that begin with a dot, folders in which systems and network storage keep
    thumbnails and deleted files, folders with one of :data:`moodrec.library.left_out.MARKS` in them, what ``exclude``
    matches, and formats that are not decoded. A folder that is given here is searched whatever its name.

    Args:
        folders: folders or files.
        exclude: patterns as in :mod:`moodrec.library.globs`, relative to each folder, or absolute.

    Raises:
        NotFoundError: a folder is not there.
    """
    walk = _Walk(tuple(exclude))
    for folder in folders:
        walk.start(Path(folder))
    left_out = sorted(walk.left_out.values(), key=lambda one: str(one.path))
    sheets = tuple(Path(path) for path in sorted(walk.sheets))
    return Scan(tuple(walk.sorted_files()), tuple(sorted(walk.unreadable)), sheets, tuple(left_out))


@dataclass
class _Walk:
    exclude: tuple[str, ...]
    files: dict[str, FileState] = field(default_factory=dict)
    unreadable: list[Path] = field(default_factory=list)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    sheets: set[str] = field(default_factory=set)
    _seen: set[tuple[int, int]] = field(default_factory=set)
    _misnamed: list[str] = field(default_factory=list)

    def start(self, folder: Path) -> None:
        if not os.path.exists(folder):  # noqa: PTH110  (Path's raises where a name is too long)
            raise NotFoundError(f"{folder}: no such folder or file")
        place = os.path.realpath(folder)
        if not os.path.isdir(place):  # noqa: PTH112
            self._take(place)
            return
        called = os.path.abspath(folder)  # noqa: PTH100  (Path.absolute keeps "..")
        waiting = [(place, Rules.of(place, called, self.exclude))]
        while waiting:
            waiting.extend(self._search(*waiting.pop()))

    def sorted_files(self) -> list[FileState]:
        """List all files found, and the folders that are named like one and hold none."""
        paths = sorted(self.files)
        for folder in self._misnamed:
            if not any(path.startswith(folder + os.sep) for path in paths):
                self._take(folder)
        return [self.files[path] for path in sorted(self.files)]

    def _search(self, folder: str, rules: Rules) -> list[tuple[str, Rules]]:
        """Record the files of one folder, and return its subfolders with the rules that hold there."""
        entries = self._entries(folder)
        inside = rules.inside(folder, [entry.name for entry in entries])
        if inside is None:
            self._leave_out(folder, Why.MARKED)
            return []
        if Path(folder).suffix.lower() in AUDIO_SUFFIXES:
            self._misnamed.append(folder)
        subfolders = []
        for entry in entries:
            is_folder, suffix = _is_folder(entry), Path(entry.name).suffix.lower()
            if not is_folder and suffix not in _KNOWN:
                continue
            if (why := inside.why_not(entry.path, is_folder)) is not None:
                self._leave_out(entry.path, why)
                continue
            # A link that leads nowhere stands for itself: it is what there is to mend.
            leads = entry.is_symlink() and os.path.exists(entry.path)  # noqa: PTH110
            path = os.path.realpath(entry.path) if leads else entry.path
            if is_folder:
                subfolders.append((path, inside))
            elif suffix == CUE:
                self.sheets.add(path)
            elif suffix in UNSUPPORTED:
                self._leave_out(path, Why.UNSUPPORTED)
            else:
                self._take(path)
        return subfolders

    def _leave_out(self, path: str, why: Why) -> None:
        self.left_out[path] = LeftOut(Path(path), why)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            if not self._is_new(folder):
                return []
            with os.scandir(folder) as entries:
                return list(entries)
        except OSError:
            self.unreadable.append(Path(folder))
            return []

    def _is_new(self, folder: str) -> bool:
        # Device and inode identify a folder however it is reached, which ends loops of links.
        status = Path(folder).stat()
        identity = (status.st_dev, status.st_ino)
        if identity in self._seen:
            return False
        self._seen.add(identity)
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
